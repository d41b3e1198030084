"""What the doctor finds on a desktop."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.desktop.conftest import StartDesktop
from tests.desktop.legacy_tray import LegacyTray, missing
from tests.desktop.session import DesktopSession
from tests.needs import missing as reason
from tray_app.desktop import capabilities
from tray_app.desktop.capabilities import Survey, _backend, _Bus


def survey(desktop: DesktopSession, monkeypatch: pytest.MonkeyPatch) -> Survey:
    """Asked from this process, as if it ran on that desktop."""
    for name in ("DISPLAY", "DBUS_SESSION_BUS_ADDRESS", "XDG_CURRENT_DESKTOP"):
        monkeypatch.setenv(name, desktop.env.get(name, ""))
    return capabilities.survey()


@pytest.mark.desktop
def test_an_old_system_tray_is_named(
    start_desktop: StartDesktop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It shows the icon where no panel has StatusNotifierItem."""
    if lacking := missing("tint2"):
        pytest.skip(reason(*lacking))
    desktop = start_desktop(host="none", notifier=False)
    found = survey(desktop, monkeypatch)
    assert (found.backend, found.host) == ("StatusNotifierItem", None)
    assert "XEmbed: no system tray here" in found.others
    LegacyTray(desktop, "tint2")
    found = survey(desktop, monkeypatch)
    assert found.backend == "XEmbed"
    assert str(found.host).endswith(" (XEmbed)")
    assert found.others == ("StatusNotifierItem: no panel here supports it",)


@pytest.mark.desktop
def test_a_panel_with_both_shows_the_better_one(
    desktop: DesktopSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """XFCE's has both."""
    found = survey(desktop, monkeypatch)
    assert found.backend == "StatusNotifierItem"
    assert "systray" in str(found.host)
    assert found.others == ("XEmbed: works here, but the panel supports StatusNotifierItem",)


SNI, XEMBED = "StatusNotifierItem", "XEmbed"


@pytest.mark.parametrize(
    ("bus", "legacy", "backend", "others"),
    [
        (_Bus("b", True, host="p"), None, SNI, (f"{XEMBED}: no system tray here",)),
        (
            _Bus("b", True, host="p"),
            "tint2",
            SNI,
            (f"{XEMBED}: works here, but the panel supports {SNI}",),
        ),
        (_Bus("b", True), "tint2", XEMBED, (f"{SNI}: no panel here supports it",)),
        (_Bus("b", True), None, SNI, (f"{XEMBED}: no system tray here",)),
        (_Bus(None), "tint2", XEMBED, (f"{SNI}: no session bus",)),
        (
            _Bus(None),
            None,
            None,
            (f"{SNI}: no session bus", f"{XEMBED}: no system tray here"),
        ),
    ],
)
def test_the_backend_that_would_be_chosen(
    bus: _Bus, legacy: str | None, backend: str | None, others: tuple[str, ...]
) -> None:
    """And why each of the others would not."""
    assert _backend(bus, legacy) == (backend, others)


@pytest.mark.parametrize(("platform", "name"), [("win32", "Windows"), ("darwin", "macOS")])
def test_elsewhere_it_is_pystrays_own(
    monkeypatch: pytest.MonkeyPatch, platform: str, name: str
) -> None:
    """Icon and notifications are the system's; nothing is asked."""
    monkeypatch.delenv("PYSTRAY_BACKEND", raising=False)
    monkeypatch.setattr(sys, "platform", platform)
    found = capabilities.survey()
    assert (found.desktop, found.backend) == (name, f"pystray ({name})")
    assert (found.host, found.notifications) == (name, name)
    assert found.others == (f"{SNI}: not used with {name}",)


def test_a_backend_that_is_set_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the variable that sets it."""
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("PYSTRAY_BACKEND", "gtk")
    found = capabilities.survey()
    assert found.backend == "pystray (PYSTRAY_BACKEND=gtk)"
    assert found.others == (f"{SNI}: not used with PYSTRAY_BACKEND=gtk",)


def test_without_a_session_everything_is_absent(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As in a service or over ssh: the doctor says what to start."""
    for name in ("PYSTRAY_BACKEND", "DISPLAY", "DBUS_SESSION_BUS_ADDRESS", "XDG_CURRENT_DESKTOP"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("XDG_SESSION_TYPE", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "linux")
    found = capabilities.survey()
    assert found == Survey(
        desktop="unknown (XDG_CURRENT_DESKTOP is not set)",
        backend=None,
        others=(f"{SNI}: no session bus", f"{XEMBED}: no system tray here"),
    )
