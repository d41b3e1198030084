"""Which icon is used: what importing pystray does, and where there is an old system tray."""

from __future__ import annotations

import gc
import os
import warnings

import pytest

from tests.desktop.conftest import StartDesktop
from tests.waiting import wait_for
from tray_app.desktop import backends


@pytest.mark.desktop
def test_a_legacy_tray_is_seen(
    start_desktop: StartDesktop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """XFCE's panel takes XEmbed icons, too, and has a name; when it is gone nobody does."""
    session = start_desktop()
    monkeypatch.setenv("DISPLAY", session.env["DISPLAY"])
    assert wait_for(backends.legacy_tray, "the panel's tray is seen")
    session.kill_panel()
    wait_for(lambda: backends.legacy_tray() is None, "it is seen to be gone")


@pytest.mark.parametrize("display", ["", ":999", "nonsense"])
def test_without_a_display_there_is_none(display: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No display, one that is not there, or one that cannot be: an answer, not an error."""
    monkeypatch.setenv("DISPLAY", display)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # python-xlib leaves a socket open
        assert backends.legacy_tray() is None
        gc.collect()


def test_importing_pystray_is_harmless(monkeypatch: pytest.MonkeyPatch) -> None:
    """The import works without a display and leaves the environment as it was."""
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("PYSTRAY_BACKEND", raising=False)
    with backends.harmless_pystray():
        import pystray
    assert "PYSTRAY_BACKEND" not in os.environ
    assert pystray.Menu.SEPARATOR
