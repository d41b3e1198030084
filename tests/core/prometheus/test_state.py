"""Answers become old; failures make the next request wait."""

from __future__ import annotations

import math

from tests.core.prometheus.made import after, alert, begun
from tray_app.core.model.api_failure import ApiFailureKind, ApiProblem
from tray_app.core.monitor.commands import SetPaused
from tray_app.core.prometheus.state import PartState
from tray_app.core.prometheus.step import PartAsked
from tray_app.core.prometheus.values import AlertsRead, Freshness, Part, ReadFailed, ServersRead

FRESH, STALE, UNKNOWN = Freshness


def test_an_answer_becomes_stale_and_then_unknown() -> None:
    """After two intervals and after five; never before 5 s and 30 s."""
    read = PartState(read_s=0.0)
    assert [read.freshness(age_s, 10.0) for age_s in (20, 21, 50, 51)] == [
        *(FRESH, STALE, STALE, UNKNOWN)
    ]
    assert [read.freshness(age_s, 0.5) for age_s in (5, 6, 30, 31)] == [
        *(FRESH, STALE, STALE, UNKNOWN)
    ]
    assert PartState().freshness(0.0, 10.0) is UNKNOWN


def test_each_part_is_asked_once_an_interval() -> None:
    """One request at a time, the first at once; none during a pause. The servers, which are many,
    are asked for at most every 10 s."""
    state = begun(interval_s=2.0)
    assert state.due_s(Part.SERVERS) == 0.0
    state, _ = after(state, PartAsked(Part.SERVERS), seconds=0.0)
    assert state.due_s(Part.SERVERS) == math.inf
    assert state.due_s(Part.ALERTS) == 0.0
    state, _ = after(state, ServersRead(()), seconds=0.3)
    assert state.due_s(Part.SERVERS) == 1010.0
    state, _ = after(state, PartAsked(Part.ALERTS), AlertsRead(()), seconds=0.0)
    assert state.due_s(Part.ALERTS) == 1002.0
    paused, _ = after(state, SetPaused(True))
    assert paused.due_s(Part.SERVERS) == math.inf
    assert after(paused, SetPaused(False))[0].due_s(Part.SERVERS) == 0.0


def test_other_alerts_ask_for_the_servers_at_once() -> None:
    """So that bands and figures fit them; the same alerts again do not."""
    state, _ = after(
        *(begun(interval_s=2.0), PartAsked(Part.SERVERS), ServersRead(()), AlertsRead(())),
        seconds=0.0,
    )
    assert state.due_s(Part.SERVERS) == 1010.0
    state, _ = after(state, AlertsRead((alert(),)))
    assert state.due_s(Part.SERVERS) == 0.0
    state, _ = after(state, PartAsked(Part.SERVERS), AlertsRead((alert(),)))
    assert state.due_s(Part.SERVERS) == math.inf
    state, _ = after(state, ServersRead(()), AlertsRead((alert(),)))
    assert state.due_s(Part.SERVERS) == 1011.0


def test_each_failure_doubles_the_pause() -> None:
    """Up to half a minute, or the interval if that is longer."""
    problem = ApiProblem(ApiFailureKind.REFUSED)

    def pauses(interval_s: float) -> list[float]:
        state, found = begun(interval_s=interval_s), []
        for _ in range(6):
            state, _ = after(
                state, PartAsked(Part.ALERTS), ReadFailed(Part.ALERTS, problem), seconds=0.0
            )
            found.append(state.due_s(Part.ALERTS) - 1000.0)
        return found

    assert pauses(2.0) == [4, 8, 16, 30, 30, 30]
    assert pauses(60.0) == [60] * 6
