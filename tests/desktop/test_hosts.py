"""The app in other desktops: MATE's panel, waybar and panels with the old tray at every change, KDE
Plasma and GNOME Shell with ``tests/run --hosts``.

Each shows the icon pixel by pixel, the menu by mouse, a submenu that is wholly on the screen, a
tooltip and a notification, where the desktop has them. What was seen is kept as a contact sheet.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from PIL import Image

from tests.desktop import legacy_tray
from tests.desktop.conftest import StartApp, StartDesktop
from tests.desktop.host_sheets import Sheet
from tests.desktop.hosts import (
    HAS_TOOLTIP,
    HostSession,
    Name,
    missing_parts,
    wait_for_shown,
)
from tests.desktop.legacy_tray import (
    SCREEN_CENTRE,
    LegacyApp,
    StartTray,
    climb_to,
    icon_box,
    open_menu,
    wait_for_icon,
)
from tests.desktop.recorder import NOTIFICATIONS, Eavesdropper
from tests.desktop.running import CONFIG, App
from tests.desktop.session import Box, Point, Theme, row_centre
from tests.desktop.test_every_notification import COLOURS_OF_TEXT
from tests.needs import missing, path_of
from tests.server.starting import ServerFactory
from tests.waiting import wait_for
from tray_app.core.analysis.bands import Band

pytestmark = pytest.mark.desktop

ALL = bool(os.environ.get("RUN_ALL_HOSTS"))
QUICK: list[tuple[Name, Theme, int]] = [("mate", "dark", 1), ("waybar", "dark", 1)]
SLOW: list[tuple[Name, Theme, int]] = [
    ("mate", "light", 1),
    ("mate", "dark", 2),
    ("waybar", "light", 1),
    ("waybar", "dark", 2),
    ("kde", "dark", 1),
    ("kde", "light", 1),
    ("kde", "dark", 2),
    ("gnome", "dark", 1),
    ("gnome", "light", 1),
    ("gnome", "dark", 2),
]
LOOKS: list[tuple[Theme, int]] = [("dark", 1), *([("light", 1), ("dark", 2)] if ALL else [])]
# GNOME's banner without and with buttons.
BANNER_PX, WITH_BUTTONS_PX = 70, 130
RAISED_MB, CRITICAL_MB = 200, 350
# How far the pixels may be from the drawn ones, of 255: some panels scale the picture.
NEAR = 24.0


@pytest.fixture(params=[*QUICK, *(SLOW if ALL else [])], ids=lambda it: "-".join(map(str, it)))
def host(request: pytest.FixtureRequest) -> Iterator[HostSession]:
    name, theme, scale = request.param
    if lacking := missing_parts(name):
        pytest.skip(missing(*lacking))
    with HostSession(name, theme, scale) as session:
        yield session


def centre(box: Box) -> Point:
    return (box[0] + box[2]) // 2, (box[1] + box[3]) // 2


def show_submenu(host: HostSession, app: App, menu: Box) -> None:
    """Open the first submenu: by mouse where there is no keyboard, else by keys."""
    rows = [row for row in app.rows if row.get("visible", True)]
    wanted = next(row for row in rows if row["children"])
    if host.name == "waybar":
        host.hover(*row_centre(menu, rows, wanted))
        return
    before = rows[: rows.index(wanted)]
    steps = sum(row.get("type") != "separator" and row.get("enabled", True) for row in before)
    host.key(*["Down"] * (steps + 1), "Return" if host.name == "gnome" else "Right")


def wait_until_gone(host: HostSession, before: Image.Image, what: str) -> None:
    """The screen is as it was."""
    rest = host.without_panel(before)
    wait_for(lambda: host.without_panel(host.pixels()) == rest, what)


def test_a_desktop_shows_all_of_it(
    host: HostSession, start_app: StartApp, runanalyze_server: ServerFactory
) -> None:
    """The icon as it is drawn, the menu, a submenu on the screen, the tooltip, a notification."""
    sheet = Sheet(f"{host.name}-{host.theme}-{host.scale}x")
    server = runanalyze_server()
    app = start_app(host, "--url", server.url)
    _picture, _px, distance = wait_for_shown(host, app, Band.GREEN)
    assert distance < NEAR
    away = (60, host.screen[1] - 100)
    host.hover(*away)
    icon = host.icon_box(Band.GREEN)
    before = host.still()
    sheet.add_icon(before, icon)

    host.right_click(*centre(icon))
    menu, with_menu = host.wait_for_change(before, "the menu is open", 100)
    sheet.add(with_menu, menu)
    show_submenu(host, app, menu)
    submenu, shown = host.wait_for_change(with_menu, "a submenu is open", 60 * host.scale)
    sheet.add(shown, submenu)
    # A popup that is off the screen shows a sliver: Plasma did that once for each submenu.
    assert submenu[2] - submenu[0] > 80 * host.scale
    if host.name == "waybar":
        host.left_click(*away)
    else:
        host.key("Escape", "Escape")
    host.hover(*away)
    wait_until_gone(host, before, "the menu is closed")
    if host.name in HAS_TOOLTIP:
        host.hover(*centre(icon))
        tooltip, shown = host.wait_for_change(before, "the tooltip is shown")
        sheet.add(shown, tooltip)
        host.hover(*away)
        wait_until_gone(host, before, "the tooltip is gone")
    server.allocate(300)
    note, shown = host.wait_for_change(before, "a notification is shown", 30)
    sheet.add(shown, note)
    sheet.save()


if ALL:

    def test_gnome_keeps_the_buttons_of_a_climb(
        start_app: StartApp, runanalyze_server: ServerFactory
    ) -> None:
        """A notification that follows another on the screen has its buttons, and they work."""
        if lacking := missing_parts("gnome"):
            pytest.skip(missing(*lacking))
        server = runanalyze_server()
        settings = f"{CONFIG}critical_repeat_min = 0.1\n"
        with HostSession("gnome") as host, Eavesdropper(host.bus_address) as ear:
            app = start_app(host, "--url", server.url, settings=settings)
            wait_for_shown(host, app, Band.GREEN)
            host.hover(60, host.screen[1] - 100)
            before = host.still()
            climb_to(server, RAISED_MB)
            host.wait_for_change(before, "a first notification", BANNER_PX)
            climb_to(server, CRITICAL_MB)
            for title in ("Critical: ", "Still critical: "):
                wait_for(lambda title=title: ear.notices[-1].summary.startswith(title), title)
                box, _ = host.wait_for_change(before, f"{title} with buttons", WITH_BUTTONS_PX)
            host.left_click(box[2] - 60, box[3] - 24)  # Mute is the last
            app.wait_for_label("Unmute (")


# Panels with the old tray


@pytest.mark.parametrize(
    ("panel", "theme", "scale"),
    [(panel, *look) for panel in legacy_tray.PROGRAMS for look in LOOKS],
)
def test_an_old_tray_shows_all_of_it(
    panel: legacy_tray.Panel,
    theme: Theme,
    scale: int,
    start_desktop: StartDesktop,
    start_tray: StartTray,
    runanalyze_server: ServerFactory,
) -> None:
    """The icon as it is drawn, our own menu, submenu and tooltip, and dunst's notification."""
    sheet = Sheet(f"{panel}-{theme}-{scale}x")
    desktop = start_desktop(host="none", notifier=False)
    desktop.set_dots_per_inch(96 * scale)
    # Only i3bar heeds that, the others are told.
    tray = start_tray(panel, desktop, icon_px=22 if panel == "i3bar" else 22 * scale, theme=theme)
    desktop.start("dunst", path_of("dunst"))
    wait_for(lambda: desktop.peer.owner(NOTIFICATIONS), "dunst is there")
    server = runanalyze_server()
    app = LegacyApp(desktop, "--url", server.url)
    wait_for_icon(tray, app, band=Band.GREEN)
    icon = icon_box(tray)
    assert icon
    sheet.add_icon(desktop.pixels(), icon)

    menu = open_menu(tray)
    sheet.add(desktop.pixels(), menu)
    rows = app.rows
    before = rows[: rows.index(next(row for row in rows if row["children"]))]
    desktop.key(*["Down"] * (sum(row.get("type") != "separator" for row in before) + 1), "Right")
    wait_for(lambda: len(tray.menus()) == 2, "a submenu is open")
    (submenu,) = (box for box in tray.menus() if box != menu)
    sheet.add(desktop.pixels(), submenu)
    desktop.key("Escape", "Escape")
    wait_for(lambda: not tray.popups(), "the menu is closed")
    desktop.hover(*SCREEN_CENTRE)

    desktop.hover(*tray.icon_centre())
    (tooltip,) = wait_for(tray.popups, "a tooltip is shown")
    sheet.add(desktop.pixels(), tooltip)
    desktop.hover(*SCREEN_CENTRE)
    wait_for(lambda: not tray.popups(), "the tooltip is gone")
    server.allocate(300)
    (note,) = wait_for(tray.popups, "a notification is shown")
    wait_for(lambda: desktop.pixels(note).getcolors(COLOURS_OF_TEXT) is None, "its text is painted")
    sheet.add(desktop.pixels(), note)
    sheet.save()
