"""The one transition: ``step(state, input, now) -> (state, events)``.

Everything that happens to the monitor is an input here, everything that it knows is in
`State`, everything that others must do is an event. No clock, no thread, no I/O: a day of
alerts runs in milliseconds on a fake clock.
"""

from __future__ import annotations

import math

from tray_app.core import activity as activities
from tray_app.core import clicks, wording
from tray_app.core import likeness as likenesses
from tray_app.core import link as api_link
from tray_app.core import stage as stages
from tray_app.core import succession as successions
from tray_app.core import summary as summaries
from tray_app.core import trend as trends
from tray_app.core import vigil as vigils
from tray_app.core.activity import ActivityState
from tray_app.core.address import public_url
from tray_app.core.bands import BandState, next_band
from tray_app.core.commands import (
    CleanUp,
    Command,
    FreeMemory,
    Mute,
    OpenServer,
    OpenTemp,
    Quit,
    SendTest,
    SetAutostart,
    SetInterval,
    SetMode,
    SetPalette,
    SetPaused,
    SetPreset,
    SetStyle,
    SetTheme,
    ShowStatus,
    Unmute,
    WatchAutomatically,
    WatchProcess,
)
from tray_app.core.deliveries import KEPT, Delivery
from tray_app.core.errands import Errand, Outcome
from tray_app.core.events import (
    AutostartFailed,
    AutostartWanted,
    Chosen,
    Ended,
    ErrandAsked,
    ErrandEnded,
    Event,
    HostMissing,
    JobEnded,
    JobStarted,
    NotifierCame,
    OpenAsked,
    Sampled,
    SourceChanged,
    Summarised,
    TargetChanged,
    Told,
)
from tray_app.core.jobs import Figure, Jobs, follow
from tray_app.core.likeness import Likeness
from tray_app.core.link import ApiCondition, ApiLink, ApiState
from tray_app.core.modes import PRESETS, Mode, Preset
from tray_app.core.picture import Palette, Style, Theme
from tray_app.core.readings import (
    ApiFailure,
    ApiOutcome,
    ApiReading,
    Now,
    OwnMemory,
    OwnUse,
    ProcessReading,
    Source,
    TempUsage,
)
from tray_app.core.sample import Sample
from tray_app.core.selection import Why, fresh, select
from tray_app.core.settings import Choice, Settings, reconfigured, switched
from tray_app.core.succession import Change, Succession
from tray_app.core.summary import Measurement
from tray_app.core.trend import Trend
from tray_app.core.values import dataclass, field, replace
from tray_app.core.vigil import Facts, Vigil
from tray_app.core.wish import NO_WISH, Wish, named

# A step of either clock beyond the other's by more than this is sleep or a changed clock; so is a
# sample that is late by more, where the monotonic clock counts sleep (Windows, not Linux).
GAP_S = 5.0
# Readings that take longer than four fifths of an interval stretch it.
READINGS_PER_INTERVAL = 1.25
READING_WEIGHT = 0.25
# Panels start after the programs of a session: only a longer absence is worth a word.
HOST_MISSING_AFTER_S = 10.0
# A sample that comes later than this part of an interval counts as missed.
LATE_PART = 0.2
# XFCE's panel never says that a menu was closed: after it was opened it counts as open for so long.
MENU_OPEN_AT_MOST_S = 60.0
# What this program itself takes is read while the menu is open, else this often.
HEALTH_EVERY_S = 60.0


@dataclass(frozen=True, slots=True)
class Asked:
    """A request to the API was sent."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A request ended; ``jitter`` in [0, 1) spreads the pause after a failure."""

    outcome: ApiOutcome
    jitter: float = 0.5


@dataclass(frozen=True, slots=True)
class Looked:
    """A reading of this machine, where it may be read, which took ``took_s``.

    ``sudden``: it was not due yet, but a quick look (`looks`) or a person called for it.
    ``monitor`` is this program itself, where `wants_health`; ``late_s``: so long after its time.
    """

    process: ProcessReading | None = None
    temp: TempUsage | None = None
    took_s: float = 0.0
    sudden: bool = False
    own: OwnMemory | None = None
    monitor: OwnUse | None = None
    late_s: float = 0.0


@dataclass(frozen=True, slots=True)
class TimeUp:
    """A set time (`ends_s`) is over, whether a sample is due or not."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """What became of a notification; ``problem`` is None when it got through, by ``means``."""

    problem: str | None = None
    title: str = ""
    means: str | None = None


@dataclass(frozen=True, slots=True)
class NotifierSeen:
    """A notification service has appeared on this desktop."""


@dataclass(frozen=True, slots=True)
class Brought:
    """An errand has ended."""

    outcome: Outcome


@dataclass(frozen=True, slots=True)
class NotOpened:
    """The desktop could not open what was asked of it."""

    place: str
    problem: str


@dataclass(frozen=True, slots=True)
class HostSeen:
    """Whether a panel that shows icons is there."""

    present: bool


@dataclass(frozen=True, slots=True)
class MenuSeen:
    """The menu was opened, or closed where the panel tells."""

    open: bool


@dataclass(frozen=True, slots=True)
class ThemeSeen:
    """The desktop's colour scheme; AUTO: it has none, or does not tell."""

    theme: Theme


@dataclass(frozen=True, slots=True)
class AutostartSeen:
    """Whether the program starts with the desktop session, and why it could not be changed."""

    on: bool
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Reconfigured:
    """The config file was edited; ``local``: whether the URL's host is this machine."""

    base: Settings
    local: bool


Report = (
    Delivered | HostSeen | NotifierSeen | Brought | NotOpened | MenuSeen | ThemeSeen | AutostartSeen
)
Input = Asked | Answered | Looked | TimeUp | Reconfigured | Report | Command


@dataclass(frozen=True, slots=True)
class Health:
    """The monitor itself, as of ``at``: its use, and how many of its samples came too late."""

    own: OwnUse
    at: Now
    samples: int
    late: int


@dataclass(frozen=True, slots=True)
class State:
    """Everything the monitor knows.

    ``base`` is what the user has set without any preset, ``settings`` what holds now;
    ``local`` whether the URL's host is this machine. ``run`` measures from the start on (and
    ends the program at its ``ends_s``), ``quick`` is a quick test from the menu, which
    returns to the settings ``before_quick``.
    ``wish`` is what a person wants watched: from the command line, then from the menu.
    ``seen_answer_s`` is the newest answer that a sample has used. ``source`` is the last one that
    was more than the other's stopgap (`Why.BETWEEN`). ``reading_s`` is what a reading takes,
    smoothed. ``awake`` is the end of the last
    gap (`_woken`), or the start: no duration reaches back beyond it.
    ``deliveries`` are the last notifications (newest last), ``errand`` is what the server is asked
    to do now, and ``brought`` what came of the last one.
    ``late`` counts samples that came too late, ``delivered`` notifications that got through.
    ``theme_seen`` is the desktop's, ``menu_until_s`` how long the menu counts as open, and
    ``backend`` names what shows the icon.
    """

    base: Settings
    settings: Settings
    started: Now
    awake: Now
    local: bool = True
    demo: bool = False
    paused: bool = False
    choice: Choice = Choice()
    link: ApiLink = ApiLink()
    process: ProcessReading | None = None
    likeness: Likeness = Likeness()
    temp: TempUsage | None = None
    trend: Trend = Trend()
    band: BandState = BandState()
    vigil: Vigil = Vigil()
    activity: ActivityState = ActivityState()
    jobs: Jobs = Jobs()
    peak_bytes: int | None = None
    sample: Sample | None = None
    samples: int = 0
    seen_answer_s: float | None = None
    source: Source | None = None
    reading_s: float = 0.0
    wish: Wish = NO_WISH
    succession: Succession = Succession()
    run: Measurement = field(default_factory=lambda: Measurement(0.0))
    quick: Measurement | None = None
    before_quick: Settings | None = None
    delivery_problem: str | None = None
    deliveries: tuple[Delivery, ...] = ()
    errand: Errand | None = None
    brought: Outcome | None = None
    status_shown_s: float | None = None
    host_away_since_s: float | None = None
    host_missing_said: bool = False
    theme_seen: Theme = Theme.AUTO
    menu_until_s: float | None = None
    health: Health | None = None
    late: int = 0
    backend: str = ""
    autostart: bool = False
    ended: bool = False


def begin(
    base: Settings,
    settings: Settings,
    now: Now,
    *,
    local: bool,
    demo: bool = False,
    remembered: Choice = Choice(),
) -> State:
    """The state before the first sample; a set duration starts to run now."""
    ends_s = now.mono_s + settings.duration_s if settings.duration_s is not None else None
    return State(
        base=base,
        settings=settings,
        started=now,
        local=local,
        demo=demo,
        choice=remembered,
        awake=now,
        wish=named(settings.pid, settings.match),
        vigil=vigils.restore(remembered.alerts, now),
        run=Measurement(now.mono_s, ends_s),
    )


def wants_api(state: State) -> bool:
    """Whether requests may be sent."""
    return state.settings.mode is not Mode.FALLBACK and not state.paused


def wants_processes(state: State) -> bool:
    """Whether this machine's processes may be read."""
    return state.settings.mode is not Mode.API and state.local


def wants_largest(state: State) -> bool:
    """Whether the next reading should tell who holds the machine's memory: it is running short."""
    return state.vigil.shortage.looms


def interval_s(state: State) -> float:
    """Seconds between two samples: as set, or longer where that cannot be kept."""
    only_api = not wants_processes(state) and wants_api(state)
    apart_s = api_link.apart_s(state.link) if only_api else 0.0
    return max(state.settings.interval_s, READINGS_PER_INTERVAL * state.reading_s, apart_s)


def wants_stage(state: State) -> bool:
    """Whether the next request should ask for the stage: only when something has changed."""
    return state.activity.words.wanted


def is_menu_open(state: State, now_s: float) -> bool:
    """Whether somebody may be looking at the menu, and what only it shows is to be read."""
    return state.menu_until_s is not None and now_s < state.menu_until_s


def wants_health(state: State, now_s: float) -> bool:
    """Whether the next sample should read this program itself."""
    health = state.health
    old = health is None or now_s - health.at.mono_s >= HEALTH_EVERY_S
    return old or is_menu_open(state, now_s)


def style(state: State) -> Style:
    """How the icon is drawn."""
    return state.choice.style or state.settings.style


def palette(state: State) -> Palette:
    """In which colours the icon is drawn."""
    return state.choice.palette or state.settings.palette


def theme(state: State) -> Theme:
    """For which panel the icon is drawn: what was chosen, else what the desktop tells."""
    chosen = chosen_theme(state)
    return state.theme_seen if chosen is Theme.AUTO else chosen


def chosen_theme(state: State) -> Theme:
    """What the menu says of the panel, or the settings; AUTO: the desktop is followed."""
    return state.choice.theme or state.settings.theme


def is_muted(state: State, now: Now) -> bool:
    """Whether alerts are held back at this moment."""
    return state.vigil.quiet.muted_s(now) > 0.0


def machine_short(state: State) -> bool:
    """Whether the machine, not the server, is short of memory, as was said."""
    return state.vigil.shortage.said


def is_watching(state: State) -> bool:
    """Whether a process that was picked in the menu is watched."""
    return state.wish.picked is not None


def last_action(state: State) -> str:
    """What is asked of the server, or what the last thing asked has brought; empty without any."""
    if state.errand is not None:
        return f"{clicks.under_way(state.errand)} …"
    return clicks.line(state.brought) if state.brought else ""


def patience_s(state: State) -> float:
    """How long the next request may take."""
    settings = state.settings
    return settings.patience_busy_s if state.activity.is_busy else settings.patience_s


def ends_s(state: State) -> float:
    """When a set time is over (monotonic seconds); never is infinity."""
    ends = (run.ends_s for run in (state.run, state.quick) if run is not None)
    return min((end for end in ends if end is not None), default=math.inf)


def wants_reading_s(state: State) -> float:
    """When the alert policy wants a reading apart from the usual ones: a hold ends, say.

    In monotonic seconds; never is infinity. What the last reading has not settled waits for the
    next usual one.
    """
    if state.sample is None or state.paused:
        return math.inf
    due_s = vigils.due_s(state.vigil, state.settings.alerts, state.sample.at)
    return due_s if due_s > state.sample.at.mono_s else math.inf


def step(state: State, happened: Input, now: Now) -> tuple[State, tuple[Event, ...]]:
    """The state after one input, and what follows from it for others."""
    if is_gap(state, now):
        state = _woken(state, now)
        if isinstance(happened, Answered) and isinstance(happened.outcome, ApiReading):
            # It may have lain in the inbox all night: another one is asked for.
            return replace(state, link=ApiLink()), ()
    match happened:
        case Asked():
            words = stages.asked(state.activity.words, now.mono_s)
            activity = replace(state.activity, words=words)
            link = api_link.asked(state.link, now.mono_s)
            return replace(state, link=link, activity=activity), ()
        case Answered(outcome, jitter):
            return _answered(state, outcome, now, jitter), ()
        case Looked():
            return _looked(state, happened, now)
        case TimeUp():
            return _end_measurements(state, now, [])
        case Delivered(problem, title, means):
            deliveries = (*state.deliveries, Delivery(now, title, means, problem))[-KEPT:]
            return replace(state, deliveries=deliveries, delivery_problem=problem), ()
        case NotifierSeen():
            return state, (NotifierCame(),)
        case Brought(outcome):
            return replace(state, errand=None, brought=outcome), (ErrandEnded(outcome),)
        case NotOpened(place, problem):
            return state, (clicks.not_opened(place, problem),)
        case FreeMemory():
            return _run_errand(state, Errand.FREE_MEMORY)
        case CleanUp():
            return _run_errand(state, Errand.CLEAN_UP)
        case OpenTemp():
            found = clicks.temp_place(state)
            return state, (OpenAsked(found) if isinstance(found, str) else found,)
        case OpenServer():
            return state, (OpenAsked(public_url(state.settings.address)),)
        case SendTest():
            return state, (clicks.test(),)
        case ShowStatus():
            return _show_status(state, now)
        case HostSeen(present):
            since_s = None if present else (state.host_away_since_s or now.mono_s)
            return replace(state, host_away_since_s=since_s), ()
        case MenuSeen(is_open):
            until_s = now.mono_s + MENU_OPEN_AT_MOST_S if is_open else None
            return replace(state, menu_until_s=until_s), ()
        case ThemeSeen(seen):
            return replace(state, theme_seen=seen), ()
        case SetStyle(chosen):
            return _remember(state, replace(state.choice, style=chosen))
        case SetPalette(hues):
            return _remember(state, replace(state.choice, palette=hues))
        case SetTheme(panel):
            return _remember(state, replace(state.choice, theme=panel))
        case AutostartSeen(on, problem):
            failed = () if problem is None else (AutostartFailed(not on, problem),)
            return replace(state, autostart=on), failed
        case SetAutostart(on):
            return state, (AutostartWanted(on),)
        case Reconfigured(base, local):
            return _reconfigured(state, base, local, now), ()
        case SetInterval(pace_s):
            return replace(state, settings=replace(state.settings, interval_s=pace_s)), ()
        case SetMode(mode):
            settings = replace(state.settings, mode=mode)
            choice = replace(state.choice, mode=mode)
            asked_s = state.link.asked_s  # this request is still in flight, and its silence counts
            link = ApiLink(asked_s=asked_s, silent_since_s=asked_s)
            changed = replace(state, settings=settings, choice=choice, link=link)
            return changed, (Chosen(choice),)
        case SetPreset(preset):
            return _set_preset(state, preset, now)
        case SetPaused(paused):
            # What came before a pause says nothing about rate or silence after it.
            link = ApiLink(asked_s=state.link.asked_s)
            vigil = vigils.paused(state.vigil, now)
            return replace(state, paused=paused, trend=Trend(), vigil=vigil, link=link), ()
        case Mute(duration_s):
            vigil, memory = vigils.muted(state.vigil, now, duration_s)
            return replace(state, vigil=vigil), (memory,)
        case Unmute():
            vigil, news = vigils.unmuted(state.vigil, now)
            return replace(state, vigil=vigil), news
        case WatchProcess(pid, created_s):
            return replace(state, wish=Wish(picked=(pid, created_s))), ()
        case WatchAutomatically():
            return replace(state, wish=NO_WISH), ()
        case Quit():
            return replace(state, ended=True), (Ended(),)


def _run_errand(state: State, errand: Errand) -> tuple[State, tuple[Event, ...]]:
    if reason := clicks.against(state, errand):
        return state, (clicks.refusal(errand, reason),)
    return replace(state, errand=errand), (ErrandAsked(errand, state.settings),)


def _show_status(state: State, now: Now) -> tuple[State, tuple[Event, ...]]:
    shown_s = state.status_shown_s
    if shown_s is not None and now.mono_s - shown_s < clicks.DOUBLE_CLICK_S:
        return state, ()
    title, text = wording.status(state.sample, demo=state.demo, paused=state.paused)
    return replace(state, status_shown_s=now.mono_s), (Told(title, text, "status"),)


def _remember(state: State, choice: Choice) -> tuple[State, tuple[Event, ...]]:
    return replace(state, choice=choice), (Chosen(choice),)


def samples_at_once(state: State, now: Now) -> bool:
    """Whether an answer that just came changes the source, so that waiting would mislead."""
    sample = state.sample
    return (
        sample is not None
        and sample.source is not Source.API
        and sample.why not in (Why.WORKERS, Why.BETWEEN)
        and fresh(state.link, now.mono_s, interval_s(state))
    )


def _answered(state: State, outcome: ApiOutcome, now: Now, jitter: float) -> State:
    match outcome:
        case ApiReading():
            link = api_link.answered(state.link, outcome)
        case ApiFailure():
            words = stages.unanswered(state.activity.words, state.link.asked_s)
            state = replace(state, activity=replace(state.activity, words=words))
            link = api_link.failed(state.link, outcome, now.mono_s, jitter)
    return replace(state, link=link)


def _set_preset(state: State, preset: Preset, now: Now) -> tuple[State, tuple[Event, ...]]:
    # A preset leaves the mode as it is, but not one that only the preset before it had set.
    mode = state.settings.mode
    if PRESETS[state.settings.preset].mode and preset is not Preset.QUICK:
        mode = state.choice.mode or state.base.mode
    settings = switched(state.settings, replace(state.base, mode=mode), preset)
    if preset is Preset.QUICK:
        quick = Measurement(now.mono_s, now.mono_s + (settings.duration_s or 0.0))
        before = state.before_quick or state.settings
        return replace(state, settings=settings, quick=quick, before_quick=before), ()
    run = state.run
    if state.settings.preset is Preset.QUICK and state.quick is None:
        run = replace(run, ends_s=None)  # started as a quick test; the person wants to go on
    choice = replace(state.choice, preset=preset)
    changed = replace(
        state, settings=settings, choice=choice, run=run, quick=None, before_quick=None
    )
    return changed, (Chosen(choice),)


def _reconfigured(state: State, base: Settings, local: bool, now: Now) -> State:
    old, before_quick = state.base, state.before_quick
    settings = reconfigured(state.settings, old, base, state.choice)
    if before_quick:
        before_quick = reconfigured(before_quick, old, base, state.choice)
    wish = state.wish  # what was picked in the menu stays
    if wish == named(state.settings.pid, state.settings.match):
        wish = named(settings.pid, settings.match)
    changed = replace(state, base=base, settings=settings, before_quick=before_quick, wish=wish)
    if settings.address == state.settings.address:
        return changed
    # Of another server, what was seen of the last one says nothing.
    return replace(
        changed,
        local=local,
        awake=now,
        link=ApiLink(),
        process=None,
        likeness=Likeness(),
        temp=None,
        trend=Trend(),
        band=BandState(),
        vigil=Vigil(quiet=state.vigil.quiet),
        activity=ActivityState(),
        peak_bytes=None,
        seen_answer_s=None,
        source=None,
        succession=Succession(),
    )


def remembered(state: State) -> Choice:
    """What the next start should know: the choices, and what only the end of a run can tell."""
    at = state.sample.at if state.sample else state.started
    return replace(state.choice, alerts=vigils.remembered(state.vigil, at) or None)


def is_gap(state: State, now: Now) -> bool:
    """Whether since the last sample the machine slept, a clock was set or nothing could run."""
    sample, last = state.sample, state.awake
    is_due = sample is not None and not state.paused
    if sample is not None and sample.at.mono_s > last.mono_s:
        last = sample.at
    mono_s, wall_s = now.mono_s - last.mono_s, now.wall_s - last.wall_s
    late_s = mono_s - interval_s(state) if is_due else 0.0
    return abs(wall_s - mono_s) > GAP_S or late_s > GAP_S


def _away_s(state: State, now: Now) -> float:
    last = state.sample.at if state.sample else state.awake
    return max(now.wall_s - last.wall_s, now.mono_s - last.mono_s)


def _woken(state: State, now: Now) -> State:
    """After a gap, which is no time that was watched: no rate, age or silence reaches across it."""
    asked_s = state.link.asked_s  # may still be answered; its silence begins now
    return replace(
        state,
        awake=now,
        vigil=vigils.woken(state.vigil, now, _away_s(state, now)),
        trend=Trend(),
        link=ApiLink(asked_s=asked_s, silent_since_s=None if asked_s is None else now.mono_s),
        activity=replace(state.activity, read_s=None, burst_s=0.0, hot_s=0.0),
    )


def _looked(state: State, looked: Looked, now: Now) -> tuple[State, tuple[Event, ...]]:
    settings, link, process = state.settings, state.link, looked.process
    every_s = interval_s(state)
    answer = link.reading if fresh(link, now.mono_s, every_s) else None
    new_answer = answer if answer and answer.taken_s != state.seen_answer_s else None
    likeness = likenesses.compare(state.likeness, new_answer, process)
    # What a person has chosen is not doubted; away from the port the API speaks for another.
    is_chosen = process is not None and process.target is not None and not state.wish.is_open
    apart = is_chosen and process is not None and process.worker_count == 0
    disowned = process is not None and not is_chosen and likenesses.is_another(likeness, process)
    if process and process.target and disowned:
        problem = wording.not_the_server(process.target.name)
        process = likenesses.disowned(process, problem)
    found = process.target if process else None
    known = state.process.target if state.process else None
    if found and found != known and link.failures:
        link = api_link.hurry(link)

    selected = select(
        Mode.FALLBACK if apart and settings.mode is Mode.AUTO else settings.mode,
        link,
        process,
        now.mono_s,
        every_s,
        state.local,
        disowned,
        doubted=likenesses.is_doubted(likeness),
        sudden=looked.sudden,
    )
    between = selected.why is Why.BETWEEN
    memory_bytes = selected.memory_bytes
    temp = (answer.temp if answer else None) or (None if disowned else looked.temp)
    system = (process.system if process else None) or (answer.system if answer else None)
    condition = (
        ApiCondition(ApiState.OFF)
        if settings.mode is Mode.FALLBACK
        else api_link.condition(link, now.mono_s, every_s)
    )
    lost = _is_lost(state, looked.process, likeness, selected.source, condition.state)
    # Of another server, what the last one did says nothing.
    before = ActivityState() if lost else state.activity
    activity = activities.next_activity(before, now.mono_s, new_answer, process, temp)
    unknown = memory_bytes is None or selected.stale
    figure = None if unknown else Figure(memory_bytes or 0, selected.source)
    jobs = follow(state.jobs, now, activity, figure, lost=lost)

    trend = state.trend
    if memory_bytes is not None and not selected.stale:
        trend = trends.add(trend, now.mono_s, memory_bytes)
    elif memory_bytes is None:
        trend = Trend()
    band = next_band(state.band, memory_bytes, settings.bands)
    late = state.late + _is_late(looked.late_s, state, now)
    itself = looked.monitor
    health = Health(itself, now, state.samples + 1, late) if itself else state.health
    peak_bytes = max((b for b in (state.peak_bytes, memory_bytes) if b is not None), default=None)
    succession, change = _succession(state.succession, looked.process, disowned)
    wish = _next_wish(state, looked.process)
    if change is not None:
        change = replace(change, falls_back=wish != state.wish)
    facts = Facts(
        now,
        memory_bytes,
        memory_bytes is not None and not selected.stale,
        system,
        temp,
        activity,
        jobs,
        lost,
        change,
        looked.process.largest if looked.process else (),
    )
    vigil, found_out = vigils.watch(state.vigil, facts, settings.alerts)
    sample = Sample(
        number=state.samples + 1,
        at=now,
        mode=settings.mode,
        source=selected.source,
        api=condition,
        why=selected.why,
        fallback=settings.mode is Mode.AUTO and not disowned and api_link.away(link, now.mono_s),
        stale=selected.stale,
        age_s=None if selected.taken_s is None else max(0.0, now.mono_s - selected.taken_s),
        memory_bytes=memory_bytes,
        band=band.band,
        peak_bytes=peak_bytes,
        rate_bytes_s=trends.rate_bytes_s(trend),
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
        alert=vigil.levels.said,
        forecast=found_out.forecast,
        kept=vigil.kept,
        interval_s=every_s,
        stretched=every_s > settings.interval_s,
        candidates=process.candidates if process else (),
        own=looked.own if looked.own and found and looked.own.target_pid == found.pid else None,
    )
    vigil, said = vigils.tell(state.vigil, vigil, found_out, sample, settings.alerts)
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
        run=summaries.record(state.run, now.mono_s, memory_bytes),
        quick=state.quick and summaries.record(state.quick, now.mono_s, memory_bytes),
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
    return _end_measurements(changed, now, events)


def _succession(
    before: Succession, process: ProcessReading | None, disowned: bool
) -> tuple[Succession, Change | None]:
    if process is None:
        return before, None
    return (Succession(), None) if disowned else successions.compare(before, process)


def _next_wish(state: State, process: ProcessReading | None) -> Wish:
    """A process that was picked in the menu is wished for until it has ended."""
    if state.wish.picked is None or process is None or process.target is not None:
        return state.wish
    return named(None, state.settings.match)


def _is_late(late_s: float, state: State, now: Now) -> bool:
    """Whether a sample was missed; after a gap (sleep) nobody waited for one."""
    waited = state.sample is not None and state.awake != now
    return waited and late_s > LATE_PART * interval_s(state)


def _is_lost(
    state: State,
    process: ProcessReading | None,
    likeness: Likeness,
    source: Source,
    api: ApiState,
) -> bool:
    """Whether the server that was watched is gone, or another process has taken its place.

    Silence is neither: only who is looked for and not found, or refused, is gone.
    """
    known = state.likeness.target
    if known is not None and likeness.target != known:
        return True
    if source is not Source.NONE:
        return False
    missed = known is not None and process is not None and process.target is None
    return missed or api is ApiState.UNREACHABLE


def _over(run: Measurement | None, now: Now) -> bool:
    return run is not None and run.ends_s is not None and now.mono_s >= run.ends_s


def _end_measurements(
    state: State, now: Now, events: list[Event]
) -> tuple[State, tuple[Event, ...]]:
    """When a set time is over: a summary, and the end of the run or of the quick test."""
    if state.quick and state.before_quick and _over(state.quick, now):
        events.append(Summarised(summaries.summarise(state.quick, now.mono_s), ends_run=False))
        settings = replace(state.before_quick, mode=state.settings.mode)
        state = replace(state, settings=settings, quick=None, before_quick=None)
    if _over(state.run, now):
        events += [Summarised(summaries.summarise(state.run, now.mono_s), ends_run=True), Ended()]
        state = replace(state, ended=True)
    return state, tuple(events)
