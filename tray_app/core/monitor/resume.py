"""Carries peak, jobs, leak series and the memory of the last minutes over a restart of the monitor.

They count again if the same process is watched, which its pid and its start tell; into another
life of the server nothing is carried over.
"""

from __future__ import annotations

from msgspec.structs import replace

from tray_app.core.alerts import job_leak
from tray_app.core.alerts.job_leak import JobLeakState
from tray_app.core.alerts.policies import with_state
from tray_app.core.analysis import course as courses
from tray_app.core.analysis.course import Course
from tray_app.core.analysis.jobs import JOBS_KEPT, Job, Jobs
from tray_app.core.model.readings import Now
from tray_app.core.monitor.carried import Carried, Figure
from tray_app.core.monitor.state import State

SAME_WITHIN_S = 2.0
"""The start of a process is read alike to some clock ticks, unless the clock was adjusted."""


def of(state: State) -> Carried | None:
    """What there is to keep; None: no process of the server is known."""
    basis = state.basis
    if basis is None or basis.target is None or basis.ended or state.sample is None:
        return None
    pid, created_s = basis.target
    return Carried(
        pid,
        created_s,
        state.sample.at,
        peak_bytes=state.peak_bytes,
        jobs=state.jobs.ended,
        count=state.jobs.count - (state.jobs.current is not None),
        leak=state.alerts.of(job_leak.POLICY),
    )


def differs(one: Carried | None, other: Carried) -> bool:
    """Whether the stored one is out of date."""
    if one is None or one.pid != other.pid or one.created_s != other.created_s:
        return True
    if one.peak_bytes != other.peak_bytes or one.count != other.count:
        return True
    return one.leak.kept is not other.leak.kept or one.leak.row != other.leak.row


def resumed(state: State, now: Now) -> State:
    """The state with what was carried over, once the basis of its figure is known."""
    life, basis = state.carried, state.basis
    if life is None or basis is None or basis.target is None:
        return state
    recent = state.carried_recent
    state = replace(state, carried=None, carried_recent=())
    pid, created_s = basis.target
    is_same = pid == life.pid and abs(created_s - life.created_s) < SAME_WITHIN_S
    if not is_same or life.at.mono_s > now.mono_s:  # of another boot
        return state
    peaks = [each for each in (state.peak_bytes, life.peak_bytes) if each is not None]
    leak = state.alerts.of(job_leak.POLICY)
    if leak.kept is None and not leak.row:
        leak = _resting(life.leak)
    return replace(
        state,
        peak_bytes=max(peaks, default=None),
        course=courses.joined(_course(state, recent, now), state.course),
        jobs=_jobs(state.jobs, life),
        alerts=with_state(state.alerts, job_leak.POLICY, leak),
    )


def _course(state: State, recent: tuple[Figure, ...], now: Now) -> Course:
    """The recorded memory as a picture's course, on the monotonic clock."""
    course = courses.begun_again(state.course)
    for figure in recent:
        at_s = now.mono_s - (now.wall_s - figure.at_s)
        course = courses.update(course, at_s, figure.memory_bytes, None, figure.apart_s)
    return course


def _resting(leak: JobLeakState) -> JobLeakState:
    """Of a job that ran when the monitor ended nothing is known but that."""
    if leak.running is None:
        return leak
    return replace(leak, running=None, before_bytes=None, quiet=(), most=None)


def _jobs(jobs: Jobs, life: Carried) -> Jobs:
    """This run's jobs come after the carried ones, and are numbered so."""
    current, draft = (_numbered(each, life.count) for each in (jobs.current, jobs.draft))
    own = tuple(replace(each, number=each.number + life.count) for each in jobs.ended)
    return replace(
        jobs,
        current=current,
        draft=draft,
        ended=(*life.jobs, *own)[-JOBS_KEPT:],
        count=jobs.count + life.count,
    )


def _numbered(job: Job | None, after: int) -> Job | None:
    return job and replace(job, number=job.number + after)
