"""The menu that this program draws, by mouse and by keys."""

from __future__ import annotations

import pytest

from tests.desktop.legacy_tray import (
    LegacyApp,
    StartTray,
    climb_to,
    icon_box,
    mouse_click,
    open_menu,
    wait_for_icon,
)
from tests.server.starting import ServerFactory
from tests.waiting import wait_for
from tray_app.core.analysis.bands import Band

pytestmark = pytest.mark.desktop


@pytest.mark.parametrize("edge", ["top", "bottom"])
def test_menu_by_mouse(edge: str, start_tray: StartTray) -> None:
    """Rows of the menu and of a submenu do what they say."""
    tray = start_tray(edge=edge)
    app = LegacyApp(tray.desktop, "--demo")
    wait_for_icon(tray, app)
    mouse_click(tray, app, "Pause")
    wait_for_icon(tray, app, paused=True)
    mouse_click(tray, app, "Resume")
    wait_for_icon(tray, app, paused=False)
    mouse_click(tray, app, "Mode", "API only")
    app.wait_for_label("Mode: API only")


def test_menu_by_keys(start_tray: StartTray) -> None:
    """First letters, arrows, Return and Escape; Quit ends the program and takes the icon away."""
    tray = start_tray()
    desktop = tray.desktop
    app = LegacyApp(tray.desktop, "--demo")
    wait_for_icon(tray, app)
    open_menu(tray)
    desktop.key("m", "Right", "Down", "Return")
    wait_for(lambda: not desktop.popups(), "the menu is closed")
    app.wait_for_label("Mode: API only")
    open_menu(tray)
    desktop.key("m", "Return")
    wait_for(lambda: len(desktop.popups()) == 2, "the submenu is open")
    desktop.key("Left")
    wait_for(lambda: len(desktop.popups()) == 1, "the submenu is closed")
    desktop.key("Escape")
    wait_for(lambda: not desktop.popups(), "the menu is closed")
    open_menu(tray)
    desktop.key("q", "Return")
    assert app.wait_for_exit() == 0
    wait_for(lambda: not icon_box(tray), "the icon is gone")


def test_a_click_outside_closes_the_menu(start_tray: StartTray) -> None:
    """Also one on the icon; nothing else happens."""
    tray = start_tray()
    app = LegacyApp(tray.desktop, "--demo")
    wait_for_icon(tray, app)
    for place in ((300, 500), tray.icon_centre()):
        open_menu(tray)
        tray.desktop.left_click(*place)
        wait_for(lambda: not tray.desktop.popups(), "the menu is closed")
    assert app.running


def test_an_open_menu_is_live(start_tray: StartTray, runanalyze_server: ServerFactory) -> None:
    """Its texts change while it is open, and the pointer's row stays selected."""
    tray = start_tray()
    desktop = tray.desktop
    server = runanalyze_server()
    app = LegacyApp(tray.desktop, "--url", server.url)
    wait_for_icon(tray, app, band=Band.GREEN)
    box = open_menu(tray)
    first_row = (box[0], box[1], box[2], box[1] + 30)
    before = desktop.pixels(first_row).tobytes()
    climb_to(server, 260)
    wait_for(lambda: desktop.pixels(first_row).tobytes() != before, "the first row has changed")
    wait_for_icon(tray, app, band=Band.ORANGE)
    assert len(desktop.popups()) == 1
