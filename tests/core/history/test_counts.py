"""What is counted for Prometheus."""

from __future__ import annotations

from typing import get_args

import pytest

from tests.core.made import TARGET
from tests.core.presentation.samples import HEALTHY
from tray_app.core.alerts.hung import Answering
from tray_app.core.alerts.levels import LevelReached
from tray_app.core.alerts.limits import LEVELS, Level
from tray_app.core.alerts.policies import Found
from tray_app.core.analysis.jobs import Job
from tray_app.core.history.counts import ALERT_WORDS, BUCKETS_BYTES, Counts, PeakCounts, update
from tray_app.core.model.readings import MIB, Now
from tray_app.core.monitor.events import Ended, JobEnded, Sampled, TargetChanged
from tray_app.core.server.target_tracker import Change, Transition

OVER = {"forecast_withdrawn", "normal", "back", "answers", "machine_eased", "room"}
"""Findings that end an alert, or say something good."""


def test_each_kind_of_finding_is_an_alert_or_the_end_of_one() -> None:
    """A new one is not forgotten."""
    words = {kind.WORD for kind in set(get_args(Found)) - {LevelReached}}
    words |= {"forecast", *(level.word for level in LEVELS)}
    assert set(ALERT_WORDS) | OVER == words
    assert not set(ALERT_WORDS) & OVER


def test_alerts_count_also_while_muted() -> None:
    """A sample says what was found in it. What sends no notification is no alert."""
    found = (
        LevelReached(Level.CRITICAL, 3000.0),
        LevelReached(Level.RAISED, 1500.0, quiet=True),
        Answering(9.0),
    )
    counts = update(Counts(), [Sampled(HEALTHY, found=found), Sampled(HEALTHY, found=found[:1])])
    assert {word: count for word, count in counts.alerts if count} == {"critical": 2}
    assert [word for word, _ in counts.alerts] == list(ALERT_WORDS)


def test_jobs_count_by_their_end() -> None:
    """One that was lost with its server is another kind of end. An unknown peak is in no bucket."""
    jobs = [
        Job(1, Now(0, 0), peak_bytes=500 * MIB),
        Job(2, Now(0, 0), lost=True, peak_bytes=2048 * MIB),
        Job(3, Now(0, 0)),
    ]
    counts = update(Counts(), [*(JobEnded(job, HEALTHY) for job in jobs), Ended()])
    assert (counts.jobs_ended, counts.jobs_lost) == (2, 1)
    assert sum(counts.peaks.counts) == 2
    assert counts.peaks.sum_bytes == 2548 * MIB


@pytest.mark.parametrize("transition", Transition)
def test_changes_of_the_server_count_by_their_word(transition: Transition) -> None:
    """Each has one."""
    counts = update(Counts(), [TargetChanged(Change(transition, TARGET), HEALTHY)])
    assert sum(count for _, count in counts.changes) == 1


def test_a_peak_is_in_the_bucket_of_its_bound() -> None:
    """The bound itself is still in it."""
    peaks = PeakCounts().with_peak(BUCKETS_BYTES[0]).with_peak(BUCKETS_BYTES[0] + 1)
    peaks = peaks.with_peak(BUCKETS_BYTES[-1] + 1)
    assert peaks.counts == (1, 1, *(0,) * (len(BUCKETS_BYTES) - 2), 1)
