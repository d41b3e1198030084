"""Holds alerts back while a person has muted them, and just after the machine has slept.

Nothing is lost: the alerts come as one summary afterwards. Critical alerts can be exempt from a
mute, except one that was already shown: whoever mutes a critical alert does not want it repeated.
"""

from __future__ import annotations

import math

from msgspec import Struct
from msgspec.structs import replace

from tray_app.core.alerts.levels import Level
from tray_app.core.model.readings import Now
from tray_app.core.monitor.events import (
    Alerted,
    AlertEvent,
    HeldBack,
    MachineShort,
    Recovered,
    TakenBack,
)

HELD_MAX = 20
# What happened while the machine slept shows within so long after it woke: holds of 2 s, a look
# for the server.
WAKING_S = 5.0
# A shorter gap was no sleep.
SLEPT_MIN_S = 60.0


class MuteState(Struct, frozen=True):
    """``until_wall_s``: muted until then (infinity: until a restart); ``set_s`` is the length.

    ``waking_until_s``: the machine has just woken, after ``slept_s``. ``since`` is when holding
    back began; ``held`` what was, oldest first, and ``dropped`` how many older ones were too many.
    """

    until_wall_s: float | None = None
    set_s: float = 0.0
    waking_until_s: float | None = None
    slept_s: float | None = None
    since: Now | None = None
    held: tuple[AlertEvent, ...] = ()
    dropped: int = 0

    def muted_s(self, now: Now) -> float:
        """For how much longer it is muted; 0: it is not.

        A clock that was set back does not make a mute longer than was asked for.
        """
        if self.until_wall_s is None:
            return 0.0
        return max(0.0, min(self.until_wall_s - now.wall_s, self.set_s))


UNMUTED = MuteState()


def mute(quiet: MuteState, now: Now, duration_s: float | None) -> MuteState:
    """Hold back from now on for so long; None: until the program ends."""
    set_s = math.inf if duration_s is None else duration_s
    since = quiet.since if quiet.held else now
    return replace(quiet, until_wall_s=now.wall_s + set_s, set_s=set_s, since=since)


def unmute(quiet: MuteState) -> MuteState:
    """Hold nothing back from now on; `update` tells what was."""
    return replace(quiet, until_wall_s=None, set_s=0.0)


def woken(quiet: MuteState, now: Now, slept_s: float) -> MuteState:
    """The machine was away for so long: what it finds now comes as one summary."""
    if quiet.until_wall_s is not None:  # the clock may have been set back
        quiet = replace(quiet, until_wall_s=now.wall_s + quiet.muted_s(now))
    if slept_s < SLEPT_MIN_S:
        return quiet
    since = quiet.since if quiet.held else now
    return replace(quiet, waking_until_s=now.mono_s + WAKING_S, slept_s=slept_s, since=since)


def update(
    quiet: MuteState, now: Now, events: tuple[AlertEvent, ...], *, critical_exempt: bool
) -> tuple[MuteState, tuple[AlertEvent | HeldBack, ...]]:
    """Hold back, or let through and tell first what was held back before."""
    if quiet is UNMUTED:  # the usual
        return quiet, events
    if quiet.muted_s(now) > 0.0 or (
        quiet.waking_until_s is not None and now.mono_s < quiet.waking_until_s
    ):
        through, kept = [], list(quiet.held)
        for event in events:
            waking = quiet.muted_s(now) == 0.0
            again = isinstance(event, Alerted) and event.again
            nobodys = isinstance(event, Alerted | Recovered) and event.quiet  # it interrupts nobody
            if nobodys or (is_critical(event) and (waking or (critical_exempt and not again))):
                through.append(event)
                continue
            if isinstance(event, Alerted) and again:
                kept = [old for old in kept if not _same_again(old, event)]
            kept.append(event)
        dropped = quiet.dropped + max(0, len(kept) - HELD_MAX)
        return replace(quiet, held=tuple(kept[-HELD_MAX:]), dropped=dropped), tuple(through)
    if not quiet.held:
        return UNMUTED, events
    summary = HeldBack(quiet.held, quiet.dropped, quiet.since or now, now, quiet.slept_s)
    return UNMUTED, (summary, *events)


def due_s(quiet: MuteState, now: Now) -> float:
    """When what was held back is to be told (monotonic); never is infinity."""
    if not quiet.held:
        return math.inf
    return max(now.mono_s + quiet.muted_s(now), quiet.waking_until_s or now.mono_s)


def is_critical(event: AlertEvent) -> bool:
    """Whether a mute may let it through."""
    return isinstance(event, MachineShort | TakenBack) or (
        isinstance(event, Alerted) and event.level is Level.CRITICAL
    )


def _same_again(old: AlertEvent, new: Alerted) -> bool:
    return isinstance(old, Alerted) and old.again and old.level is new.level
