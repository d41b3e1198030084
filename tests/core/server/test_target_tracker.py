"""Alerts about the server's end, its return, and its replaced workers."""

from __future__ import annotations

from msgspec.structs import replace

from tests.core.made import TARGET, no_process, tree_reading
from tray_app.core.model.readings import Loss, OomKills, ProcessReading
from tray_app.core.server.target_tracker import Change, TargetTracker, Transition, update

OTHER = replace(TARGET, pid=57, created_s=9.0)
LOSS = Loss(TARGET, OomKills(1))


def told(*readings: ProcessReading) -> list[Change]:
    """The findings of these readings, one after the other."""
    tracker, changes = TargetTracker(), []
    for reading in readings:
        tracker, change = update(tracker, reading)
        if change is not None:
            changes.append(change)
    return changes


def running(*workers: int) -> ProcessReading:
    return replace(tree_reading(300, 0.0), workers=workers)


def test_a_server_that_is_found_first_or_goes_on_is_not_news() -> None:
    """Nor one that never was, or that cannot be seen for a while without having ended."""
    assert told(no_process(0), running(42), no_process(1), running(42), running(42)) == []


def test_the_end_is_told_once_with_the_loss() -> None:
    """And the return after it, of whatever process."""
    lost = replace(no_process(2), loss=LOSS)
    assert told(running(42), lost, no_process(3)) == [Change(Transition.ENDED, TARGET, LOSS)]
    again = replace(running(57), target=OTHER)
    assert told(running(42), lost, again, again)[1:] == [Change(Transition.RETURNED, OTHER)]


def test_a_restart_between_two_readings_is_one_change() -> None:
    """The old server is in its loss."""
    again = replace(running(57), target=OTHER, loss=LOSS)
    assert told(running(42), again) == [Change(Transition.RESTARTED, OTHER, LOSS)]


def test_another_process_that_is_taken_for_the_server_is_told() -> None:
    """The one before it lives on; the same pid created again is another process."""
    other = replace(running(57), target=OTHER)
    assert told(running(42), other) == [Change(Transition.SWITCHED, OTHER)]
    reused = replace(running(42), target=replace(TARGET, created_s=5.0))
    assert [change.transition for change in told(running(42), reused)] == [Transition.SWITCHED]


def test_a_replaced_worker_is_told_when_its_successor_answers() -> None:
    """Its end alone is not, since after a reload none answers for some readings."""
    expected = [Change(Transition.WORKER_REPLACED, TARGET, left=(43,), joined=(45,))]
    assert told(running(43, 44), running(44), running(44, 45)) == expected
    assert told(running(43), running(), running(), running(45), running(45)) == expected
    assert told(running(43), running(42), running(45)) == expected, "the root is no worker"


def test_workers_that_are_added_or_taken_away_are_not_news() -> None:
    """Nor a supervisor's first worker."""
    assert told(running(42), running(43), running(43, 44), running(43, 44, 45), running(43)) == []
