"""The tray as the face of an engine that answers wrongly, late, or not at all."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from tests.core.prometheus.made import vector
from tests.desktop.conftest import StartApp
from tests.desktop.recorder import NotificationRecorder, Watcher
from tests.desktop.running import state_file
from tests.desktop.session import DesktopSession
from tests.sources.fault_server import Exchange, FaultServer, Script, answer, drip, hang, head_of
from tests.waiting import END_LIMIT_S, wait_for
from tray_app.core.analysis.bands import Band
from tray_app.core.model.readings import MIB

pytestmark = pytest.mark.desktop

CONFIG = "interval_s = 0.25\n[api]\npatience_s = 0.5\n"
SERVERS = answer(vector(("gpu-1:9435", "localhost:8000", "green", str(300 * MIB))))
NO_ALERTS = answer(b'{"status":"success","data":{"alerts":[]}}')
FIRING = answer(
    b'{"status":"success","data":{"alerts":[{"state":"firing","labels":{"alertname":"Odd"},'
    b'"annotations":{"summary":"The roof burns"}}]}}'
)


class FakeEngine:
    """Answers each of the two requests by a script that may be changed."""

    def __init__(self) -> None:
        self.servers: Script = SERVERS
        self.alerts: Script = NO_ALERTS
        self.server = FaultServer(self._play)

    def _play(self, exchange: Exchange) -> None:
        is_alerts = exchange.path.startswith("/api/v1/alerts")
        (self.alerts if is_alerts else self.servers)(exchange)


@pytest.fixture
def engine() -> Iterator[FakeEngine]:
    it = FakeEngine()
    with it.server:
        yield it


FAULTS: dict[str, tuple[Script, str]] = {
    "no JSON": (answer(b"<html>Log in</html>"), "answer is not JSON"),
    "401": (answer(b"{}", "401 Unauthorized"), "HTTP 401"),
    "slow": (drip(head_of(None), b" "), "for 0.5 s"),
    "huge": (answer(b" " * (9 * 1024 * 1024)), "answer is larger than 8192 KiB"),
}


@pytest.mark.parametrize("fault", ["no JSON", "slow"])
def test_servers_that_cannot_be_read_are_never_green(
    session_bus: DesktopSession, start_app: StartApp, engine: FakeEngine, fault: str
) -> None:
    """The tooltip says what is wrong, and the icon is green once it is right."""
    engine.servers, words = FAULTS[fault]
    with Watcher(session_bus.bus_address):
        app = start_app(session_bus, "--prometheus", engine.server.url, settings=CONFIG)
        app.wait_for_tooltip(words)
        app.wait_for_picture(band=Band.UNKNOWN)
        engine.servers = SERVERS
        app.wait_for_picture(band=Band.GREEN, figure=".3")
        app.wait_for_tooltip("gpu-1:8000: 300 MB · normal")


def test_alerts_that_cannot_be_read_are_never_green(
    session_bus: DesktopSession, start_app: StartApp, engine: FakeEngine
) -> None:
    """One fault after the other; each is over by itself."""
    with Watcher(session_bus.bus_address):
        app = start_app(session_bus, "--prometheus", engine.server.url, settings=CONFIG)
        for script, words in (FAULTS["401"], FAULTS["huge"]):
            app.wait_for_picture(band=Band.GREEN, figure=".3")
            engine.alerts = script
            app.wait_for_tooltip(words)
            shown = app.picture()
            assert shown is None or shown.band is not Band.GREEN
            engine.alerts = NO_ALERTS


def test_an_alert_that_nobody_knows_is_no_green(
    session_bus: DesktopSession, start_app: StartApp, engine: FakeEngine
) -> None:
    """It is no server's, and has no severity: it is shown in its own words."""
    engine.alerts = FIRING
    with Watcher(session_bus.bus_address):
        app = start_app(session_bus, "--prometheus", engine.server.url, settings=CONFIG)
        app.wait_for_tooltip("The roof burns")
        app.wait_for_picture(band=Band.ORANGE)
        app.wait_for_row("🟠 Other alerts: 1", "🟠 The roof burns")


def test_an_alert_that_a_killed_run_has_left_is_closed(
    session_bus: DesktopSession, start_app: StartApp, engine: FakeEngine
) -> None:
    """By the next run: what is on the screen is stored as soon as it is there."""
    address, folder = session_bus.bus_address, state_file(session_bus).parent

    def stored() -> str:
        return "".join(file.read_text() for file in folder.glob("*.json"))

    engine.alerts = FIRING
    flags = ("--prometheus", engine.server.url)
    with Watcher(address), NotificationRecorder(address) as recorder:
        app = start_app(session_bus, *flags, settings=CONFIG)
        wait_for(lambda: recorder.notices, "the alert is on the screen")
        wait_for(lambda: '"notifications"' in stored(), "it is stored")
        app.end(signal.SIGKILL)
        assert recorder.closed == []
        start_app(session_bus, *flags, settings=CONFIG, name="again")
        wait_for(lambda: recorder.closed, "the next run closes it")


def test_a_silent_engine_holds_up_no_end(
    session_bus: DesktopSession, start_app: StartApp, engine: FakeEngine
) -> None:
    """Nor a click."""
    engine.servers = engine.alerts = hang
    with Watcher(session_bus.bus_address):
        settings = CONFIG.replace("0.5", "600")
        app = start_app(session_bus, "--prometheus", engine.server.url, settings=settings)
        wait_for(lambda: len(engine.server.exchanges) == 2, "both requests have come")
        app.click("Pause")
        app.wait_for_tooltip("Paused")
        app.click("Quit")
        assert app.wait_for_exit(END_LIMIT_S) == 0
