"""What a recorded time amounts to."""

from __future__ import annotations

from tests.history.made import MIB, T0, sample
from tray_app.core.history.past import summed_up
from tray_app.core.history.records import AlertRecord, JobRecord


def test_a_recorded_time_is_summed_up_as_a_run_is() -> None:
    """With its jobs and alerts; a quiet alert is none."""
    told = summed_up(
        [sample(0, 300.0), sample(2, 900.0, band="orange"), sample(4, 400.0)],
        [JobRecord(1, T0, T0 + 2, kept_bytes=7 * MIB), JobRecord(2, T0 + 2, T0 + 4)],
        [AlertRecord(T0, "leak", "t", "x", fate) for fate in ("shown", "quiet", "muted")],
        T0 + 100,
    )
    assert told is not None
    assert (told.elapsed_s, told.watched_s, told.samples) == (6.0, 6.0, 3)
    assert (told.peak_bytes, told.peak_wall_s, told.peak_stage) == (900 * MIB, T0 + 2, "frames")
    assert told.trend_bytes == 100 * MIB
    assert dict(told.bands_s) == {"yellow": 4.0, "orange": 2.0}
    assert (told.jobs, told.kept_bytes, told.alerts, told.missed) == (2, 7 * MIB, 2, 0)


def test_a_late_sample_was_missed_and_a_gap_was_not_watched() -> None:
    """A gap is no late sample."""
    told = summed_up([sample(0), sample(3), sample(100)], [], [], T0 + 100)
    assert told is not None
    assert (told.missed, told.watched_s, told.elapsed_s) == (1, 3.0, 100.0)


def test_no_sample_is_no_summary() -> None:
    """Whatever else there is."""
    assert summed_up([], [JobRecord(1, T0, T0 + 2)], [], T0) is None
