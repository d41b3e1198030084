"""Makes a sample: takes one reading through every step that judges it.

The second half of the transition (`step`), step by step: which source to trust (`observation`), the
server's transition, its activity, the derived figures, the alert policies' findings, and the events
that follow.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from tray_app.core.alerts import forecast, hung, job_leak, levels, policies, room
from tray_app.core.alerts.facts import Facts, Signs
from tray_app.core.alerts.limits import Level
from tray_app.core.alerts.policies import AlertsState, Found
from tray_app.core.analysis import activity as activities
from tray_app.core.analysis import bands, job_profiles, rate, recent, startup
from tray_app.core.analysis import course as courses
from tray_app.core.analysis import jobs as jobs_
from tray_app.core.analysis.activity import ActivityState
from tray_app.core.analysis.bands import Band, BandState
from tray_app.core.analysis.job_profiles import Learned
from tray_app.core.analysis.jobs import Jobs
from tray_app.core.analysis.rate import Trend
from tray_app.core.model.api_failure import ApiFailureKind, FailureClass
from tray_app.core.model.presets import Mode
from tray_app.core.model.readings import (
    MIB,
    MemoryKind,
    Now,
    ProcessReading,
    TempUsage,
)
from tray_app.core.monitor import (
    alerting,
    offered,
    poll_peak,
    resume,
    run_end,
    server_actions,
    server_life,
)
from tray_app.core.monitor.events import (
    Event,
    HostMissing,
    JobCompared,
    JobEnded,
    JobStarted,
    Sampled,
    SourceChanged,
    TargetChanged,
)
from tray_app.core.monitor.inputs import SourcesRead
from tray_app.core.monitor.observation import Observation, observe
from tray_app.core.monitor.offered import Offered
from tray_app.core.monitor.sample import Sample
from tray_app.core.monitor.server_life import ServerLife
from tray_app.core.monitor.state import Health, State, is_menu_open
from tray_app.core.server.target_tracker import Change
from tray_app.core.source_choice import change_log, circuit_breaker
from tray_app.core.source_choice.circuit_breaker import ApiState, CircuitBreaker
from tray_app.core.source_choice.selection import Selected, Why
from tray_app.core.summary import measurement
from tray_app.core.summary.measurement import Reading

READING_WEIGHT = 0.25
# The API does not answer: more than slow.
_FAILED = (ApiState.SILENT, ApiState.ERROR, ApiState.UNREACHABLE)
# The longest change of source: a first walk of the temp directory, or the next answer.
TEMP_KEPT_S = 15.0
# The recorded idle server moves by less; a video that was posted moves memory by more.
RESTS_WITHIN_BYTES = 10 * MIB

# Panels start after the programs of a session: only a longer absence is reported.
HOST_MISSING_AFTER_S = 10.0

# A sample that comes later than this part of an interval counts as missed.
LATE_PART = 0.2


class _Work(Struct, frozen=True):
    """The server's activity. ``highest_bytes`` is the highest fast poll since the last sample."""

    temp: TempUsage | None
    activity: ActivityState
    jobs: Jobs
    learned: Learned
    highest_bytes: int | None


class _Course(Struct, frozen=True):
    """The derived figures. ``known_bytes`` is this sample's figure, unless it is too low."""

    trend: Trend
    band: BandState
    known_bytes: int | None
    peak_bytes: int | None


def make_sample(state: State, readings: SourcesRead, now: Now) -> tuple[State, tuple[Event, ...]]:
    """The state with one more sample, and its events in the order of their reports; `Sampled` is
    the first."""
    seen = observe(state, readings, now)
    life = server_life.life_of(state, readings, seen)
    before, state = state, resume.resumed(server_life.on_basis(state, seen, now, life), now)
    work = _work(before, state, readings, now, seen, life.lost)
    course = _course(state, now, seen, work.highest_bytes)
    facts = _facts(state, now, seen, life, work, course)
    alerts, found = policies.update(state.alerts, facts)
    sample = _sample(state, readings, seen, course, facts, alerts)
    muted, noted_s, said = alerting.tell(state, alerts, found, sample)
    if life.lost:
        said = (*alerting.unwatched(before, machine=False), *said)
    source = state.source if seen.selected.why is Why.BETWEEN else sample.source
    is_late = _is_late(state, readings, now, seen.every_s)
    reading = _reading(state, sample, course, work, found, missed=is_late)
    after = replace(
        state,
        override=life.override,
        tracker=life.tracker,
        breaker=seen.breaker,
        process=seen.process,
        offered=_offered(state, seen, now),
        cross_check=seen.cross_check,
        temp=work.temp,
        trend=course.trend,
        band=course.band,
        alerts=alerts,
        mute=muted,
        noted_s=noted_s,
        activity=work.activity,
        jobs=work.jobs,
        learned=work.learned,
        peak_bytes=course.peak_bytes,
        sample=sample,
        samples=sample.number,
        late=(late := state.late + is_late),
        health=Health(readings.monitor, now, sample.number, late)
        if readings.monitor
        else state.health,
        seen_answer_s=seen.answer.taken_s if seen.answer else state.seen_answer_s,
        sudden_s=_sudden_s(readings, seen.selected),
        source=source,
        source_changes=change_log.noted(
            state.source_changes,
            state.source,
            source,
            now.mono_s,
            failed=sample.api.state in _FAILED,
        ),
        reading_s=state.reading_s + READING_WEIGHT * (readings.took_s - state.reading_s),
        recent=recent.update(state.recent, now.mono_s, course.known_bytes),
        course=courses.update(
            state.course, now.mono_s, course.known_bytes, work.highest_bytes, seen.every_s
        ),
        run=measurement.update(state.run, reading),
        quick=state.quick and measurement.update(state.quick, reading),
        host_missing_said=state.host_missing_said or _is_host_missing(state, now),
    )
    polls = poll_peak.course(before if life.lost else state, readings, seen, now, lost=life.lost)
    new = Sampled(sample, polls, found)
    return run_end.ended(after, now, _events(state, after, new, life.change, said))


def _sudden_s(readings: SourcesRead, selected: Selected) -> float | None:
    """When a figure was measured that a fast poll called for, between two answers."""
    is_between = readings.sudden and selected.why is Why.BETWEEN
    return selected.taken_s if is_between else None


def _offered(state: State, seen: Observation, now: Now) -> tuple[Offered, ...]:
    kept = state.offered if is_menu_open(state, now.mono_s) else ()
    read = seen.process
    return offered.update(kept, read.candidates if read else (), read.others if read else ())


def _work(
    before: State, state: State, readings: SourcesRead, now: Now, seen: Observation, lost: bool
) -> _Work:
    """``before`` is the state of the last sample, ``state`` the same on this sample's basis."""
    temp = _temp(state, readings, now, seen, lost=lost)
    # A first answer comes with the server that has started, or from the one before it.
    reading = None if seen.apart else seen.breaker.reading
    answered_s = reading.taken_s if reading else None
    activity = activities.update(
        # The last server's activity says nothing about another one.
        ActivityState() if lost else state.activity,
        now.mono_s,
        seen.new_answer,
        seen.process,
        temp,
        startup=startup.startup(seen.process, now, answered_s) if seen.process else None,
    )
    highest_bytes = poll_peak.highest_bytes(state, readings, seen)
    jobs = jobs_.update(
        before.jobs if lost else state.jobs,  # it ends with the figures that it had
        now,
        activity,
        seen.figure,
        lost=lost,
        peak_bytes=poll_peak.last_bytes(before.process, readings) if lost else highest_bytes,
    )
    learned = job_profiles.update(state.learned, jobs.ended)
    return _Work(temp, activity, jobs, learned=learned, highest_bytes=highest_bytes)


def _temp(
    state: State, readings: SourcesRead, now: Now, seen: Observation, *, lost: bool
) -> TempUsage | None:
    """The newest figure of the server's temp directory; with several workers the walker's alone.

    The API is asked beside it, and its figure, which has no file names, would come in between.
    """
    told = seen.answer.temp if seen.answer else None
    walked = None if seen.is_mismatch else readings.temp
    if seen.selected.why is Why.WORKERS and walked and _is_kept(walked, now):
        return walked
    temp = _newer(told, walked)
    if temp is not None or lost or state.temp is None:
        return temp
    # The other source's first figure is on its way.
    return state.temp if _is_kept(state.temp, now) else None


def _is_kept(temp: TempUsage, now: Now) -> bool:
    return now.mono_s - temp.taken_s <= TEMP_KEPT_S


def _course(state: State, now: Now, seen: Observation, highest_bytes: int | None) -> _Course:
    memory_bytes, trend, band = seen.selected.memory_bytes, state.trend, state.band
    if memory_bytes is None:
        trend = Trend()
    elif seen.figure is not None:
        trend = rate.update(trend, now.mono_s, memory_bytes)
    if not seen.unmeasured or band.band is Band.UNKNOWN:
        band = bands.update(band, memory_bytes, state.settings.bands)
    known_bytes = None if seen.unmeasured else memory_bytes
    known = [each for each in (state.peak_bytes, known_bytes, highest_bytes) if each is not None]
    return _Course(trend, band, known_bytes, max(known, default=None))


def _facts(
    state: State,
    now: Now,
    seen: Observation,
    life: ServerLife,
    work: _Work,
    course: _Course,
) -> Facts:
    """The facts for the alert policies."""
    activity = work.activity
    return Facts(
        now=now,
        limits=state.settings.alerts.on_machine(seen.system),
        memory_bytes=seen.selected.memory_bytes,
        fresh=seen.figure is not None,
        system=seen.system,
        temp=work.temp,
        activity=activity,
        jobs=work.jobs,
        lost=life.lost,
        change=life.change,
        temp_place=server_actions.temp_directory(state.settings, seen.target),
        process=seen.process,
        signs=_signs(seen.own_breaker, seen.process, activity),
        profile=work.learned.profile,
        rests=not activity.stirs and rate.is_still(course.trend, RESTS_WITHIN_BYTES),
    )


# No processes are read.
_NO_PROCESSES = ProcessReading(0.0, None)


def _sample(
    state: State,
    readings: SourcesRead,
    seen: Observation,
    course: _Course,
    facts: Facts,
    alerts: AlertsState,
) -> Sample:
    settings, selected, now = state.settings, seen.selected, facts.now
    process, target = seen.process or _NO_PROCESSES, seen.target
    level = alerts.of(levels.POLICY)
    is_away = not seen.is_mismatch and circuit_breaker.is_open(seen.breaker, now.mono_s)
    own = readings.own
    return Sample(
        number=state.samples + 1,
        at=now,
        mode=settings.mode,
        source=selected.source,
        api=seen.condition,
        why=selected.why,
        fallback=is_away and settings.mode is Mode.AUTO,
        stale=selected.stale,
        age_s=None if selected.taken_s is None else max(0.0, now.mono_s - selected.taken_s),
        memory_bytes=selected.memory_bytes,
        band=course.band.band,
        peak_bytes=course.peak_bytes,
        rate_bytes_s=_rate(course, alerts),
        cpu_percent=process.cpu_percent,
        system=facts.system,
        temp=facts.temp,
        activity=facts.activity.activity,
        stage=facts.activity.stage,
        job=facts.jobs.latest,
        target=target,
        rows=process.rows,
        others=process.others,
        problem=process.problem,
        level=_level(facts),
        alert=level.reached,
        recovering=level.level if level.recovering else Level.NONE,
        forecast=alerts.forecast,
        rests=facts.rests,
        kept=alerts.of(job_leak.POLICY).kept,
        interval_s=seen.every_s,
        stretched=seen.every_s > settings.interval_s,
        candidates=process.candidates,
        own=own if own and target and own.target_pid == target.pid else None,
        temp_place=facts.temp_place,
        hung=alerts.of(hung.POLICY).hang,
        memory_kind=_kind(selected, seen.process),
        rss_bytes=process.rss_bytes,
        shared_bytes=process.shared_bytes,
        next_video=alerts.of(room.POLICY).next,
        advice=_advice(seen),
    )


def _advice(seen: Observation) -> tuple[str, ...]:
    reading = seen.own_breaker.reading
    return reading.advice if reading else ()


def _reading(
    state: State,
    sample: Sample,
    course: _Course,
    work: _Work,
    found: tuple[Found, ...],
    *,
    missed: bool,
) -> Reading:
    """What a summary needs of the sample."""
    kept = sample.kept if sample.kept is not state.alerts.of(job_leak.POLICY).kept else None
    return Reading(
        at_s=sample.at.mono_s,
        wall_s=sample.at.wall_s,
        memory_bytes=course.known_bytes,
        highest_bytes=work.highest_bytes,
        every_s=sample.interval_s,
        band=sample.band.value,
        level=sample.level.word,
        stage=sample.stage.name if sample.stage else "",
        missed=missed,
        jobs=int(state.jobs.current is not None and work.jobs.current is None),
        alerts=sum(not each.is_quiet for each in found),
        kept_bytes=kept.kept_bytes if kept else None,
    )


def _rate(course: _Course, alerts: AlertsState) -> float | None:
    """How fast memory changes. Beside a forecast the newest seconds count, which made it."""
    if alerts.forecast is not None:
        return forecast.newest_rate_bytes_s(alerts.outlook)
    return rate.rate_bytes_s(course.trend)


def _level(facts: Facts) -> Level:
    """The level that the figure is in. An alert of it may come later, or have come in advance."""
    if facts.memory_bytes is None:
        return Level.NONE
    return facts.limits.reached(facts.memory_bytes)


def _is_late(state: State, readings: SourcesRead, now: Now, every_s: float) -> bool:
    """Whether the sample came too late; not after a gap (sleep)."""
    is_slow = readings.late_s > LATE_PART * every_s
    return is_slow and state.sample is not None and state.awake != now


def _is_host_missing(state: State, now: Now) -> bool:
    """Whether no panel has shown the icon for long enough to report it."""
    since_s = state.host_away_since_s
    return since_s is not None and now.mono_s - since_s >= HOST_MISSING_AFTER_S


def _events(
    state: State, after: State, new: Sampled, change: Change | None, said: tuple[Event, ...]
) -> list[Event]:
    """The events of the sample, from the states before and after it."""
    sample, jobs = new.sample, after.jobs
    events: list[Event] = [new]
    if state.source is not None and after.source is not state.source:
        is_news = after.source_changes is not state.source_changes
        events.append(SourceChanged(sample, again=not is_news))
    if change is not None:
        events.append(TargetChanged(change, sample))
    if jobs.current and not state.jobs.current:
        events.append(JobStarted(jobs.current, sample))
    elif state.jobs.current and not jobs.current:
        events.append(JobEnded(jobs.ended[-1], sample))
    kept = sample.kept
    if kept is not None and kept is not state.alerts.of(job_leak.POLICY).kept:
        events.append(JobCompared(kept, sample))
    events += said
    if after.host_missing_said and not state.host_missing_said:
        events.append(HostMissing(after.around))
    return events


def _kind(selected: Selected, process: ProcessReading | None) -> MemoryKind | None:
    """The kind of the memory figure; the API reports the RSS of a process."""
    if selected.memory_bytes is None:
        return None
    return process.kind if process and process.target else MemoryKind.RSS


def _signs(
    breaker: CircuitBreaker, process: ProcessReading | None, activity: ActivityState
) -> Signs:
    """Whether the server answers or works; ``breaker`` is its own API's."""
    failure = breaker.failure
    problem = failure.problem if failure else None
    failure_class = problem.failure_class if problem else None
    readable = process is not None and process.target is not None
    return Signs(
        answered_s=breaker.reading.taken_s if breaker.reading else None,
        answers=failure_class is FailureClass.ERROR
        or (problem is None and breaker.reading is not None),
        silent_since_s=breaker.silent_since_s,
        timed_out=problem is not None
        and failure_class is FailureClass.TIMEOUT
        and problem.kind is not ApiFailureKind.NO_CONNECTION,
        readable=readable,
        cpu_percent=process.working_percent if process and breaker.silent_since_s else None,
        stopped=process is not None and process.is_stopped,
        busy=activity.is_busy,
    )


def _newer(one: TempUsage | None, other: TempUsage | None) -> TempUsage | None:
    if one is None or other is None:
        return one or other
    return one if one.taken_s >= other.taken_s else other
