"""The state of alerts that a restart needs, as plain values for JSON: levels and mute.

Pending alerts are stored as texts, so that they outlive an update of the program.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from tray_app.core.alerts import levels, policies
from tray_app.core.alerts.levels import LevelState
from tray_app.core.alerts.limits import Level
from tray_app.core.alerts.policies import CALM, AlertsState
from tray_app.core.config.settings import RememberedChoices
from tray_app.core.model.readings import Now
from tray_app.core.monitor import mute
from tray_app.core.monitor.events import Earlier
from tray_app.core.monitor.mute import PENDING_MAX, UNMUTED, MuteState
from tray_app.core.monitor.state import State
from tray_app.core.presentation.notifications import Urgency, moment, note

# The longest notification has some 400 characters; a file may say anything.
WORDS_MAX = 1000
# A restart within an hour remembers the alerts.
REMEMBERED_S = 3600.0
# The longest mute is 8 h; pending alerts older than a day are out of date.
PENDING_FOR_S = 86400.0
# As files of earlier versions name levels.
_FORMER_WORDS = {"none": Level.NONE, "elevated": Level.RAISED}


def choice(state: State, now: Now) -> RememberedChoices:
    """The memory for the next start: choices and alerts."""
    return replace(state.choice, alerts=remembered(state, now) or None)


def resumed(state: State) -> State:
    """A state that continues the alerts of an earlier run.

    If that run crashed, it has left notifications, which are closed now. So a level that lasts is
    repeated as soon as it is read.
    """
    left = state.choice.notifications is not None
    alerts, muted = restore(state.choice.alerts, state.started, repeats=left)
    return replace(state, alerts=alerts, mute=muted)


def remembered(state: State, now: Now) -> dict[str, Any]:
    """The alerts' memory for a restart: levels, mute and pending alerts; empty without any.

    Plain values, moments in Unix time.
    """
    level, muted = state.alerts.of(levels.POLICY), state.mute
    memory: dict[str, Any] = {}
    if level.highest or level.foreseen_s is not None:
        said_s = now.mono_s if level.said_s is None else level.said_s
        memory |= {
            "level": level.level.word,
            "raised": level.highest.word,
            "peak_bytes": level.peak_bytes,
            "said": now.wall_s - (now.mono_s - said_s),
            "foreseen": level.foreseen_s is not None,
            "hushed": level.hushed,
            "told": level.told,
        }
    muted_s = muted.muted_s(now)
    if 0.0 < muted_s < math.inf:
        memory["muted_until"] = now.wall_s + muted_s
    if muted.pending:
        memory["held"] = pending(muted, now)
    return memory | {"at": now.wall_s} if memory else memory


def restore(memory: object, now: Now, *, repeats: bool = False) -> tuple[AlertsState, MuteState]:
    """Alerts and mute of an earlier run. Ignores invalid values, levels older than an hour and
    pending alerts older than a day. ``repeats``: a level that lasts is due for its repeat."""
    if not isinstance(memory, Mapping):
        return CALM, UNMUTED
    age_s = now.wall_s - (_finite(memory.get("at")) or -math.inf)
    level = _restored(memory, now) if 0.0 <= age_s <= REMEMBERED_S else levels.CALM
    if repeats and level.said_s is not None:
        level = replace(level, said_s=now.mono_s - REMEMBERED_S)
    silence = UNMUTED
    until = _finite(memory.get("muted_until"))
    if until is not None and now.wall_s < until <= now.wall_s + 86400.0:
        silence = mute.mute(UNMUTED, now, until - now.wall_s)
    if age_s <= PENDING_FOR_S:
        silence = with_pending(silence, memory.get("held"), now)
    return policies.starting_with(levels.POLICY, level), silence


def _restored(memory: Mapping[Any, Any], now: Now) -> LevelState:
    """The levels of an earlier run."""
    words = _FORMER_WORDS | {level.word: level for level in Level}
    level, raised = (_word(memory.get(name), words) for name in ("level", "raised"))
    foreseen = memory.get("foreseen") is True
    if level is None or raised is None or not (raised or foreseen):
        return levels.CALM
    said = _finite(memory.get("said")) or now.wall_s
    peak = memory.get("peak_bytes")
    return LevelState(
        level=min(level, raised),
        highest=raised,
        peak_bytes=peak if type(peak) is int and peak > 0 else 0,
        said_s=now.mono_s - max(0.0, now.wall_s - said),
        foreseen_s=now.mono_s if foreseen else None,
        hushed=memory.get("hushed") is True,
        told=memory.get("told") is not False,
    )


def _word(value: object, words: Mapping[str, Level]) -> Level | None:
    return words.get(value) if isinstance(value, str) else None


def pending(state: MuteState, now: Now) -> dict[str, Any]:
    """The pending alerts; moments in Unix time."""
    messages = []
    for event in state.pending:
        if said := note(event):
            words = {"title": said.title, "text": said.text, "topic": said.replace}
            at = {"urgency": said.urgency.value, "at": moment(event).wall_s}
            messages.append(words | at)
    return {
        "since": (state.since or now).wall_s,
        "slept_s": state.slept_s,
        "dropped": state.dropped,
        "messages": messages,
    }


def with_pending(state: MuteState, memory: object, now: Now) -> MuteState:
    """``state`` with the pending alerts of an earlier run; ignores invalid ones."""
    messages = memory.get("messages") if isinstance(memory, Mapping) else None
    if not isinstance(memory, Mapping) or not isinstance(messages, list):
        return state
    messages = tuple(one for each in messages[-PENDING_MAX:] if (one := _earlier(each, now)))
    if not messages:
        return state
    dropped = memory.get("dropped")
    return replace(
        state,
        since=_then(memory.get("since"), now) or messages[0].at,
        slept_s=_finite(memory.get("slept_s")),
        pending=messages,
        dropped=max(0, dropped) if type(dropped) is int else 0,
    )


def _finite(value: object) -> float | None:
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
    return Earlier(title=title, text=text, urgency=urgency, topic=topic, at=at)


def _words(value: object) -> str | None:
    return value[:WORDS_MAX] if isinstance(value, str) else None


def _then(value: object, now: Now) -> Now | None:
    """An earlier run's moment on this run's clock; a future one counts as now."""
    wall_s = _finite(value)
    if wall_s is None:
        return None
    ago_s = max(0.0, now.wall_s - wall_s)
    return Now(now.mono_s - ago_s, now.wall_s - ago_s)
