"""A second start, edits of the config file, the end of a session and ``--doctor``, for real."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from tests.desktop.conftest import StartApp
from tests.desktop.recorder import NotificationRecorder, Watcher
from tests.desktop.running import App, state_file
from tests.desktop.session import MENU, DesktopSession
from tests.server.starting import RunAnalyzeServer, ServerFactory
from tests.waiting import wait_for
from tray_app.core.analysis.bands import Band

pytestmark = pytest.mark.desktop


@pytest.fixture
def server(runanalyze_server: ServerFactory) -> RunAnalyzeServer:
    return runanalyze_server()


def test_a_second_start_hands_over_and_ends(
    session_bus: DesktopSession, start_app: StartApp, server: RunAnalyzeServer
) -> None:
    """It exits 0 with one line; the first one does what the second was asked for."""
    with Watcher(session_bus.bus_address):
        first = start_app(session_bus, "--url", server.url)
        first.wait_for_source("API")
        second = start_app(
            session_bus, "--url", f"{server.url}/", "--mode", "fallback", name="second"
        )
        assert second.wait_for_exit() == 0
        assert second.log.splitlines() == [
            f"runanalyze-tray: already running for {server.url}; its status is shown"
        ]
        first.wait_for_source("Process")
        assert len(session_bus.items()) == 1
        # What is no tray icon is no second instance.
        other = start_app(session_bus, "--url", server.url, "--once", "--json", name="other")
        assert other.wait_for_exit() == 0
        assert other.samples
        assert first.running


def test_a_killed_instance_does_not_block(
    session_bus: DesktopSession, start_app: StartApp, server: RunAnalyzeServer
) -> None:
    """What a crash leaves lying is of no meaning."""
    with Watcher(session_bus.bus_address):
        first = start_app(session_bus, "--url", server.url)
        first.wait_for_source("API")
        first.end(signal.SIGKILL)
        again = start_app(session_bus, "--url", server.url, name="again")
        again.wait_for_source("API")
        assert again.log == ""


PACE = "interval_s = 0.25\n"


def config_of(app: App) -> Path:
    return app.desktop.home / f"{app.name}.toml"


def test_edits_of_the_config_are_picked_up(
    session_bus: DesktopSession, start_app: StartApp, server: RunAnalyzeServer
) -> None:
    """Limits count without a restart; a broken edit is one line and changes nothing."""
    with Watcher(session_bus.bus_address):
        app = start_app(session_bus, "--url", server.url)
        app.wait_for_picture(band=Band.GREEN)
        config = config_of(app)
        config.write_text(f"{PACE}[bands]\nred_mb = 0\n")
        wait_for(lambda: f"{config}:3: bands.red_mb must be" in app.log, "the limit is refused")
        config.write_text(f"{PACE}[bands]\nyellow_mb = 10\norange_mb = 20\nred_mb = 30\n")
        app.wait_for_picture(band=Band.RED)
        said = app.log.count("\n")
        config.write_text("[bands\n")
        wait_for(lambda: app.log.count("\n") == said + 1, "the broken edit is logged")
        assert f"{config}:1: " in app.log
        calls = server.calls()
        wait_for(lambda: server.calls() > calls + 2, "sampling goes on")
        assert app.picture() == app.wait_for_picture(band=Band.RED)
        assert app.log.count("\n") == said + 1


def test_another_url_in_the_config_is_another_server(
    session_bus: DesktopSession, start_app: StartApp, runanalyze_server: ServerFactory
) -> None:
    """New sources are made; the previous server gets no more requests."""
    one, two = runanalyze_server(), runanalyze_server()
    with Watcher(session_bus.bus_address):
        env = {"RUNANALYZE_TRAY_INTERVAL_S": "0.25"}
        app = start_app(session_bus, env=env)
        config_of(app).write_text(f'url = "{one.url}"\n')
        app.wait_for_source("API")
        before = two.calls()
        config_of(app).write_text(f'url = "{two.url}"\n# edited\n')
        wait_for(lambda: two.calls() > before, "the other server is asked")
        calls = one.calls()
        # A server that answers slowly is asked seldom, and the machine may be busy.
        wait_for(lambda: two.calls() > before + 2, "it is asked again")
        assert one.calls() <= calls + 1
        app.wait_for_source("API")
        assert app.log == ""
        # It is the instance for that server now, and another start may watch the first one.
        second = start_app(session_bus, "--url", two.url, name="second")
        assert second.wait_for_exit() == 0
        assert f"already running for {two.url}" in second.log
        third = start_app(session_bus, "--url", one.url, name="third")
        third.wait_for_source("API")
        config_of(app).write_text(f'url = "{one.url}"\n')
        taken = f"already running for {one.url}, so still watching {two.url}"
        wait_for(lambda: taken in app.log, "the address is another instance's")


# The row of the menu is another's; the command behind it is what is tried here.
SETS_AUTOSTART = """
from tray_app.app import first_instance
from tray_app.cli.main import main
from tray_app.core.monitor.commands import SetAutostart
first_instance.handed_over = lambda message: [SetAutostart(message["mode"] == "api")]
raise SystemExit(main())
"""


def test_start_at_login(
    session_bus: DesktopSession, start_app: StartApp, server: RunAnalyzeServer
) -> None:
    """On is one valid file that names this environment's program, off leaves nothing; and why it
    cannot be switched on is told."""

    def ask(mode: str) -> None:
        second = start_app(session_bus, "--url", server.url, "--mode", mode, name="second")
        assert second.wait_for_exit() == 0

    folder = Path(session_bus.env["XDG_CONFIG_HOME"], "autostart")
    with (
        Watcher(session_bus.bus_address),
        NotificationRecorder(session_bus.bus_address) as recorder,
    ):
        app = start_app(session_bus, "--url", server.url, code=SETS_AUTOSTART)
        app.wait_for_source("API")
        ask("api")
        entry = folder / "runanalyze-tray.desktop"
        wait_for(entry.exists, "it starts at login")
        assert "Exec=" in wait_for(entry.read_text, "the file is written")
        ask("auto")
        wait_for(lambda: not entry.exists(), "it starts no more")
        assert list(folder.iterdir()) == []
        folder.rmdir()
        folder.write_text("")
        ask("api")
        wait_for(lambda: recorder.notices, "the failure is told")
        assert recorder.notices[0].summary == "Start at login"
        assert "Could not enable start at login" in recorder.notices[0].body


def test_start_at_login_as_the_desktop_has_it(
    session_bus: DesktopSession, start_app: StartApp, server: RunAnalyzeServer
) -> None:
    """What was chosen in the desktop's settings is seen when the menu is opened; a click repairs
    the file; a program that is gone is for the doctor."""

    def is_marked() -> bool:
        item = app.item()
        session_bus.peer.call(item.bus_name, "/MenuBar", MENU, "AboutToShow", "i", 0)
        (settings,) = [row for row in app.rows if row.get("label") == "Settings"]
        (row,) = [row for row in settings["children"] if row.get("label") == "Start at login"]
        return bool(row["toggle-state"])

    entry = Path(session_bus.env["XDG_CONFIG_HOME"], "autostart", "runanalyze-tray.desktop")
    with Watcher(session_bus.bus_address):
        app = start_app(session_bus, "--url", server.url)
        app.wait_for_source("API")
        app.click("Settings", "Start at login")
        wait_for(is_marked, "it is marked")
        with entry.open("a") as file:
            file.write("X-GNOME-Autostart-enabled=false\n")
        wait_for(lambda: not is_marked(), "the mark is gone")
        app.click("Settings", "Start at login")
        wait_for(is_marked, "it is marked again")
        assert "X-GNOME" not in entry.read_text()
        entry.write_text("[Desktop Entry]\nExec=/no/such/program\n")
        wait_for(lambda: not is_marked(), "the mark is gone")
        doctor = start_app(session_bus, "--url", server.url, "--doctor", name="doctor")
        assert doctor.wait_for_exit() == 1
        assert "/no/such/program does not exist" in doctor.log.partition("To fix:")[2]


REMEMBERS_SAMPLES = """
from tray_app.app import server_run
from tray_app.cli.main import main
from msgspec.structs import replace
server_run.alert_memory.choice = lambda state, _: replace(
    state.choice, alerts={"samples": state.samples}
)
raise SystemExit(main())
"""


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGHUP])
def test_the_end_of_a_session_saves_the_state(
    session_bus: DesktopSession, start_app: StartApp, server: RunAnalyzeServer, sign: signal.Signals
) -> None:
    """The choices of a run are saved however it ends."""
    with Watcher(session_bus.bus_address):
        app = start_app(session_bus, "--url", server.url, code=REMEMBERS_SAMPLES)
        app.wait_for_source("API")
        assert not state_file(session_bus).exists()
        app.end(sign)
        assert app.process.returncode == 0
        stored = json.loads(state_file(session_bus).read_text())
        assert stored["version"] == 1
        assert stored["alerts"]["samples"] > 0


def test_the_log_file_has_failures_and_recoveries(
    session_bus: DesktopSession, start_app: StartApp, server: RunAnalyzeServer
) -> None:
    """Each once; nobody sees a tray's standard error. There is no file while all is well."""
    with Watcher(session_bus.bus_address):
        app = start_app(session_bus, "--url", server.url)
        app.wait_for_source("API")
        log = state_file(session_bus).parent / "log" / "runanalyze-tray.log"
        server.stop()
        app.wait_for_tooltip("refused")
        server.start()
        app.wait_for_source("API")
        wait_for(lambda: "source: API" in log.read_text().splitlines()[-1], "the recovery is there")
        # On a busy machine a late answer, and a process that does not listen yet, are lines, too.
        assert len(log.read_text().splitlines()) <= 16
        assert app.log == ""


def test_doctor(session_bus: DesktopSession, start_app: StartApp, server: RunAnalyzeServer) -> None:
    """A whole desktop and a server: all is found, with its evidence; nothing secret is printed."""
    url = server.url.replace("://", "://joe:s3cret@")
    with (
        Watcher(session_bus.bus_address),
        NotificationRecorder(session_bus.bus_address) as recorder,
    ):
        env = {"RUNANALYZE_TRAY_TOKEN": "t0psecret", "XDG_CURRENT_DESKTOP": "TEST"}
        app = start_app(session_bus, "--url", url, "--doctor", env=env)
        assert app.wait_for_exit() == 0, app.log
        assert recorder.notices == []
    for part in ("TEST", "StatusNotifierItem", "body-markup", "answers in", "listens", "/tmp"):
        assert part in app.log
    assert not any(secret in app.log for secret in ("joe", "s3cret", "t0psecret"))


def test_doctor_names_what_is_missing(
    session_bus: DesktopSession, start_app: StartApp, server: RunAnalyzeServer
) -> None:
    """Neither panel nor notifications: status 1, and what to do about each."""
    app = start_app(session_bus, "--url", server.url, "--doctor")
    assert app.wait_for_exit() == 1
    fixes = app.log.partition("To fix:")[2]
    assert "No panel here shows tray icons." in fixes
    assert "notification service" in fixes
