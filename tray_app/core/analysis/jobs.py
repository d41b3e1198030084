"""Tracks jobs: each stretch of processing, with the memory before, during and after it.

A job begins with the first sign of work, also where that was recognised as work only later, so that
"before" has nothing of it; it ends with the last sign, or when its files are gone. The hysteresis
of both is the activity's; an unknown activity ends nothing. If only one sample has a sign, the next
sample is the end of the job.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from tray_app.core.analysis.activity import ActivityState
from tray_app.core.analysis.stage import Stage
from tray_app.core.model.readings import Now, Source

JOBS_KEPT = 20
# The recorded servers go through 11 stages; the list stays bounded whatever a server reports.
STAGES_KEPT = 16


class Measured(Struct, frozen=True):
    """The whole server's memory in one sample, and its source."""

    memory_bytes: int
    source: Source


class Job(Struct, frozen=True):
    """One stretch of processing; the first is number 1. Unknown memory is None.

    ``before`` is the last reading before the first sign of work, ``peak_bytes`` the highest from
    there to ``after``, the reading at which the end was recognised, including fast polls. ``lost``:
    the server ended, or another took its place. ``stages`` are in order, reported or inferred.
    """

    number: int
    started: Now
    ended: Now | None = None
    before: Measured | None = None
    after: Measured | None = None
    peak_bytes: int | None = None
    sources: frozenset[Source] = frozenset()
    stages: tuple[str, ...] = ()
    lost: bool = False

    @property
    def one_source(self) -> bool:
        """Whether all its figures are from one source, and so may be compared to the MB."""
        return len(self.sources) <= 1

    def elapsed_s(self, now: Now) -> float:
        """How long it took, or takes until ``now``."""
        return (self.ended or now).mono_s - self.started.mono_s


class Jobs(Struct, frozen=True):
    """The job that runs, the last ones that ended (newest last), and what a next one needs.

    ``draft`` becomes a job if the first signs prove to be work, ``quiet`` the newest figure without
    any, ``worked`` the moment of the last sign.
    """

    current: Job | None = None
    ended: tuple[Job, ...] = ()
    count: int = 0
    draft: Job | None = None
    quiet: Measured | None = None
    worked: Now | None = None

    @property
    def latest(self) -> Job | None:
        """The job that runs, else the last one."""
        return self.current or (self.ended[-1] if self.ended else None)

    @property
    def turned_s(self) -> float | None:
        """When the job that runs began, else when the last one ended (monotonic)."""
        if self.current:
            return self.current.started.mono_s
        if self.ended and self.ended[-1].ended:
            return self.ended[-1].ended.mono_s
        return None


def rebased(jobs: Jobs) -> Jobs:
    """The memory figure has another basis from now on: a running job has no figures yet."""
    current, draft = (
        job and replace(job, before=None, peak_bytes=None, sources=frozenset())
        for job in (jobs.current, jobs.draft)
    )
    return replace(jobs, current=current, draft=draft, quiet=None)


def update(
    jobs: Jobs,
    now: Now,
    activity: ActivityState,
    figure: Measured | None,
    *,
    lost: bool,
    peak_bytes: int | None = None,
) -> Jobs:
    """The jobs after one more sample; at most one begins or ends in it.

    ``figure`` is None where the sample has no fresh one; ``peak_bytes`` is the highest of the fast
    polls since the last sample. ``lost``: the watched server is gone.
    """
    if jobs.current and (lost or not activity.is_busy):
        ends_now = activity.ended_s == now.mono_s and not lost
        job = _raised(jobs.current, peak_bytes)
        return _ended(jobs, job, now, None if lost else figure, ends_now=ends_now, lost=lost)
    if lost or not activity.stirs:
        quiet = None if lost else figure or jobs.quiet
        return Jobs(ended=jobs.ended, count=jobs.count, quiet=quiet)
    job = jobs.current or jobs.draft or _begun(jobs, now, activity.began_s)
    job = _staged(_raised(_measured(job, figure), peak_bytes), activity.stage)
    if not activity.is_busy:
        return replace(jobs, draft=job)
    works = activity.worked_s == now.mono_s or not _lasts(job, jobs.worked)
    worked = now if works else jobs.worked
    return replace(jobs, current=job, count=job.number, draft=None, worked=worked)


def _begun(jobs: Jobs, now: Now, began_s: float | None) -> Job:
    began = _earlier(now, began_s, jobs.ended)
    return _measured(Job(jobs.count + 1, began, before=jobs.quiet), jobs.quiet)


def _ended(
    jobs: Jobs, job: Job, now: Now, after: Measured | None, *, ends_now: bool, lost: bool
) -> Jobs:
    """``ends_now``: its end is seen at once, and not known from its last sign of work."""
    ended = now if ends_now or not _lasts(job, jobs.worked) else jobs.worked
    job = replace(_measured(job, after), ended=ended, after=after, lost=lost)
    return Jobs(ended=(*jobs.ended, job)[-JOBS_KEPT:], count=jobs.count, quiet=after)


def _lasts(job: Job, worked: Now | None) -> bool:
    """Whether its last sign came after its beginning."""
    return worked is not None and worked.mono_s > job.started.mono_s


def _earlier(now: Now, mono_s: float | None, ended: tuple[Job, ...]) -> Now:
    if mono_s is None or mono_s >= now.mono_s:
        return now
    last = ended[-1].ended if ended else None
    if last is not None and last.mono_s >= mono_s:
        mono_s = (last.mono_s + now.mono_s) / 2
    return Now(mono_s, now.wall_s - (now.mono_s - mono_s))


def _raised(job: Job, peak_bytes: int | None) -> Job:
    if peak_bytes is None or (job.peak_bytes is not None and peak_bytes <= job.peak_bytes):
        return job
    return replace(job, peak_bytes=peak_bytes)


def _measured(job: Job, figure: Measured | None) -> Job:
    if figure is None:
        return job
    job = _raised(job, figure.memory_bytes)
    if figure.source in job.sources:
        return job
    return replace(job, sources=job.sources | {figure.source})


def _staged(job: Job, stage: Stage | None) -> Job:
    if stage is None or stage.name in job.stages or len(job.stages) >= STAGES_KEPT:
        return job
    return replace(job, stages=(*job.stages, stage.name))
