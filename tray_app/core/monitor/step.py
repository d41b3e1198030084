"""The monitor's one transition: ``step(state, input, now) -> (state, events)``.

Everything that happens to the monitor is an input here (`inputs`), everything that it knows is in
`State`, everything for others to do is an event. No clock, no thread, no I/O: a day of alerts runs
in milliseconds on a fake clock.
"""

from __future__ import annotations

from msgspec.structs import replace

from tray_app.core.alerts.policies import CALM
from tray_app.core.analysis import activity as activities
from tray_app.core.analysis import recent, stage
from tray_app.core.analysis.activity import ActivityState
from tray_app.core.analysis.rate import Trend
from tray_app.core.config.settings import RememberedChoices, Settings, reconfigured, switched
from tray_app.core.model.document import Document
from tray_app.core.model.icon_options import Click
from tray_app.core.model.presets import PRESETS, Preset
from tray_app.core.model.readings import ApiFailure, ApiOutcome, ApiReading, Now
from tray_app.core.model.server_action import Risk, ServerAction
from tray_app.core.model.server_address import ServerAddress, at_port
from tray_app.core.monitor import alerting, run_end, server_actions
from tray_app.core.monitor.commands import (
    CleanUp,
    DeleteHistory,
    EditLimits,
    ExportHistory,
    FreeMemory,
    LeftClick,
    Mute,
    OpenFolder,
    OpenHelp,
    OpenHistory,
    OpenIncident,
    OpenLog,
    OpenServer,
    OpenSettingsFile,
    OpenTemp,
    Quit,
    SendTest,
    SetAutostart,
    SetClick,
    SetInterval,
    SetMode,
    SetPalette,
    SetPaused,
    SetPreset,
    SetStyle,
    SetTheme,
    ShowReport,
    ShowStatus,
    ShowSummary,
    Unmute,
    WatchAutomatically,
    WatchPort,
    WatchProcess,
)
from tray_app.core.monitor.delivery_log import KEPT, Delivery
from tray_app.core.monitor.events import (
    ActionEnded,
    ActionRefused,
    ActionRequested,
    AlertFate,
    AutostartFailed,
    AutostartWanted,
    Chosen,
    ConfirmationNeeded,
    DayAsked,
    DeletionAsked,
    DeletionDoubted,
    DemoRepeats,
    DocumentAsked,
    Ended,
    Event,
    ExportAsked,
    HistoryAsked,
    HistoryDeleted,
    HistoryExported,
    NotifierCame,
    OpenAsked,
    OpenFailed,
    PageAsked,
    PortWatched,
    SettingsWrong,
    StatusRequested,
    SummaryMade,
    TempPlaceMissing,
    TestRequested,
)
from tray_app.core.monitor.inputs import (
    ActionFinished,
    AlertsRecalled,
    Answered,
    Asked,
    AutostartSeen,
    DaySummed,
    Delivered,
    ExportEnded,
    FontsSeen,
    HistoryForgotten,
    HistoryGone,
    HistorySeen,
    HostSeen,
    IncidentsSeen,
    Input,
    LifeRecalled,
    MenuSeen,
    NoteEnded,
    NotifierSeen,
    NotOpened,
    Reconfigured,
    SourcesRead,
    StoryBeganAgain,
    ThemeSeen,
    ThreadRestarted,
    TimeUp,
)
from tray_app.core.monitor.make_sample import make_sample
from tray_app.core.monitor.state import Restarts, State, click, is_gap, rebased
from tray_app.core.server.target_override import NO_OVERRIDE, TargetOverride, named
from tray_app.core.server.target_tracker import TargetTracker
from tray_app.core.source_choice import circuit_breaker
from tray_app.core.source_choice.circuit_breaker import CircuitBreaker
from tray_app.core.source_choice.cross_check import CrossCheck
from tray_app.core.summary import measurement
from tray_app.core.summary.measurement import Measurement, Scope

# XFCE's panel never reports that a menu was closed: an opened menu counts as open for this long.
MENU_OPEN_AT_MOST_S = 60.0
# A second click within this time is the other half of a double click.
DOUBLE_CLICK_S = 1.0


def step(  # noqa: C901, PLR0915 - a plain match: one case for each input
    state: State, happened: Input, now: Now
) -> tuple[State, tuple[Event, ...]]:
    """The state after one input, and its events."""
    if is_gap(state, now):
        state = _woken(state, now)
        if isinstance(happened, Answered) and isinstance(happened.outcome, ApiReading):
            # It may have waited in the inbox all night: request another one.
            return replace(state, breaker=CircuitBreaker()), ()
    match happened:
        case Asked():
            words = stage.asked(state.activity.words, now.mono_s)
            activity = replace(state.activity, words=words)
            breaker = circuit_breaker.asked(state.breaker, now.mono_s)
            return replace(state, breaker=breaker, activity=activity), ()
        case Answered(outcome, jitter):
            return _answered(state, outcome, now, jitter), ()
        case SourcesRead():
            return make_sample(state, happened, now)
        case TimeUp():
            return run_end.ended(state, now, [])
        case Delivered(problem, title, means, is_alert, about_s):
            newest = Delivery(now, title, means, problem, is_alert=is_alert)
            deliveries = (*state.deliveries, newest)[-KEPT:]
            known = alerting.fate(about_s, title, problem)
            return replace(state, deliveries=deliveries, delivery_problem=problem), known
        case NoteEnded(about_s, title, clicked):
            return state, (AlertFate(about_s, title, ("closed", "clicked")[clicked]),)
        case NotifierSeen():
            return state, (NotifierCame(),)
        case ActionFinished(outcome):
            return replace(state, running_action=None, brought=outcome), (ActionEnded(outcome),)
        case NotOpened(place, problem, document):
            return state, (OpenFailed(place, problem, document),)
        case FreeMemory(sure):
            return _run_action(state, ServerAction.FREE_MEMORY, sure)
        case CleanUp(action, sure):
            return _run_action(state, action, sure)
        case OpenTemp():
            return state, (_temp_place(state),)
        case OpenServer() if state.demo:
            return state, (OpenFailed(state.settings.address.shown, "not in the demo"),)
        case OpenServer():
            return state, (PageAsked(state.settings),)
        case EditLimits():
            return state, (DocumentAsked(Document.LIMITS),)
        case OpenSettingsFile():
            line = state.mistakes[0].line if state.mistakes else 0
            return state, (DocumentAsked(Document.SETTINGS, line),)
        case OpenLog():
            seen = state.restarts and replace(state.restarts, seen=True)
            return replace(state, restarts=seen), (DocumentAsked(Document.LOG),)
        case OpenHelp():
            return state, (DocumentAsked(Document.HELP),)
        case ShowReport():
            return state, (DocumentAsked(Document.REPORT),)
        case SendTest():
            return state, (TestRequested(),)
        case ShowStatus():
            return _show_status(state, now)
        case LeftClick():
            return step(state, left_click(state), now)
        case OpenHistory() | OpenIncident() | ExportHistory() if state.demo:
            return state, (OpenFailed("the history", "not in the demo"),)
        case OpenHistory():
            return state, (HistoryAsked(),)
        case OpenIncident(at_s):
            return state, (HistoryAsked(at_s),)
        case IncidentsSeen(incidents):
            return replace(state, incidents=incidents), ()
        case ShowSummary(Scope.TODAY):
            return state, (DayAsked(),)
        case ShowSummary():
            return state, (_since_start(state, now),)
        case LifeRecalled(life, figures):
            return replace(state, carried=life, carried_recent=figures), ()
        case AlertsRecalled(alerts):
            return replace(state, earlier_alerts=alerts), ()
        case DaySummed(summary):
            return state, (SummaryMade(Scope.TODAY, summary, state.started),)
        case DeleteHistory(sure):
            return state, (_deletion(sure),)
        case HistoryForgotten(problem):
            deleted = HistoryDeleted(problem, goes_on=_records(state))
            return _without_alerts(state, problem), (deleted,)
        case HistoryGone():
            return _without_alerts(state), ()
        case ExportHistory():
            return _export(state)
        case ExportEnded(folder, files, problem):
            result = HistoryExported(folder, files, problem)
            return replace(state, exporting=False), (result,)
        case OpenFolder(path):
            return state, (OpenAsked(path),)
        case HostSeen(present, around):
            since_s = None if present else (state.host_away_since_s or now.mono_s)
            return replace(state, host_away_since_s=since_s, around=around), ()
        case MenuSeen(is_open):
            until_s = now.mono_s + MENU_OPEN_AT_MOST_S if is_open else None
            opened = now if is_open else state.menu_opened
            return replace(state, menu_until_s=until_s, menu_opened=opened), ()
        case ThemeSeen(seen):
            return replace(state, theme_seen=seen), ()
        case ThreadRestarted(name, problem):
            count = state.restarts.count if state.restarts else 0
            return replace(state, restarts=Restarts(count + 1, name, problem)), ()
        case HistorySeen(problem):
            return replace(state, history_problem=problem), ()
        case FontsSeen(blocks, emoji):
            return replace(state, has_blocks=blocks, has_emoji=emoji), ()
        case StoryBeganAgain():
            return state, (DemoRepeats(now),)
        case SetStyle(chosen):
            return _remember(state, replace(state.choice, style=chosen))
        case SetPalette(hues):
            return _remember(state, replace(state.choice, palette=hues))
        case SetClick(opens):
            return _remember(state, replace(state.choice, click=opens))
        case SetTheme(panel):
            return _remember(state, replace(state.choice, theme=panel))
        case AutostartSeen(on, problem):
            failed = () if problem is None else (AutostartFailed(not on, problem),)
            return replace(state, autostart=on), failed
        case SetAutostart(on) if state.demo:
            return state, (AutostartFailed(on, "not in the demo"),)
        case SetAutostart(on):
            return state, (AutostartWanted(on),)
        case Reconfigured(base, local, mistakes):
            changed = replace(_reconfigured(state, base, local, now), mistakes=mistakes)
            changed, withdrawn = alerting.after_change(state, changed)
            is_news = mistakes and mistakes != state.mistakes
            return changed, (*withdrawn, *((SettingsWrong(mistakes),) if is_news else ()))
        case SetInterval(pace_s):
            return replace(state, settings=replace(state.settings, interval_s=pace_s)), ()
        case SetMode(mode):
            settings = replace(state.settings, mode=mode)
            choice = replace(state.choice, mode=mode)
            # A request in flight still counts, with its silence.
            breaker = circuit_breaker.begun_again(state.breaker, state.breaker.asked_s)
            changed = replace(state, settings=settings, choice=choice, breaker=breaker)
            return changed, (Chosen(choice),)
        case SetPreset(preset):
            return _set_preset(state, preset, now)
        case SetPaused(paused):
            # Readings before a pause say nothing about rate or silence after it.
            breaker = circuit_breaker.begun_again(state.breaker)
            withdrawn = alerting.unwatched(state, machine=True) if paused else ()
            # A pause is a gap.
            state = alerting.woken(state, now, 0.0)
            return replace(state, paused=paused, trend=Trend(), breaker=breaker), withdrawn
        case Mute(duration_s):
            return alerting.muted(state, now, duration_s)
        case Unmute():
            return alerting.unmuted(state, now)
        case WatchProcess(pid, created_s):
            return replace(state, override=TargetOverride(pinned=(pid, created_s))), ()
        case WatchPort(port):
            return _watch_port(state, port, now)
        case WatchAutomatically():
            chosen_by_none = replace(state, override=NO_OVERRIDE)
            return alerting.after_change(state, _at(chosen_by_none, state.configured, now))
        case Quit(summed_up):
            return replace(state, ended=True), (*run_end.summary(state, now, summed_up), Ended())


def _export(state: State) -> tuple[State, tuple[Event, ...]]:
    """One at a time."""
    return replace(state, exporting=True), (() if state.exporting else (ExportAsked(),))


def _without_alerts(state: State, problem: str = "") -> State:
    """The menu lists no alert of a history that was deleted; its count of notifications stays."""
    if problem:
        return state
    deliveries = tuple(replace(each, is_alert=False) for each in state.deliveries)
    return replace(state, earlier_alerts=(), deliveries=deliveries)


def _since_start(state: State, now: Now) -> SummaryMade:
    so_far = measurement.summarise(state.run, now.mono_s) if state.run.samples else None
    return SummaryMade(Scope.START, so_far, state.started)


def _deletion(sure: bool) -> DeletionAsked | DeletionDoubted:
    return DeletionAsked() if sure else DeletionDoubted()


def _records(state: State) -> bool:
    return state.base.history and not state.demo


def left_click(state: State) -> ShowStatus | OpenHistory:
    """What a left click on the icon, or on the menu's first row, does."""
    return OpenHistory() if click(state) is Click.HISTORY else ShowStatus()


def _run_action(state: State, action: ServerAction, sure: bool) -> tuple[State, tuple[Event, ...]]:
    if reason := server_actions.against(state, action):
        return state, (ActionRefused(action, reason, state.running_action),)
    risk = server_actions.risk_of(state)
    if not sure and risk is not Risk.NONE:
        temp = state.sample.temp if state.sample else None
        return state, (ConfirmationNeeded(action, risk, temp),)
    return replace(state, running_action=action), (ActionRequested(action, state.settings),)


def _temp_place(state: State) -> OpenAsked | TempPlaceMissing:
    place = server_actions.temp_place(state)
    return OpenAsked(place) if isinstance(place, str) else TempPlaceMissing(place)


def _show_status(state: State, now: Now) -> tuple[State, tuple[Event, ...]]:
    shown_s = state.status_shown_s
    if shown_s is not None and now.mono_s - shown_s < DOUBLE_CLICK_S:
        return state, ()
    requested = StatusRequested(
        state.sample,
        state.demo,
        state.paused,
        last_job=state.jobs.ended[-1] if state.jobs.ended else None,
        average=recent.average(state.recent, now.mono_s),
    )
    return replace(state, status_shown_s=now.mono_s), (requested,)


def _remember(state: State, choice: RememberedChoices) -> tuple[State, tuple[Event, ...]]:
    return replace(state, choice=choice), (Chosen(choice),)


def _answered(state: State, outcome: ApiOutcome, now: Now, jitter: float) -> State:
    match outcome:
        case ApiReading():
            breaker = circuit_breaker.answered(state.breaker, outcome)
        case ApiFailure():
            words = stage.unanswered(state.activity.words, state.breaker.asked_s)
            state = replace(state, activity=replace(state.activity, words=words))
            breaker = circuit_breaker.failed(state.breaker, outcome, now.mono_s, jitter)
    return replace(state, breaker=breaker)


def _set_preset(state: State, preset: Preset, now: Now) -> tuple[State, tuple[Event, ...]]:
    # A preset keeps the mode, unless the previous preset had set it (a quick test keeps both).
    mode = state.settings.mode
    previous = (state.before_quick or state.settings).preset
    if PRESETS[previous].mode and preset is not Preset.QUICK:
        mode = state.choice.mode or state.base.mode
    settings = switched(state.settings, replace(state.base, mode=mode), preset)
    if preset is Preset.QUICK:
        quick = Measurement(now.mono_s, now.mono_s + (settings.duration_s or 0.0))
        before = state.before_quick or state.settings
        return replace(state, settings=settings, quick=quick, before_quick=before), ()
    run = state.run
    if state.settings.preset is Preset.QUICK and state.quick is None:
        run = replace(run, ends_s=None)  # started as a quick test; the user wants to go on
    choice = replace(state.choice, preset=preset)
    changed = replace(
        state, settings=settings, choice=choice, run=run, quick=None, before_quick=None
    )
    return changed, (Chosen(choice),)


def _reconfigured(state: State, base: Settings, local: bool, now: Now) -> State:
    old, before_quick = state.base, state.before_quick
    if base.address != old.address:
        state = _at(state, state.configured, now)  # the edit is newer
    settings = reconfigured(state.settings, old, base, state.choice)
    if before_quick:
        before_quick = reconfigured(before_quick, old, base, state.choice)
    override = state.override  # a choice from the menu stays
    if override == named(state.settings.pid, state.settings.match):
        override = named(settings.pid, settings.match)
    changed = replace(
        state, base=base, settings=settings, before_quick=before_quick, override=override
    )
    if settings.address == state.settings.address:
        return changed
    return replace(_of_another_server(changed, now), local=local)


def _watch_port(state: State, port: int, now: Now) -> tuple[State, tuple[Event, ...]]:
    address = at_port(state.settings.address, port)
    if state.demo or address == state.settings.address:
        return state, ()
    configured = state.configured or state.settings.address
    moved = replace(_at(replace(state, override=NO_OVERRIDE), address, now), configured=configured)
    moved, withdrawn = alerting.after_change(state, moved)
    return moved, (*withdrawn, PortWatched(address))


def _at(state: State, address: ServerAddress | None, now: Now) -> State:
    """Watches the server at this address of the same machine; None: no change."""
    if address is None or address == state.settings.address:
        return replace(state, configured=None)
    before_quick = state.before_quick and replace(state.before_quick, address=address)
    settings = replace(state.settings, address=address)
    changed = replace(state, settings=settings, before_quick=before_quick, configured=None)
    return _of_another_server(changed, now)


def _of_another_server(state: State, now: Now) -> State:
    """Another server: drops everything learnt about the last one."""
    return replace(
        rebased(state, now),
        awake=now,
        breaker=CircuitBreaker(),
        process=None,
        cross_check=CrossCheck(),
        alerts=CALM,
        noted_s=None,
        activity=ActivityState(),
        seen_answer_s=None,
        source=None,
        tracker=TargetTracker(),
        carried=None,
        carried_recent=(),
    )


def _away_s(state: State, now: Now) -> float:
    last = state.sample.at if state.sample else state.awake
    return max(now.wall_s - last.wall_s, now.mono_s - last.mono_s)


def _woken(state: State, now: Now) -> State:
    """After a gap: no rate, age or silence reaches across it."""
    silent_since_s = None if state.breaker.asked_s is None else now.mono_s  # it begins now
    return replace(
        alerting.woken(state, now, _away_s(state, now)),
        awake=now,
        trend=Trend(),
        breaker=circuit_breaker.begun_again(state.breaker, silent_since_s),
        activity=activities.woken(state.activity),
    )
