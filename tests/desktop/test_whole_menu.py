"""Every row of the menu once: by mouse on XFCE's panel, and over D-Bus on XFCE and LXQt.

A click's way ends in a command; those whose effect is seen elsewhere are looked up where the
program hands them in.
"""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Callable
from typing import Any

import pytest

from tests.desktop.conftest import StartApp, StartDesktop
from tests.desktop.recorder import NotificationRecorder, Watcher
from tests.desktop.running import App, state_file
from tests.desktop.session import SCREEN, Host, find_row, label_of
from tests.desktop.test_menu import remembered, wait_for_mark
from tests.server.starting import RunAnalyzeServer, ServerFactory
from tests.waiting import wait_for
from tray_app.core import commands
from tray_app.core.bands import Band
from tray_app.core.commands import (
    CleanUp,
    Command,
    FreeMemory,
    Mute,
    OpenServer,
    OpenTemp,
    SendTest,
    SetAutostart,
    SetMode,
    SetPalette,
    SetPaused,
    SetPreset,
    SetStyle,
    SetTheme,
    WatchAutomatically,
)
from tray_app.core.modes import Mode, Preset
from tray_app.core.picture import Palette, Style, Theme

pytestmark = pytest.mark.desktop

Click = Callable[..., None]

# The real app, which also says which commands reach its engine.
TELLING = textwrap.dedent(
    """
    import sys
    from tray_app import cli
    from tray_app.core.commands import Command
    from tray_app.runtime.engine import Engine
    post = Engine.post
    def tell(engine, item):
        if isinstance(item, Command):
            print("command", item, flush=True)
        post(engine, item)
    Engine.post = tell
    sys.exit(cli.main())
    """
)

CLICKS: tuple[tuple[Command, tuple[str, ...]], ...] = (
    (WatchAutomatically(), ("Processes", "Find the server by itself")),
    (SetMode(Mode.API), ("Mode", "API only")),
    (SetMode(Mode.FALLBACK), ("Mode", "Process only")),
    (SetMode(Mode.AUTO), ("Mode", "Automatic")),
    (SetPreset(Preset.HEAVY), ("Preset", "Heavy processing")),
    (SetPreset(Preset.DEBUG), ("Preset", "Debug (1 s)")),
    (SetPreset(Preset.QUICK), ("Preset", "Quick test (30 s)")),
    (SetPreset(Preset.STANDARD), ("Preset", "Standard")),
    (Mute(1800.0), ("Alerts", "Mute for 30 min")),
    (Mute(3600.0), ("Alerts", "Mute for 1 h")),
    (Mute(28800.0), ("Alerts", "Mute for 8 h")),
    (Mute(None), ("Alerts", "Mute until the next start")),
    (SendTest(), ("Alerts", "Send a test notification")),
    (FreeMemory(), ("Server", "Free memory")),
    (CleanUp(), ("Server", "Clean up temp files older than 24 h", "Really clean up?")),
    (OpenTemp(), ("Server", "Open temp directory")),
    (OpenServer(), ("Server", "Open in browser")),
    (SetStyle(Style.BARS), ("View", "Icon: bars")),
    (SetStyle(Style.CALM), ("View", "Icon: calm, grey until orange")),
    (SetStyle(Style.NUMBER), ("View", "Icon: number")),
    (SetPalette(Palette.OKABE_ITO), ("View", "Colours: for colour-blind people (Okabe-Ito)")),
    (SetPalette(Palette.STANDARD), ("View", "Colours: green, yellow, orange, red")),
    (SetTheme(Theme.DARK), ("View", "Panel: dark")),
    (SetTheme(Theme.LIGHT), ("View", "Panel: light")),
    (SetTheme(Theme.AUTO), ("View", "Panel: as the desktop")),
    (SetAutostart(True), ("Start at login",)),
    (SetPaused(True), ("Pause",)),
    (SetPaused(False), ("Resume",)),
)


@pytest.fixture
def server(runanalyze_server: ServerFactory) -> RunAnalyzeServer:
    return runanalyze_server()


def handed_in(app: App) -> list[str]:
    """The commands that have reached the engine."""
    lines = app.log.splitlines()
    return [line.removeprefix("command ") for line in lines if line.startswith("command ")]


def click_every_row(app: App, click: Click) -> None:
    """Each row once, in an order in which every one of them changes something."""
    for number, (command, labels) in enumerate(CLICKS, 1):
        click(*labels)
        wait_for(lambda number=number: len(handed_in(app)) >= number, f"{labels} is handed in")
        assert handed_in(app)[number - 1 :] == [repr(command)], labels
        check = EFFECTS.get(type(command))
        if check:
            check(app, command)
    click("Quit")
    assert app.wait_for_exit() == 0


def _mode_is_set(app: App, command: Any) -> None:
    beginning = {Mode.API: "API", Mode.FALLBACK: "Process", Mode.AUTO: "API"}[command.mode]
    app.wait_for_source(beginning)
    wait_for(lambda: remembered(app.desktop).get("mode") == command.mode, "it is remembered")


def _preset_is_set(app: App, command: Any) -> None:
    label = {each.command: label for each, label in _presets()}[command]
    wait_for_mark(app, "Preset", label)


def _presets() -> list[tuple[Any, str]]:
    from tray_app.core import wording
    from tray_app.core.menu import Row

    return [(Row("", command=SetPreset(each)), wording.PRESETS[each]) for each in Preset]


def _picture_has(app: App, command: Any) -> None:
    """The picture is drawn so at once, and in the next run."""
    (field,) = command.__match_args__
    wait_for(lambda: remembered(app.desktop).get(field) == getattr(command, field), "remembered")
    app.wait_for_picture(**{field: getattr(command, field)})


def _is_paused(app: App, command: Any) -> None:
    app.wait_for_picture(paused=command.paused)


EFFECTS: dict[type, Callable[[App, Any], None]] = {
    SetMode: _mode_is_set,
    SetPreset: _preset_is_set,
    SetStyle: _picture_has,
    SetPalette: _picture_has,
    SetTheme: _picture_has,
    SetPaused: _is_paused,
}


def test_no_command_is_left_out() -> None:
    """Every command that a menu row can carry is clicked (Unmute only while alerts are muted)."""
    clicked = {type(command).__name__ for command, _labels in CLICKS}
    names = {each.__name__ for each in commands.Command.__args__}  # type: ignore[attr-defined]
    assert names - clicked == {"WatchProcess", "Unmute", "ShowStatus", "SetInterval", "Quit"}


@pytest.mark.parametrize("host", ["xfce", "qt"])
def test_every_row_over_the_bus(
    host: Host, start_desktop: StartDesktop, start_app: StartApp, server: RunAnalyzeServer
) -> None:
    """As the panel sends it: each click hands in its command and has its effect."""
    desktop = start_desktop(host=host, notifier=False)
    with NotificationRecorder(desktop.bus_address):
        app = start_app(desktop, "--url", server.url, code=TELLING)
        app.wait_for_source("API")
        click_every_row(app, app.click)


def test_every_row_by_mouse(
    start_desktop: StartDesktop, start_app: StartApp, server: RunAnalyzeServer
) -> None:
    """No submenu is cut at the edge of the screen, and each row does what it says."""
    # Notifications are taken without a window, which would lie over the menu.
    desktop = start_desktop(notifier=False)
    with NotificationRecorder(desktop.bus_address):
        app = start_app(desktop, "--url", server.url, code=TELLING)
        app.wait_for_source("API")
        app.wait_for_picture(band=Band.GREEN)
        click_every_row(app, lambda *labels: desktop.mouse_click(app.item(), *labels))


def test_another_process_by_mouse(
    start_desktop: StartDesktop, start_app: StartApp, server: RunAnalyzeServer
) -> None:
    """Other Python processes are read when the menu opens; a click on one watches it."""
    desktop = start_desktop()
    other = desktop.start("other", sys.executable, "-c", "import time; time.sleep(600)")
    app = start_app(desktop, "--url", server.url, code=TELLING)
    app.wait_for_source("API")
    item = app.item()

    def offered() -> list[str]:
        rows = find_row(desktop.menu_layout(item)["children"], "Processes")["children"]
        rows = find_row(rows, "Watch another process")["children"]
        return [label_of(row) for row in rows if row.get("enabled", True) and label_of(row)]

    found = wait_for(offered, "other Python processes are offered")
    label = next((label for label in found if f"({other.pid})" in label), found[0])
    app.click("Processes", "Watch another process", label.partition(":")[0])
    wait_for(lambda: handed_in(app), "the command is handed in")
    assert handed_in(app)[0].startswith("WatchProcess(pid=")
    assert not handed_in(app)[0].endswith("created_s=0.0)")
    assert state_file(desktop)  # nothing of it is remembered
    assert "pid" not in remembered(desktop)


@pytest.mark.parametrize("host", ["xfce", "qt"])
def test_opening_the_menu_reads_what_only_it_shows(
    host: Host, start_desktop: StartDesktop, start_app: StartApp, server: RunAnalyzeServer
) -> None:
    """A right click of a real mouse has other Python processes read, and nothing before it."""
    desktop = start_desktop(host=host)
    desktop.start("other", sys.executable, "-c", "import time; time.sleep(600)")
    app = start_app(desktop, "--url", server.url)
    app.wait_for_source("API")
    app.wait_for_picture(band=Band.GREEN)
    item = app.item()

    def others() -> list[str]:
        top = desktop.menu_layout(item, about_to_show=False)["children"]
        watch = find_row(find_row(top, "Processes")["children"], "Watch another")["children"]
        return [label_of(row) for row in watch if row.get("enabled", True) and label_of(row)]

    app.wait_for_tooltip("green")
    assert others() == []
    desktop.right_click(SCREEN[0] - 20, 16)
    wait_for(desktop.popups, "the menu is open")
    wait_for(others, "other Python processes are shown")
    about = find_row(desktop.menu_layout(item, about_to_show=False)["children"], "About")
    own = label_of(about["children"][2])
    assert re.fullmatch(r"Own use: \d+ MB · \d+\.\d % CPU on average", own), own


def test_the_server_is_not_cleaned_up_while_it_works(
    start_desktop: StartDesktop, start_app: StartApp, server: RunAnalyzeServer
) -> None:
    """The question is not even asked then."""
    desktop = start_desktop(bus_only=True)
    with Watcher(desktop.bus_address):
        app = start_app(desktop, "--url", server.url)
        app.wait_for_source("API")
        server.burn(8.0)

        def sure() -> str:
            rows = find_row(app.rows, "Server")["children"]
            return label_of(find_row(rows, "Clean up")["children"][1])

        wait_for(lambda: sure() == "Not while a job runs", "the row says so")
