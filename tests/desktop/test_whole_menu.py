"""Every row of the menu once: by mouse on XFCE's panel, and over D-Bus on XFCE and LXQt.

Each click's command is looked up where the program hands it in, and then its effect from outside:
in icon and menu, in files, at the server, in notifications, and at what opens things.
"""

from __future__ import annotations

import os
import re
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from tests.desktop.conftest import StartApp, StartDesktop
from tests.desktop.legacy_tray import LegacyApp, StartTray, mouse_click
from tests.desktop.recorder import Notice, NotificationRecorder, Watcher
from tests.desktop.running import App
from tests.desktop.session import SCREEN, DesktopSession, Host, find_row, label_of
from tests.desktop.test_menu import remembered, wait_for_mark
from tests.menu_rows import CLICKS, OTHER
from tests.ports import free_port
from tests.server.starting import RunAnalyzeServer, ServerFactory
from tests.waiting import AMPLE_S, wait_for
from tray_app.core.analysis.bands import Band
from tray_app.core.model.icon_options import Click as Opens
from tray_app.core.model.presets import Mode
from tray_app.core.model.server_action import ServerAction
from tray_app.core.monitor import commands
from tray_app.core.presentation import program_text
from tray_app.core.summary.measurement import Scope
from tray_app.desktop import paths

pytestmark = pytest.mark.desktop

Click = Callable[..., None]

# The real app, which also says which commands reach its engine.
TELLING = textwrap.dedent(
    """
    import sys
    from tray_app.cli.main import main
    from tray_app.core.monitor.commands import Command
    from tray_app.runtime.sampler import Sampler
    post = Sampler.post
    def tell(sampler, item):
        if isinstance(item, Command):
            print("command", item, flush=True)
        post(sampler, item)
    Sampler.post = tell
    sys.exit(main())
    """
)

# Only the largest Python processes are offered, and others run here, too.
LARGE = "import time; held = b'x' * (300 << 20); time.sleep(600)"


@pytest.fixture
def server(runanalyze_server: ServerFactory) -> RunAnalyzeServer:
    return runanalyze_server()


def handed_in(app: App) -> list[str]:
    """The commands that have reached the engine."""
    lines = app.log.splitlines()
    return [line.removeprefix("command ") for line in lines if line.startswith("command ")]


@dataclass(frozen=True)
class Scene:
    """The app and all that its menu reaches."""

    app: App
    server: RunAnalyzeServer
    recorder: NotificationRecorder
    other_pid: int
    opened: Path

    def wait_for_notice(self, beginning: str) -> Notice:
        """The notice with this title; others, of alerts, may come at any time."""

        def found() -> list[Notice]:
            return [each for each in self.recorder.notices if each.summary.startswith(beginning)]

        try:
            (notice,) = wait_for(found, f"a notice {beginning!r}")
        except AssertionError as error:
            error.add_note(f"notices: {self.recorder.notices}\nlog: {self.app.log[-2000:]}")
            raise
        return notice

    def wait_until_opened(self, place: str) -> None:
        wait_for(
            lambda: self.opened.exists() and self.opened.read_text().splitlines()[-1:] == [place],
            f"{place} is opened",
        )
        self.opened.unlink()


def set_scene(
    desktop: DesktopSession,
    recorder: NotificationRecorder,
    server: Any,
    start_app: StartApp = App,
) -> Scene:
    """The app that tells its commands, a server with something to free and to clean up, another
    Python process, and something in the place of xdg-open."""
    server.write_tmp(4, "u1/older.mp4", age_hours=30)
    server.write_tmp(5, "u1/old.mp4", age_hours=2)
    # Below the tests' lowest limit.
    server.allocate(40, garbage=True)
    other = desktop.start("other", sys.executable, "-c", LARGE)
    folder, opened = desktop.home / "bin", desktop.home / "opened"
    folder.mkdir()
    (folder / "xdg-open").write_text(f'#!/bin/sh\necho "$@" >> "{opened}"\n')
    (folder / "xdg-open").chmod(0o755)
    # No editor is set: text files go to xdg-open, too.
    (folder / "xdg-mime").write_text("#!/bin/sh\n")
    (folder / "xdg-mime").chmod(0o755)
    path = f"{folder}{os.pathsep}{desktop.env['PATH']}"
    app = start_app(desktop, "--url", server.url, code=TELLING, env={"PATH": path})
    app.wait_for_source("API")
    app.wait_for_picture(band=Band.GREEN)
    return Scene(app, server, recorder, other.pid, opened)


def click_every_row(scene: Scene, click: Click) -> None:
    """Each row once, in an order in which every one of them changes something."""
    app = scene.app
    for command, labels in CLICKS:
        if isinstance(command, commands.CleanUp):
            wait_for(lambda: risk(app) == "Delete files now?", "no job runs; files are there")
        if command is OTHER:
            # Python processes of other tests come and go, and their rows with them: the row below
            # the pointer may be another by then.
            wanted = rf"WatchProcess\(pid={scene.other_pid}, .*\)"
            clicks = (told_by(app, click, *labels, offered(scene)) for _ in range(5))
            assert any(re.fullmatch(wanted, told) for told in clicks)
        else:
            assert told_by(app, click, *labels) == repr(command), labels
        EFFECTS[type(command)](scene, command)
    click("Quit")
    assert app.wait_for_exit() == 0


def told_by(app: App, click: Click, *row: str) -> str:
    """The one command that a click on this row hands in."""
    before = len(handed_in(app))
    click(*row)
    wait_for(lambda: len(handed_in(app)) > before, f"{row} is handed in")
    (told,) = handed_in(app)[before:]
    return told


def offered(scene: Scene) -> str:
    """The label of the other process' row, up to its figures; other rows are other programs'."""

    def found() -> str:
        rows = offered_rows(scene.app.rows)
        return next((row for row in rows if f"({scene.other_pid})" in row), "")

    # They are listed every 10 s.
    return wait_for(found, "the other process is offered").partition(":")[0]


def offered_rows(top: list[dict[str, Any]]) -> list[str]:
    """What can be watched instead."""
    rows = find_row(find_row(top, "Processes")["children"], "Watch another process")
    return [label_of(row) for row in rows["children"] if row.get("enabled", True) and label_of(row)]


def risk(app: App) -> str:
    """The row that says what cleaning up puts at risk."""
    rows = find_row(app.rows, "Server")["children"]
    return label_of(find_row(rows, "Delete old files")["children"][0])


def _other_is_watched(scene: Scene, _command: Any) -> None:
    """Its memory is shown, and nothing of it is kept for the next start."""

    def read() -> bool:
        tree = find_row(scene.app.rows, "Processes")["children"]
        return any(f"({scene.other_pid})" in label_of(row) for row in tree[3:])

    wait_for(read, "its memory is read")
    scene.app.wait_for_source("Process (1 process)")
    assert "pid" not in remembered(scene.app.desktop)


def _server_is_found(scene: Scene, _command: Any) -> None:
    scene.app.wait_for_source("API")
    row = find_row(find_row(scene.app.rows, "Processes")["children"], "Detect the server")
    assert row["toggle-state"] == 1


def _mode_is_set(scene: Scene, command: Any) -> None:
    beginning = {Mode.API: "API", Mode.FALLBACK: "Process", Mode.AUTO: "API"}[command.mode]
    scene.app.wait_for_source(beginning)
    scene.app.wait_for_picture(process_source=command.mode is Mode.FALLBACK)
    desktop = scene.app.desktop
    wait_for(lambda: remembered(desktop).get("mode") == command.mode, "it is remembered")


def _preset_is_set(scene: Scene, command: Any) -> None:
    wait_for_mark(scene.app, "Preset", program_text.PRESETS[command.preset])


def _is_muted(scene: Scene, command: Any) -> None:
    """Icon and menu say so, and until when."""
    until = {
        1800.0: "30 min left",
        3600.0: "60 min left",
        28800.0: "8 h left",
        None: "muted until restart",
    }[command.duration_s]
    scene.app.wait_for_label(f"Unmute ({until})")
    assert "Mute" not in scene.app.labels(), "never both"
    scene.app.wait_for_picture(muted=True)


def _is_unmuted(scene: Scene, _command: Any) -> None:
    scene.app.wait_for_label("Mute")
    scene.app.wait_for_picture(muted=False)


def _test_is_delivered(scene: Scene, _command: Any) -> None:
    """It comes; it is counted, and is no alert."""
    scene.wait_for_notice("Test notification")
    scene.app.wait_for_row("Help and about", "Notifications: ")
    rows = [label_of(row) for row in find_row(scene.app.rows, "History and alerts")["children"]]
    assert not any(row.startswith("Test notification") for row in rows)


def _memory_is_freed(scene: Scene, _command: Any) -> None:
    """The server was asked once, and what it brought is told, also where it was asked for."""
    notice = scene.wait_for_notice("Freed ")
    assert re.fullmatch(r"Freed \d+ MB in \d+ s", notice.summary)
    assert notice.body.startswith("The server now uses ")
    assert scene.server.get("/test/calls")["/optimize-memory/"] == 1
    _brought_is_told(scene, notice)


def _is_cleaned_up(scene: Scene, command: Any) -> None:
    size, name = {ServerAction.CLEAN_UP: (4, "older"), ServerAction.CLEAN_UP_HOUR: (5, "old")}[
        command.action
    ]
    notice = scene.wait_for_notice(f"Deleted 1 temp file ({size} MB)")
    assert not (scene.server.folder / "tmp" / "u1" / f"{name}.mp4").exists()
    _brought_is_told(scene, notice)


def _brought_is_told(scene: Scene, notice: Notice) -> None:
    brought = label_of(find_row(scene.app.rows, "Server")["children"][-1])
    assert brought == f"{notice.summary}; {notice.body[0].lower()}{notice.body[1:-1]}"


def _temp_is_opened(scene: Scene, _command: Any) -> None:
    scene.wait_until_opened(str(scene.server.folder / "tmp"))


def _server_is_opened(scene: Scene, _command: Any) -> None:
    scene.wait_until_opened(f"{scene.server.url}/docs")


def _history_is_opened(scene: Scene, _command: Any) -> None:
    """The live page, which answers."""
    wait_for(lambda: scene.opened.exists() and scene.opened.read_text().strip(), "it is opened")
    address = scene.opened.read_text().strip()
    scene.opened.unlink()
    with urlopen(address, timeout=AMPLE_S) as page:
        assert b"<title>" in page.read()


def _summary_is_shown(scene: Scene, command: Any) -> None:
    scene.wait_for_notice("Today: " if command.scope is Scope.TODAY else "Since ")


def _history_is_exported(scene: Scene, _command: Any) -> None:
    """To a new folder of the user's; a click on the notification opens it."""
    notice = scene.wait_for_notice("History exported: ")
    folder = notice.body.partition(". ")[2]
    assert Path(folder).parent == scene.app.desktop.home
    assert Path(folder, "samples.csv").is_file()
    scene.recorder.press(notice.id)
    scene.wait_until_opened(folder)


def _deletion_is_doubted(scene: Scene, _command: Any) -> None:
    scene.wait_for_notice("Delete the history")


def _click_is_set(scene: Scene, command: Any) -> None:
    shown = {Opens.STATUS: "Status", Opens.HISTORY: "History page"}[command.click]
    scene.app.wait_for_row("Settings", f"Left click: {shown}")


def _settings_are_opened(scene: Scene, _command: Any) -> None:
    """The file that the app was started with."""
    scene.wait_until_opened(str(scene.app.desktop.home / f"{scene.app.name}.toml"))


def _log_is_opened(scene: Scene, _command: Any) -> None:
    folder = Path(scene.app.desktop.env["XDG_STATE_HOME"], "runanalyze-tray", "log")
    scene.wait_until_opened(str(folder / "runanalyze-tray.log"))


def _help_is_opened(scene: Scene, _command: Any) -> None:
    scene.wait_until_opened(paths.help_page())


def _report_is_opened(scene: Scene, _command: Any) -> None:
    """It is about the server that the app watches."""
    folder = Path(scene.app.desktop.env["XDG_STATE_HOME"], "runanalyze-tray", "log")
    scene.wait_until_opened(str(folder / "report.txt"))
    assert scene.server.url in (folder / "report.txt").read_text()


def _picture_has(scene: Scene, command: Any) -> None:
    """The picture is drawn so at once, and in the next run."""
    app = scene.app
    (field,) = command.__struct_fields__
    wait_for(lambda: remembered(app.desktop).get(field) == getattr(command, field), "remembered")
    app.wait_for_picture(**{field: getattr(command, field)})


def _starts_at_login(scene: Scene, command: Any) -> None:
    """A file for the session comes, and goes without a trace."""
    desktop = scene.app.desktop
    file = Path(desktop.env["XDG_CONFIG_HOME"], "autostart", "runanalyze-tray.desktop")
    wait_for(lambda: file.exists() is command.on, f"{file} is {command.on}")
    wait_for(
        lambda: scene.app.wait_for_row("Settings", "Start at login")["toggle-state"] == command.on,
        "it is marked",
    )


def _is_paused(scene: Scene, command: Any) -> None:
    scene.app.wait_for_picture(paused=command.paused)


EFFECTS: dict[type, Callable[[Scene, Any], None]] = {
    commands.WatchProcess: _other_is_watched,
    commands.WatchAutomatically: _server_is_found,
    commands.SetMode: _mode_is_set,
    commands.SetPreset: _preset_is_set,
    commands.Mute: _is_muted,
    commands.Unmute: _is_unmuted,
    commands.SendTest: _test_is_delivered,
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


def test_no_command_is_left_out() -> None:
    """Every command that a menu row can carry is clicked."""
    clicked = {type(command).__name__ for command, _labels in CLICKS}
    names = {each.__name__ for each in commands.Command.__args__}  # type: ignore[attr-defined]
    assert names - clicked == {
        *("ShowStatus", "SetInterval", "Quit", "WatchPort"),
        *("LeftClick", "OpenIncident"),  # the icon itself, and rows that come with incidents
        "OpenFolder",  # the button of a notification
    }


@pytest.mark.parametrize("host", ["xfce", "qt"])
def test_every_row_over_the_bus(
    host: Host, start_desktop: StartDesktop, server: RunAnalyzeServer
) -> None:
    """As the panel sends it: each click hands in its command and has its effect."""
    desktop = start_desktop(host=host, notifier=False)
    with NotificationRecorder(desktop.bus_address) as recorder:
        scene = set_scene(desktop, recorder, server)
        click_every_row(scene, scene.app.click)


def test_every_row_by_mouse(start_desktop: StartDesktop, server: RunAnalyzeServer) -> None:
    """No submenu is cut at the edge of the screen, and each row does what it says."""
    # Notifications are taken without a window, which would lie over the menu.
    desktop = start_desktop(notifier=False)
    with NotificationRecorder(desktop.bus_address) as recorder:
        scene = set_scene(desktop, recorder, server)
        item = scene.app.item()
        click_every_row(scene, lambda *labels: desktop.mouse_click(item, *labels))


def test_every_row_of_our_own_menu_by_mouse(
    start_tray: StartTray, server: RunAnalyzeServer
) -> None:
    """The same where the panel has only an old system tray, and this program draws the menu."""
    tray = start_tray("tint2")
    with NotificationRecorder(tray.desktop.bus_address) as recorder:
        scene = set_scene(tray.desktop, recorder, server, LegacyApp)
        click_every_row(scene, lambda *labels: mouse_click(tray, scene.app, *labels))


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
        return offered_rows(desktop.menu_layout(item, about_to_show=False)["children"])

    app.wait_for_tooltip("normal")
    assert others() == []
    desktop.right_click(SCREEN[0] - 20, 16)
    wait_for(desktop.menus, "the menu is open")
    wait_for(others, "other Python processes are shown")
    about = find_row(desktop.menu_layout(item, about_to_show=False)["children"], "Help and about")
    own = label_of(find_row(about["children"], "This program"))
    # In an open menu a text that gets longer is cut.
    assert re.match(r"This program: \d+ MB · \d+\.\d % CPU on a", own), own


def test_the_server_on_another_port_is_watched_by_a_click(
    start_desktop: StartDesktop, start_app: StartApp, runanalyze_server: ServerFactory
) -> None:
    """It is offered where the figure is missed; its API is asked then, until that is undone."""
    server = runanalyze_server(folder="runanalyze")
    desktop = start_desktop(bus_only=True)
    with Watcher(desktop.bus_address), NotificationRecorder(desktop.bus_address) as recorder:
        app = start_app(desktop, "--url", f"http://127.0.0.1:{free_port()}")
        question = f"uvicorn main:app listens on port {server.port}: watch it?"
        app.wait_for_tooltip(question)
        app.click(f"Watch uvicorn main:app on port {server.port}")
        app.wait_for_source("API")
        app.wait_for_picture(band=Band.GREEN)
        wait_for(lambda: recorder.notices, "it is told")
        assert recorder.notices[-1].summary == f"Now watching port {server.port}"
        app.click("Processes", "Detect the server automatically")
        app.wait_for_tooltip(question)
        assert remembered(desktop) == {} or "url" not in remembered(desktop)


def test_the_server_is_not_cleaned_up_while_it_works(
    start_desktop: StartDesktop, start_app: StartApp, server: RunAnalyzeServer
) -> None:
    """The question is not even asked then; a click that was under way is refused in words."""
    desktop = start_desktop(bus_only=True)
    with Watcher(desktop.bus_address), NotificationRecorder(desktop.bus_address) as recorder:
        app = start_app(desktop, "--url", server.url)
        app.wait_for_source("API")
        server.burn(60.0)
        wait_for(lambda: risk(app) == "Not while a job is running", "the row says so")
        app.click("Server", "Delete old files", "Delete files older than 24 h")
        wait_for(lambda: recorder.notices, "it is told")
        notice = recorder.notices[-1]
        assert notice.summary == "No files were deleted"
        assert notice.body.startswith("A job is running and may need its files.")
        assert "/cleanup-old-files/" not in server.get("/test/calls")


def test_a_machine_that_is_short_of_memory_is_marked(
    start_desktop: StartDesktop, start_app: StartApp, server: RunAnalyzeServer
) -> None:
    """In the icon, from when it is said."""
    desktop = start_desktop(bus_only=True)
    with Watcher(desktop.bus_address), NotificationRecorder(desktop.bus_address) as recorder:
        # Whatever this machine has: it has less than all of it.
        env = {"RUNANALYZE_TRAY_ALERTS_AVAILABLE_PERCENT": "100"}
        app = start_app(desktop, "--url", server.url, env=env)
        app.wait_for_picture(machine_short=True)
        wait_for(lambda: recorder.notices, "it is said")
        # A limit of its container may be what counts.
        short = ("Machine low on memory", "Memory limit nearly reached")
        assert recorder.notices[0].summary.startswith(short)
