"""What this program asks of Windows itself; here it is asked of other systems."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from tray_app.desktop.windows import winapi

elsewhere = pytest.mark.skipif(sys.platform == "win32", reason="Windows does these things")


@elsewhere
def test_elsewhere_nothing_happens() -> None:
    """Its callers can be tested on any system."""
    winapi.become_dpi_aware()
    winapi.on_console_close(lambda: None)
    winapi.message_box("title", "text")
    shell = winapi.shell()
    assert shell.small_icon_px() == winapi.SMALL_ICON_PX
    assert shell.icon_of_png(b"", 16) == 0
    assert shell.default(1, 2, 3, 4) == 0
    assert not shell.notify_icon(0, 1, 2)


@pytest.mark.parametrize(("build", "sign"), [(19045, "&&&"), (22000, "&")])
def test_a_tooltips_ampersand(monkeypatch: pytest.MonkeyPatch, build: int, sign: str) -> None:
    """Windows 10 takes two of three away; Windows 11 shows all."""
    monkeypatch.setattr(sys, "platform", "win32")
    version = SimpleNamespace(build=build)
    monkeypatch.setattr(sys, "getwindowsversion", lambda: version, raising=False)
    assert winapi.tooltip_ampersand() == sign
