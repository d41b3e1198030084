"""Notifications as data: which event interrupts a person, in what words, and what can be done.

Every sentence of a notification stands here; how a size, a rate and a duration are written is
`wording`'s. Short, and the figures first.
"""

from __future__ import annotations

from enum import IntEnum

from tray_app.core import clicks, wording
from tray_app.core.activity import Activity
from tray_app.core.alerts import Level
from tray_app.core.commands import Command, FreeMemory, Mute
from tray_app.core.events import (
    Alerted,
    AutostartFailed,
    ErrandEnded,
    Event,
    HostMissing,
    Recovered,
    Summarised,
    Told,
)
from tray_app.core.sample import Sample
from tray_app.core.values import dataclass
from tray_app.core.wording import percent, rate, size


class Urgency(IntEnum):
    """How much a notification may disturb; the numbers are those of the desktop's protocol."""

    LOW = 0
    NORMAL = 1
    CRITICAL = 2


@dataclass(frozen=True, slots=True)
class Action:
    """A button, where the desktop offers buttons: its text and what it asks for."""

    label: str
    command: Command


@dataclass(frozen=True, slots=True)
class Note:
    """A notification before it is sent. Those with the same ``replace`` take turns."""

    title: str
    text: str
    urgency: Urgency
    replace: str
    actions: tuple[Action, ...] = ()


MUTE = Action("Mute for 30 min", Mute(1800.0))
FREE_MEMORY = Action("Free memory", FreeMemory())


def note(event: Event) -> Note | None:
    """The notification for an event; None for what does not interrupt a person."""
    match event:
        case Alerted(level, _, sample):
            return Note(*alert(event), _urgency(level, sample), "memory", (FREE_MEMORY, MUTE))
        case Recovered():
            return Note(*recovery(event), Urgency.LOW, "memory")
        case Summarised():
            return Note(*wording.quick_test(event), Urgency.NORMAL, "summary")
        case HostMissing():
            return Note(wording.NO_TRAY_TITLE, wording.NO_TRAY_HOST, Urgency.NORMAL, "host")
        case ErrandEnded(outcome):
            return Note(*clicks.brought(outcome), Urgency.NORMAL, "errand")
        case Told(title, text, replace):
            return Note(title, text, Urgency.NORMAL, replace)
        case AutostartFailed(on, reason):
            text = wording.autostart_failed(on, reason)
            return Note("Start at login", text, Urgency.NORMAL, "autostart")
        case _:
            return None


_ALERT_TITLES = {Level.ELEVATED: "Elevated", Level.HIGH: "High", Level.CRITICAL: "Critical"}


def alert(event: Alerted) -> tuple[str, str]:
    """Title and text of an alert: figures first, then what is going on."""
    sample = event.sample
    heading = f"{_ALERT_TITLES[event.level]}: {size(sample.memory_bytes)}"
    processing = sample.activity is not Activity.IDLE
    free = f"{size(sample.system.available_bytes)} free." if sample.system else ""
    rising = rate(sample.rate_bytes_s)
    rising = f"{rising}." if rising and rising != "steady" else ""
    if event.level is Level.CRITICAL:
        meaning = "Processing may fail."
    elif processing:
        meaning = "Normal while processing." if event.level is Level.ELEVATED else ""
    else:
        meaning = ""
    above = f"Above {event.limit_mb:g} MB."
    return heading, _sentences(above, rising, _doing(sample), meaning, free)


def recovery(event: Recovered) -> tuple[str, str]:
    """Title and text when memory is back below all levels."""
    return (
        f"Back to normal: {size(event.sample.memory_bytes)}",
        f"The peak was {size(event.peak_bytes)}. {_doing(event.sample)}",
    )


def _urgency(level: Level, sample: Sample) -> Urgency:
    if level is Level.CRITICAL:
        return Urgency.CRITICAL
    normal_here = level is Level.ELEVATED and sample.activity is not Activity.IDLE
    return Urgency.LOW if normal_here else Urgency.NORMAL


def _doing(sample: Sample) -> str:
    if sample.activity is Activity.IDLE:
        return "Nothing is being processed."
    name = f" ({sample.stage.name})" if sample.stage else ""
    if sample.activity is Activity.INTENSIVE and sample.cpu_percent is not None:
        return f"Processing{name}, CPU {percent(sample.cpu_percent)}."
    return f"Processing{name}."


def _sentences(*parts: str) -> str:
    return " ".join(part for part in parts if part)
