"""What the doctor finds on a desktop."""

from __future__ import annotations

import pytest

from tests.desktop.conftest import StartDesktop
from tests.desktop.legacy_tray import LegacyTray, missing
from tests.desktop.session import DesktopSession
from tests.needs import missing as reason
from tray_app.desktop import capabilities
from tray_app.desktop.capabilities import Survey

pytestmark = pytest.mark.desktop


def survey(desktop: DesktopSession, monkeypatch: pytest.MonkeyPatch) -> Survey:
    """Asked from this process, as if it ran on that desktop."""
    for name in ("DISPLAY", "DBUS_SESSION_BUS_ADDRESS", "XDG_CURRENT_DESKTOP"):
        monkeypatch.setenv(name, desktop.env.get(name, ""))
    return capabilities.survey()


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


def test_a_panel_with_both_shows_the_better_one(
    desktop: DesktopSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """XFCE's has both."""
    found = survey(desktop, monkeypatch)
    assert found.backend == "StatusNotifierItem"
    assert "systray" in str(found.host)
    assert found.others == ("XEmbed: works here, but the panel supports StatusNotifierItem",)
