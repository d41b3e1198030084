"""Counts what has happened since the start of this program: jobs, alerts, changes of the server.

For Prometheus, which wants totals that only grow. The words are those of an exported history.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from tray_app.core.alerts.limits import LEVELS
from tray_app.core.analysis.jobs import Job
from tray_app.core.history.records import SERVER_WORDS
from tray_app.core.model.readings import MIB
from tray_app.core.monitor.events import Event, JobEnded, Sampled, TargetChanged

ALERT_WORDS: tuple[str, ...] = (
    *(level.word for level in LEVELS),
    *("forecast", "gone", "hung", "machine_short", "leak", "growth"),
    *("worker_replaced", "process_killed", "temp_files", "disk_full"),
)
"""The kinds of findings that count as alerts. Those that end one do not."""
BUCKETS_BYTES = tuple(MIB << power for power in range(7, 17))
"""Upper bounds of a job's peak, from 128 MB to 64 GB, each twice the last."""


class PeakCounts(Struct, frozen=True):
    """How many jobs had a peak up to each bound; the last count is of those above all bounds."""

    counts: tuple[int, ...] = (0,) * (len(BUCKETS_BYTES) + 1)
    sum_bytes: int = 0

    def with_peak(self, peak_bytes: int) -> PeakCounts:
        """One more job."""
        place = sum(peak_bytes > bound for bound in BUCKETS_BYTES)
        counts = tuple(count + (at == place) for at, count in enumerate(self.counts))
        return PeakCounts(counts, self.sum_bytes + peak_bytes)


class Counts(Struct, frozen=True):
    """Totals since the start. ``alerts`` is by kind (`ALERT_WORDS`), ``changes`` by the words of
    `SERVER_WORDS`."""

    jobs_ended: int = 0
    jobs_lost: int = 0
    peaks: PeakCounts = PeakCounts()
    alerts: tuple[tuple[str, int], ...] = tuple((word, 0) for word in ALERT_WORDS)
    changes: tuple[tuple[str, int], ...] = tuple((word, 0) for word in SERVER_WORDS.values())


def update(counts: Counts, events: Iterable[Event]) -> Counts:
    """The counts after these events. A finding without a notification counts as no alert; a muted
    one does."""
    for event in events:
        match event:
            case Sampled(_, _, found):
                for finding in found:
                    if not finding.is_quiet:
                        counts = replace(counts, alerts=_more(counts.alerts, finding.word))
            case JobEnded(job):
                counts = _with_job(counts, job)
            case TargetChanged(change):
                word = SERVER_WORDS[change.transition]
                counts = replace(counts, changes=_more(counts.changes, word))
            case _:
                pass
    return counts


def _with_job(counts: Counts, job: Job) -> Counts:
    peak, peaks = job.peak_bytes, counts.peaks
    return replace(
        counts,
        jobs_ended=counts.jobs_ended + (not job.lost),
        jobs_lost=counts.jobs_lost + job.lost,
        peaks=peaks if peak is None else peaks.with_peak(peak),
    )


def _more(totals: tuple[tuple[str, int], ...], word: str) -> tuple[tuple[str, int], ...]:
    """One more of this, if it is counted."""
    return tuple((each, count + (each == word)) for each, count in totals)
