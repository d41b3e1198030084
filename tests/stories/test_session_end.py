"""A session ends and another begins: the app goes with its own, and the next one has its icon."""

from __future__ import annotations

import signal

import pytest

from tests.desktop.conftest import StartApp, StartDesktop
from tests.desktop.recorder import Watcher
from tests.desktop.running import App, state_file
from tests.desktop.session import DesktopSession
from tests.server.starting import RunAnalyzeServer, ServerFactory
from tests.waiting import wait_for

pytestmark = pytest.mark.desktop

SHORT = """
from tray_app.cli.main import main
from tray_app.desktop.linux import session_bus
session_bus.RECONNECT_S, session_bus.SESSION_OVER_S = 0.2, {over_s}
raise SystemExit(main())
"""


@pytest.fixture
def server(runanalyze_server: ServerFactory) -> RunAnalyzeServer:
    return runanalyze_server()


@pytest.fixture
def next_session(start_desktop: StartDesktop) -> DesktopSession:
    """Another bus; what starts there is still the same user's."""
    return start_desktop(bus_only=True)


def start_there(
    session: DesktopSession, before: DesktopSession, server: RunAnalyzeServer, *, name: str = "next"
) -> App:
    """As the desktop does at the next login: the user's files are the same."""
    names = ("XDG_RUNTIME_DIR", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "HOME")
    env = {name: before.env[name] for name in names} | {"XDG_SESSION_ID": "next"}
    return App(session, "--url", server.url, "-v", name=name, env=env)


def test_the_app_ends_with_its_session(
    session_bus: DesktopSession, start_app: StartApp, server: RunAnalyzeServer
) -> None:
    """A bus that is restarted has the icon back; one that stays away was the session's end."""
    with Watcher(session_bus.bus_address) as watcher:
        code = SHORT.format(over_s=8.0)
        app = start_app(session_bus, "--url", server.url, "-v", code=code)
        app.wait_for_source("API")
        watcher.stop()
        session_bus.restart_bus()
        watcher.start()
        wait_for(lambda: watcher.items, "the item is registered again")
        assert app.running
        session_bus.kill_bus()
        assert app.wait_for_exit() == 0
        assert "the session is over" in app.log
        assert "Traceback" not in app.log


@pytest.mark.parametrize("state", ["without a bus", "without a panel", "stopped"])
def test_the_next_login_has_its_icon(
    session_bus: DesktopSession,
    next_session: DesktopSession,
    start_app: StartApp,
    server: RunAnalyzeServer,
    state: str,
) -> None:
    """A first one that cannot show anything there makes way, or is passed over."""
    watcher = Watcher(session_bus.bus_address)
    watcher.start()
    code = SHORT.format(over_s=600.0)
    first = start_app(session_bus, "--url", server.url, code=code, env={"XDG_SESSION_ID": "first"})
    first.wait_for_source("API")
    watcher.stop()
    if state == "without a bus":
        session_bus.kill_bus()
    elif state == "stopped":
        first.process.send_signal(signal.SIGSTOP)
    with Watcher(next_session.bus_address):
        second = start_there(next_session, session_bus, server)
        second.item()
        second.wait_for_source("API")
        assert "replacing the instance" in second.log
        if state == "stopped":
            first.process.send_signal(signal.SIGCONT)
        assert first.wait_for_exit() == 0
        assert second.running
        # Its place is its own now.
        third = start_there(next_session, session_bus, server, name="third")
        assert third.wait_for_exit() == 0
        assert "; its status is shown" in third.log


@pytest.mark.parametrize("has_panel", [True, False])
def test_a_first_one_that_can_show_itself_is_believed(
    session_bus: DesktopSession,
    next_session: DesktopSession,
    start_app: StartApp,
    server: RunAnalyzeServer,
    has_panel: bool,
) -> None:
    """With its icon in a panel, whichever session that is; without one, in the same session."""
    if has_panel:
        with Watcher(session_bus.bus_address):
            first = start_app(session_bus, "--url", server.url)
            first.wait_for_source("API")
            second = start_there(next_session, session_bus, server)
            assert second.wait_for_exit() == 0
            assert first.running
    else:
        first = start_app(session_bus, "--url", server.url)
        calls = server.calls()
        wait_for(lambda: server.calls() > calls, "it samples")
        second = start_app(session_bus, "--url", server.url, name="second")
        assert second.wait_for_exit() == 0
        assert first.running
    assert "; its status is shown" in second.log
    assert not state_file(next_session).exists()


def test_two_starts_at_once(
    session_bus: DesktopSession, start_app: StartApp, server: RunAnalyzeServer
) -> None:
    """At a login the desktop may start it twice: one stays, the other believes it."""
    with Watcher(session_bus.bus_address):
        both = [start_app(session_bus, "--url", server.url, name=name) for name in ("one", "two")]
        wait_for(lambda: any(not app.running for app in both), "one has ended")
        (ended,) = [app for app in both if not app.running]
        assert ended.process.returncode == 0
        assert "; its status is shown" in ended.log
        wait_for(lambda: len(session_bus.items()) == 1, "the other one has its icon")


def test_without_a_desktop_nobodys_place_is_taken(
    session_bus: DesktopSession, start_app: StartApp, server: RunAnalyzeServer
) -> None:
    """A start that cannot show an icon itself uses the console beside it."""
    code = SHORT.format(over_s=600.0)
    first = start_app(session_bus, "--url", server.url, code=code)
    calls = server.calls()
    wait_for(lambda: server.calls() > calls, "it samples")
    gone = {"DBUS_SESSION_BUS_ADDRESS": f"unix:path={session_bus.home}/gone"}
    second = start_app(session_bus, "--url", server.url, "--duration", "1", name="second", env=gone)
    assert second.wait_for_exit() == 0
    assert "no desktop session" in second.log
    assert first.running
