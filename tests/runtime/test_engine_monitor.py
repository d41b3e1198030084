"""The thread that watches an engine asks, hears answers and clicks, and ends."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.core.prometheus.made import alert, begun, server
from tests.waiting import AMPLE_S, wait_for
from tray_app.core.fleet.rank import Rank
from tray_app.core.model.api_failure import ApiFailureKind
from tray_app.core.model.readings import Now
from tray_app.core.monitor.commands import Quit, SetPaused, ShowStatus
from tray_app.core.monitor.events import Ended
from tray_app.core.prometheus.events import EngineEvent, FleetStatusAsked
from tray_app.core.prometheus.state import EngineState
from tray_app.core.prometheus.values import AlertsRead, EngineOutcome, Part, ServersRead
from tray_app.runtime.engine_monitor import EngineMonitor

SERVERS = ServersRead((server("a"),))


class FakeReader:
    """Answers at once, or not at all (None)."""

    def __init__(self, outcome: EngineOutcome | None, takes: bool = True) -> None:
        self.outcome = outcome
        self.takes = takes
        self.asked = 0
        self.is_closed = False
        self.report: Callable[[EngineOutcome], None] = lambda _: None

    def ask(self, patience_s: float) -> bool:
        assert patience_s == 10.0
        self.asked += 1
        if self.takes and self.outcome is not None:
            self.report(self.outcome)
        return self.takes

    def close(self) -> None:
        self.is_closed = True


class Watching:
    """A monitor on fake readers, and what it has published."""

    def __init__(self, servers: FakeReader, alerts: FakeReader) -> None:
        self.states: list[EngineState] = []
        self.events: queue.SimpleQueue[EngineEvent] = queue.SimpleQueue()
        began_s = time.monotonic()

        def clock() -> Now:  # from the beginning of the made state on
            passed_s = time.monotonic() - began_s
            return Now(1000.0 + passed_s, 1_700_000_000.0 + passed_s)

        self.monitor = EngineMonitor(begun(interval_s=0.05), clock, self._take)
        servers.report = alerts.report = self.monitor.post
        self.monitor.start({Part.SERVERS: servers, Part.ALERTS: alerts})

    def _take(self, state: EngineState, events: tuple[EngineEvent, ...]) -> None:
        self.states.append(state)
        for event in events:
            self.events.put(event)

    def wait_for(self, condition: Callable[[EngineState], object], what: str) -> None:
        wait_for(lambda: self.states and condition(self.states[-1]), what)


@contextmanager
def watching(servers: FakeReader, alerts: FakeReader) -> Iterator[Watching]:
    it = Watching(servers, alerts)
    try:
        yield it
    finally:
        it.monitor.stop(AMPLE_S)


def test_each_part_is_asked_at_its_pace() -> None:
    """Alerts at each interval; the servers, which are many, seldom."""
    servers, alerts = FakeReader(SERVERS), FakeReader(AlertsRead(()))
    with watching(servers, alerts) as it:
        it.wait_for(lambda state: state.overview.rank is Rank.GREEN, "all is read")
        wait_for(lambda: alerts.asked > 5, "alerts are read again and again")
        assert servers.asked < alerts.asked
    assert servers.is_closed
    assert alerts.is_closed


def test_a_part_that_hangs_delays_no_other() -> None:
    """Nor a click."""
    servers, alerts = FakeReader(None), FakeReader(AlertsRead((alert(),)))
    with watching(servers, alerts) as it:
        it.wait_for(lambda state: state.overview.rank is Rank.RED, "the alert is read")
        it.monitor.post(ShowStatus())
        wait_for(lambda: isinstance(it.events.get(timeout=AMPLE_S), FleetStatusAsked), "the click")


def test_a_request_that_cannot_begin_is_a_failure() -> None:
    """It is tried again later."""
    servers, alerts = FakeReader(SERVERS, takes=False), FakeReader(AlertsRead(()))
    with watching(servers, alerts) as it:
        it.wait_for(lambda state: state.servers_part.failures, "a failure")
        problem = it.states[-1].servers_part.problem
        assert problem is not None
        assert problem.kind is ApiFailureKind.BUSY


def test_a_pause_asks_nothing() -> None:
    """The end of it asks at once."""
    servers, alerts = FakeReader(SERVERS), FakeReader(AlertsRead(()))
    with watching(servers, alerts) as it:
        it.wait_for(lambda state: state.servers, "the servers")
        it.monitor.post(SetPaused(True))
        it.wait_for(lambda state: state.desk.paused, "the pause")
        asked = alerts.asked
        it.monitor.post(SetPaused(False))
        wait_for(lambda: servers.asked > 1, "the servers are read again")
        assert alerts.asked >= asked


def test_a_defect_does_not_end_the_thread() -> None:
    """It costs one input."""
    servers, alerts = FakeReader(SERVERS), FakeReader(AlertsRead(()))
    with watching(servers, alerts) as it:
        it.wait_for(lambda state: state.servers, "the servers")
        it.monitor.post("no input")  # type: ignore[arg-type]
        it.monitor.post(ShowStatus())
        wait_for(lambda: isinstance(it.events.get(timeout=AMPLE_S), FleetStatusAsked), "the click")


def test_quit_ends_the_thread() -> None:
    """And its readers."""
    servers, alerts = FakeReader(SERVERS), FakeReader(AlertsRead(()))
    with watching(servers, alerts) as it:
        it.monitor.post(Quit())
        wait_for(lambda: isinstance(it.events.get(timeout=AMPLE_S), Ended), "the end")
        wait_for(lambda: servers.is_closed and alerts.is_closed, "the readers' end")
