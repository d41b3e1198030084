"""Times that were not watched."""

from __future__ import annotations

from msgspec.structs import replace

from tests.core.presentation.samples import HEALTHY
from tray_app.core.history.gaps import GapState, update
from tray_app.core.history.records import GapRecord
from tray_app.core.model.readings import Now
from tray_app.core.monitor.sample import Sample


def at(wall_s: float, interval_s: float = 2.0) -> Sample:
    return replace(HEALTHY, at=Now(wall_s, wall_s), interval_s=interval_s)


def gaps_of(*samples: Sample | float) -> list[GapRecord]:
    """The gaps that these samples bring; a number is a pause that begins then."""
    state, found = GapState(), []
    for each in samples:
        if isinstance(each, float):
            state, gap = update(state, None, paused=True, now_s=each)
        else:
            state, gap = update(state, each, paused=False, now_s=each.at.wall_s)
        found += [gap] if gap else []
    return found


def test_samples_at_their_interval_leave_no_gap() -> None:
    """Nor does one that is late."""
    assert gaps_of(at(0), at(2), at(9), at(11)) == []
    assert gaps_of(at(0, 60), at(60, 60), at(180, 60)) == []


def test_a_sleep_is_a_gap() -> None:
    """From the last sample before it to the first after it."""
    assert gaps_of(at(0), at(2), at(3602), at(3604)) == [GapRecord(2, 3602, "asleep")]


def test_a_pause_is_a_gap_however_short() -> None:
    """From the click on."""
    assert gaps_of(at(0), at(2), 3.0, 4.0, at(6)) == [GapRecord(3, 6, "paused")]


def test_a_clock_that_was_set_back_leaves_no_gap() -> None:
    """There is no such time."""
    assert gaps_of(at(100), 101.0, at(50), at(52)) == []
