"""Holds alerts back while a person has muted them, and just after the machine has slept.

Nothing is lost: the alerts come as one summary afterwards. Where the end of something is held back,
an alert of it that may still be shown is withdrawn. Critical alerts can be exempt from a
mute, except one that was already shown: a user who mutes a critical alert does not want it
repeated.
"""

from __future__ import annotations

import math

from msgspec import Struct
from msgspec.structs import replace

from tray_app.core.model.readings import Now
from tray_app.core.monitor.events import (
    Alert,
    AlertEvent,
    AlertWithdrawn,
    Earlier,
    PendingAlerts,
)

PENDING_MAX = 20
# Events during sleep show within this long after waking: hold times of 2 s, a search for the
# server.
WAKING_S = 5.0
# A shorter gap is not sleep.
SLEPT_MIN_S = 60.0


class MuteState(Struct, frozen=True):
    """``until_wall_s``: muted until then (infinity: until a restart); ``set_s`` is the length.

    ``waking_until_s``: the machine has just woken, after ``slept_s``. ``since`` is when the mute
    began; ``pending`` are the waiting alerts, oldest first, and ``dropped`` counts older ones that
    did not fit.
    """

    until_wall_s: float | None = None
    set_s: float = 0.0
    waking_until_s: float | None = None
    slept_s: float | None = None
    since: Now | None = None
    pending: tuple[AlertEvent, ...] = ()
    dropped: int = 0

    def muted_s(self, now: Now) -> float:
        """The remaining time of the mute; 0: not muted.

        Setting the clock back does not prolong a mute.
        """
        if self.until_wall_s is None:
            return 0.0
        return max(0.0, min(self.until_wall_s - now.wall_s, self.set_s))


UNMUTED = MuteState()


def mute(state: MuteState, now: Now, duration_s: float | None) -> MuteState:
    """Mute for ``duration_s`` from now on; None: until the program ends."""
    set_s = math.inf if duration_s is None else duration_s
    since = state.since if state.pending else now
    return replace(state, until_wall_s=now.wall_s + set_s, set_s=set_s, since=since)


def unmute(state: MuteState) -> MuteState:
    """End the mute; `update` then delivers the pending alerts."""
    return replace(state, until_wall_s=None, set_s=0.0)


def woken(state: MuteState, now: Now, slept_s: float) -> MuteState:
    """The machine slept for ``slept_s``: the next findings come as one summary."""
    if state.until_wall_s is not None:  # the clock may have been set back
        state = replace(state, until_wall_s=now.wall_s + state.muted_s(now))
    if slept_s < SLEPT_MIN_S:
        return state
    since = state.since if state.pending else now
    return replace(state, waking_until_s=now.mono_s + WAKING_S, slept_s=slept_s, since=since)


def update(
    state: MuteState, now: Now, alerts: tuple[Alert, ...], *, critical_exempt: bool
) -> tuple[MuteState, tuple[AlertEvent | AlertWithdrawn | PendingAlerts, ...]]:
    """Hold alerts back; or let them through, after a summary of the pending ones."""
    if state is UNMUTED:  # the usual
        return state, alerts
    is_muted = state.muted_s(now) > 0.0
    is_waking = state.waking_until_s is not None and now.mono_s < state.waking_until_s
    if is_muted or is_waking:
        exempt = not is_muted or critical_exempt
        return _pending(state, alerts, exempt=exempt, again=not is_muted)
    if not state.pending:
        return UNMUTED, alerts
    summary = PendingAlerts(
        events=state.pending,
        dropped=state.dropped,
        since=state.since or now,
        until=now,
        slept_s=state.slept_s,
    )
    return UNMUTED, (summary, *alerts)


def _pending(
    state: MuteState, alerts: tuple[Alert, ...], *, exempt: bool, again: bool
) -> tuple[MuteState, tuple[Alert | AlertWithdrawn, ...]]:
    """``exempt``: critical alerts come through, and ``again``: repeats, too."""
    through: list[Alert | AlertWithdrawn] = []
    pending = list(state.pending)
    for alert in alerts:
        found = alert.finding
        if found.is_quiet or (found.is_critical and exempt and (again or not found.is_repeated)):
            through.append(alert)
            continue
        if found.is_repeated:
            pending = [old for old in pending if not _is_same(old, alert)]
        if found.ends is not None:
            through.append(AlertWithdrawn(found.ends))
        pending.append(alert)
    dropped = state.dropped + max(0, len(pending) - PENDING_MAX)
    return replace(state, pending=tuple(pending[-PENDING_MAX:]), dropped=dropped), tuple(through)


def _is_same(old: AlertEvent, new: Alert) -> bool:
    """Whether both repeat an alert about the same subject."""
    if isinstance(old, Earlier) or not old.finding.is_repeated:
        return False
    return old.finding.subject == new.finding.subject


def due_s(state: MuteState, now: Now) -> float:
    """When the pending alerts are due (monotonic); infinity: never."""
    if not state.pending:
        return math.inf
    return max(now.mono_s + state.muted_s(now), state.waking_until_s or now.mono_s)
