"""The monitor's whole state. Only `step` changes it."""

from __future__ import annotations

import math

from msgspec import Struct, field
from msgspec.structs import replace

from tray_app.core.alerts import policies, system_memory
from tray_app.core.alerts.limits import AlertLimits
from tray_app.core.alerts.policies import CALM, AlertsState
from tray_app.core.analysis import activity as activities
from tray_app.core.analysis import course as courses
from tray_app.core.analysis import jobs as jobs_
from tray_app.core.analysis import stage
from tray_app.core.analysis.activity import ActivityState
from tray_app.core.analysis.bands import BandState
from tray_app.core.analysis.course import Course
from tray_app.core.analysis.job_profiles import Learned
from tray_app.core.analysis.jobs import Jobs
from tray_app.core.analysis.rate import Trend
from tray_app.core.analysis.recent import RecentMemory
from tray_app.core.config.mistake import Mistake
from tray_app.core.config.settings import RememberedChoices, Settings
from tray_app.core.model.icon_options import Click, Palette, Style, Theme
from tray_app.core.model.incident import PastIncident
from tray_app.core.model.presets import Mode
from tray_app.core.model.readings import Now, OwnUse, ProcessReading, Source, TempUsage
from tray_app.core.model.server_action import ActionResult, ServerAction
from tray_app.core.model.server_address import ServerAddress
from tray_app.core.monitor import mute
from tray_app.core.monitor.carried import Carried, Figure
from tray_app.core.monitor.delivery_log import Delivery
from tray_app.core.monitor.mute import UNMUTED, MuteState
from tray_app.core.monitor.offered import Offered
from tray_app.core.monitor.sample import Sample
from tray_app.core.server.target_override import NO_OVERRIDE, TargetOverride, named
from tray_app.core.server.target_tracker import TargetTracker
from tray_app.core.source_choice import circuit_breaker
from tray_app.core.source_choice.basis import Basis
from tray_app.core.source_choice.change_log import ChangeLog
from tray_app.core.source_choice.circuit_breaker import CircuitBreaker
from tray_app.core.source_choice.cross_check import CrossCheck
from tray_app.core.source_choice.selection import Why, fresh
from tray_app.core.summary import measurement
from tray_app.core.summary.measurement import Measurement

# If one clock moves further than the other by more than this, the machine slept or a clock was set.
# So does a sample that is later than this, where the monotonic clock counts sleep (Windows, not
# Linux).
GAP_S = 5.0

# Readings that take longer than four fifths of an interval stretch it.
READINGS_PER_INTERVAL = 1.25

# This program's own use is read while the menu is open, otherwise this often.
HEALTH_EVERY_S = 60.0


class Health(Struct, frozen=True):
    """The monitor itself, as of ``at``: its use, and how many of its samples came too late."""

    own: OwnUse
    at: Now
    samples: int
    late: int


class Restarts(Struct, frozen=True):
    """The number of restarts of the monitor's own threads, and the last one: thread and problem.

    ``seen``: the user has opened the log since."""

    count: int
    name: str
    problem: str
    seen: bool = False


class State(Struct, frozen=True):
    """Everything the monitor knows.

    ``base`` are the settings without a preset, ``settings`` the current ones; ``local`` whether the
    URL's host is this machine. ``run`` measures from the start on (and ends the program at its
    ``ends_s``), ``quick`` is a quick test from the menu, which returns to the settings
    ``before_quick``. ``override`` is the user's choice of process, from the command line, then from
    the menu; while another port is watched, ``configured`` is the configured address.
    ``seen_answer_s`` is the newest answer that a sample has used, ``sudden_s`` is when the last
    figure was measured, if a fast poll called for it between two answers. ``source`` is the last
    one that was not a stopgap (`Why.BETWEEN`), ``source_changes`` when it changed. ``reading_s`` is
    the smoothed duration of a reading.
    ``learned`` is what the last jobs needed.
    ``basis`` is the newest figure's, ``peak_bytes`` the highest on it, ``recent`` its average and
    ``course`` its last minutes for pictures, which a restart of the server does not cut off.
    ``awake`` is the end of the last gap (`_woken`), or the start: no duration reaches back beyond
    it. ``alerts`` is the policies' state, ``mute`` the mute with its pending alerts; ``noted_s`` is
    the last change of the state that a restart needs. ``deliveries`` are the last notifications
    (newest last), ``running_action`` is the server action in progress, and ``brought`` the result
    of the last one.
    ``late`` counts late samples, ``delivered`` delivered notifications. ``theme_seen`` is the
    desktop's, ``menu_opened`` when the menu was last opened, ``menu_until_s`` how long it counts as
    open, ``offered`` the processes that it offers to watch, and ``backend`` names what shows the
    icon. ``mistakes`` are values of the config file and the environment that cannot be used.
    ``carried`` is what an earlier run of the monitor knew of the server, until the basis of a
    figure tells whether it is still the same one; ``carried_recent`` is its memory of the last
    minutes. ``earlier_alerts`` are those of earlier runs, oldest first.
    """

    base: Settings
    settings: Settings
    started: Now
    awake: Now
    local: bool = True
    demo: bool = False
    paused: bool = False
    choice: RememberedChoices = RememberedChoices()
    breaker: CircuitBreaker = CircuitBreaker()
    process: ProcessReading | None = None
    cross_check: CrossCheck = CrossCheck()
    temp: TempUsage | None = None
    trend: Trend = Trend()
    recent: RecentMemory = RecentMemory()
    course: Course = Course()
    band: BandState = BandState()
    alerts: AlertsState = CALM
    mute: MuteState = UNMUTED
    noted_s: float | None = None
    activity: ActivityState = ActivityState()
    jobs: Jobs = Jobs()
    learned: Learned = Learned()
    basis: Basis | None = None
    peak_bytes: int | None = None
    sample: Sample | None = None
    samples: int = 0
    seen_answer_s: float | None = None
    sudden_s: float | None = None
    source: Source | None = None
    source_changes: ChangeLog = ChangeLog()
    reading_s: float = 0.0
    override: TargetOverride = NO_OVERRIDE
    configured: ServerAddress | None = None
    tracker: TargetTracker = TargetTracker()
    run: Measurement = field(default_factory=lambda: Measurement(0.0))
    quick: Measurement | None = None
    before_quick: Settings | None = None
    delivery_problem: str | None = None
    deliveries: tuple[Delivery, ...] = ()
    running_action: ServerAction | None = None
    brought: ActionResult | None = None
    status_shown_s: float | None = None
    host_away_since_s: float | None = None
    around: tuple[str, ...] = ()
    host_missing_said: bool = False
    # The desktop opens submenus inside the menu (GNOME), which then needs room.
    unfolds: bool = False
    # The desktop can draw the blocks of a sparkline, and coloured circles.
    has_blocks: bool = False
    has_emoji: bool = False
    theme_seen: Theme = Theme.AUTO
    menu_opened: Now | None = None
    menu_until_s: float | None = None
    offered: tuple[Offered, ...] = ()
    health: Health | None = None
    late: int = 0
    restarts: Restarts | None = None
    history_problem: str = ""
    carried: Carried | None = None
    carried_recent: tuple[Figure, ...] = ()
    earlier_alerts: tuple[Delivery, ...] = ()
    incidents: tuple[PastIncident, ...] = ()
    exporting: bool = False
    backend: str = ""
    autostart: bool = False
    mistakes: tuple[Mistake, ...] = ()
    ended: bool = False


def begin(
    base: Settings,
    settings: Settings,
    now: Now,
    *,
    local: bool,
    demo: bool = False,
    remembered: RememberedChoices = RememberedChoices(),
    mistakes: tuple[Mistake, ...] = (),
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
        override=named(settings.pid, settings.match),
        run=Measurement(now.mono_s, ends_s),
        mistakes=mistakes,
    )


def rebased(state: State, now: Now, *, same_run: bool = False) -> State:
    """The memory figure has another basis from now on, so everything derived from earlier ones
    begins again. ``same_run``: the same server, restarted."""
    changed = replace(
        state,
        basis=None,
        trend=Trend(),
        recent=RecentMemory(),
        band=BandState(),
        alerts=policies.rebased(state.alerts, now.mono_s),
        activity=activities.rebased(state.activity),
        jobs=jobs_.rebased(state.jobs),
        temp=None,
        peak_bytes=None,
    )
    if same_run:
        return changed
    quick = state.quick and measurement.rebased(state.quick)
    run = measurement.rebased(state.run)
    return replace(changed, run=run, quick=quick, course=courses.begun_again(state.course))


def set_address(state: State) -> ServerAddress:
    """The address that was set, also while another port is watched."""
    return state.configured or state.settings.address


def wants_api(state: State) -> bool:
    """Whether requests may be sent."""
    return state.settings.mode is not Mode.FALLBACK and not state.paused


def wants_processes(state: State) -> bool:
    """Whether this machine's processes may be read."""
    return state.settings.mode is not Mode.API and state.local


def wants_largest(state: State) -> bool:
    """Whether the next reading should list the largest processes: the machine is running short."""
    return state.alerts.of(system_memory.POLICY).looms


def interval_s(state: State) -> float:
    """Seconds between two samples: as set, or longer if readings take too long."""
    only_api = not wants_processes(state) and wants_api(state)
    apart_s = circuit_breaker.apart_s(state.breaker) if only_api else 0.0
    return max(state.settings.interval_s, READINGS_PER_INTERVAL * state.reading_s, apart_s)


def wants_stage(state: State) -> bool:
    """Whether the next request should ask for the stage: only when something has changed."""
    return state.activity.words.wanted


def hastens(state: State) -> bool:
    """Whether that request should not wait for the next tick."""
    return state.activity.hastens and state.activity.words.wanted


def is_menu_open(state: State, now_s: float) -> bool:
    """Whether the menu may be open, so that its own figures must be read."""
    return state.menu_until_s is not None and now_s < state.menu_until_s


def has_menus_figures(state: State) -> bool:
    """Whether the figures that only an open menu shows are as new as the menu; none are read during
    a pause."""
    opened, sample = state.menu_opened, state.sample
    if opened is None or state.menu_until_s is None:
        return False
    return state.paused or (sample is not None and sample.at.mono_s >= opened.mono_s)


def newest(state: State) -> Now:
    """The newest moment that the state knows: of its last sample, or of the menu's opening, which
    during a pause is later."""
    known = [state.started]
    if state.sample is not None:
        known.append(state.sample.at)
    if state.menu_opened is not None:
        known.append(state.menu_opened)
    return max(known, key=lambda moment: moment.mono_s)


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


def click(state: State) -> Click:
    """What a left click opens: the status where no history is recorded."""
    chosen = state.choice.click or state.settings.click
    return chosen if records(state) else Click.STATUS


def records(state: State) -> bool:
    """Whether a history is recorded."""
    return state.settings.history and not state.demo


def theme(state: State) -> Theme:
    """For which panel the icon is drawn: as chosen, otherwise as the desktop reports."""
    chosen = chosen_theme(state)
    return state.theme_seen if chosen is Theme.AUTO else chosen


def chosen_theme(state: State) -> Theme:
    """The chosen theme, from menu or settings; AUTO follows the desktop."""
    return state.choice.theme or state.settings.theme


def is_muted(state: State, now: Now) -> bool:
    """Whether alerts are muted now."""
    return state.mute.muted_s(now) > 0.0


def machine_short(state: State) -> bool:
    """Whether a shortage of the machine's memory was reported and lasts."""
    return state.alerts.of(system_memory.POLICY).said


def is_watching(state: State) -> bool:
    """Whether the user watches a process or port picked in the menu."""
    return state.override.pinned is not None or state.configured is not None


def patience_s(state: State) -> float:
    """How long the next request may take."""
    settings = state.settings
    return settings.patience_busy_s if state.activity.is_busy else settings.patience_s


def ends_s(state: State) -> float:
    """When a set time is over (monotonic seconds); infinity: never."""
    end_s = math.inf if state.run.ends_s is None else state.run.ends_s
    if state.quick is None or state.quick.ends_s is None:
        return end_s
    return min(end_s, state.quick.ends_s)


def alert_limits(state: State) -> AlertLimits:
    """The limits of alerts on the machine of the last sample."""
    return state.settings.alerts.on_machine(state.sample.system if state.sample else None)


def wants_reading_s(state: State) -> float:
    """When the alert policies need an extra reading: at the end of a hold time, say.

    In monotonic seconds; infinity: never. If the last reading did not settle it, the next regular
    one does.
    """
    if state.sample is None or state.paused:
        return math.inf
    now = state.sample.at
    alerts_due_s = policies.due_s(state.alerts, now.mono_s, alert_limits(state))
    due_s = min(alerts_due_s, mute.due_s(state.mute, now))
    return due_s if due_s > state.sample.at.mono_s else math.inf


def samples_at_once(state: State, now: Now) -> bool:
    """Whether a new answer needs a sample at once: it changes the source, or shows that a job has
    begun or entered another stage."""
    sample, answer = state.sample, state.breaker.reading
    if sample and answer and state.activity.stirs and answer.taken_s != state.seen_answer_s:
        seen, told = state.temp, answer.temp
        moves = seen and told and seen.file_count != told.file_count
        if moves or stage.turns(state.activity.words, answer):
            return True
    return (
        sample is not None
        and sample.source is not Source.API
        and sample.why not in (Why.WORKERS, Why.BETWEEN)
        and fresh(state.breaker, now.mono_s, interval_s(state))
    )


def is_gap(state: State, now: Now) -> bool:
    """Whether there was a gap since the last sample: sleep, a clock that was set, or a stall."""
    sample, last = state.sample, state.awake
    is_due = sample is not None and not state.paused
    if sample is not None and sample.at.mono_s > last.mono_s:
        last = sample.at
    mono_s, wall_s = now.mono_s - last.mono_s, now.wall_s - last.wall_s
    if abs(wall_s - mono_s) > GAP_S:
        return True
    return is_due and mono_s > GAP_S and mono_s - interval_s(state) > GAP_S
