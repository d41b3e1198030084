"""Did memory come back after a job? And is it kept again and again: a leak.

30 s after a job, or before the next one, the server's memory is compared with that before it,
each as the median of the readings without work, so that scatter is nothing kept. Three jobs in a
row that each keep much are a possible leak; the first job's warm-up alone can never be one.
"""

from __future__ import annotations

from collections.abc import Sequence

from tray_app.core.jobs import Job, Jobs
from tray_app.core.values import dataclass, replace

SETTLES_AFTER_S = 30.0
# Memory may still be falling just after the end: later readings count, where there are any.
FALLS_FOR_S = 10.0
QUIET_MAX = 16
QUIET_EVERY_S = 0.9
JOBS_IN_A_ROW = 3
ROW_MAX = 12


@dataclass(frozen=True, slots=True)
class Kept:
    """What a job has kept, beyond what there was before it; below 0: it gave memory back."""

    job: Job
    before_bytes: int
    kept_bytes: int


@dataclass(frozen=True, slots=True)
class Leak:
    """Jobs in a row that each kept much: the newest ones' figures, and the sum over all."""

    kept_bytes: tuple[int, ...]
    sum_bytes: int
    jobs: int


@dataclass(frozen=True, slots=True)
class Keeping:
    """``quiet`` are the newest (moment, bytes) without work since the last job.

    ``running`` is the number of the job that runs and ``before_bytes`` the memory before it.
    ``settling`` is the job that is to be compared, ``ended_s`` its end. ``row``, ``row_jobs`` and
    ``row_bytes`` are of jobs in a row that each kept much; ``told_bytes`` when that was last said.
    """

    quiet: tuple[tuple[float, int], ...] = ()
    running: int | None = None
    before_bytes: int | None = None
    settling: Job | None = None
    ended_s: float = 0.0
    row: tuple[int, ...] = ()
    row_jobs: int = 0
    row_bytes: int = 0
    told_bytes: int = 0


def follow(
    state: Keeping,
    now_s: float,
    jobs: Jobs,
    memory_bytes: int | None,
    *,
    works: bool,
    lost: bool,
    much_bytes: float,
) -> tuple[Keeping, Kept | None, Leak | None]:
    """After one more sample; ``works``: it has a sign of work, so its figure is not quiet."""
    if lost:
        return Keeping(), None, None
    running = jobs.current.number if jobs.current else None
    kept = None
    if running is not None and running != state.running:
        state, kept = _settled(state)
        before_bytes = _typical(state)
        if before_bytes is None and jobs.current and jobs.current.before:
            before_bytes = jobs.current.before.memory_bytes
        state = replace(state, running=running, before_bytes=before_bytes)
    elif running is None and state.running is not None:
        settling = jobs.ended[-1] if jobs.ended and state.before_bytes is not None else None
        state = replace(state, running=None, settling=settling, ended_s=now_s, quiet=())
    if not works and memory_bytes is not None:
        quiet = state.quiet
        if not quiet or now_s - quiet[-1][0] >= QUIET_EVERY_S:
            state = _with_quiet(state, (*quiet[-QUIET_MAX + 1 :], (now_s, memory_bytes)))
    if state.settling and running is None and now_s - state.ended_s >= SETTLES_AFTER_S:
        state, kept = _settled(state)
    if kept is None:
        return state, None, None
    peak_bytes = kept.job.peak_bytes
    if peak_bytes is not None and peak_bytes - (kept.before_bytes + much_bytes) <= 0:
        return state, kept, None  # it has hardly taken any: that says nothing of what it gives back
    state, leak = _counted(state, kept.kept_bytes, much_bytes)
    return state, kept, leak


def _with_quiet(state: Keeping, quiet: tuple[tuple[float, int], ...]) -> Keeping:
    return Keeping(
        quiet,
        state.running,
        state.before_bytes,
        state.settling,
        state.ended_s,
        state.row,
        state.row_jobs,
        state.row_bytes,
        state.told_bytes,
    )


def _typical(state: Keeping) -> int | None:
    """The memory without work since the last job; None: there was no reading."""
    if not state.quiet:
        return None
    late = [size for at_s, size in state.quiet if at_s - state.ended_s >= FALLS_FOR_S]
    return round(_median(late or [size for _, size in state.quiet]))


def _median(sizes: Sequence[int]) -> float:
    """The middle of sizes (`statistics` costs 3 ms and 0.7 MB of fractions and decimals)."""
    inner = sorted(sizes)[(len(sizes) - 1) // 2 : len(sizes) // 2 + 1]
    return sum(inner) / len(inner)


def _settled(state: Keeping) -> tuple[Keeping, Kept | None]:
    """The job that was to be compared, compared; nothing without a reading after it."""
    job, before_bytes, after_bytes = state.settling, state.before_bytes, _typical(state)
    if job is None or before_bytes is None or after_bytes is None:
        return state, None
    return replace(state, settling=None), Kept(job, before_bytes, after_bytes - before_bytes)


def _counted(state: Keeping, kept_bytes: int, much_bytes: float) -> tuple[Keeping, Leak | None]:
    if kept_bytes <= much_bytes:
        return replace(state, row=(), row_jobs=0, row_bytes=0, told_bytes=0), None
    row = (*state.row[-ROW_MAX + 1 :], kept_bytes)
    row_jobs, row_bytes = state.row_jobs + 1, state.row_bytes + kept_bytes
    state = replace(state, row=row, row_jobs=row_jobs, row_bytes=row_bytes)
    if row_jobs < JOBS_IN_A_ROW or row_bytes < 2 * state.told_bytes:
        return state, None
    return replace(state, told_bytes=row_bytes), Leak(row, row_bytes, row_jobs)
