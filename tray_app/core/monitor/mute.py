"""Holds alerts back while a person has muted them, and just after the machine has slept.

Nothing is lost: the alerts come as one summary afterwards. Critical alerts can be exempt from a
mute, except one that was already shown: whoever mutes a critical alert does not want it repeated.
"""

from __future__ import annotations

import math

from msgspec import Struct
from msgspec.structs import replace

from tray_app.core.model.readings import Now
from tray_app.core.monitor.events import Alert, AlertEvent, Earlier, HeldBack

HELD_MAX = 20
# What happened while the machine slept shows within so long after it woke: holds of 2 s, a search
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
    quiet: MuteState, now: Now, alerts: tuple[Alert, ...], *, critical_exempt: bool
) -> tuple[MuteState, tuple[AlertEvent | HeldBack, ...]]:
    """Hold back, or let through and tell first what was held back before."""
    if quiet is UNMUTED:  # the usual
        return quiet, alerts
    is_muted = quiet.muted_s(now) > 0.0
    is_waking = quiet.waking_until_s is not None and now.mono_s < quiet.waking_until_s
    if is_muted or is_waking:
        exempt = not is_muted or critical_exempt
        return _held_back(quiet, alerts, exempt=exempt, again=not is_muted)
    if not quiet.held:
        return UNMUTED, alerts
    summary = HeldBack(
        events=quiet.held,
        dropped=quiet.dropped,
        since=quiet.since or now,
        until=now,
        slept_s=quiet.slept_s,
    )
    return UNMUTED, (summary, *alerts)


def _held_back(
    quiet: MuteState, alerts: tuple[Alert, ...], *, exempt: bool, again: bool
) -> tuple[MuteState, tuple[Alert, ...]]:
    """``exempt``: what is critical comes through, and ``again``: also what was said before."""
    through: list[Alert] = []
    held = list(quiet.held)
    for alert in alerts:
        found = alert.finding
        if found.is_quiet or (found.is_critical and exempt and (again or not found.is_repeated)):
            through.append(alert)
            continue
        if found.is_repeated:
            held = [old for old in held if not _is_same(old, alert)]
        held.append(alert)
    dropped = quiet.dropped + max(0, len(held) - HELD_MAX)
    return replace(quiet, held=tuple(held[-HELD_MAX:]), dropped=dropped), tuple(through)


def _is_same(old: AlertEvent, new: Alert) -> bool:
    """Whether it was repeated of the same matter."""
    if isinstance(old, Earlier) or not old.finding.is_repeated:
        return False
    return old.finding.subject == new.finding.subject


def due_s(quiet: MuteState, now: Now) -> float:
    """When what was held back is to be told (monotonic); never is infinity."""
    if not quiet.held:
        return math.inf
    return max(now.mono_s + quiet.muted_s(now), quiet.waking_until_s or now.mono_s)
