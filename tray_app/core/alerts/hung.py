"""Detects a hung server: it answers no request for longer than its patience and uses no CPU.

Silence alone is not a hang, because a busy server can be silent for a whole video. CPU use tells
the two apart. Recorded: a job waiting for storage uses no CPU for 22 s, one waiting for its
database for 12 s, so a job may stay still for longer than an idle server. If no process can be
read, a long silence must do. A stopped process (state T: Ctrl-Z, SIGSTOP, a debugger) always counts
as hung.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from tray_app.core.alerts.levels import AlertLimits
from tray_app.core.model.timing import TICK_JITTER_S

# What a server uses that does nothing: threads that wake up, a supervisor that looks for edits, and
# a few of the ticks of 10 ms in which CPU is counted.
STILL_PART = 0.05
STILL_S = 0.2


class HangKind(StrEnum):
    """STOPPED: the processes that answer are. DEADLOCKED: none of its processes does anything.
    SILENT: no process can be read, there is only no answer."""

    STOPPED = "stopped"
    DEADLOCKED = "deadlocked"
    SILENT = "silent"


class Hang(Struct, frozen=True):
    """The server hangs. ``since_s`` is when the first request without an answer was sent, or it was
    seen to be stopped; ``busy``: it was at work in that time."""

    kind: HangKind
    since_s: float
    busy: bool


class Signs(Struct, frozen=True):
    """What one sample says of it.

    ``answered_s`` is the newest good answer; ``answers``: the newest request was answered at all,
    if only with an error. ``silent_since_s`` is when the first request was sent that has not been
    answered; ``timed_out``: one has had all of its patience, on a connection that was accepted.
    ``cpu_percent`` is of all that may work in the tree; ``readable``: there is one. ``stopped``:
    all that answer are.
    """

    answered_s: float | None = None
    answers: bool = False
    silent_since_s: float | None = None
    timed_out: bool = False
    readable: bool = False
    cpu_percent: float | None = None
    stopped: bool = False
    busy: bool = False


class HungState(Struct, frozen=True):
    """``answered_s`` is the newest good answer: without one only what is stopped can hang.

    ``read_s`` is the last sample of this silence. ``still_s`` is since when the tree has done
    nothing, and ``worked_s`` the CPU seconds that it has used all the same; ``stopped_s`` since
    when it is stopped. ``busy``: it was at work in this silence. ``hang`` is there while it hangs,
    and ``said_s`` is the beginning of one that was said and is not over.
    """

    answered_s: float | None = None
    read_s: float | None = None
    still_s: float | None = None
    worked_s: float = 0.0
    stopped_s: float | None = None
    busy: bool = False
    hang: Hang | None = None
    said_s: float | None = None


class Answering(Struct, frozen=True):
    """After a hang of so long the server answers again, or where nobody asks, runs again."""

    hung_s: float


WELL = HungState()
NO_SIGNS = Signs()


def update(
    state: HungState, now_s: float, signs: Signs, limits: AlertLimits, *, lost: bool
) -> tuple[HungState, Hang | Answering | None]:
    """After one more sample: a hang that is to be said, or the end of one that was.

    ``lost``: the server that was watched is gone, which is another matter.
    """
    if lost:
        return WELL, None
    said_s = state.said_s
    answered_s = state.answered_s if signs.answered_s is None else signs.answered_s
    answered = answered_s != state.answered_s
    if signs.silent_since_s is None and not signs.stopped:
        runs = _is_stop(state.hang)
        if said_s is not None and (answered or signs.answers or runs):
            return HungState(answered_s), Answering(now_s - said_s)
        return HungState(answered_s, said_s=said_s), None
    if answered:  # whatever was before
        over = None if said_s is None else Answering(now_s - said_s)
        return _watched(HungState(answered_s), now_s, signs), over
    before, state = state.hang, _watched(state, now_s, signs)
    hang = _hang(state, now_s, signs, limits)
    if hang is None and signs.stopped and _is_stop(before):
        hang = before  # also over a gap
    if hang is None or said_s is not None:
        return replace(state, hang=hang, said_s=said_s), None
    return replace(state, hang=hang, said_s=hang.since_s), hang


def woken(state: HungState) -> HungState:
    """After a gap: nobody saw what it did meanwhile."""
    hang = state.hang if _is_stop(state.hang) else None
    return HungState(state.answered_s, hang=hang, said_s=state.said_s)


def _is_stop(hang: Hang | None) -> bool:
    return hang is not None and hang.kind is HangKind.STOPPED


def _watched(state: HungState, now_s: float, signs: Signs) -> HungState:
    """With what it did since the last sample of this silence."""
    still_s, worked_s = state.still_s, state.worked_s
    if not signs.readable:
        still_s = None
    elif still_s is None or state.read_s is None:
        still_s, worked_s = now_s, 0.0
    else:
        worked_s += (signs.cpu_percent or 0.0) / 100 * (now_s - state.read_s)
        if worked_s > STILL_S + STILL_PART * (now_s - still_s):
            still_s, worked_s = now_s, 0.0
    stopped_s = (now_s if state.stopped_s is None else state.stopped_s) if signs.stopped else None
    busy = state.busy or signs.busy
    return HungState(state.answered_s, now_s, still_s, worked_s, stopped_s, busy)


def _hang(state: HungState, now_s: float, signs: Signs, limits: AlertLimits) -> Hang | None:
    """The hang that has lasted for long enough."""
    if not limits.hung_s:
        return None
    idle_s = limits.hung_s - TICK_JITTER_S
    in_job_s = max(idle_s, limits.hung_busy_s - TICK_JITTER_S)
    if state.stopped_s is not None and now_s - state.stopped_s >= idle_s:
        return Hang(HangKind.STOPPED, state.stopped_s, state.busy)
    silent_s = signs.silent_since_s
    if silent_s is None or state.answered_s is None or not signs.timed_out:
        return None
    if not signs.readable:  # for all that is known it may be at work
        return Hang(HangKind.SILENT, silent_s, state.busy) if now_s - silent_s >= in_job_s else None
    still_s = now_s if state.still_s is None else state.still_s
    if now_s - max(silent_s, still_s) < (in_job_s if state.busy else idle_s):
        return None
    return Hang(HangKind.DEADLOCKED, silent_s, state.busy)
