"""Panels that have only the old system tray (XEmbed), and the app in one, seen in pixels.

Rule: a panel is there when it owns the tray's selection, and gone when nobody does. What the app
says is read over D-Bus, where nobody else asks it; what it shows is compared with what is drawn.
"""

from __future__ import annotations

import contextlib
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

from msgspec.structs import replace
from PIL import Image, ImageChops, ImageStat
from Xlib.display import Display  # type: ignore[import-untyped]

from tests.desktop.dbus import DBusError
from tests.desktop.running import App, candidates
from tests.desktop.session import (
    ITEM,
    SCREEN,
    Box,
    DesktopSession,
    Item,
    Point,
    Rgb,
    Theme,
    find_row,
)
from tests.desktop.wire import DBUS
from tests.server.starting import RunAnalyzeServer
from tests.waiting import AMPLE_S, wait_for
from tray_app.core.model import icon_options
from tray_app.core.presentation.icon import Picture
from tray_app.desktop.linux.xembed.paint import Painter
from tray_app.views.icon import draw, glyphs

Panel = Literal["tint2", "trayer", "i3bar", "polybar"]
PROGRAMS: dict[Panel, tuple[str, ...]] = {
    "tint2": ("tint2",),
    "trayer": ("trayer",),
    "i3bar": ("i3", "i3bar"),
    "polybar": ("polybar",),
}
PANEL_RGB: dict[Theme, Rgb] = {"dark": (32, 34, 38), "light": (238, 239, 241)}

_TINT2 = """\
rounded = 0
border_width = 0
background_color = {colour} 100
border_color = {colour} 100
panel_monitor = all
panel_position = {edge} left horizontal
panel_size = 100% {high_px}
panel_items = FS
panel_background_id = 1
panel_dock = 0
panel_layer = top
strut_policy = none
systray_padding = 0 0 2
systray_background_id = 0
systray_icon_size = {icon_px}
systray_icon_asb = 100 0 0
"""

_I3 = """\
# i3 config file (v4)
font pango:DejaVu Sans {points}
bar {{
    position {edge}
    tray_output screen
    tray_padding 2
    status_command exec sleep 1000
    colors {{
        background {colour}
        statusline {colour}
    }}
}}
"""

_POLYBAR = """\
[bar/test]
width = 100%
height = {high_px}
bottom = {is_bottom}
background = {colour}
foreground = {colour}
modules-left = text
tray-position = right
tray-maxsize = {icon_px}
[module/text]
type = custom/text
content = ready
"""


RIGHT_END_PX = 100
SCREEN_CENTRE = (SCREEN[0] // 2, SCREEN[1] // 2)
# A tray that blends the icon rounds otherwise than Pillow.
ROUNDING = 3
_is_far = [255 * (value > ROUNDING) for value in range(256)]


class LegacyTray:
    """One panel, at the ``edge`` of the screen, with icons of ``icon_px`` as far as it can.

    Where a panel wants another window manager (i3bar), the desktop's is ended.
    """

    def __init__(
        self,
        desktop: DesktopSession,
        panel: Panel = "tint2",
        *,
        icon_px: int = 22,
        theme: Theme = "dark",
        edge: Literal["top", "bottom"] = "top",
    ) -> None:
        self.desktop = desktop
        self._panel = panel
        self.rgb = PANEL_RGB[theme]
        self._values = {
            "colour": "#{:02x}{:02x}{:02x}".format(*self.rgb),
            "icon_px": icon_px,
            "high_px": icon_px + 8,
            "points": round(icon_px / 2),  # i3bar's height is its font's
            "edge": edge,
            "is_bottom": "true" if edge == "bottom" else "false",
        }
        self._box: Box | None = None
        self.process = self._start()
        with self._selection() as owner:
            wait_for(owner, f"{panel} has a system tray")

    def _start(self) -> subprocess.Popen[bytes]:
        start, values = self.desktop.start, self._values
        folder = self.desktop.home
        match self._panel:
            case "tint2":
                (folder / "tint2rc").write_text(_TINT2.format(**values))
                return start("tint2", "tint2", "-c", str(folder / "tint2rc"))
            case "trayer":
                colour = f"0x{values['colour'][1:]}"
                return start(
                    "trayer",
                    *("trayer", "--edge", values["edge"], "--align", "right"),
                    *(
                        "--widthtype",
                        "percent",
                        "--width",
                        "100",
                        "--height",
                        str(values["high_px"]),
                    ),
                    *("--tint", colour, "--transparent", "true", "--alpha", "0"),
                )
            case "polybar":
                (folder / "polybar").write_text(_POLYBAR.format(**values))
                return start("polybar", "polybar", "-q", "-c", str(folder / "polybar"), "test")
            case "i3bar":
                self.desktop.end_window_manager()
                (folder / "i3").write_text(_I3.format(**values))
                return start("i3", "i3", "-c", str(folder / "i3"))

    @property
    def box(self) -> Box:
        """Where the panel's colour is in the middle of the screen, from one side to the other."""
        if self._box is None:
            column = (SCREEN[0] // 2, 0, SCREEN[0] // 2 + 1, SCREEN[1])
            if found := self.desktop.find_colour(self.rgb, ROUNDING, column):
                self._box = (0, found.box[1], SCREEN[0], found.box[3])
        return self._box or (0, 0, SCREEN[0], 1)

    def popups(self) -> list[Box]:
        """Open menus and tooltips; what the panel is made of may be windows of their kind."""
        top, bottom = self.box[1], self.box[3]
        return [box for box in self.desktop.popups() if box[1] < top or box[3] > bottom]

    def menus(self) -> list[Box]:
        """Open menus alone."""
        return self.desktop.menus()

    def icon_centre(self) -> Point:
        """Where the icon is, once there is one."""
        box = wait_for(lambda: icon_box(self), "something is on the panel")
        assert box
        return (box[0] + box[2]) // 2, (box[1] + box[3]) // 2

    def kill(self) -> None:
        """Kill it, as a crash does; returns when nobody has a tray."""
        with self._selection() as owner:
            tray = owner()
            self.desktop.stop(self.process, first=signal.SIGKILL)
            wait_for(lambda: not tray or owner() != tray, "the system tray is gone")

    @contextmanager
    def _selection(self) -> Iterator[Callable[[], int]]:
        display = Display(self.desktop.env["DISPLAY"])
        atom = display.intern_atom("_NET_SYSTEM_TRAY_S0")

        def owner() -> int:
            found = display.get_selection_owner(atom)
            return int(found.id) if found else 0

        try:
            yield owner
        finally:
            display.close()


def missing(panel: Panel) -> list[str]:
    """Which of its programs this machine lacks."""
    return [program for program in PROGRAMS[panel] if not shutil.which(program)]


StartTray = Callable[..., LegacyTray]


class LegacyApp(App):
    """The app on a desktop without StatusNotifierItem: its own objects are read all the same."""

    def item(self, within_s: float = AMPLE_S) -> Item:
        """The item that no panel has asked for."""

        def exported() -> Item | None:
            assert self.running, f"the app ended with {self.process.returncode}:\n{self.log}"
            peer = self.desktop.peer
            (names,) = peer.call(*DBUS, "ListNames")
            for name in names:
                with contextlib.suppress(DBusError):
                    peer.get(name, "/StatusNotifierItem", ITEM, "Id")
                    return Item(name, "/StatusNotifierItem")
            return None

        found = wait_for(exported, "the app is on the bus", within_s)
        assert found
        return found


def icon_box(tray: LegacyTray) -> Box | None:
    """Where something is on the panel, at its right end."""
    strip = tray.desktop.pixels(tray.box)
    right = strip.crop((strip.width - RIGHT_END_PX, 0, strip.width, strip.height))
    ground = Image.new("RGB", right.size, tray.rgb)
    distance = ImageChops.difference(right, ground).convert("L").point(_is_far)
    found = distance.getbbox()
    if not found:
        return None
    left, top = SCREEN[0] - RIGHT_END_PX, tray.box[1]
    return found[0] + left, found[1] + top, found[2] + left, found[3] + top


def shown_picture(tray: LegacyTray) -> Picture | None:
    """The picture that the panel shows pixel by pixel, in a size that is drawn; None without."""
    box = icon_box(tray)
    if box is None or (size := box[2] - box[0]) not in glyphs.SIZES or size != box[3] - box[1]:
        return None
    seen = tray.desktop.pixels(box)
    for picture in candidates():
        wanted = Image.new("RGB", seen.size, tray.rgb)
        drawn = draw.draw(picture, size)
        wanted.paste(drawn, mask=drawn)
        difference = ImageChops.difference(seen, wanted)
        # tint2 darkens what is half clear: a few pixels of the rim.
        solid = drawn.getchannel("A").point([255 * (value in (0, 255)) for value in range(256)])
        if all(worst <= ROUNDING for _, worst in ImageStat.Stat(difference, solid).extrema):
            return picture
    return None


def wait_for_icon(tray: LegacyTray, app: App, **wanted: Any) -> Picture:
    """The picture once the app says that it has these values and the panel's pixels show it."""

    def shown() -> Picture | None:
        seen = shown_picture(tray)
        return seen if seen and seen == app.picture() == replace(seen, **wanted) else None

    try:
        found = wait_for(shown, f"a picture with {wanted} in the panel")
    except AssertionError as error:
        picture = tray.desktop.screenshot("legacy-icon-missing")
        error.add_note(f"see {picture}; log: {app.log[-2000:]}")
        raise
    assert found
    return found


def own_row_centre(box: Box, rows: list[dict[str, Any]], label: str) -> Point | None:
    """Where a row of a menu of our own is, that is not scrolled; None where it shows other rows."""
    metrics = Painter(icon_options.Theme.DARK, 1.0).metrics
    shown = [row for row in rows if row.get("visible", True)]
    number = shown.index(find_row(shown, label))
    heights = [
        metrics.separator if row.get("type") == "separator" else metrics.row for row in shown
    ]
    if sum(heights) + 2 * metrics.border != box[3] - box[1]:
        return None
    top = box[1] + metrics.border + sum(heights[:number])
    return (box[0] + box[2]) // 2, top + heights[number] // 2


def mouse_click(tray: LegacyTray, app: App, *labels: str) -> None:
    """Choose a row by its labels from the top down, by mouse, from the icon on."""
    desktop = tray.desktop
    desktop.hover(*SCREEN_CENTRE)
    wait_for(lambda: not tray.popups(), "nothing is open")
    desktop.right_click(*tray.icon_centre())
    known: list[Box] = []

    def row_of(depth: int) -> tuple[Box, Point] | None:
        """The window of this level and the row in it, once both are there."""
        boxes = tray.menus()
        new = [box for box in boxes if box not in known]
        if len(boxes) != depth or len(new) != 1:
            return None
        rows = desktop.menu_layout(app.item(), about_to_show=False)["children"]
        for label in labels[: depth - 1]:
            rows = find_row(rows, label)["children"]
        point = own_row_centre(new[0], rows, labels[depth - 1])
        return (new[0], point) if point else None

    for depth in range(1, len(labels) + 1):
        found = wait_for(lambda depth=depth: row_of(depth), f"{labels[:depth]} is shown")
        assert found
        known.append(found[0])
        if depth < len(labels):
            desktop.hover(*found[1])
        else:
            desktop.left_click(*found[1])
    wait_for(lambda: not tray.popups(), "the menu is closed")


def open_menu(tray: LegacyTray) -> Box:
    """Open the menu by mouse; its box."""
    tray.desktop.right_click(*tray.icon_centre())
    (box,) = wait_for(tray.menus, "the menu is open")
    return box


def climb_to(server: RunAnalyzeServer, mb: float) -> None:
    """Let the server hold so much altogether."""
    if (absent := mb - server.rss_mb()) >= 1:
        server.allocate(round(absent))
