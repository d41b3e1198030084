"""The tray in the rig: its icon in the taskbar, its tooltip, and its menu under a pointer.

Rule: what a person sees is taken from the screen's pixels and from Windows' own windows and menus.
What the program holds (its state, the rows it made) is asked of it to compare.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from PIL import Image, ImageChops

from tests.waiting import wait_for
from tests.windows.running import LOCAL, Program, RunByWindows, Runner, Windows
from tray_app.core.presentation.icon import Picture
from tray_app.desktop.windows.tray_icon import NIF_INFO
from tray_app.views.icon import draw

SCRIPT = r".venv\Scripts\runanalyze-trayw.exe"
# A server at rest has about 50 MB: every band is a modest allocation away.
CONFIG = """\
interval_s = 0.5
[bands]
yellow_mb = 150
orange_mb = 220
red_mb = 300
[alerts]
raised_mb = 1160
high_mb = 1240
critical_mb = 1320
"""
ICON_PX = 16
TASKBAR_PX = 20
ASIDE = (300, 200)
"""Where the pointer is in nobody's way."""
INK = 100
"""A row's letters are darker than this, and its ground is lighter."""

HIDE_FROM_TASKBAR = "app._desktop._icon._icon._message(2, 0) or 1"
TASKBAR_CREATED = (
    "user32.PostMessageW(0xFFFF, user32.RegisterWindowMessageW('TaskbarCreated'), 0, 0)"
)
"""What Explorer tells all windows when it has started."""
KEYS = {"Down": 0x28, "Right": 0x27, "Return": 0x0D}

FIND = """
import gc
from tray_app.app.tray import TrayApp
from tray_app.views import presenter
app = next((each for each in gc.get_objects() if type(each) is TrayApp), None)
app is not None
"""
RECORD = """
import tray_app.app.desktop_reports
tray_app.app.desktop_reports.MENU_LIMIT_S = 60.0
from tray_app.core.monitor.commands import Command
from tray_app.desktop import icon_adapters
from tray_app.desktop.windows.tray_icon import NIF_INFO, MendedIcon
from tray_app.runtime.sampler import Sampler
commands, made, balloons = [], {}, []
hand_in, frozen, message = Sampler.post, icon_adapters._frozen, MendedIcon._message
def tell(sampler, *items):
    commands.extend(each for each in items if isinstance(each, Command))
    hand_in(sampler, *items)
def keep(row, submit):
    made[row.key] = row
    return frozen(row, submit)
def show_no_balloon(icon, code, flags, **fields):
    if flags & NIF_INFO:
        balloons.append((fields["szInfoTitle"], fields["szInfo"]))
    else:
        message(icon, code, flags, **fields)
def tree(row):
    below = [tree(each) for each in row.children if each.text or each.separator]
    text, checked = row.text.replace("&", "&&"), bool(row.checked)
    return {
        "text": text, "enabled": row.enabled, "checked": checked, "separator": row.separator,
        "rows": below or None,
    }
Sampler.post, icon_adapters._frozen, MendedIcon._message = tell, keep, show_no_balloon
1
"""


class Tray(Program):
    """The program with its icon, as a person starts it. ``settings`` is its config file."""

    def __init__(self, world: Windows, *arguments: str, settings: str = CONFIG) -> None:
        configure(world, settings)
        super().__init__(world, SCRIPT, *arguments, folder=world.project)
        self._wait_until_shown()

    def _wait_until_shown(self) -> None:
        wait_for(lambda: self.ask("len(windows(os.getpid(), 'SystemTrayIcon'))") == 2, "windows")
        wait_for(lambda: self.ask(FIND), "the program's parts")
        wait_for(lambda: self.icon_at() is not None, "an icon in the taskbar")

    def state(self, expression: str) -> Any:
        """The value of this, which may name the program's newest ``state``."""
        return self.ask(f"state = app._first.last\n{expression}")

    def wait_until_idle(self) -> None:
        """The API's answers tell that the server does nothing, so each level is worth an alert."""
        self.wait_for_icon(process_source=False)
        wait_for(lambda: self.state("state.sample.activity.name") == "IDLE", "an idle server")

    def windows(self) -> tuple[int, int]:
        """The one that hears of the icon's clicks, and the one that owns its menu."""
        told = self.ask("icon = app._desktop._icon._icon\n[icon._hwnd, icon._menu_hwnd]")
        return told[0], told[1]

    # The icon

    def picture(self) -> Picture:
        """What the icon is to show, by the program."""
        told = self.state("__import__('msgspec').to_builtins(presenter.picture(state))")
        return msgspec.convert(told, Picture)

    def icon_at(self) -> tuple[int, int] | None:
        """The upper left corner of the last icon in the taskbar, from the screen's pixels."""
        strip = self.world.screen()
        width, height = strip.size
        strip = strip.crop((width // 2, height - TASKBAR_PX, width, height))
        ground = Image.new("RGB", strip.size, strip.getpixel((0, TASKBAR_PX // 2)))
        box = ImageChops.difference(strip, ground).getbbox()
        if box is None:
            return None
        top = height - TASKBAR_PX + (TASKBAR_PX - ICON_PX) // 2
        return width // 2 + box[2] - ICON_PX, top

    def wait_for_icon(self, **wanted: Any) -> Picture:
        """The program's picture, once it has these values and the taskbar shows it, pixel for
        pixel as it is drawn."""
        seen: list[Any] = []
        self.world.point(*ASIDE)

        def shown() -> Picture | None:
            picture = self.picture()
            seen[:] = [picture, self.icon_at()]
            if msgspec.structs.replace(picture, **wanted) != picture or seen[1] is None:
                return None
            return picture if self._shows(picture, seen[1]) else None

        try:
            found = wait_for(shown, f"an icon with {wanted}")
        except AssertionError as error:
            error.add_note(f"instead: {seen}\noutput: {self.output[-2000:]}")
            raise
        assert found
        return found

    def _shows(self, picture: Picture, at: tuple[int, int]) -> bool:
        screen = self.world.screen()
        drawn = draw.draw(picture, ICON_PX)
        expected = Image.new("RGB", drawn.size, screen.getpixel((at[0] - 2, at[1] - 2)))
        expected.paste(drawn, mask=drawn)
        seen = screen.crop((*at, at[0] + ICON_PX, at[1] + ICON_PX))
        return seen.tobytes() == expected.tobytes()

    # The tooltip

    def tooltips(self) -> list[dict[str, Any]]:
        """The windows of tooltips and balloons that Windows shows now."""
        shown: list[dict[str, Any]] = self.ask("windows(None, 'tooltips_class32')")
        return [each for each in shown if each["visible"] and each["text"]]

    # Balloons

    def watch_taskbar(self) -> None:
        """From now on keep what the program asks of the taskbar, and its answers."""
        self.ask("watch_taskbar()")

    def balloons(self) -> list[dict[str, Any]]:
        """Those that the program wanted shown: title, text, kind, and whether they were taken."""
        told: list[dict[str, Any]] = self.ask(
            f"[each for each in told if each['flags'] & {NIF_INFO}]"
        )
        return told

    def balloons_count(self) -> int:
        return len(self.balloons())

    def wait_for_balloon(self, seen: int, words: str) -> dict[str, Any]:
        """The first one with these words in its title, after the first ``seen``."""
        seen_titles: list[str] = []

        def shown() -> dict[str, Any] | None:
            newer = self.balloons()[seen:]
            seen_titles[:] = [each["title"] for each in newer]
            return next((each for each in newer if words in each["title"]), None)

        try:
            found = wait_for(shown, f"a balloon {words!r}")
        except AssertionError as error:
            error.add_note(f"instead: {seen_titles}")
            raise
        assert found
        return found

    # The menu

    def record(self) -> None:
        """From now on keep the commands that rows hand in, and what a menu is made of, and show no
        balloons: they would lie over the menu. It waits for its figures however slow this machine
        is."""
        self.ask(RECORD)

    def menus(self) -> list[dict[str, Any]]:
        """The open menus."""
        found: list[dict[str, Any]] = self.ask("menus()")
        return found

    def open_menu(self) -> dict[str, Any]:
        """A right click on the icon."""
        at = wait_for(self.icon_at, "an icon to click on")
        assert at
        self.world.click(at[0] + ICON_PX // 2, at[1] + ICON_PX // 2, button=3)
        (menu,) = wait_for(self.menus, "the menu is open")
        return menu

    def close_menu(self) -> None:
        """By a click elsewhere."""
        self.world.click(*ASIDE)
        self.wait_until_closed()

    def wait_until_closed(self) -> None:
        wait_for(lambda: not self.menus(), "the menu is closed")
        self.world.point(*ASIDE)

    def unfold(self, *labels: str) -> dict[str, Any]:
        """Open the menu, and these submenus; the last of them."""
        menu = self.open_menu()
        for label in labels:
            menu = self.unfold_row(row_of(menu["rows"], label))
        return menu

    def unfold_row(self, row: dict[str, Any]) -> dict[str, Any]:
        """Open the submenu of this row."""
        self.world.click(*middle(row))

        def opened() -> list[dict[str, Any]]:
            return [each for each in self.menus() if each["menu"] == row["menu"]]

        (menu,) = wait_for(opened, f"the submenu of {row['text']!r}")
        return menu

    def press(self, key: str, times: int = 1) -> None:
        """Press this key, as Windows' own input: Wine takes those of the screen only for a program
        with a window on it."""
        code = KEYS[key]
        self.ask(f"[user32.keybd_event({code}, 0, up, 0) for up in (0, 2) * {times}]")

    def choose(self, *labels: str) -> None:
        """Click a row, by the labels (or how they begin) from the icon's menu down."""
        *above, last = labels
        menu = self.unfold(*above)
        self.world.click(*middle(row_of(menu["rows"], last)))
        self.wait_until_closed()

    def quit(self) -> None:
        """By the menu's last row."""
        menu = self.open_menu()
        self.world.click(*middle(row_of(menu["rows"], "Quit")))
        self.world.point(*ASIDE)


class TrayOfWindows(Tray):
    """The tray as Windows starts it: ``start`` gets the name for RIG_SPY."""

    def __init__(
        self, runner: Runner, start: Callable[[str], object], settings: str = CONFIG
    ) -> None:
        configure(runner.world, settings)
        self._prepare(runner.world)
        process = self.process = RunByWindows(runner)
        start(self.name)
        process.pid = self.pid()
        self._wait_until_shown()

    @property
    def output(self) -> str:
        return ""  # it has a console, or none


def configure(world: Windows, settings: str) -> None:
    world.put(LOCAL)
    (LOCAL / "config.toml").write_text(settings)
    world.point(*ASIDE)


def row_of(rows: Sequence[dict[str, Any]], label: str) -> dict[str, Any]:
    """The row with this label, or that begins with it."""
    for fits in (str.__eq__, str.startswith):
        for row in rows:
            if fits(row["text"].replace("&&", "&"), label):
                return row
    raise LookupError(f"no row {label!r} in {[row['text'] for row in rows]}")


def middle(row: dict[str, Any]) -> tuple[int, int]:
    left, top, right, bottom = row["rect"]
    return (left + right) // 2, (top + bottom) // 2


def lines_of_ink(text: Image.Image) -> int:
    """How many lines of dark letters there are on a light ground, within a frame."""
    if min(text.size) < 10:  # it is not laid out yet
        return 0
    inner = text.convert("L").crop((3, 2, text.width - 3, text.height - 2))
    inked = [
        inner.crop((0, y, inner.width, y + 1)).getextrema()[0] < INK for y in range(inner.height)
    ]
    return sum(now and not before for before, now in zip([False, *inked], inked, strict=False))
