"""What of the server's end and return interrupts a person."""

from __future__ import annotations

import pytest

from tests.core.made import TARGET, facts, mb
from tray_app.core.alerts.server_exit import (
    ChildKilled,
    ServerExit,
    ServerExitState,
    ServerReturn,
    WorkerReplacement,
    update,
)
from tray_app.core.analysis.activity import Activity, ActivityState
from tray_app.core.model.readings import Loss, OomKills
from tray_app.core.server.target_tracker import Change, Transition

Said = ServerExit | ServerReturn | WorkerReplacement | ChildKilled | None


class Told:
    """A server and its reports, with times from the start on."""

    def __init__(self) -> None:
        self.state = ServerExitState()

    def see(
        self,
        at_s: float,
        memory_mb: float | None,
        *,
        busy: bool = False,
        lost: bool = False,
        change: Change | None = None,
    ) -> Said:
        self.state, said = update(
            self.state,
            facts(
                at_s,
                None if memory_mb is None else mb(memory_mb),
                activity=ActivityState(Activity.PROCESSING if busy else Activity.IDLE),
                change=change,
                lost=lost,
            ),
        )
        return said


@pytest.mark.parametrize(
    ("memory_mb", "busy", "said"),
    [(400, True, True), (1600, False, True), (400, False, False)],
)
def test_an_end_is_said_while_processing_or_above_raised(
    memory_mb: float, busy: bool, said: bool
) -> None:
    """Else somebody has stopped it. It has been away since it was last seen."""
    told = Told()
    told.see(0, memory_mb, busy=busy)
    end = told.see(2, None, lost=True)
    assert end == (ServerExit(mb(memory_mb), busy) if said else None)
    assert told.see(4, None, lost=True) is None
    assert told.see(62, 120) == (ServerReturn(62.0, end) if said else None)
    assert told.see(64, 120) is None


def test_a_loss_tells_of_kills_for_want_of_memory() -> None:
    """Where the system does."""
    told = Told()
    told.see(0, 3000, busy=True)
    change = Change(Transition.ENDED, TARGET, Loss(TARGET, OomKills(1)))
    end = told.see(2, None, lost=True, change=change)
    assert end == ServerExit(mb(3000), True, OomKills(1))


@pytest.mark.parametrize(
    ("kills", "said"),
    [(OomKills(1, True), True), (OomKills(0, True), False), (OomKills(1), False), (None, False)],
)
def test_a_kill_in_its_own_control_group_is_said_at_whatever_size(
    kills: OomKills | None, said: bool
) -> None:
    """One elsewhere on the machine says nothing of a server at rest."""
    told = Told()
    told.see(0, 120)
    change = Change(Transition.ENDED, TARGET, Loss(TARGET, kills))
    end = told.see(2, None, lost=True, change=change)
    assert end == (ServerExit(mb(120), False, kills) if said else None)


def test_a_restart_within_a_reading_is_an_end_and_a_return() -> None:
    """One after the other."""
    told = Told()
    told.see(0, 3000, busy=True)
    change = Change(Transition.RESTARTED, TARGET, Loss(TARGET))
    assert told.see(2, 120, lost=True, change=change) == ServerExit(mb(3000), True)
    assert told.see(4, 120) == ServerReturn(2.0, ServerExit(mb(3000), True))


def test_silence_is_no_end() -> None:
    """Nothing read, nothing lost."""
    told = Told()
    told.see(0, 3000, busy=True)
    assert told.see(2, None) is None
    assert told.see(4, 3000, busy=True) is None


def test_watching_another_is_no_end() -> None:
    """The first runs on."""
    told = Told()
    told.see(0, 3000, busy=True)
    assert told.see(2, 120, lost=True, change=Change(Transition.SWITCHED, TARGET)) is None


def test_a_worker_that_is_replaced_under_load_is_said() -> None:
    """While idle it is somebody's reload."""
    told, renewed = Told(), Change(Transition.WORKER_REPLACED, TARGET, None, (7,), (8,))
    told.see(0, 900, busy=True)
    assert told.see(2, 200, busy=True, change=renewed) == WorkerReplacement(mb(900))
    told.see(4, 200)
    assert told.see(6, 200, change=renewed) is None
