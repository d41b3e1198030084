"""Panels and buses come and go, signals arrive at bad moments: the app goes on, or ends well."""

from __future__ import annotations

import signal

import pytest

from tests.desktop.conftest import StartApp, StartDesktop
from tests.desktop.recorder import NotificationRecorder, Watcher
from tests.desktop.running import wait_for_panel
from tests.desktop.session import DesktopSession
from tests.ports import free_port
from tests.server.starting import RunAnalyzeServer, ServerFactory
from tests.waiting import END_LIMIT_S, wait_for
from tray_app.core.analysis.bands import Band

pytestmark = pytest.mark.desktop

GREEN = (46, 160, 67)
CRITICAL = 2
# Else it would end, as with its session, 10 s after the bus.
OUTLIVES_ITS_BUS = """
from tray_app.cli.main import main
from tray_app.desktop.linux import session_bus
session_bus.SESSION_OVER_S = 600.0
raise SystemExit(main())
"""


@pytest.fixture
def server(runanalyze_server: ServerFactory) -> RunAnalyzeServer:
    return runanalyze_server()


def test_panel_killed_and_started(
    desktop: DesktopSession, start_app: StartApp, server: RunAnalyzeServer
) -> None:
    """A panel that crashed and was started again has the icon back, with its menu."""
    app = start_app(desktop, "--url", server.url)
    wait_for_panel(app, band=Band.GREEN)
    desktop.restart_panel()
    wait_for_panel(app, band=Band.GREEN)
    assert app.labels()[-1] == "Quit"
    assert len(desktop.items()) == 1
    assert app.log == ""


def test_panel_after_the_app(
    start_desktop: StartDesktop, start_app: StartApp, server: RunAnalyzeServer
) -> None:
    """At a login the app may be first: the icon comes with the panel."""
    desktop = start_desktop(notifier=False)
    desktop.kill_panel()
    app = start_app(desktop, "--url", server.url)
    calls = server.calls()
    wait_for(lambda: server.calls() > calls, "the app is sampling")
    desktop.start_panel()
    wait_for_panel(app, band=Band.GREEN)


def test_another_watcher(
    session_bus: DesktopSession, start_app: StartApp, server: RunAnalyzeServer
) -> None:
    """The item registers with each watcher that appears, in a session without any display."""
    app = start_app(session_bus, "--url", server.url, env={"XDG_SESSION_TYPE": "wayland"})
    assert "DISPLAY" not in session_bus.env
    with Watcher(session_bus.bus_address):
        item = app.item()
    assert not session_bus.items()
    with Watcher(session_bus.bus_address) as other:
        assert app.item() == item
        assert len(other.items) == 1
        app.wait_for_picture(band=Band.GREEN)
        other.stop()
        other.start()
        assert app.item() == item


def test_no_panel_is_said_once(
    session_bus: DesktopSession, start_app: StartApp, server: RunAnalyzeServer
) -> None:
    """Without any panel the app says once what is missing, goes on, and takes one that comes."""
    with NotificationRecorder(session_bus.bus_address) as recorder:
        app = start_app(session_bus, "--url", server.url)
        wait_for(lambda: recorder.notices, "it is said what is missing")
        assert "No panel here shows tray icons." in recorder.notices[0].body
        server.allocate(350)
        wait_for(
            lambda: any(notice.urgency == CRITICAL for notice in recorder.notices), "alerts come"
        )
        assert app.log.count("No panel here shows tray icons.") == 1
        with Watcher(session_bus.bus_address):
            app.wait_for_picture(band=Band.RED)


def test_bus_killed(
    session_bus: DesktopSession, start_app: StartApp, server: RunAnalyzeServer
) -> None:
    """A session bus that dies takes the icon, not the app: it samples on, calmly, and ends well."""
    with Watcher(session_bus.bus_address):
        app = start_app(session_bus, "--url", server.url, code=OUTLIVES_ITS_BUS)
        app.wait_for_source("API")
        session_bus.kill_bus()
        calls, used_s = server.calls(), app.cpu_s()
        wait_for(lambda: server.calls() >= calls + 12, "sampling goes on")
        assert app.running
        # Twelve samples and at most two attempts to connect; a busy loop would use 3 s.
        assert app.cpu_s() - used_s < 2.0
        assert app.log.count("session bus went away") == 1
        assert app.end() < END_LIMIT_S
        assert app.process.returncode == 0


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_signals_end_it(
    desktop: DesktopSession, start_app: StartApp, server: RunAnalyzeServer, sign: signal.Signals
) -> None:
    """SIGTERM and SIGINT end within 2 s with status 0, and the icon leaves the panel."""
    app = start_app(desktop, "--url", server.url)
    wait_for_panel(app, band=Band.GREEN)
    assert app.end(sign) < END_LIMIT_S
    assert app.process.returncode == 0
    assert app.log == ""
    wait_for(lambda: not desktop.find_colour(GREEN), "the icon is gone")
    wait_for(lambda: not desktop.items(), "and its item")


@pytest.mark.parametrize("options", [(), ("--mode", "api")])
def test_ends_while_the_server_hangs(
    session_bus: DesktopSession,
    start_app: StartApp,
    server: RunAnalyzeServer,
    options: tuple[str, ...],
) -> None:
    """A request that nobody answers does not hold up the end."""
    with Watcher(session_bus.bus_address):
        app = start_app(session_bus, "--url", server.url, *options)
        app.wait_for_source("API")
        server.hang(120)
        app.wait_for_tooltip("API busy" if not options else "last API value")
        assert app.end() < END_LIMIT_S
        assert app.process.returncode == 0
        assert app.log == ""


def test_ends_while_the_daemon_hangs(
    session_bus: DesktopSession, start_app: StartApp, server: RunAnalyzeServer
) -> None:
    """A notification that is not taken does not hold up the end."""
    with (
        Watcher(session_bus.bus_address),
        NotificationRecorder(session_bus.bus_address) as recorder,
    ):
        recorder.behaviour = "hang"
        app = start_app(session_bus, "--url", server.url)
        server.allocate(350)
        app.wait_for_picture(band=Band.RED)
        assert app.end() < END_LIMIT_S
        assert app.process.returncode == 0


def test_ends_while_starting(session_bus: DesktopSession, start_app: StartApp) -> None:
    """Whenever a signal comes from the first sign of life on, the app ends within 2 s."""
    with Watcher(session_bus.bus_address):
        app = start_app(session_bus, "--demo")
        app.item()
        assert app.end() < END_LIMIT_S
        assert app.process.returncode == 0


def test_neither_display_nor_bus(
    session_bus: DesktopSession, start_app: StartApp, server: RunAnalyzeServer
) -> None:
    """Without a desktop one line says so, and the console shows what the tray would."""
    nowhere = {"DBUS_SESSION_BUS_ADDRESS": "", "XDG_RUNTIME_DIR": ""}
    app = start_app(session_bus, "--url", server.url, env=nowhere)
    wait_for(
        lambda: any("🟢" in line and "🌐" in line for line in app.log.splitlines()),
        "the API's figure is shown",
    )
    app.end()
    assert app.process.returncode == 0
    first = app.log.splitlines()[0]
    assert first.startswith("runanalyze-tray: no desktop session")
    assert "console" in first


def test_an_engine_needs_a_desktop(session_bus: DesktopSession, start_app: StartApp) -> None:
    """One line says so. The console would show another server: the usual one of this machine."""
    nowhere = {"DBUS_SESSION_BUS_ADDRESS": "", "XDG_RUNTIME_DIR": ""}
    app = start_app(session_bus, "--prometheus", f"http://127.0.0.1:{free_port()}", env=nowhere)
    assert app.wait_for_exit() == 1
    (said,) = app.log.splitlines()
    assert said.startswith("runanalyze-tray: no desktop session")
    assert "Prometheus" in said


def test_an_unreachable_bus_is_no_bus(
    session_bus: DesktopSession, start_app: StartApp, server: RunAnalyzeServer
) -> None:
    """An address where nobody listens counts as no session bus; nothing is waited for."""
    gone = {"DBUS_SESSION_BUS_ADDRESS": f"unix:path={session_bus.home}/gone"}
    app = start_app(session_bus, "--url", server.url, "--once", "--json", env=gone)
    assert app.wait_for_exit() == 0
    tray = start_app(session_bus, "--url", server.url, "--duration", "1", name="tray", env=gone)
    assert tray.wait_for_exit() == 0
    assert "no desktop session" in tray.log.splitlines()[0]
