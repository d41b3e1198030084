"""Turns events into notifications: title, text, urgency and buttons.

Every sentence of a notification is here; `format` writes sizes, rates and durations. A text begins
with what it means, in at most 55 characters, which is all that GNOME shows; figures follow.
xfce4-notifyd cuts titles after about 46 characters, and breaks texts.
"""

from __future__ import annotations

from enum import IntEnum
from typing import assert_never

from msgspec import Struct
from msgspec.structs import replace

from tray_app.core.alerts.disk_space import DiskFull
from tray_app.core.alerts.forecast import Forecast, ForecastKind
from tray_app.core.alerts.hung import Answering, Hang
from tray_app.core.alerts.idle_growth import IdleGrowth
from tray_app.core.alerts.job_leak import Leak
from tray_app.core.alerts.leftover_files import LeftoverFiles
from tray_app.core.alerts.levels import ForecastWithdrawn, LevelReached, Recovered
from tray_app.core.alerts.limits import Level
from tray_app.core.alerts.policy import Condition
from tray_app.core.alerts.room import RoomAgain
from tray_app.core.alerts.server_exit import (
    ChildKilled,
    ServerExit,
    ServerReturn,
    WorkerReplacement,
)
from tray_app.core.alerts.system_memory import MachineEased, MachineShort
from tray_app.core.analysis.activity import Activity
from tray_app.core.history.incidents import cause_of
from tray_app.core.model.readings import MIB, Now
from tray_app.core.model.server_action import ServerAction
from tray_app.core.monitor.commands import (
    CleanUp,
    DeleteHistory,
    FreeMemory,
    Mute,
    OpenFolder,
    OpenIncident,
    OpenSettingsFile,
    OpenTemp,
    Order,
)
from tray_app.core.monitor.events import (
    ActionEnded,
    ActionRefused,
    Alert,
    AlertEvent,
    AlertWithdrawn,
    AutostartFailed,
    ConfirmationNeeded,
    DeletionDoubted,
    DemoRepeats,
    Earlier,
    Event,
    HistoryDeleted,
    HistoryExported,
    HostMissing,
    OpenFailed,
    PendingAlerts,
    PortWatched,
    SettingsWrong,
    StatusRequested,
    Summarised,
    SummaryMade,
    TempPlaceMissing,
    TestRequested,
)
from tray_app.core.monitor.sample import Sample
from tray_app.core.presentation import (
    action_text,
    activity_text,
    format,
    hang_text,
    history_text,
    memory_text,
    process_text,
    program_text,
    source_text,
    summary_text,
    tray_text,
)
from tray_app.core.presentation.chart import Chart
from tray_app.core.presentation.format import (
    about,
    capitalised,
    duration,
    percent,
    rate,
    sentences,
    size,
)
from tray_app.core.presentation.icon import Picture
from tray_app.core.presentation.program_text import APP


class Urgency(IntEnum):
    """How much a notification may disturb; the numbers are those of the desktop's protocol."""

    LOW = 0
    NORMAL = 1
    CRITICAL = 2


class Action(Struct, frozen=True):
    """A button, if the desktop supports buttons: its text and its command. ``on_text``: a click on
    the notification's text does the same."""

    label: str
    command: Order
    on_text: bool = False


class Note(Struct, frozen=True):
    """A notification before it is sent. Those with the same ``slot`` take turns: with the same
    ``replace``, and of the same ``server`` where several are watched, unless it takes the place of
    another slot's (``in_place_of``). ``own_title`` is the alert's title where the notification has
    another one, because it names the server or several of them.

    ``silent``: it updates an earlier one, without another sound. ``stays``: the end of the program
    does not close it. ``picture`` is the icon's tile at that moment, ``chart`` what is shown
    instead.
    """

    title: str
    text: str
    urgency: Urgency
    replace: str
    actions: tuple[Action, ...] = ()
    silent: bool = False
    stays: bool = False
    picture: Picture | None = None
    about_s: float | None = None
    chart: Chart | None = None
    server: str = ""
    own_title: str = ""
    in_place_of: str = ""

    @property
    def slot(self) -> str:
        """What it replaces on the screen."""
        return self.in_place_of or slot_of(self.replace, self.server)

    @property
    def recorded_title(self) -> str:
        """The title by which the history and the menu know the alert."""
        return self.own_title or self.title

    @property
    def is_alert(self) -> bool:
        """Whether nobody has asked for it: no answer to a click, no test."""
        return self.replace in ALERT_TOPICS


MUTE = Action("Mute for 30 min", Mute(1800.0))
FREE_MEMORY = Action(action_text.LABELS[ServerAction.FREE_MEMORY], FreeMemory())
OPEN_TEMP = Action("Open temp directory", OpenTemp())
OPEN_SETTINGS = Action("Open settings file", OpenSettingsFile())
SHOW = "Show"
ALERT_TOPICS = frozenset(
    {"memory", "machine", "server", "leak", "temp", "held", "room", "alert", "engine"}
)
"""What notifications that nobody has asked for replace."""


def slot_of(word: str, server: str = "") -> str:
    """The slot of a notification's ``replace``, and of its server where several are watched."""
    return f"{word} {server}" if server else word


def closed_by(event: Event) -> str | None:
    """The ``replace`` of the notification that an event closes; None for most."""
    return event.condition.value if isinstance(event, AlertWithdrawn) else None


def note(event: Event) -> Note | None:  # noqa: C901 - a plain match: one case for each event
    """The notification for an event; None for an event that sends none."""
    match event:
        case Alert(finding):
            return None if finding.is_quiet else alert(event)
        case Earlier(title, text, urgency, topic):
            return Note(title, text, Urgency(urgency), topic)
        case PendingAlerts():
            return _pending(event)
        case Summarised():
            words = summary_text.quick_test(event)
            return Note(*words, Urgency.NORMAL, "summary", stays=event.ends_run)
        case SummaryMade():
            return Note(*summary_text.of_time(event), Urgency.NORMAL, "past-summary")
        case DeletionDoubted():
            sure = Action(history_text.DELETE, DeleteHistory(sure=True))
            return Note(*history_text.question(), Urgency.NORMAL, "history", actions=(sure,))
        case HistoryDeleted():
            return Note(*history_text.deleted(event), Urgency.NORMAL, "history")
        case HistoryExported(folder, _, problem):
            open_it = Action("Open folder", OpenFolder(folder), on_text=True)
            words = history_text.exported(event)
            return Note(*words, Urgency.NORMAL, "export", actions=() if problem else (open_it,))
        case HostMissing(around):
            title, text = program_text.NO_TRAY_TITLE, tray_text.no_tray(around)
            return Note(title, text, Urgency.NORMAL, "host")
        case ActionEnded(outcome):
            return Note(*action_text.brought(outcome), Urgency.NORMAL, "server-action")
        case ActionRefused():
            return Note(*action_text.refusal(event), Urgency.NORMAL, "server-action")
        case ConfirmationNeeded():
            return Note(
                *action_text.question(event),
                Urgency.NORMAL,
                "server-action",
                actions=(_sure(event),),
            )
        case OpenFailed(place, problem, document):
            return Note(*action_text.not_opened(place, problem, document), Urgency.NORMAL, "open")
        case TempPlaceMissing(reason):
            return Note(*action_text.no_temp_place(reason), Urgency.NORMAL, "open")
        case StatusRequested():
            return Note(*summary_text.status(event), Urgency.NORMAL, "status")
        case TestRequested():
            return Note(action_text.TEST_TITLE, action_text.TEST_TEXT, Urgency.NORMAL, "test")
        case SettingsWrong(mistakes):
            words = program_text.mistakes_note(mistakes)
            return Note(*words, Urgency.NORMAL, "settings", actions=(OPEN_SETTINGS,))
        case PortWatched(address):
            return Note(*action_text.moved(address), Urgency.NORMAL, "watch")
        case DemoRepeats():
            title, text = program_text.DEMO_REPEATS_TITLE, program_text.DEMO_REPEATS
            return Note(title, text, Urgency.LOW, "demo")
        case AutostartFailed(on, reason):
            text = program_text.autostart_failed(on, reason)
            return Note("Start at login", text, Urgency.NORMAL, "autostart")
        case _:
            return None


def with_incident(note: Note, event: Event) -> Note:
    """The same with a button that shows the incident, where the event is one."""
    if not isinstance(event, Alert) or cause_of(event.finding) is None:
        return note
    show = Action(SHOW, OpenIncident(event.sample.at.wall_s))
    return replace(note, actions=(*note.actions, show))


def _sure(event: ConfirmationNeeded) -> Action:
    """The button that confirms the action."""
    server_action = event.action
    is_freeing = server_action is ServerAction.FREE_MEMORY
    command = FreeMemory(sure=True) if is_freeing else CleanUp(server_action, sure=True)
    return Action(action_text.LABELS[server_action], command)


def alert(event: Alert) -> Note:  # noqa: C901 - a plain match: one case for each finding
    """A finding in words: every kind is here, also those that send no notification.

    Notifications, console and log take their words from here.
    """
    found, sample = event.finding, event.sample
    match found:
        case LevelReached():
            urgency, buttons = _urgency(found.level, sample), (FREE_MEMORY, MUTE)
            return Note(
                *level_reached(found, sample),
                urgency,
                Condition.MEMORY,
                actions=buttons,
                silent=found.foretold,
            )
        case ForecastWithdrawn():
            return Note(*taken_back(found, sample), Urgency.LOW, Condition.MEMORY, silent=True)
        case Recovered():
            return Note(*recovery(found, sample), Urgency.LOW, Condition.MEMORY)
        case MachineShort():
            return Note(
                *scarce(found, sample),
                Urgency.CRITICAL,
                Condition.MACHINE,
                actions=(FREE_MEMORY, MUTE),
            )
        case MachineEased():
            return Note(*_eased(found, sample), Urgency.LOW, Condition.MACHINE)
        case ServerExit():
            return Note(*gone(found, sample), Urgency.CRITICAL, Condition.SERVER, actions=(MUTE,))
        case ServerReturn():
            return Note(*_back(found, sample), Urgency.LOW, Condition.SERVER)
        case Hang():
            urgency = Urgency.CRITICAL if found.busy else Urgency.NORMAL
            return Note(*hung(found, sample), urgency, Condition.SERVER, actions=(MUTE,))
        case Answering():
            return Note(*_answers(found, sample), Urgency.LOW, Condition.SERVER)
        case WorkerReplacement():
            return Note(
                *_worker_replaced(found, sample), Urgency.NORMAL, Condition.SERVER, actions=(MUTE,)
            )
        case ChildKilled():
            return Note(
                *child_killed(found, sample), Urgency.CRITICAL, Condition.SERVER, actions=(MUTE,)
            )
        case Leak():
            return Note(
                *leaking(found, sample), Urgency.NORMAL, "leak", actions=(FREE_MEMORY, MUTE)
            )
        case IdleGrowth():
            return Note(*_grown(found, sample), Urgency.NORMAL, "leak", actions=(FREE_MEMORY, MUTE))
        case LeftoverFiles():
            return Note(
                *_littered(found, sample), Urgency.NORMAL, "temp", actions=(OPEN_TEMP, MUTE)
            )
        case DiskFull():
            return Note(
                *_disk_full(found, sample), Urgency.NORMAL, "temp", actions=(OPEN_TEMP, MUTE)
            )
        case RoomAgain():
            return Note(*_room_again(found, sample), Urgency.LOW, "room")
        case _:
            assert_never(found)


_ALERT_TITLES = {Level.RAISED: "Raised", Level.HIGH: "High", Level.CRITICAL: "Critical"}
LINES_MAX = 6
# At most this many figures of jobs in a row.
JOBS_MAX = 6
NOTHING_GOES_ON = "No job is running."
JOB_LOST = "The running job is lost."
RESTART = "Restarting the server frees it."
# A shorter age is "now" in a list.
SOON_S = 10.0


def level_reached(found: LevelReached, sample: Sample) -> tuple[str, str]:
    """Title and text of an alert: what it means, then the figures."""
    memory = size(sample.memory_bytes)
    uncertainty = source_text.uncertainty(sample)
    if found.forecast:
        full = found.forecast.kind is ForecastKind.FULL
        heading = "Memory is filling up" if full else "Heading for critical"
        means = _time_left(found.forecast, sample)
        return f"{heading}: {memory}", sentences(means, uncertainty, _room(found, sample))
    word = f"Still {found.level.word}" if found.again else _ALERT_TITLES[found.level]
    return f"{word}: {memory}", sentences(_meaning(found, sample), uncertainty)


def _meaning(found: LevelReached, sample: Sample) -> str:
    """What a level means here, and its figures."""
    pace, room = _pace(sample), _room(found, sample)
    means = _danger(sample) if found.level is Level.CRITICAL else _outlook(found, sample)
    if _is_roomy(sample) or not room:
        idle = NOTHING_GOES_ON if sample.rests and means != NOTHING_GOES_ON else ""
        return sentences(means, room, f"{pace}." if pace else "", idle)
    return sentences(means, f"{room[:-1]}, {pace}." if pace else room)


def _danger(sample: Sample) -> str:
    """``Processing may fail: memory full in about 40 s.``; empty with plenty of room."""
    ahead = sample.forecast
    full = memory_text.foreseen(ahead) if ahead and ahead.kind is ForecastKind.FULL else ""
    risk = "" if _is_roomy(sample) else f"{_at_risk(sample)} may fail"
    means = ": ".join(filter(None, (risk, full)))
    return f"{capitalised(means)}." if means else ""


def _outlook(found: LevelReached, sample: Sample) -> str:
    """``Critical in about 4 min.``; without a forecast what the server is doing."""
    if sample.forecast:
        return f"{capitalised(memory_text.foreseen(sample.forecast))}."
    is_normal = found.level is Level.RAISED and sample.activity is not Activity.IDLE
    return f"Normal while {_work(sample)}." if is_normal else _doing(sample)


def _pace(sample: Sample) -> str:
    """``+45 MB/s``; empty while memory is steady."""
    pace = rate(sample.rate_bytes_s)
    return "" if pace == "steady" else pace


def _time_left(ahead: Forecast, sample: Sample) -> str:
    """``About 15 s left at +80 MB/s. Processing may fail then.``"""
    pace = f" at {_pace(sample)}" if _pace(sample) else ""
    if ahead.seconds < memory_text.ANY_MOMENT_S:
        left = f"Any moment now{pace}."
    else:
        left = f"{capitalised(about(ahead.seconds))} left{pace}."
    is_harmless = _is_roomy(sample) and ahead.kind is not ForecastKind.FULL
    return left if is_harmless else f"{left} {_at_risk(sample)} may fail then."


def _room(found: LevelReached, sample: Sample) -> str:
    """``0.9 GB free.``; or, where that is plenty, whose limit was reached."""
    system, limit = sample.system, size(found.limit_mb * MIB)
    free = f"{size(system.available_bytes)} free" if system else ""
    if found.forecast and found.forecast.kind is ForecastKind.FULL:
        return f"{free}." if free else ""
    if _is_roomy(sample):
        holder = "" if system and system.limited else "the machine has "
        verb = "Your limit is" if found.forecast else "Above your limit of"
        return f"{verb} {limit}; {holder}{free}."
    above = "" if found.level is Level.CRITICAL else f"above {limit}"
    parts = ", ".join(filter(None, (above, free)))
    return f"{capitalised(parts)}." if parts else ""


def _is_roomy(sample: Sample) -> bool:
    """Whether more than half of the memory is free, so that a level is only the user's limit."""
    system = sample.system
    return system is not None and 2 * system.available_bytes > system.total_bytes


def _at_risk(sample: Sample) -> str:
    """What may fail when memory or disk runs out."""
    if sample.activity is not Activity.IDLE:
        return "Processing"
    return "The next video" if sample.rests else "A video"


def taken_back(found: ForecastWithdrawn, sample: Sample) -> tuple[str, str]:
    """Title and text when a forecast did not come true."""
    level = found.level
    still = "" if level is Level.NONE else f"Still above {size(found.limit_mb * MIB)}."
    return (
        f"Forecast withdrawn: {size(sample.memory_bytes)}",
        sentences("Memory no longer rises that fast.", still, _free(sample)),
    )


def recovery(found: Recovered, sample: Sample) -> tuple[str, str]:
    """Title and text when memory is back below all levels."""
    return f"Back to normal: {size(sample.memory_bytes)}", f"Peak {size(found.peak_bytes)}."


def scarce(found: MachineShort, sample: Sample) -> tuple[str, str]:
    """Title and text when the machine is short of memory: how much is left, and the largest
    processes."""
    system = found.system
    what = "Memory limit nearly reached" if system.limited else "Machine low on memory"
    if sample.activity is not Activity.IDLE:
        means = "Processing may fail."
    else:
        means = f"{'The server' if system.limited else 'A program'} may be killed."
    pressed = ""
    if system.pressure_percent is not None and system.pressure_percent >= 1.0:
        share = percent(system.pressure_percent)
        pressed = f"Programs are stalled waiting for memory {share} of the time."
    holders = ", ".join(f"{row.name} {size(row.rss_bytes)}" for row in found.holders)
    total = f"{size(system.total_bytes)} in all."
    return f"{what}: {size(system.available_bytes)} free", sentences(
        means, f"Largest: {holders}; {total}" if holders else total, pressed
    )


def gone(found: ServerExit, _sample: Sample) -> tuple[str, str]:
    """Title and text when the server ended during a job or with high memory."""
    while_ = " while processing" if found.busy else ""
    return f"{APP} ended at {size(found.memory_bytes)}{while_}", _loss(found)


def _loss(found: ServerExit) -> str:
    """What was lost with the server, and why it ended."""
    why = process_text.out_of_memory(found.oom_kills)
    if found.busy:
        return sentences(JOB_LOST, why)
    lost = "No job was running." if found.rested else "No job was known to be running."
    return sentences(why, lost)


def hung(found: Hang, sample: Sample) -> tuple[str, str]:
    """Title and text when the server neither answers nor works."""
    what = "has not answered" if found.asked else "has been stopped"
    heading = f"{APP} {what} for {duration(sample.at.mono_s - found.since_s)}"
    why, help_ = hang_text.cause(found.kind, sample.target.pid if sample.target else None)
    doing = "A job was running." if found.busy else ""
    return heading, sentences(why, doing, help_)


def _answers(found: Answering, sample: Sample) -> tuple[str, str]:
    heading, before = ("answers", "did not answer") if found.asked else ("runs", "was stopped")
    return (
        f"{APP} {heading} again: {size(sample.memory_bytes)}",
        sentences(f"It {before} for {duration(found.lasted_s)}.", _doing(sample)),
    )


def leaking(found: Leak, sample: Sample) -> tuple[str, str]:
    """Title and text when job after job keeps memory: the sum, and the figures."""
    newest = found.kept_bytes[-JOBS_MAX:]
    each = ", ".join(format.megabytes(kept) for kept in newest)
    which = "each job" if found.jobs == len(newest) else f"the last {len(newest)} jobs"
    return (
        f"Possible leak: {size(found.sum_bytes)} kept by {found.jobs} jobs",
        f"{RESTART} Not released after {which}: {each} MB. Now {size(sample.memory_bytes)}.",
    )


def _eased(found: MachineEased, sample: Sample) -> tuple[str, str]:
    free, limited = size(found.system.available_bytes), found.system.limited
    over = "The server is no longer near its memory limit." if limited else "The shortage is over."
    return f"Enough memory again: {free} free", sentences(over, _doing(sample))


def _back(found: ServerReturn, sample: Sample) -> tuple[str, str]:
    heading = f"{APP} is back: {size(sample.memory_bytes)}"
    away = f"It was down for {duration(max(1.0, found.away_s))}."
    end = found.end
    if end is None or not (end.busy or process_text.out_of_memory(end.oom_kills)):
        return heading, away
    return heading, sentences(away, _loss(end), f"It had ended at {size(end.memory_bytes)}.")


def _worker_replaced(found: WorkerReplacement, sample: Sample) -> tuple[str, str]:
    before = "" if found.memory_bytes is None else f" at {size(found.memory_bytes)}"
    return f"A worker was replaced{before}", sentences("Its job is lost.", _free(sample))


def child_killed(found: ChildKilled, sample: Sample) -> tuple[str, str]:
    """Title and text when the kernel has killed processes of a server that runs on."""
    rows = found.rows
    names = ", ".join(dict.fromkeys(row.name for row in rows))
    if len(rows) == 1:
        heading = f"{APP}: {names} was killed at {size(rows[0].rss_bytes)}"
    else:
        heading = f"{APP}: {len(rows)} processes were killed: {names}"
    risk = "" if sample.activity is Activity.IDLE else "The running job may fail."
    return heading, sentences(risk, process_text.out_of_memory(found.oom_kills), _free(sample))


def _grown(found: IdleGrowth, sample: Sample) -> tuple[str, str]:
    pace = size(found.grown_bytes / found.elapsed_s * 60.0)
    return (
        f"Possible leak: {size(found.grown_bytes)} more in {duration(found.elapsed_s)}",
        f"{NOTHING_GOES_ON} {RESTART} About {pace} a minute, now {size(sample.memory_bytes)}.",
    )


def _littered(found: LeftoverFiles, sample: Sample) -> tuple[str, str]:
    temp = sample.temp
    return (
        f"{size(found.left_bytes)} left in the temp directory",
        f"A job did not remove its files: now {memory_text.size_in_files(temp)}.",
    )


def _disk_full(found: DiskFull, sample: Sample) -> tuple[str, str]:
    disk, temp = found.disk, sample.temp
    holds = f" ({memory_text.size_in_files(temp)})" if temp and temp.file_count else ""
    return (
        f"Disk nearly full: {size(disk.free_bytes)} of {size(disk.total_bytes)} free",
        f"{_at_risk(sample)} may fail. The server's temp directory is on this disk{holds}.",
    )


def _room_again(found: RoomAgain, sample: Sample) -> tuple[str, str]:
    needs = f"It needs about {size(found.next.needs_bytes)}."
    return "Room for the next video again", sentences(needs, _free(sample))


def _pending(event: PendingAlerts) -> Note | None:
    """The pending alerts, one line each, the newest first; a single one keeps its own text."""
    notes = [(alert, note(alert)) for alert in event.events]
    told = [(alert, one) for alert, one in notes if one is not None]
    if not told:
        return None
    if event.slept_s is None:
        when = f"while muted for {duration(event.until.mono_s - event.since.mono_s)}"
    else:
        when = f"after {duration(event.slept_s)} of sleep"
    urgency = max(one.urgency for _, one in told)
    # A summary is not urgent enough to interrupt a full-screen program.
    urgency = min(urgency, Urgency.NORMAL)
    if len(told) == 1 and not event.dropped:
        alert, one = told[0]
        return Note(
            title=one.title,
            text=sentences(f"{_ago(alert, event).capitalize()}.", one.text, f"Held back {when}."),
            urgency=urgency,
            replace=one.replace,
            actions=one.actions,
        )
    count = len(told) + event.dropped
    shown = told[: -LINES_MAX - 1 : -1]
    lines = [f"{one.title}, {_ago(alert, event)}" for alert, one in shown]
    if count > len(shown):
        lines.append(f"{count - len(shown)} earlier messages")
    return Note(f"{when.capitalize()}: {count} messages", "\n".join(lines), urgency, "held")


def moment(alert: AlertEvent) -> Now:
    """When it happened."""
    return alert.at if isinstance(alert, Earlier) else alert.sample.at


def _ago(alert: AlertEvent, event: PendingAlerts) -> str:
    seconds = max(0.0, event.until.wall_s - moment(alert).wall_s)
    return "now" if seconds < SOON_S else f"{duration(seconds)} ago"


def _free(sample: Sample) -> str:
    return f"{size(sample.system.available_bytes)} free." if sample.system else ""


def _urgency(level: Level, sample: Sample) -> Urgency:
    if level is Level.CRITICAL:
        return Urgency.CRITICAL
    normal_here = level is Level.RAISED and sample.activity is not Activity.IDLE
    return Urgency.LOW if normal_here else Urgency.NORMAL


def _doing(sample: Sample) -> str:
    """The activity; empty while unknown: a video may have arrived just now."""
    if sample.activity is Activity.IDLE:
        return NOTHING_GOES_ON if sample.rests else ""
    return f"{capitalised(_work(sample))}."


def _work(sample: Sample) -> str:
    return activity_text.stage(sample.activity, sample.stage)
