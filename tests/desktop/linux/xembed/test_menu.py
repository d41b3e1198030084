"""The menu that this program draws, by mouse and by keys."""

from __future__ import annotations

import pytest

from tests.desktop.legacy_tray import (
    LegacyApp,
    Panel,
    StartTray,
    climb_to,
    icon_box,
    mouse_click,
    open_menu,
    wait_for_icon,
)
from tests.desktop.recorder import NotificationRecorder
from tests.desktop.session import SCREEN
from tests.server.starting import ServerFactory
from tests.waiting import wait_for
from tray_app.core.analysis.bands import Band
from tray_app.core.model import icon_options
from tray_app.desktop.linux.xembed.paint import COLOURS

pytestmark = pytest.mark.desktop


@pytest.mark.parametrize(
    ("panel", "edge"),
    [
        ("tint2", "top"),
        ("tint2", "bottom"),
        ("trayer", "bottom"),
        ("polybar", "top"),
        ("i3bar", "bottom"),
    ],
)
def test_menu_by_mouse(panel: Panel, edge: str, start_tray: StartTray) -> None:
    """Rows of the menu and of a submenu do what they say."""
    tray = start_tray(panel, edge=edge)
    app = LegacyApp(tray.desktop, "--demo")
    wait_for_icon(tray, app)
    mouse_click(tray, app, "Pause")
    wait_for_icon(tray, app, paused=True)
    mouse_click(tray, app, "Resume")
    wait_for_icon(tray, app, paused=False)
    mouse_click(tray, app, "Settings", "Mode", "API only")
    app.wait_for_row("Settings", "Mode: API only")


def test_menu_by_keys(start_tray: StartTray) -> None:
    """First letters, arrows, Return and Escape; Quit ends the program and takes the icon away."""
    tray = start_tray()
    desktop = tray.desktop
    app = LegacyApp(tray.desktop, "--demo")
    wait_for_icon(tray, app)
    open_menu(tray)
    desktop.key("m", "Right", "Down", "Return")
    wait_for(lambda: not tray.popups(), "the menu is closed")
    app.wait_for_label("Unmute (60 min left)")
    open_menu(tray)
    desktop.key("h", "Return")
    wait_for(lambda: len(tray.menus()) == 2, "the submenu is open")
    desktop.key("Left")
    wait_for(lambda: len(tray.menus()) == 1, "the submenu is closed")
    desktop.key("Escape")
    wait_for(lambda: not tray.popups(), "the menu is closed")
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
        wait_for(lambda: not tray.popups(), "the menu is closed")
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
    assert len(tray.menus()) == 1


def test_it_is_drawn_as_the_panel_is(start_tray: StartTray) -> None:
    """Light beside a light panel, until a person chooses dark."""
    tray = start_tray("tint2", theme="light")
    app = LegacyApp(tray.desktop, "--demo")
    wait_for_icon(tray, app)
    for theme in (icon_options.Theme.LIGHT, icon_options.Theme.DARK):
        left, top, *_ = open_menu(tray)
        ground = tray.desktop.pixel(left + 8, top + 8)
        assert ground == COLOURS[theme].ground
        tray.desktop.screenshot(f"xembed-menu-{theme}")
        tray.desktop.key("Escape")
        wait_for(lambda: not tray.popups(), "the menu is closed")
        mouse_click(tray, app, "Settings", "Panel", "Dark")


def test_a_menu_that_is_taller_than_the_screen_scrolls(start_tray: StartTray) -> None:
    """By wheel, at its ends, and with the selected row; every row can be reached."""
    tray = start_tray("tint2")
    desktop = tray.desktop
    app = LegacyApp(desktop, "--demo", env={"GDK_SCALE": "3"})
    wait_for_icon(tray, app)
    box = open_menu(tray)
    assert (box[1], box[3]) == (0, SCREEN[1])

    def looks() -> bytes:
        return desktop.pixels(box).tobytes()

    first = looks()
    desktop.hover(box[0] + 200, 300)
    at_first = looks()
    desktop.wheel(5)
    wait_for(lambda: looks() not in (first, at_first), "the wheel scrolls")
    desktop.hover(box[0] + 200, box[3] - 20)
    seen: list[bytes] = []

    def stands() -> bool:
        seen.append(looks())
        return len(seen) > 20 and len(set(seen[-20:])) == 1

    wait_for(stands, "the lower end scrolls to the last row")
    desktop.screenshot("xembed-menu-scale-3")
    desktop.left_click(box[0] + 200, box[3] - 30)
    assert app.wait_for_exit() == 0, "the last row is Quit"


def test_keys_scroll_too(start_tray: StartTray) -> None:
    """The last row comes into sight when it is selected."""
    tray = start_tray("tint2")
    app = LegacyApp(tray.desktop, "--demo", env={"GDK_SCALE": "3"})
    wait_for_icon(tray, app)
    open_menu(tray)
    tray.desktop.key("Up")
    tray.desktop.wait_for_colour(
        COLOURS[icon_options.Theme.DARK].chosen, 0, (0, SCREEN[1] - 120, *SCREEN)
    )
    tray.desktop.key("Return")
    assert app.wait_for_exit() == 0


def test_a_left_click_shows_the_status(start_tray: StartTray) -> None:
    """As it does in a panel with StatusNotifierItem."""
    tray = start_tray("tint2")
    with NotificationRecorder(tray.desktop.bus_address) as recorder:
        app = LegacyApp(tray.desktop, "--demo")
        wait_for_icon(tray, app)
        before = len(recorder.notices)
        tray.desktop.left_click(*tray.icon_centre())
        wait_for(lambda: len(recorder.notices) > before, "the status is shown")
