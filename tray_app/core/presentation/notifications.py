"""Turns events into notifications: title, text, urgency and buttons.

Every sentence of a notification stands here; how a size, a rate and a duration are written is
`wording`'s. Short, and the figures first. xfce4-notifyd cuts titles after about 46 characters, and
breaks texts.
"""

from __future__ import annotations

from enum import IntEnum

from msgspec import Struct

from tray_app.core.alerts.forecast import Forecast, ForecastKind
from tray_app.core.alerts.hung import HangKind
from tray_app.core.alerts.levels import Level
from tray_app.core.analysis.activity import Activity
from tray_app.core.model.readings import Now
from tray_app.core.model.server_action import ServerAction
from tray_app.core.monitor.commands import CleanUp, Command, FreeMemory, Mute, OpenTemp
from tray_app.core.monitor.events import (
    ActionEnded,
    ActionRefused,
    Alerted,
    AlertEvent,
    Answers,
    AutostartFailed,
    Back,
    ChildKilled,
    ConfirmationNeeded,
    DiskFull,
    Earlier,
    Eased,
    Event,
    Gone,
    HeldBack,
    HostMissing,
    Hung,
    IdleGrowthSeen,
    LeakSuspected,
    LeftoverFiles,
    MachineShort,
    OpenFailed,
    PortWatched,
    Recovered,
    StatusRequested,
    Summarised,
    TakenBack,
    TempPlaceMissing,
    TestRequested,
    WorkerReplaced,
)
from tray_app.core.monitor.sample import Sample
from tray_app.core.presentation import action_text, format, wording
from tray_app.core.presentation.format import capitalised, duration, percent, rate, size
from tray_app.core.presentation.wording import APP


class Urgency(IntEnum):
    """How much a notification may disturb; the numbers are those of the desktop's protocol."""

    LOW = 0
    NORMAL = 1
    CRITICAL = 2


class Action(Struct, frozen=True):
    """A button, where the desktop offers buttons: its text and what it asks for."""

    label: str
    command: Command


class Note(Struct, frozen=True):
    """A notification before it is sent. Those with the same ``replace`` take turns.

    ``silent``: it only tells what has become of an earlier one, and makes no sound again.
    """

    title: str
    text: str
    urgency: Urgency
    replace: str
    actions: tuple[Action, ...] = ()
    silent: bool = False


MUTE = Action("Mute for 30 min", Mute(1800.0))
FREE_MEMORY = Action(action_text.LABELS[ServerAction.FREE_MEMORY], FreeMemory())
OPEN_TEMP = Action("Open temp directory", OpenTemp())


def note(event: Event) -> Note | None:
    """The notification for an event; None for what does not interrupt a person."""
    match event:
        case Alerted(quiet=True) | Recovered(quiet=True):
            return None
        case Alerted(level, _, sample):
            urgency, buttons = _urgency(level, sample), (FREE_MEMORY, MUTE)
            return Note(*alert(event), urgency, "memory", buttons, silent=event.foretold)
        case TakenBack():
            return Note(*taken_back(event), Urgency.LOW, "memory", silent=True)
        case Recovered():
            return Note(*recovery(event), Urgency.LOW, "memory")
        case MachineShort():
            return Note(*scarce(event), Urgency.CRITICAL, "machine", (FREE_MEMORY, MUTE))
        case Eased():
            return Note(*_eased(event), Urgency.LOW, "machine")
        case Gone():
            return Note(*gone(event), Urgency.CRITICAL, "server", (MUTE,))
        case Back():
            return Note(*_back(event), Urgency.LOW, "server")
        case Hung(hang):
            urgency = Urgency.CRITICAL if hang.busy else Urgency.NORMAL
            return Note(*hung(event), urgency, "server", (MUTE,))
        case Answers():
            return Note(*_answers(event), Urgency.LOW, "server")
        case WorkerReplaced():
            return Note(*_worker_replaced(event), Urgency.NORMAL, "server", (MUTE,))
        case ChildKilled():
            return Note(*child_killed(event), Urgency.CRITICAL, "server", (MUTE,))
        case LeakSuspected():
            return Note(*leaking(event), Urgency.NORMAL, "leak", (FREE_MEMORY, MUTE))
        case IdleGrowthSeen():
            return Note(*_grown(event), Urgency.NORMAL, "leak", (FREE_MEMORY, MUTE))
        case LeftoverFiles():
            return Note(*_littered(event), Urgency.NORMAL, "temp", (OPEN_TEMP, MUTE))
        case DiskFull():
            return Note(*_disk_full(event), Urgency.NORMAL, "temp", (OPEN_TEMP, MUTE))
        case Earlier(title, text, urgency, topic):
            return Note(title, text, Urgency(urgency), topic)
        case HeldBack():
            return _held_back(event)
        case Summarised():
            return Note(*wording.quick_test(event), Urgency.NORMAL, "summary")
        case HostMissing():
            return Note(wording.NO_TRAY_TITLE, wording.NO_TRAY_HOST, Urgency.NORMAL, "host")
        case ActionEnded(outcome):
            return Note(*action_text.brought(outcome), Urgency.NORMAL, "errand")
        case ActionRefused():
            return Note(*action_text.refusal(event), Urgency.NORMAL, "errand")
        case ConfirmationNeeded():
            return Note(*action_text.question(event), Urgency.NORMAL, "errand", (_sure(event),))
        case OpenFailed(place, problem):
            return Note(*action_text.not_opened(place, problem), Urgency.NORMAL, "open")
        case TempPlaceMissing(reason):
            return Note(*action_text.no_temp_place(reason), Urgency.NORMAL, "open")
        case StatusRequested(sample, demo, paused):
            words = wording.status(sample, demo=demo, paused=paused)
            return Note(*words, Urgency.NORMAL, "status")
        case TestRequested():
            return Note(action_text.TEST_TITLE, action_text.TEST_TEXT, Urgency.NORMAL, "test")
        case PortWatched(address):
            return Note(*action_text.moved(address), Urgency.NORMAL, "watch")
        case AutostartFailed(on, reason):
            text = wording.autostart_failed(on, reason)
            return Note("Start at login", text, Urgency.NORMAL, "autostart")
        case _:
            return None


def _sure(event: ConfirmationNeeded) -> Action:
    """The button that has it done."""
    errand = event.errand
    is_freeing = errand is ServerAction.FREE_MEMORY
    command = FreeMemory(sure=True) if is_freeing else CleanUp(errand, sure=True)
    return Action(action_text.LABELS[errand], command)


_ALERT_TITLES = {Level.ELEVATED: "Elevated", Level.HIGH: "High", Level.CRITICAL: "Critical"}
LINES_MAX = 6
# Of jobs in a row, so many figures are read.
JOBS_MAX = 6
NOTHING_GOES_ON = "No job is running."
RESTART = "Restarting the server frees it."
# A shorter time ago is "now" in a list.
SOON_S = 10.0


def alert(event: Alerted) -> tuple[str, str]:
    """Title and text of an alert: figures first, then what is going on."""
    sample, level = event.sample, event.level
    memory = size(sample.memory_bytes)
    if event.forecast:
        what = "Memory full" if event.forecast.kind is ForecastKind.FULL else _ALERT_TITLES[level]
        heading = f"{what} {wording.when(event.forecast.seconds)}: {memory} now"
    else:
        word = f"Still {level.word}" if event.again else _ALERT_TITLES[level]
        heading = f"{word}: {memory}"
    ahead = event.forecast or sample.forecast
    above = "" if level is Level.CRITICAL else f"Above {event.limit_mb:g} MB."
    foretold = "This is a forecast." if event.forecast else ""
    doing, meaning = _doing(sample), ""
    if level is Level.CRITICAL and not ahead:
        known = sample.rests or sample.activity is not Activity.IDLE
        which = "The next video" if sample.rests else "It" if known else "A video"
        meaning = f"{which} may fail."
    elif level is Level.ELEVATED and sample.activity is not Activity.IDLE:
        doing = f"Normal while {_work(sample)}."
    moving = _moving(sample, None if event.forecast else ahead)
    doubt = wording.doubt(sample)
    return heading, _sentences(moving, above, foretold, doubt, doing, meaning, _free(sample))


def taken_back(event: TakenBack) -> tuple[str, str]:
    """Title and text when a forecast that was said did not come true."""
    sample, level = event.sample, event.level
    still = "" if level is Level.NONE else f"Still above {event.limit_mb:g} MB."
    return (
        f"Forecast withdrawn: {size(sample.memory_bytes)}",
        _sentences("Memory is no longer rising that fast.", still, _doing(sample), _free(sample)),
    )


def recovery(event: Recovered) -> tuple[str, str]:
    """Title and text when memory is back below all levels."""
    return (
        f"Back to normal: {size(event.sample.memory_bytes)}",
        _sentences(f"The peak was {size(event.peak_bytes)}.", _doing(event.sample)),
    )


def scarce(event: MachineShort) -> tuple[str, str]:
    """Title and text when the machine is short of memory: how much is left, and who holds it."""
    system = event.system
    what = "Memory limit nearly reached" if system.limited else "Machine low on memory"
    pressed = ""
    if system.pressure_percent is not None and system.pressure_percent >= 1.0:
        pressed = f"All programs wait for memory {percent(system.pressure_percent)} of the time."
    holders = ", ".join(f"{row.name} uses {size(row.rss_bytes)}" for row in event.holders)
    total = f"Of {size(system.total_bytes)}"
    return f"{what}: {size(system.available_bytes)} free", _sentences(
        f"{total}, {holders}." if holders else f"{total}.",
        pressed,
        _doing(event.sample),
    )


def gone(event: Gone) -> tuple[str, str]:
    """Title and text when the server has ended in the middle of something."""
    while_ = " while processing" if event.busy else ""
    heading = f"{APP} stopped at {size(event.memory_bytes)}{while_}"
    why = wording.out_of_memory(event.oom_kills)
    if event.busy:
        lost = "The running job is lost."
    else:
        lost = "No job was running." if event.rested else "No job was known to be running."
    return heading, _sentences(why, lost)


def hung(event: Hung) -> tuple[str, str]:
    """Title and text when the server neither answers nor works."""
    hang, sample = event.hang, event.sample
    heading = f"{APP} has not answered for {duration(sample.at.mono_s - hang.since_s)}"
    target = sample.target
    who = f" (pid {target.pid})" if target else ""
    match hang.kind:
        case HangKind.STOPPED:
            again = f"To continue it: kill -CONT {target.pid}." if target else ""
            why, help_ = f"Its process{who} is stopped (state T).", again
        case HangKind.DEADLOCKED:
            why, help_ = (
                f"It{who} uses no CPU, so it seems to hang.",
                "Restarting the server helps.",
            )
        case HangKind.SILENT:
            why, help_ = "It accepts connections but does not reply.", ""
    doing = "A job was running." if hang.busy else ""
    return heading, _sentences(why, doing, help_)


def _answers(event: Answers) -> tuple[str, str]:
    text = f"It did not answer for {duration(event.hung_s)}. {_doing(event.sample)}"
    return f"{APP} answers again: {size(event.sample.memory_bytes)}", text


def leaking(event: LeakSuspected) -> tuple[str, str]:
    """Title and text when job after job keeps memory: the sum, and the figures."""
    leak = event.leak
    newest = leak.kept_bytes[-JOBS_MAX:]
    each = ", ".join(format.megabytes(kept) for kept in newest)
    which = "each job" if leak.jobs == len(newest) else f"the last {len(newest)} jobs"
    return (
        f"Possible leak: {size(leak.sum_bytes)} kept by {leak.jobs} jobs",
        f"Not released after {which}: {each} MB. Now {size(event.sample.memory_bytes)}. {RESTART}",
    )


def _eased(event: Eased) -> tuple[str, str]:
    system = event.sample.system
    left = f": {size(system.available_bytes)} free" if system else ""
    return f"Machine has enough memory again{left}", _doing(event.sample)


def _back(event: Back) -> tuple[str, str]:
    memory = size(event.sample.memory_bytes)
    return f"{APP} is back: {memory}", f"It was down for {duration(max(1.0, event.away_s))}."


def _worker_replaced(event: WorkerReplaced) -> tuple[str, str]:
    before = "" if event.memory_bytes is None else f" at {size(event.memory_bytes)}"
    return (
        f"A worker was replaced{before}",
        _sentences("It ended during a job, which is lost.", _free(event.sample)),
    )


def child_killed(event: ChildKilled) -> tuple[str, str]:
    """Title and text when the kernel has killed processes of a server that runs on."""
    rows = event.rows
    names = ", ".join(dict.fromkeys(row.name for row in rows))
    if len(rows) == 1:
        heading = f"{APP}: {names} was killed at {size(rows[0].rss_bytes)}"
    else:
        heading = f"{APP}: {len(rows)} processes were killed: {names}"
    return heading, _sentences(wording.out_of_memory(event.oom_kills), _free(event.sample))


def _grown(event: IdleGrowthSeen) -> tuple[str, str]:
    growing, sample = event.growing, event.sample
    pace = size(growing.grown_bytes / growing.elapsed_s * 60.0)
    return (
        f"Possible leak: {size(growing.grown_bytes)} more in {duration(growing.elapsed_s)}",
        f"About {pace} a minute, now {size(sample.memory_bytes)}. {NOTHING_GOES_ON} {RESTART}",
    )


def _littered(event: LeftoverFiles) -> tuple[str, str]:
    temp = event.sample.temp
    return (
        f"{size(event.left_bytes)} left in the temp directory",
        f"A job did not remove its files: now {wording.size_in_files(temp)}.",
    )


def _disk_full(event: DiskFull) -> tuple[str, str]:
    disk, temp = event.disk, event.sample.temp
    holds = f" ({wording.size_in_files(temp)})" if temp and temp.file_count else ""
    return (
        f"Disk nearly full: {size(disk.free_bytes)} of {size(disk.total_bytes)} free",
        f"The server's temp directory is on this disk{holds}.",
    )


def _held_back(event: HeldBack) -> Note | None:
    """What was held back, one line each; a single message keeps its own text."""
    notes = [(held, note(held)) for held in event.events]
    told = [(held, one) for held, one in notes if one is not None]
    if not told:
        return None
    if event.slept_s is None:
        when = f"while muted for {duration(event.until.mono_s - event.since.mono_s)}"
    else:
        when = f"after {duration(event.slept_s)} of sleep"
    urgency = max(one.urgency for _, one in told)
    # Of several, none is news any more that may break in on a full screen.
    urgency = min(urgency, Urgency.NORMAL)
    if len(told) == 1 and not event.dropped:
        held, one = told[0]
        ago = _ago(held, event).capitalize()
        return Note(one.title, f"{ago}, {when}. {one.text}", urgency, one.replace, one.actions)
    count = len(told) + event.dropped
    shown = told[-LINES_MAX:]
    lines = [f"{one.title}, {_ago(held, event)}" for held, one in shown]
    if count > len(shown):
        lines.insert(0, f"{count - len(shown)} earlier messages")
    return Note(f"{when.capitalize()}: {count} messages", "\n".join(lines), urgency, "held")


def moment(held: AlertEvent) -> Now:
    """When it happened."""
    return held.at if isinstance(held, Earlier) else held.sample.at


def _ago(held: AlertEvent, event: HeldBack) -> str:
    seconds = max(0.0, event.until.wall_s - moment(held).wall_s)
    return "now" if seconds < SOON_S else f"{duration(seconds)} ago"


def _moving(sample: Sample, ahead: Forecast | None) -> str:
    """``+45 MB/s, about 40 s until memory is full.``; empty while memory is steady."""
    rising = rate(sample.rate_bytes_s)
    parts = [] if rising in ("", "steady") else [rising]
    if ahead:
        parts.append(wording.forecast(ahead))
    text = ", ".join(parts)
    return f"{capitalised(text)}." if text else ""


def _free(sample: Sample) -> str:
    return f"{size(sample.system.available_bytes)} free." if sample.system else ""


def _urgency(level: Level, sample: Sample) -> Urgency:
    if level is Level.CRITICAL:
        return Urgency.CRITICAL
    normal_here = level is Level.ELEVATED and sample.activity is not Activity.IDLE
    return Urgency.LOW if normal_here else Urgency.NORMAL


def _doing(sample: Sample) -> str:
    """What goes on; empty where it is not known yet: a video may have been posted just now."""
    if sample.activity is Activity.IDLE:
        return NOTHING_GOES_ON if sample.rests else ""
    return f"{capitalised(_work(sample))}."


def _work(sample: Sample) -> str:
    """``processing (frames), CPU 98 %``"""
    name = f" ({sample.stage.name})" if sample.stage else ""
    if sample.activity is Activity.INTENSIVE and sample.cpu_percent is not None:
        return f"processing{name}, CPU {percent(sample.cpu_percent)}"
    return f"processing{name}"


def _sentences(*parts: str) -> str:
    return " ".join(part for part in parts if part)
