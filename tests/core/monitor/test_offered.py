"""The places of the processes that can be watched instead."""

from __future__ import annotations

from msgspec.structs import replace

from tests.core.presentation.test_menu import CROWD
from tray_app.core.model.readings import ProcessRow, Role
from tray_app.core.monitor import offered
from tray_app.core.monitor.offered import PLACES


def row(pid: int, created_s: float | None) -> ProcessRow:
    return ProcessRow(pid, "python3", Role.PYTHON, 1, None, created_s)


def test_the_oldest_come_first() -> None:
    """A pid may be used again, so it says nothing about age. What has no known start cannot be
    told from another, so it is not offered."""
    seen = offered.update((), (), (row(3, 30.0), row(1, 40.0), row(2, None), row(9, 20.0)))
    assert [each.identity for each in seen] == [(9, 20.0), (3, 30.0), (1, 40.0)]


def test_candidates_come_before_the_rest() -> None:
    """A candidate that is also listed has one place, with its figures."""
    seen = offered.update((), CROWD.candidates, CROWD.others)
    assert [each.identity[0] for each in seen] == [302, 900, 301, 303]
    assert seen[0].row is CROWD.others[2]
    assert seen[1].row is None


def test_a_place_is_kept_for_its_process() -> None:
    """Also for one that is gone: it may be listed again. A new process with the same pid gets a
    place of its own."""
    before = offered.update((), (), (row(1, 10.0), row(2, 20.0)))
    after = offered.update(before, (), (row(1, 99.0), row(2, 20.0)))
    assert [(each.identity, each.gone) for each in after] == [
        ((1, 10.0), True),
        ((2, 20.0), False),
        ((1, 99.0), False),
    ]
    back = offered.update(after, (), (row(1, 10.0),))
    assert [each.gone for each in back] == [False, True, True]


def test_no_place_is_taken_away() -> None:
    """A process without one is not offered; those with a place keep it."""
    before = offered.update((), (), tuple(row(pid, float(pid)) for pid in range(PLACES + 3)))
    assert len(before) == PLACES
    after = offered.update(before, (), (row(1000, 0.0),))
    assert after == tuple(replace(each, gone=True) for each in before)
