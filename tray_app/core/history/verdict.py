"""What a recorded time amounts to: what happened, whether the server leaks, whether the next video
fits.

Two of the answers are about the server's present life: a restart frees what leaked. The policies'
own alerts count first. Besides, a leak of little by little is found in the memory after jobs: it
rises in a straight line, in both halves of the series.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from tray_app.core.alerts import hung, idle_growth, job_leak, room, server_exit, system_memory
from tray_app.core.alerts.idle_growth import HALF_MIN, STRAIGHT_MIN
from tray_app.core.alerts.job_leak import FIRSTS_MAX, JOBS_IN_A_ROW
from tray_app.core.alerts.limits import LEVELS, AlertLimits, Level
from tray_app.core.alerts.room import NextVideo
from tray_app.core.analysis import job_profiles
from tray_app.core.analysis.activity import Activity
from tray_app.core.analysis.jobs import JOBS_KEPT
from tray_app.core.analysis.least_squares import fit, slope, sums
from tray_app.core.history.records import (
    SERVER_WORDS,
    AlertRecord,
    GapRecord,
    JobRecord,
    SampleRecord,
    ServerRecord,
)
from tray_app.core.history.thinning import DAY_S, HOUR_S
from tray_app.core.model.readings import MIB
from tray_app.core.server.target_tracker import Transition

RANGES = {"1 h": HOUR_S, "24 h": DAY_S, "7 days": 7 * DAY_S, "30 days": 30 * DAY_S}
"""The page's ranges, by the names of its buttons."""

WHOLE = "All"

SERIES_MIN = 6
"""Jobs that a slow leak needs: two halves of three."""

NEW_S = 60.0
"""An older sample does not tell what is free now."""

UNWATCHED_PART = 0.05
UNWATCHED_S = 60.0
"""A gap is mentioned if it is longer than both."""

_LIVES = {*SERVER_WORDS.values()} - {SERVER_WORDS[Transition.ENDED]}
_LEAKS = {job_leak.Leak.WORD, idle_growth.IdleGrowth.WORD}


class Past(Struct, frozen=True):
    """What is recorded of a time, each oldest first."""

    jobs: Sequence[JobRecord] = ()
    alerts: Sequence[AlertRecord] = ()
    servers: Sequence[ServerRecord] = ()
    gaps: Sequence[GapRecord] = ()


class Peak(Struct, frozen=True):
    """The highest memory of a time. ``at_s`` is its moment, or where its minute or hour begins,
    which ``length_s`` tells. What the server did is known of a sample alone."""

    size_bytes: int
    at_s: float
    length_s: float = 0.0
    activity: str = ""
    stage: str = ""


class Times(Struct, frozen=True):
    """How often something happened, and when last."""

    count: int
    last_s: float


class Happened(Struct, frozen=True):
    """What happened in a time. ``level`` is the highest whose limit the peak was above."""

    from_s: float
    to_s: float
    peak: Peak | None = None
    level: Level = Level.NONE
    jobs: int = 0
    lost: int = 0
    gone: Times | None = None
    hung: Times | None = None
    killed: Times | None = None
    machine_short: Times | None = None
    unwatched_s: float = 0.0


class LeakKind(StrEnum):
    """NONE: memory after jobs stays. JOBS, IDLE: an alert said so. SLOW: memory after jobs rises
    little by little. UNKNOWN: too few jobs."""

    NONE = "none"
    JOBS = "jobs"
    IDLE = "idle"
    SLOW = "slow"
    UNKNOWN = "unknown"


class Leaking(Struct, frozen=True):
    """Whether the server leaks, by its jobs since ``since_s`` (its start; None: unknown).

    ``jobs`` tell it; ``series`` is memory after each, without those that warmed the server up, and
    ``kept_bytes`` what they did not release. ``told_s`` is when an alert said so, ``before_s`` when
    one did in the server's life before.
    """

    kind: LeakKind
    jobs: int
    since_s: float | None = None
    series: tuple[int, ...] = ()
    kept_bytes: int = 0
    told_s: float | None = None
    before_s: float | None = None


class Now(StrEnum):
    """What the server does at the end: only a server at rest shows what is free for a video."""

    IDLE = "idle"
    BUSY = "busy"
    AWAY = "away"


class Upcoming(Struct, frozen=True):
    """What the next video needs: ``next``, where that can be told. ``jobs`` are known, which needed
    between ``least_bytes`` and ``most_bytes``, ``usual_bytes`` where they are alike. ``free_bytes``
    of the machine, and ``left_bytes`` up to critical, are of the end, if the server rests."""

    now: Now
    jobs: int
    least_bytes: int = 0
    most_bytes: int = 0
    usual_bytes: int | None = None
    next: NextVideo | None = None
    free_bytes: int | None = None
    left_bytes: int | None = None

    @property
    def all_fit(self) -> bool:
        """Whether there is room even for the largest of them."""
        if self.free_bytes is None or self.left_bytes is None:
            return False
        return self.jobs >= job_profiles.JOBS_MIN and self.most_bytes < min(
            self.free_bytes, self.left_bytes
        )


class Verdict(Struct, frozen=True):
    """The answers; ``happened`` by range."""

    happened: dict[str, Happened]
    leak: Leaking
    upcoming: Upcoming


def happened(
    past: Past, from_s: float, to_s: float, peak: Peak | None, limits: AlertLimits
) -> Happened:
    """What of the past falls into this time, which had this peak."""
    past = _within(past, from_s, to_s)

    def times(kind: str) -> Times | None:
        return _times([each.at_s for each in past.alerts if each.kind == kind])

    unwatched_s = sum(each.to_s - each.from_s for each in past.gaps)
    is_long = unwatched_s >= max(UNWATCHED_S, UNWATCHED_PART * (to_s - from_s))
    return Happened(
        from_s=from_s,
        to_s=to_s,
        peak=peak,
        level=_level(peak, limits),
        jobs=len(past.jobs),
        lost=sum(each.lost for each in past.jobs),
        gone=times(server_exit.ServerExit.WORD),
        hung=times(hung.Hang.WORD),
        killed=times(server_exit.ChildKilled.WORD),
        machine_short=times(system_memory.MachineShort.WORD),
        unwatched_s=unwatched_s if is_long else 0.0,
    )


def _within(past: Past, from_s: float, to_s: float) -> Past:
    """What of it falls into this time: jobs by their end, gaps with their part."""
    gaps = (
        GapRecord(max(each.from_s, from_s), min(each.to_s, to_s), each.why) for each in past.gaps
    )
    return Past(
        jobs=[each for each in past.jobs if from_s <= each.ended_s < to_s],
        alerts=[each for each in past.alerts if from_s <= each.at_s < to_s],
        servers=[each for each in past.servers if from_s <= each.at_s < to_s],
        gaps=[each for each in gaps if each.from_s < each.to_s],
    )


def _times(moments: Sequence[float]) -> Times | None:
    return Times(len(moments), max(moments)) if moments else None


def _level(peak: Peak | None, limits: AlertLimits) -> Level:
    above = (lv for lv in LEVELS if peak and peak.size_bytes > limits.limit_mb(lv) * MIB)
    return max(above, default=Level.NONE)


def leaking(past: Past, limits: AlertLimits) -> Leaking:
    """Whether the server leaks in its present life."""
    since_s = max((each.at_s for each in past.servers if each.what in _LIVES), default=None)
    begin_s = -math.inf if since_s is None else since_s
    told = _leaks(past.alerts, begin_s, math.inf)
    before = _leaks(past.alerts, -math.inf, begin_s)
    done = [each for each in past.jobs if each.started_s >= begin_s]
    kept = [each.kept_bytes for each in done if each.kept_bytes is not None]
    settled = [size for size in map(_settled, done) if size is not None]
    series = _warm(settled, since_s)
    return Leaking(
        kind=_alerted(told, kept, limits) or _by_memory(settled, series, limits),
        jobs=len(settled),
        since_s=since_s,
        series=tuple(series),
        kept_bytes=sum(kept),
        told_s=told[-1].at_s if told else None,
        before_s=before[-1].at_s if before else None,
    )


def _leaks(alerts: Sequence[AlertRecord], from_s: float, to_s: float) -> list[AlertRecord]:
    return [each for each in alerts if each.kind in _LEAKS and from_s <= each.at_s < to_s]


def _settled(job: JobRecord) -> int | None:
    """The memory once a job has given back what it does: 30 s after it, if that was measured."""
    if job.lost:
        return None
    if job.before_bytes is not None and job.kept_bytes is not None:
        return job.before_bytes + job.kept_bytes
    return job.after_bytes


def _warm(settled: Sequence[int], since_s: float | None) -> Sequence[int]:
    """Without the first jobs of a server whose start is known, which warm it up."""
    has_begun = since_s is not None and len(settled) > 2 * FIRSTS_MAX
    return settled[FIRSTS_MAX:] if has_begun else settled


def _alerted(
    told: Sequence[AlertRecord], kept: Sequence[int], limits: AlertLimits
) -> LeakKind | None:
    """What the last alert says, unless a row of jobs has kept little since."""
    if not told:
        return None
    if told[-1].kind == idle_growth.IdleGrowth.WORD:
        return LeakKind.IDLE
    newest = kept[-JOBS_IN_A_ROW:]
    is_over = len(newest) == JOBS_IN_A_ROW and max(newest) <= limits.leak_mb * MIB
    return None if is_over else LeakKind.JOBS


def _by_memory(settled: Sequence[int], series: Sequence[int], limits: AlertLimits) -> LeakKind:
    if len(settled) < JOBS_IN_A_ROW:
        return LeakKind.UNKNOWN
    return LeakKind.SLOW if _rises(series, limits.leak_mb * MIB) else LeakKind.NONE


def _rises(series: Sequence[int], much_bytes: float) -> bool:
    """Whether it rises in a straight line, by more than this in all, and in both halves."""
    points = [(float(number), float(size)) for number, size in enumerate(series)]
    if len(points) < SERIES_MIN:
        return False
    line = fit(sums(points))
    if line is None or line.slope * (len(points) - 1) <= much_bytes:
        return False
    half = len(points) // 2
    halves = (slope(sums(points[:half])), slope(sums(points[half:])))
    return line.explained >= STRAIGHT_MIN and all(
        rate is not None and rate >= HALF_MIN * line.slope for rate in halves
    )


def upcoming(
    jobs: Sequence[JobRecord], newest: SampleRecord | None, to_s: float, limits: AlertLimits
) -> Upcoming:
    """What the next video needs, by the last jobs and the newest sample, if that is new."""
    climbs = [
        job_profiles.Climb(each.before_bytes, each.peak_bytes)
        for each in jobs
        if each.before_bytes is not None and each.peak_bytes is not None and not each.lost
    ][-JOBS_KEPT:]
    rises = [peak - before for before, peak in climbs]
    known = job_profiles.profile_of_climbs(climbs)
    profile = known if known and known.alike else None
    found = Upcoming(
        now=_now(newest, to_s),
        jobs=len(climbs),
        least_bytes=min(rises, default=0),
        most_bytes=max(rises, default=0),
        usual_bytes=profile.rise_bytes if profile else None,
    )
    if found.now is not Now.IDLE or newest is None or newest.memory_bytes is None:
        return found
    free_bytes, memory_bytes = newest.available_bytes, newest.memory_bytes
    return replace(
        found,
        next=room.next_video(profile, memory_bytes, free_bytes, limits) if profile else None,
        free_bytes=free_bytes,
        left_bytes=room.left_bytes(memory_bytes, limits),
    )


def _now(newest: SampleRecord | None, to_s: float) -> Now:
    if newest is None or newest.memory_bytes is None or to_s - newest.at_s > NEW_S:
        return Now.AWAY
    return Now.IDLE if newest.activity == Activity.IDLE else Now.BUSY
