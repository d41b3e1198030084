"""What a mute has held back, as plain values: in words, so that it outlives a restart."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from tray_app.core.model.readings import Now
from tray_app.core.monitor.events import Earlier
from tray_app.core.monitor.mute import HELD_MAX, MuteState
from tray_app.core.presentation.notifications import Urgency, moment, note

# The longest notification has some 400 characters; a file may say anything.
WORDS_MAX = 1000


def remembered(quiet: MuteState, now: Now) -> dict[str, Any]:
    """What is held back; moments in Unix time."""
    messages = []
    for event in quiet.held:
        if said := note(event):
            words = {"title": said.title, "text": said.text, "topic": said.replace}
            at = {"urgency": said.urgency.value, "at": moment(event).wall_s}
            messages.append(words | at)
    return {
        "since": (quiet.since or now).wall_s,
        "slept_s": quiet.slept_s,
        "dropped": quiet.dropped,
        "messages": messages,
    }


def restore(quiet: MuteState, memory: object, now: Now) -> MuteState:
    """``quiet`` with what an earlier run held back; what makes no sense is left out."""
    messages = memory.get("messages") if isinstance(memory, Mapping) else None
    if not isinstance(memory, Mapping) or not isinstance(messages, list):
        return quiet
    held = tuple(one for each in messages[-HELD_MAX:] if (one := _earlier(each, now)))
    if not held:
        return quiet
    dropped = memory.get("dropped")
    return replace(
        quiet,
        since=_then(memory.get("since"), now) or held[0].at,
        slept_s=finite(memory.get("slept_s")),
        held=held,
        dropped=max(0, dropped) if type(dropped) is int else 0,
    )


def finite(value: object) -> float | None:
    """A number from a file that may hold anything."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None


def _earlier(message: object, now: Now) -> Earlier | None:
    if not isinstance(message, Mapping):
        return None
    title, text, topic = (_words(message.get(name)) for name in ("title", "text", "topic"))
    urgency, at = message.get("urgency"), _then(message.get("at"), now)
    if not title or text is None or not topic or at is None:
        return None
    if type(urgency) is not int or urgency not in list(Urgency):
        return None
    return Earlier(title, text, urgency, topic, at)


def _words(value: object) -> str | None:
    return value[:WORDS_MAX] if isinstance(value, str) else None


def _then(value: object, now: Now) -> Now | None:
    """An earlier run's moment on this run's clock; one that is still to come is now."""
    wall_s = finite(value)
    if wall_s is None:
        return None
    ago_s = max(0.0, now.wall_s - wall_s)
    return Now(now.mono_s - ago_s, now.wall_s - ago_s)
