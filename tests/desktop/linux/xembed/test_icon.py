"""The XEmbed icon without a session bus."""

from __future__ import annotations

import pytest

from tests.desktop.legacy_tray import LegacyApp, StartTray, open_menu, shown_picture
from tests.waiting import wait_for

pytestmark = pytest.mark.desktop


def test_without_a_bus_the_icon_comes_all_the_same(start_tray: StartTray) -> None:
    """The display alone is enough, and its end is the program's."""
    tray = start_tray()
    env = {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nowhere"}
    app = LegacyApp(tray.desktop, "--demo", env=env)
    wait_for(lambda: shown_picture(tray), "the icon is in the panel")
    open_menu(tray)
    tray.desktop.key("Escape")
    wait_for(lambda: not tray.popups(), "the menu is closed")
    tray.desktop.kill_screen()
    assert app.wait_for_exit() == 0
    assert "Traceback" not in app.log
