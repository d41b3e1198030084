"""The menu on Windows' screen: every submenu, and every row once by the pointer.

Each click's command is looked up where the program hands it in, and then its effect from outside:
in the icon's pixels, in files and the registry, at the server, and in the windows that open.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import pytest

from tests.menu_rows import CLICKS, OTHER
from tests.waiting import wait_for
from tests.windows.rig import PYTHON, RIG
from tests.windows.running import HOME, LOCAL, Program, Server
from tests.windows.tray import ASIDE, Tray, middle, row_of
from tray_app.core.model.presets import Mode
from tray_app.core.model.server_action import AGE_HOURS
from tray_app.core.monitor import commands
from tray_app.core.summary.measurement import Scope

STATE = LOCAL / "state.json"
CONTRAST = 60
"""Between a row's letters and its ground, pale ones too."""
WM_CLOSE = 0x10
OPENED = RIG / "home" / "opened"
"""Where the rig's browser writes each address that it is asked to open."""
RISK = "__import__('tray_app.core.monitor.server_actions', fromlist=['_']).risk_of(state).name"
RUN_KEY = r"""
import winreg
run = winreg.CreateKey(winreg.HKEY_CURRENT_USER, r"Software\Microsoft\Windows\CurrentVersion\Run")
values = dict(winreg.EnumValue(run, n)[:2] for n in range(winreg.QueryInfoKey(run)[1]))
{}
"""
AT_LOGIN = RUN_KEY.format("values.get('runanalyze-tray')")
NOT_AT_LOGIN = RUN_KEY.format(
    "[winreg.DeleteValue(run, it) for it in values if 'runanalyze' in it]"
)
"""An earlier run may have been ended before Wine wrote the registry's last values."""


class Scene(NamedTuple):
    """The program, its server, and another Python, whose name has a sign that menus swallow."""

    tray: Tray
    server: Server
    other: Program


@pytest.fixture(scope="module")
def scene(server: Server) -> Iterator[Scene]:
    world = server.world
    server.ask(NOT_AT_LOGIN)
    server.do("hold(40)")
    server.do("write_tmp(4, 'older.mp4', age_hours=30)")
    server.do("write_tmp(5, 'old.mp4', age_hours=2)")
    folder = HOME / "other"
    world.put(folder)
    (folder / "R&D.py").write_text("import time\nwhile True: time.sleep(1)\n")
    other = Program(world, PYTHON, "R&D.py", folder=folder)
    tray = Tray(world, "--url", server.url)
    tray.record()
    tray.wait_for_icon(process_source=False)
    yield Scene(tray, server, other)
    for each in (tray, other):
        each.kill()


# What the menu shows


def test_another_python_is_offered_when_the_menu_opens(scene: Scene) -> None:
    """At once, although the program reads other processes only for an open menu. The "&" in its
    name is shown, where Windows would underline the next letter."""
    tray = scene.tray
    wait_for(lambda: not tray.state("state.offered"), "nothing is read for a closed menu")
    menu = tray.unfold("Processes", "Watch another process")
    texts = [row["text"] for row in menu["rows"]]
    tray.close_menu()
    assert any(text.startswith(f"python.exe R&&D.py ({scene.other.pid()})") for text in texts)


def test_every_submenu_shows_its_rows(scene: Scene) -> None:
    """Those that the program made of its state, as on other desktops, within the screen; and each
    of them is written there."""
    tray = scene.tray
    made = tray.open_menu()
    told = tray.state(
        "from tray_app.core.presentation import menu\n"
        "[tree(made[row.key]) for row in menu.rows(state) if row.text or row.separator]"
    )
    visited = list(visit(tray, made, told))
    tray.close_menu()
    for submenu in ("Mute", "Free memory", "Server", "Settings", "Preset: Standard"):
        assert submenu in visited


def visit(tray: Tray, menu: dict[str, Any], told: list[dict[str, Any]]) -> Iterator[str]:
    """Compare this open menu, and open those below it; the labels of all of them."""
    told = without_needless_lines(told)
    assert [look(row) for row in menu["rows"]] == [look(row) for row in told]
    left, top, right, bottom = menu["rect"]
    screen = tray.world.screen()
    assert left >= 0 <= top
    assert right <= screen.width
    assert bottom <= screen.height
    wait_for(lambda: all_are_written(tray, menu["rows"]), f"letters in {menu['rows']}")
    for row, source in zip(menu["rows"], told, strict=True):
        if row["rows"]:
            yield row["text"]
            yield from visit(tray, tray.unfold_row(row), source["rows"])


def look(row: dict[str, Any]) -> tuple[str, bool, bool, bool]:
    """What a person sees of a row."""
    if row["separator"]:
        return "", False, False, False
    return row["text"], row["enabled"], row["checked"], bool(row["rows"])


def without_needless_lines(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without lines at an end, and one line for several."""
    kept: list[dict[str, Any]] = []
    for row in rows:
        if not row["separator"] or (kept and not kept[-1]["separator"]):
            kept.append(row)
    while kept and kept[-1]["separator"]:
        kept.pop()
    return kept


def all_are_written(tray: Tray, rows: list[dict[str, Any]]) -> bool:
    """Whether each row with a text has letters on the screen."""
    screen = tray.world.screen().convert("L")
    for row in rows:
        if row["text"]:
            darkest, lightest = screen.crop(row["rect"]).getextrema()
            if lightest - darkest < CONTRAST:
                return False
    return True


# What its rows do


def told_by(scene: Scene, *labels: str) -> str:
    """The one command that a click on this row hands in."""
    return told_after(scene, lambda: scene.tray.choose(*labels))


def told_after(scene: Scene, click: Callable[[], None]) -> str:
    """The one command that this click hands in."""
    tray = scene.tray
    before = len(tray.ask("commands"))
    click()
    wait_for(lambda: len(tray.ask("commands")) > before, "a command is handed in")
    (told,) = tray.ask("[repr(each) for each in commands]")[before:]
    return str(told)


def remembered() -> dict[str, Any]:
    """What the next start knows."""
    known: dict[str, Any] = json.loads(STATE.read_text("utf-8")) if STATE.is_file() else {}
    return known


def wait_for_balloon(scene: Scene, beginning: str) -> str:
    """The text below this title."""

    def told() -> list[str]:
        balloons = scene.tray.ask("balloons")
        return [text for title, text in balloons if title.startswith(beginning)]

    return wait_for(told, f"a notification {beginning!r}")[-1]


def wait_for_window(scene: Scene, title: str) -> None:
    """A program shows this; it is closed again."""
    tray = scene.tray

    def opened() -> list[int]:
        windows = tray.ask("windows()")
        return [w["hwnd"] for w in windows if w["visible"] and w["text"].startswith(title)]

    for hwnd in wait_for(opened, f"a window {title!r}"):
        tray.ask(f"post({hwnd}, {WM_CLOSE})")
    wait_for(lambda: not opened(), f"{title!r} is closed")


def wait_for_address(beginning: str) -> str:
    """What the browser is asked to show."""

    def asked() -> str:
        text = OPENED.read_text("utf-8") if OPENED.is_file() else ""
        return text.strip() if text.endswith("\n") else ""

    address = wait_for(asked, f"an address {beginning!r}")
    OPENED.unlink()
    assert address.startswith(beginning)
    return address


def _other_is_watched(scene: Scene, _command: Any) -> None:
    pid = scene.other.pid()
    wait_for(lambda: target_of(scene) == [pid, "process"], "its memory is read")
    scene.tray.wait_for_icon(process_source=True)


def _server_is_found(scene: Scene, _command: Any) -> None:
    wait_for(lambda: target_of(scene) == [scene.server.pid(), "api"], "the server is found")
    scene.tray.wait_for_icon(process_source=False)


def target_of(scene: Scene) -> Any:
    """Whose figure it is, and where it is from."""
    return scene.tray.state(
        "sample = state.sample\n"
        "[sample.target and sample.target.pid, sample.source.value] if sample else []"
    )


def _mode_is_set(scene: Scene, command: Any) -> None:
    wait_for(lambda: remembered().get("mode") == command.mode, "it is remembered")
    scene.tray.wait_for_icon(process_source=command.mode is Mode.FALLBACK)


def _preset_is_set(scene: Scene, command: Any) -> None:
    wait_for(lambda: scene.tray.state("state.settings.preset") == command.preset, "the preset")


def _is_muted(scene: Scene, command: Any) -> None:
    until = {1800.0: "30 min left", 3600.0: "60 min left", 28800.0: "8 h left"}
    text = until.get(command.duration_s, "muted until restart")
    scene.tray.wait_for_icon(muted=True)
    rows = scene.tray.open_menu()["rows"]
    scene.tray.close_menu()
    assert row_of(rows, "Unmute")["text"] == f"Unmute ({text})"
    assert "Mute" not in [row["text"] for row in rows], "never both"


def _is_unmuted(scene: Scene, _command: Any) -> None:
    scene.tray.wait_for_icon(muted=False)


def _test_is_sent(scene: Scene, _command: Any) -> None:
    wait_for_balloon(scene, "Test notification")


def _memory_is_freed(scene: Scene, _command: Any) -> None:
    assert wait_for_balloon(scene, "Freed ").startswith("The server now uses ")
    assert scene.server.do("state['freed']") == 1


def _is_cleaned_up(scene: Scene, command: Any) -> None:
    size_mb, name = {24: (4, "older"), 1: (5, "old")}[AGE_HOURS[command.action]]
    wait_for_balloon(scene, f"Deleted 1 temp file ({size_mb} MB)")
    assert not (HOME / "RunAnalyze" / "tmp" / f"{name}.mp4").exists()


def _temp_is_opened(scene: Scene, _command: Any) -> None:
    wait_for_window(scene, "tmp")


def _server_is_opened(scene: Scene, _command: Any) -> None:
    wait_for_address(f"{scene.server.url}/docs")


def _history_is_opened(scene: Scene, _command: Any) -> None:
    """The live page, which answers."""
    address = wait_for_address("http://127.0.0.1:")
    page = scene.server.ask(f"import urllib.request\nurllib.request.urlopen({address!r}).read()")
    assert "<title>" in page


def _summary_is_shown(scene: Scene, command: Any) -> None:
    wait_for_balloon(scene, "Today: " if command.scope is Scope.TODAY else "Since ")


def _history_is_exported(scene: Scene, _command: Any) -> None:
    """To a new folder of the user's."""
    folder = wait_for_balloon(scene, "History exported: ").partition(". ")[2]
    assert scene.tray.ask(f"os.path.isfile({folder!r} + '/samples.csv')")


def _deletion_is_doubted(scene: Scene, _command: Any) -> None:
    wait_for_balloon(scene, "Delete the history")


def _click_is_set(_scene: Scene, command: Any) -> None:
    wait_for(lambda: remembered().get("click") == command.click, "it is remembered")


def _settings_are_opened(scene: Scene, _command: Any) -> None:
    wait_for_window(scene, "config.toml")


def _log_is_opened(scene: Scene, _command: Any) -> None:
    wait_for_window(scene, "runanalyze-tray.log")


def _help_is_opened(_scene: Scene, _command: Any) -> None:
    assert wait_for_address("").endswith("troubleshooting.html")


def _report_is_opened(scene: Scene, _command: Any) -> None:
    """It is about the server that the program watches."""
    wait_for_window(scene, "report.txt")
    (report,) = LOCAL.rglob("report.txt")
    assert scene.server.url in report.read_text("utf-8")


def _picture_has(scene: Scene, command: Any) -> None:
    """The icon is drawn so at once, and in the next run."""
    (field,) = command.__struct_fields__
    wait_for(lambda: remembered().get(field) == getattr(command, field), "it is remembered")
    scene.tray.wait_for_icon(**{field: getattr(command, field)})


def _starts_at_login(scene: Scene, command: Any) -> None:
    """The registry names the program that opens no console; the row is marked."""
    kept = scene.tray.ask(AT_LOGIN)
    if command.on:
        assert kept.lower().split('"')[1].endswith(r"\.venv\scripts\runanalyze-trayw.exe")
    else:
        assert kept is None
    row = row_of(scene.tray.unfold("Settings")["rows"], "Start at login")
    scene.tray.close_menu()
    assert row["checked"] is command.on


def _is_paused(scene: Scene, command: Any) -> None:
    scene.tray.wait_for_icon(paused=command.paused)


EFFECTS: dict[type, Callable[[Scene, Any], None]] = {
    commands.WatchProcess: _other_is_watched,
    commands.WatchAutomatically: _server_is_found,
    commands.SetMode: _mode_is_set,
    commands.SetPreset: _preset_is_set,
    commands.Mute: _is_muted,
    commands.Unmute: _is_unmuted,
    commands.SendTest: _test_is_sent,
    commands.FreeMemory: _memory_is_freed,
    commands.CleanUp: _is_cleaned_up,
    commands.OpenTemp: _temp_is_opened,
    commands.OpenServer: _server_is_opened,
    commands.OpenHistory: _history_is_opened,
    commands.ShowSummary: _summary_is_shown,
    commands.ExportHistory: _history_is_exported,
    commands.DeleteHistory: _deletion_is_doubted,
    commands.SetClick: _click_is_set,
    commands.EditLimits: _settings_are_opened,
    commands.OpenSettingsFile: _settings_are_opened,
    commands.OpenLog: _log_is_opened,
    commands.OpenHelp: _help_is_opened,
    commands.ShowReport: _report_is_opened,
    commands.SetStyle: _picture_has,
    commands.SetPalette: _picture_has,
    commands.SetTheme: _picture_has,
    commands.SetAutostart: _starts_at_login,
    commands.SetPaused: _is_paused,
}


def test_the_keyboard(scene: Scene) -> None:
    """The arrow keys go through the menu and into a submenu, and Return chooses."""
    tray = scene.tray
    menu = tray.open_menu()
    labels = [row["text"] for row in menu["rows"] if not row["separator"]]
    tray.press("Down", times=1 + labels.index("Mute"))
    tray.press("Right")
    wait_for(lambda: len(tray.menus()) == 2, "the submenu")
    tray.press("Down")
    tray.press("Return")
    tray.wait_until_closed()
    wait_for(
        lambda: tray.ask("repr(commands[-1])") == repr(commands.Mute(3600.0)), "the row's command"
    )
    tray.wait_for_icon(muted=True)
    tray.choose("Unmute")
    tray.wait_for_icon(muted=False)


def test_the_rows_on_top_tell_more(scene: Scene) -> None:
    """Memory, what goes on, and the machine: a click on each shows the status."""
    tray = scene.tray

    def click(place: int) -> None:
        tray.world.click(*middle(tray.open_menu()["rows"][place]))
        tray.wait_until_closed()

    for place in range(3):
        assert told_after(scene, partial(click, place)) == repr(commands.ShowStatus())
    wait_for_balloon(scene, "RunAnalyze")


def test_every_row(scene: Scene) -> None:
    """Each click hands in its command and has its effect, in an order in which every one of them
    changes something; the last is Quit."""
    tray = scene.tray
    for command, labels in CLICKS:
        if isinstance(command, commands.CleanUp):
            wait_for(lambda: tray.state(RISK) == "FILES", "no job runs; files are there")
        if command is OTHER:
            told = told_by(scene, *labels, "python.exe R&D.py")
            assert told.startswith(f"WatchProcess(pid={scene.other.pid()}, ")
        else:
            assert told_by(scene, *labels) == repr(command), labels
        EFFECTS[type(command)](scene, command)
    menu = tray.open_menu()
    tray.world.click(*middle(row_of(menu["rows"], "Quit")))
    assert tray.wait() == 0
    tray.world.point(*ASIDE)
    wait_for(lambda: tray.icon_at() is None, "no icon")
