"""What is recorded: samples, jobs, alerts, and the server's starts and ends.

Moments are Unix time in seconds (of the wall clock), memory is in bytes. None means unknown.
"""

from __future__ import annotations

from msgspec import Struct

from tray_app.core.analysis.jobs import Job
from tray_app.core.monitor.carried import Carried
from tray_app.core.monitor.events import (
    Alert,
    AlertFate,
    Event,
    JobCompared,
    JobEnded,
    PendingAlerts,
    Sampled,
    TargetChanged,
)
from tray_app.core.monitor.sample import Sample
from tray_app.core.server.target_tracker import Change, Transition

PROCESSES_KEPT = 12
"""Of one sample; the smaller ones count as one more, without a pid."""


class ProcessShare(Struct, frozen=True, array_like=True):
    """The part of one process; ``pid`` is 0 for the sum of the small ones."""

    pid: int
    name: str
    rss_bytes: int


class SampleRecord(Struct, frozen=True):
    """One sample. ``interval_s`` is how long it stands for, unless the next one comes earlier.

    ``source``, ``band``, ``level`` and ``activity`` are the words of JSON. ``processes`` is empty
    for a server of one process; else the server's own comes first.
    """

    at_s: float
    interval_s: float
    source: str
    memory_bytes: int | None
    cpu_percent: float | None = None
    descriptors: int | None = None
    available_bytes: int | None = None
    temp_bytes: int | None = None
    band: str = "unknown"
    level: str = "normal"
    activity: str = "idle"
    stage: str = ""
    processes: tuple[ProcessShare, ...] = ()


class JobRecord(Struct, frozen=True):
    """A job that ended. ``kept_bytes`` is what it did not release, where that could be measured."""

    number: int
    started_s: float
    ended_s: float
    before_bytes: int | None = None
    peak_bytes: int | None = None
    after_bytes: int | None = None
    kept_bytes: int | None = None
    stages: tuple[str, ...] = ()
    lost: bool = False


class AlertRecord(Struct, frozen=True):
    """A finding of an alert policy, in the words of its notification.

    ``kind`` is the finding's word. ``fate``: ``quiet`` (no notification), ``muted``, ``sent``,
    and then, once it is known, ``shown``, ``closed`` or ``clicked`` by the user, or ``not
    delivered: …``. ``level`` is the one that memory was in; empty in older files.
    """

    at_s: float
    kind: str
    title: str
    text: str
    fate: str = "shown"
    level: str = ""


NOT_NOTIFIED = ("quiet", "muted")
"""Fates of alerts that no notification has told."""


class AlertSeen(Struct, frozen=True):
    """An alert without words: its record is made where nobody waits for it."""

    event: Alert
    fate: str


class FateRecord(Struct, frozen=True):
    """What became of the alert of this moment and title."""

    at_s: float
    title: str
    fate: str


class ServerRecord(Struct, frozen=True):
    """What happened to the server: a word of `SERVER_WORDS`."""

    at_s: float
    what: str
    pid: int
    name: str


class LifeRecord(Struct, frozen=True):
    """What the next run of the monitor needs of the server's present life; the newest counts."""

    at_s: float
    life: Carried


class GapRecord(Struct, frozen=True):
    """A time that was not watched: ``off``, ``paused`` or ``asleep``."""

    from_s: float
    to_s: float
    why: str


SERVER_WORDS = {
    Transition.ENDED: "ended",
    Transition.RETURNED: "started",
    Transition.RESTARTED: "restarted",
    Transition.SWITCHED: "switched",
    Transition.WORKER_REPLACED: "worker_replaced",
}
"""Of export and page."""

Record = SampleRecord | JobRecord | AlertRecord | ServerRecord | GapRecord | LifeRecord


def sample_record(sample: Sample) -> SampleRecord:
    """What is kept of a sample."""
    return SampleRecord(
        at_s=sample.at.wall_s,
        interval_s=sample.interval_s,
        source=sample.source.value,
        memory_bytes=sample.memory_bytes,
        cpu_percent=sample.cpu_percent,
        descriptors=_descriptors(sample),
        available_bytes=sample.system.available_bytes if sample.system else None,
        temp_bytes=sample.temp.size_bytes if sample.temp else None,
        band=sample.band.value,
        level=sample.level.word,
        activity=sample.activity.value,
        stage=sample.stage.name if sample.stage else "",
        processes=_shares(sample),
    )


def _descriptors(sample: Sample) -> int | None:
    counts = [row.descriptors for row in sample.rows]
    if not counts or None in counts:
        return None
    return sum(count for count in counts if count is not None)


def _shares(sample: Sample) -> tuple[ProcessShare, ...]:
    if len(sample.rows) < 2:  # the usual
        return ()
    root, *others = sample.rows
    rows = [root, *sorted(others, key=lambda row: -row.rss_bytes)]
    shares = [ProcessShare(row.pid, row.name, row.rss_bytes) for row in rows[:PROCESSES_KEPT]]
    if rest := rows[PROCESSES_KEPT:]:
        shares.append(ProcessShare(0, "others", sum(row.rss_bytes for row in rest)))
    return tuple(shares)


def job_record(job: Job, ended_s: float, kept_bytes: int | None = None) -> JobRecord:
    """What is kept of a job; ``ended_s`` where the job itself has no end."""
    return JobRecord(
        number=job.number,
        started_s=job.started.wall_s,
        ended_s=job.ended.wall_s if job.ended else ended_s,
        before_bytes=job.before.memory_bytes if job.before else None,
        peak_bytes=job.peak_bytes,
        after_bytes=job.after.memory_bytes if job.after else None,
        kept_bytes=kept_bytes,
        stages=job.stages,
        lost=job.lost,
    )


def server_record(change: Change, at_s: float) -> ServerRecord:
    """What is kept of a change of the server."""
    what = SERVER_WORDS[change.transition]
    return ServerRecord(at_s, what, change.target.pid, change.target.name)


def records_of(event: Event) -> tuple[Record | AlertSeen | FateRecord, ...]:
    """What is kept of an event; empty for most."""
    match event:
        case Sampled(sample):
            return (sample_record(sample),)
        case Alert(finding):
            return (AlertSeen(event, "quiet" if finding.is_quiet else "sent"),)
        case PendingAlerts(events):
            return tuple(AlertSeen(each, "muted") for each in events if isinstance(each, Alert))
        case AlertFate(at_s, title, fate):
            return (FateRecord(at_s, title, fate),)
        case JobEnded(job, sample):
            return (job_record(job, sample.at.wall_s),)
        case JobCompared(kept, sample):
            return (job_record(kept.job, sample.at.wall_s, kept.kept_bytes),)
        case TargetChanged(change, sample):
            return (server_record(change, sample.at.wall_s),)
        case _:
            return ()
