"""Making a sample: what one reading says, taken through all that judges it.

The second half of the transition (`step`): which source to trust, what the server is doing, what
the alert policies find, and the events that follow.
"""

from __future__ import annotations

from msgspec.structs import replace

from tray_app.core.alerts import forecast
from tray_app.core.alerts.hung import Signs
from tray_app.core.alerts.levels import Level
from tray_app.core.analysis import activity as activities
from tray_app.core.analysis import bands, measurement, rate, shared_memory, startup
from tray_app.core.analysis import jobs as jobs_
from tray_app.core.analysis.activity import ActivityState
from tray_app.core.analysis.bands import Band
from tray_app.core.analysis.jobs import Figure
from tray_app.core.analysis.measurement import Measurement
from tray_app.core.analysis.rate import Trend
from tray_app.core.model.presets import Mode
from tray_app.core.model.readings import (
    MIB,
    ApiFailureKind,
    Loss,
    MemoryKind,
    Now,
    ProcessReading,
    Source,
    TempUsage,
)
from tray_app.core.monitor import alerting, server_actions
from tray_app.core.monitor.alerting import Facts
from tray_app.core.monitor.events import (
    Ended,
    Event,
    HostMissing,
    JobEnded,
    JobStarted,
    Sampled,
    SourceChanged,
    Summarised,
    TargetChanged,
)
from tray_app.core.monitor.inputs import Looked
from tray_app.core.monitor.sample import Sample
from tray_app.core.monitor.state import Health, State, interval_s, rebased
from tray_app.core.presentation import wording
from tray_app.core.server import target_tracker
from tray_app.core.server.target_override import TargetOverride, named
from tray_app.core.server.target_tracker import Change, TargetTracker, Turn
from tray_app.core.source_choice import basis as bases
from tray_app.core.source_choice import circuit_breaker, cross_check
from tray_app.core.source_choice.basis import Basis
from tray_app.core.source_choice.circuit_breaker import ApiCondition, ApiState, CircuitBreaker
from tray_app.core.source_choice.cross_check import CrossCheck
from tray_app.core.source_choice.selection import Selected, Why, fresh, select

READING_WEIGHT = 0.25
# A change of source takes no longer: a first walk of the temp directory, or the next answer.
TEMP_KEPT_S = 15.0
# The recorded idle server moves by less; a video that was posted moves memory by more.
RESTS_WITHIN_BYTES = 10 * MIB
NOT_ASKED = ApiCondition(ApiState.OFF)
NOT_LINKED = CircuitBreaker()

# Panels start after the programs of a session: only a longer absence is worth a word.
HOST_MISSING_AFTER_S = 10.0

# A sample that comes later than this part of an interval counts as missed.
LATE_PART = 0.2


def make_sample(state: State, looked: Looked, now: Now) -> tuple[State, tuple[Event, ...]]:
    """The state with one more sample, and the events that follow from it, in the order in which
    they are to be told; `Sampled` is the first."""
    settings, link = state.settings, state.link
    process = shared_memory.corrected(looked.process, looked.sharing) if looked.process else None
    every_s = interval_s(state)
    if process is not None and process.loss is not None and _answered(state, process.loss):
        link = circuit_breaker.ended(link)
    answer = link.reading if fresh(link, now.mono_s, every_s) else None
    new_answer = answer if answer and answer.taken_s != state.seen_answer_s else None
    likeness = cross_check.update(state.likeness, new_answer, process)
    # What a person has chosen is not doubted; away from the port the API speaks for another.
    is_chosen = process is not None and process.target is not None and not state.wish.is_open
    unlike = process is not None and cross_check.is_another(likeness, process)
    apart = is_chosen and process is not None and (unlike or process.worker_count == 0)
    disowned = unlike and not is_chosen
    if process and process.target and disowned:
        problem = wording.not_the_server(process.target.name)
        process = cross_check.disowned(process, problem)
    found = process.target if process else None
    known = state.process.target if state.process else None
    if found and found != known and link.failures:
        link = circuit_breaker.hurry(link)

    selected = select(
        Mode.FALLBACK if apart and settings.mode is Mode.AUTO else settings.mode,
        link,
        process,
        now.mono_s,
        every_s,
        state.local,
        disowned,
        doubted=cross_check.is_doubted(likeness),
        sudden=looked.sudden,
    )
    between = selected.why is Why.BETWEEN
    memory_bytes = selected.memory_bytes
    system = (process.system if process else None) or (answer.system if answer else None)
    condition = (
        NOT_ASKED
        if settings.mode is Mode.FALLBACK
        else circuit_breaker.condition(link, now.mono_s, every_s)
    )
    lost = _is_lost(state, looked.process, likeness, selected.source, condition.state)
    succession, change = _succession(state.succession, looked.process, disowned)
    jobs = state.jobs
    basis = bases.of(selected, process, likeness)
    before_reading = state.process
    state = _on_basis(state, basis, now, change, lost=lost)
    if not lost:
        jobs = state.jobs  # else it ends, with the figures that it had
    temp = _newer(answer.temp if answer else None, None if disowned else looked.temp)
    if temp is None and state.temp and not lost and now.mono_s - state.temp.taken_s <= TEMP_KEPT_S:
        temp = state.temp  # the other source's first figure is on the way
    # Of another server, what the last one did says nothing.
    before = ActivityState() if lost else state.activity
    # A first answer comes with the server that has started, or from the one before it.
    answered_s = link.reading.taken_s if link.reading and not apart else None
    start = startup.startup(process, now, answered_s) if process else None
    activity = activities.update(before, now.mono_s, new_answer, process, temp, startup=start)
    # A figure that is too low for a moment is shown, but nothing follows from it.
    unmeasured = process is not None and process.kind is MemoryKind.UNMEASURED
    unknown = memory_bytes is None or selected.stale or unmeasured
    figure = None if unknown else Figure(memory_bytes or 0, selected.source)
    highest_bytes = _highest_bytes(state, looked, process, selected, likeness)
    last_bytes = _last_bytes(before_reading, looked) if lost else highest_bytes
    jobs = jobs_.update(jobs, now, activity, figure, lost=lost, peak_bytes=last_bytes)

    trend = state.trend
    if memory_bytes is not None and not unknown:
        trend = rate.update(trend, now.mono_s, memory_bytes)
    elif memory_bytes is None:
        trend = Trend()
    band = state.band
    if not unmeasured or band.band is Band.UNKNOWN:
        band = bands.update(band, memory_bytes, settings.bands)
    late = state.late
    if looked.late_s > LATE_PART * every_s and state.sample is not None and state.awake != now:
        late += 1  # but not after a gap (sleep): nobody waited for that one
    itself = looked.monitor
    health = Health(itself, now, state.samples + 1, late) if itself else state.health
    known_bytes = None if unmeasured else memory_bytes
    peak_bytes = max(
        (each for each in (state.peak_bytes, known_bytes, highest_bytes) if each is not None),
        default=None,
    )
    wish = _next_wish(state, looked.process)
    if change is not None:
        change = replace(change, falls_back=wish != state.wish)
    temp_place = server_actions.temp_directory(settings, found)
    facts = Facts(
        now,
        memory_bytes,
        not unknown,
        system,
        temp,
        activity,
        jobs,
        lost,
        change,
        looked.process.largest if looked.process else (),
        temp_place,
        process.killed if process else None,
        _signs(
            NOT_LINKED if apart or settings.mode is Mode.FALLBACK else link,
            process,
            activity,
        ),
        rests=not activity.stirs and rate.is_still(trend, RESTS_WITHIN_BYTES),
    )
    vigil, found_out = alerting.watch(state.vigil, facts, settings.alerts)
    line = forecast.shown(vigil.outlook, now.mono_s)
    sample = Sample(
        number=state.samples + 1,
        at=now,
        mode=settings.mode,
        source=selected.source,
        api=condition,
        why=selected.why,
        fallback=settings.mode is Mode.AUTO
        and not disowned
        and circuit_breaker.away(link, now.mono_s),
        stale=selected.stale,
        age_s=None if selected.taken_s is None else max(0.0, now.mono_s - selected.taken_s),
        memory_bytes=memory_bytes,
        band=band.band,
        peak_bytes=peak_bytes,
        # One source for both: a forecast never stands beside a rate that contradicts it.
        rate_bytes_s=line.rate_bytes_s if line else rate.rate_bytes_s(trend),
        cpu_percent=process.cpu_percent if process else None,
        system=system,
        temp=temp,
        activity=activity.activity,
        stage=activity.stage,
        job=jobs.latest,
        target=found,
        rows=process.rows if process else (),
        others=process.others if process else (),
        problem=process.problem if process else None,
        alert=vigil.levels.reached,
        recovering=vigil.levels.level if vigil.levels.recovering else Level.NONE,
        forecast=found_out.forecast,
        rests=facts.rests,
        kept=vigil.kept,
        interval_s=every_s,
        stretched=every_s > settings.interval_s,
        candidates=process.candidates if process else (),
        own=looked.own if looked.own and found and looked.own.target_pid == found.pid else None,
        temp_place=temp_place,
        hung=vigil.hung.hang,
        memory_kind=_kind(selected, process),
        rss_bytes=process.rss_bytes if process else None,
        shared_bytes=process.shared_bytes if process else 0,
    )
    vigil, said = alerting.tell(state.vigil, vigil, found_out, sample, settings.alerts)
    changed = replace(
        state,
        wish=wish,
        succession=succession,
        link=link,
        process=process,
        likeness=likeness,
        temp=temp,
        trend=trend,
        band=band,
        vigil=vigil,
        activity=activity,
        jobs=jobs,
        peak_bytes=peak_bytes,
        sample=sample,
        samples=sample.number,
        late=late,
        health=health,
        seen_answer_s=answer.taken_s if answer else state.seen_answer_s,
        source=state.source if between else selected.source,
        reading_s=state.reading_s + READING_WEIGHT * (looked.took_s - state.reading_s),
        run=measurement.update(state.run, known_bytes),
        quick=state.quick and measurement.update(state.quick, known_bytes),
    )
    events: list[Event] = [Sampled(sample)]
    if state.source is not None and changed.source is not state.source:
        events.append(SourceChanged(sample))
    if change is not None:
        events.append(TargetChanged(change, sample))
    if jobs.current and not state.jobs.current:
        events.append(JobStarted(jobs.current, sample))
    elif state.jobs.current and not jobs.current:
        events.append(JobEnded(jobs.ended[-1], sample))
    events += said
    since_s = state.host_away_since_s
    if since_s is not None and now.mono_s - since_s >= HOST_MISSING_AFTER_S:
        if not state.host_missing_said:
            events.append(HostMissing())
        changed = replace(changed, host_missing_said=True)
    return end_measurements(changed, now, events)


def _kind(selected: Selected, process: ProcessReading | None) -> MemoryKind | None:
    """What the memory figure is; the API tells the RSS of a process."""
    if selected.memory_bytes is None:
        return None
    return process.kind if process and process.target else MemoryKind.RSS


def _answered(state: State, loss: Loss) -> bool:
    """Whether the process that has ended was the one that answers the API, as far as is known."""
    before = state.process
    if before is None or before.target is None or before.worker_count == 0:
        return False
    target, ended = before.target, loss.target
    return (target.pid, target.created_s) == (ended.pid, ended.created_s)


def _signs(link: CircuitBreaker, process: ProcessReading | None, activity: ActivityState) -> Signs:
    """Whether the server answers, or does anything; ``link`` is that to its own API."""
    failure = link.failure
    kind = failure.kind if failure else None
    readable = process is not None and process.target is not None
    return Signs(
        answered_s=link.reading.taken_s if link.reading else None,
        answers=kind is ApiFailureKind.ERROR or (kind is None and link.reading is not None),
        silent_since_s=link.silent_since_s,
        timed_out=kind is ApiFailureKind.TIMEOUT and failure is not None and failure.accepted,
        readable=readable,
        cpu_percent=process.working_percent if process and link.silent_since_s else None,
        stopped=process is not None and process.is_stopped,
        busy=activity.is_busy,
    )


def _on_basis(
    state: State, basis: Basis | None, now: Now, change: Change | None, *, lost: bool
) -> State:
    """The state before this sample's figure, which is on this basis; None: there is no figure."""
    before = bases.ENDED if lost else state.basis
    if basis is None:
        return replace(state, basis=before) if lost else state
    if before is not None and bases.is_another(before, basis):
        follows = change is not None and change.turn is Turn.FOLLOWED
        state = rebased(state, now, same_run=before.ended and not follows)
    return replace(state, basis=basis) if state.basis != basis else state


def _newer(one: TempUsage | None, other: TempUsage | None) -> TempUsage | None:
    if one is None or other is None:
        return one or other
    return one if one.taken_s >= other.taken_s else other


def _highest_bytes(
    state: State,
    looked: Looked,
    process: ProcessReading | None,
    selected: Selected,
    likeness: CrossCheck,
) -> int | None:
    """The highest figure that quick looks have seen since the last sample; None: they may have
    looked at something else than what the figure means."""
    peak_bytes, before = looked.peak_rss_bytes, state.process
    if peak_bytes is None or selected.memory_bytes is None or cross_check.is_doubted(likeness):
        return None
    if process is None or process.rss_bytes is None or before is None:
        return None
    if process.target is None or before.target is None:
        return None
    if (process.target.pid, process.target.created_s) != (
        before.target.pid,
        before.target.created_s,
    ):
        return None
    if MemoryKind.UNMEASURED in (process.kind, before.kind):
        return None
    # A look sums up RSS. Who has come or ended since may be in it, with what they shared.
    return peak_bytes - max(before.shared_bytes, process.shared_bytes)


def _last_bytes(before: ProcessReading | None, looked: Looked) -> int | None:
    """The highest figure that quick looks have seen of a server that has ended since."""
    peak_bytes, loss = looked.peak_rss_bytes, looked.process.loss if looked.process else None
    if peak_bytes is None or loss is None or before is None or before.target is None:
        return None
    same = (before.target.pid, before.target.created_s) == (loss.target.pid, loss.target.created_s)
    if not same or before.kind is MemoryKind.UNMEASURED:
        return None
    return peak_bytes - before.shared_bytes


def _succession(
    before: TargetTracker, process: ProcessReading | None, disowned: bool
) -> tuple[TargetTracker, Change | None]:
    if process is None:
        return before, None
    return (TargetTracker(), None) if disowned else target_tracker.update(before, process)


def _next_wish(state: State, process: ProcessReading | None) -> TargetOverride:
    """A process that was picked in the menu is wished for until it has ended."""
    if state.wish.picked is None or process is None or process.target is not None:
        return state.wish
    return named(None, state.settings.match)


def _is_lost(
    state: State,
    process: ProcessReading | None,
    likeness: CrossCheck,
    source: Source,
    api: ApiState,
) -> bool:
    """Whether the server that was watched is gone, or another process has taken its place.

    Silence is neither: only who is looked for and not found, or refused, is gone.
    """
    known = state.likeness.target
    if known is not None and likeness.target != known:
        return state.basis is None or not state.basis.ended  # else its end is known
    if source is not Source.NONE:
        return False
    missed = known is not None and process is not None and process.target is None
    return missed or api is ApiState.UNREACHABLE


def _over(run: Measurement | None, now: Now) -> bool:
    return run is not None and run.ends_s is not None and now.mono_s >= run.ends_s


def run_summary(state: State, now: Now, wanted: bool = True) -> tuple[Event, ...]:
    """What the run amounts to, when it ends; of no samples there is nothing to tell."""
    if not wanted or not state.run.samples:
        return ()
    return (Summarised(measurement.summarise(state.run, now.mono_s), ends_run=True),)


def end_measurements(
    state: State, now: Now, events: list[Event]
) -> tuple[State, tuple[Event, ...]]:
    """When a set time is over: a summary, and the end of the run or of the quick test."""
    if state.quick and state.before_quick and _over(state.quick, now):
        events.append(Summarised(measurement.summarise(state.quick, now.mono_s), ends_run=False))
        settings = replace(state.before_quick, mode=state.settings.mode)
        state = replace(state, settings=settings, quick=None, before_quick=None)
    if _over(state.run, now):
        events += [Summarised(measurement.summarise(state.run, now.mono_s), ends_run=True), Ended()]
        state = replace(state, ended=True)
    return state, tuple(events)
