"""Measures how much memory each job keeps, and detects a leak when job after job keeps some.

Compares the server's memory before a job with that 30 s after it, or just before the next one.
Each side is the median of the readings without work, so that scatter does not count as kept.
Three jobs in a row that each keep much are a possible leak, if similar jobs ran before.

The first job of its kind or size warms the server up. Recorded: a fresh server kept 433 MB of its
first three jobs (a 720p video, two at once, a 1080p one) and 45 MB of the next five. So such jobs
alone are not a leak, and one job that keeps little does not disprove one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from msgspec import Struct
from msgspec.structs import replace

from tray_app.core.alerts.facts import Facts
from tray_app.core.alerts.policy import Finding, Policy
from tray_app.core.analysis.jobs import Job, Jobs
from tray_app.core.model.readings import MIB, TempUsage

SETTLES_AFTER_S = 30.0
# Memory may still fall just after the end, so later readings count if there are any.
FALLS_FOR_S = 10.0
QUIET_MAX = 16
QUIET_EVERY_S = 0.9
JOBS_IN_A_ROW = 3
ROW_MAX = 12
# Jobs are alike if their files are alike in number (recorded: 3 or 4 a video, 6 to 8 for two at
# once) and in total size. A sample may miss the last file.
ALIKE = 1.5
ALIKE_BYTES = MIB
SIZES_MAX = 20
# At most this many first jobs count as new kinds: a user whose videos all differ must get a
# warning, too.
FIRSTS_MAX = 3


class JobSize(Struct, frozen=True):
    """The size of a job: its duration, its rise in memory, and the growth of the temp directory
    (None if unknown)."""

    elapsed_s: float
    rise_bytes: int
    written_bytes: int | None = None
    file_count: int | None = None


def is_like(size: JobSize, earlier: JobSize) -> bool:
    """Whether an earlier job has warmed the server up for one of this size.

    Files tell the kind of a job best, because memory rises less if the server kept some before.
    Without files, only a job that is larger in every known respect is of a new kind.
    """
    if (
        size.written_bytes is not None
        and size.file_count is not None
        and earlier.written_bytes is not None
        and earlier.file_count is not None
    ):
        few, many = sorted((size.file_count, earlier.file_count))
        less, more = sorted((size.written_bytes, earlier.written_bytes))
        return many < ALIKE * max(1, few) and more <= ALIKE * less + ALIKE_BYTES
    return (
        size.elapsed_s <= ALIKE * earlier.elapsed_s or size.rise_bytes <= ALIKE * earlier.rise_bytes
    )


class RetainedMemory(Struct, frozen=True):
    """How much more memory there is after a job than before it; negative: less."""

    job: Job
    before_bytes: int
    kept_bytes: int


class Leak(Finding, frozen=True):
    """Jobs in a row that each kept a lot: the newest figures, and the sum over all."""

    WORD: ClassVar[str] = "leak"

    kept_bytes: tuple[int, ...]
    sum_bytes: int
    jobs: int


class JobLeakState(Struct, frozen=True):
    """The job that runs, the one that settles, and the row of jobs that each kept much."""

    # The newest readings without work since the last job: (monotonic moment, bytes).
    quiet: tuple[tuple[float, int], ...] = ()
    # The number of the job that runs, and the memory before it.
    running: int | None = None
    before_bytes: int | None = None
    # The job that is to be compared, and its end.
    settling: Job | None = None
    ended_s: float = 0.0
    # What the newest jobs of the row kept, then how many jobs it has, and their sum.
    row: tuple[int, ...] = ()
    row_jobs: int = 0
    row_bytes: int = 0
    # That sum at the last alert.
    told_bytes: int = 0
    # How many jobs of the row were the first of their like.
    row_firsts: int = 0
    # The newest jobs' sizes; the last one is of the job that settles.
    sizes: tuple[JobSize, ...] = ()
    # The temp directory without work.
    temp: TempUsage | None = None
    # The most (bytes, files) in it during the job.
    most: tuple[int, int] | None = None
    # Of the last job that was compared.
    kept: RetainedMemory | None = None


def update(state: JobLeakState, facts: Facts) -> tuple[JobLeakState, Leak | None]:
    """The policy after one more sample. With a sign of work its figure does not count as idle."""
    if facts.lost:
        return JobLeakState(kept=state.kept), None
    jobs, now_s = facts.jobs, facts.now.mono_s
    running = jobs.current.number if jobs.current else None
    before = state.kept
    if jobs.current is not None and running != state.running:
        state = _begun(_settled(state), jobs.current)
    elif running is None and state.running is not None:
        state = _ended(state, now_s, jobs)
    state = _observed(state, facts)
    if state.settling and running is None and now_s - state.ended_s >= SETTLES_AFTER_S:
        state = _settled(state)
    if state.kept is None or state.kept is before:  # the usual
        return state, None
    return _counted(state, state.kept, facts.limits.leak_mb * MIB)


def _begun(state: JobLeakState, job: Job) -> JobLeakState:
    before_bytes = _typical(state)
    if before_bytes is None and job.before:
        before_bytes = job.before.memory_bytes
    return replace(state, running=job.number, before_bytes=before_bytes, most=None)


def _observed(state: JobLeakState, facts: Facts) -> JobLeakState:
    """With the figures of this sample."""
    temp, memory_bytes = facts.temp, facts.fresh_bytes
    if facts.activity.stirs:
        return state if temp is None else _with_most(state, temp)
    if memory_bytes is None:
        return state
    return _quieter(state, facts.now.mono_s, memory_bytes, temp)


def _quieter(
    state: JobLeakState, now_s: float, memory_bytes: int, temp: TempUsage | None
) -> JobLeakState:
    """With one more figure without work."""
    quiet = state.quiet
    if quiet and now_s - quiet[-1][0] < QUIET_EVERY_S:
        return state
    quiet = (*quiet[-QUIET_MAX + 1 :], (now_s, memory_bytes))
    return replace(state, quiet=quiet, temp=temp or state.temp)


def _ended(state: JobLeakState, now_s: float, jobs: Jobs) -> JobLeakState:
    """A job has ended: its size is known now, the memory it kept only later."""
    state = replace(state, running=None, settling=None, ended_s=now_s, quiet=())
    if not jobs.ended or state.before_bytes is None:
        return state
    job = jobs.ended[-1]
    rise_bytes = max(0, (job.peak_bytes or 0) - state.before_bytes)
    size = JobSize(job.elapsed_s(job.ended or job.started), rise_bytes, *_written(state))
    return replace(state, settling=job, sizes=(*state.sizes[-SIZES_MAX + 1 :], size))


def _written(state: JobLeakState) -> tuple[int, int] | tuple[None, None]:
    """The growth of the temp directory during the job, in bytes and files."""
    temp, most = state.temp, state.most
    if temp is None or most is None:
        return None, None
    return max(0, most[0] - temp.size_bytes), max(0, most[1] - temp.file_count)


def _with_most(state: JobLeakState, temp: TempUsage) -> JobLeakState:
    size_bytes, file_count = state.most or (0, 0)
    if temp.size_bytes <= size_bytes and temp.file_count <= file_count:
        return state
    most = max(temp.size_bytes, size_bytes), max(temp.file_count, file_count)
    return replace(state, most=most)


def _typical(state: JobLeakState) -> int | None:
    """The memory without work since the last job; None: there was no reading."""
    if not state.quiet:
        return None
    late = [size for at_s, size in state.quiet if at_s - state.ended_s >= FALLS_FOR_S]
    return round(_median(late or [size for _, size in state.quiet]))


def _median(sizes: Sequence[int]) -> float:
    """The middle of sizes (`statistics` costs 3 ms and 0.7 MB of fractions and decimals)."""
    inner = sorted(sizes)[(len(sizes) - 1) // 2 : len(sizes) // 2 + 1]
    return sum(inner) / len(inner)


def _settled(state: JobLeakState) -> JobLeakState:
    """Adds the memory kept by the job to compare; nothing without a reading after it."""
    job, before_bytes, after_bytes = state.settling, state.before_bytes, _typical(state)
    if job is None or before_bytes is None or after_bytes is None:
        return state
    kept = RetainedMemory(job, before_bytes, after_bytes - before_bytes)
    return replace(state, settling=None, kept=kept)


def _counted(
    state: JobLeakState, kept: RetainedMemory, much_bytes: float
) -> tuple[JobLeakState, Leak | None]:
    """Whether this job points to a leak, against one, or to neither."""
    *earlier, size = state.sizes
    if kept.job.peak_bytes is not None and size.rise_bytes <= much_bytes:
        return state, None  # it took hardly any memory, so it proves nothing
    is_first = not any(is_like(size, each) for each in earlier)
    if kept.kept_bytes <= much_bytes:
        if is_first and state.row:
            return state, None  # of another kind than the jobs that keep a lot
        return replace(state, row=(), row_jobs=0, row_bytes=0, row_firsts=0, told_bytes=0), None
    row = (*state.row[-ROW_MAX + 1 :], kept.kept_bytes)
    row_jobs, row_bytes = state.row_jobs + 1, state.row_bytes + kept.kept_bytes
    row_firsts = min(FIRSTS_MAX, state.row_firsts + is_first)
    state = replace(state, row=row, row_jobs=row_jobs, row_bytes=row_bytes, row_firsts=row_firsts)
    # At least as many repeats as first-of-their-kind jobs less one: one of three is enough.
    if row_jobs < JOBS_IN_A_ROW or row_jobs - row_firsts < row_firsts - 1:
        return state, None
    if row_bytes < 2 * state.told_bytes:
        return state, None
    return replace(state, told_bytes=row_bytes), Leak(row, row_bytes, row_jobs)


def _rebased(_state: JobLeakState, _now_s: float) -> JobLeakState:
    return JobLeakState()


POLICY = Policy(JobLeakState(), update, rebased=_rebased)
