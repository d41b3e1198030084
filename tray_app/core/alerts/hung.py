"""Detects a hung server: it answers no request for longer than its patience and uses no CPU.

Silence alone is not a hang, because a busy server can be silent for a whole video. CPU use tells
the two apart. Recorded: a job waiting for storage uses no CPU for 22 s, one waiting for its
database for 12 s, so a job may stay still for longer than an idle server. If no process can be
read, a long silence must do. A stopped process (state T: Ctrl-Z, SIGSTOP, a debugger) always counts
as hung.
"""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from msgspec import Struct
from msgspec.structs import replace

from tray_app.core.alerts.facts import Facts, Signs
from tray_app.core.alerts.limits import AlertLimits
from tray_app.core.alerts.policy import Condition, Finding, Policy
from tray_app.core.model.timing import TICK_JITTER_S

# CPU of an idle server: threads that wake up, a supervisor that checks for edits, and a few of the
# 10 ms ticks in which CPU is counted.
STILL_PART = 0.05
STILL_S = 0.2


class HangKind(StrEnum):
    """STOPPED: the answering processes are stopped. DEADLOCKED: none of its processes uses CPU.
    SILENT: it does not answer, and no process can be read."""

    STOPPED = "stopped"
    DEADLOCKED = "deadlocked"
    SILENT = "silent"


class Hang(Finding, frozen=True):
    """The server hangs. ``since_s`` is when the first unanswered request was sent, or the first
    reading found it stopped; ``busy``: it was at work in that time. ``asked``: it owes an answer;
    a process can also be stopped while nobody asks its API."""

    WORD: ClassVar[str] = "hung"

    kind: HangKind
    since_s: float
    busy: bool
    asked: bool = True


class HungState(Struct, frozen=True):
    """``answered_s`` is the newest good answer: without one only a stopped server counts as hung.

    ``read_s`` is the last sample of this silence. ``still_s`` is when the tree went idle, and
    ``worked_s`` the CPU seconds it has used since; ``stopped_s`` is when it was stopped. ``busy``:
    it was at work in this silence. ``hang`` is set while it hangs, and ``said_s`` is the start of a
    reported hang that is not over.
    """

    answered_s: float | None = None
    read_s: float | None = None
    still_s: float | None = None
    worked_s: float = 0.0
    stopped_s: float | None = None
    busy: bool = False
    hang: Hang | None = None
    said_s: float | None = None


class Answering(Finding, frozen=True):
    """The server answers again after a hang of ``lasted_s``; if it was not ``asked``, it runs
    again."""

    WORD: ClassVar[str] = "answers"

    lasted_s: float
    asked: bool = True

    @property
    def ends(self) -> Condition:
        return Condition.SERVER


WELL = HungState()


def update(state: HungState, facts: Facts) -> tuple[HungState, Hang | Answering | None]:
    """The policy after one more sample. `server_exit` reports a server that is gone."""
    signs, now_s = facts.signs, facts.now.mono_s
    if facts.lost:
        return WELL, None
    answered_s = state.answered_s if signs.answered_s is None else signs.answered_s
    answered = answered_s != state.answered_s
    if answered or (signs.silent_since_s is None and not signs.stopped):
        return _answering(state, now_s, signs, answered_s)
    said_s, before = state.said_s, state.hang
    state = _watched(state, now_s, signs)
    hang = _hang(state, now_s, signs, facts.limits)
    if hang is None and signs.stopped and _is_stop(before):
        hang = before  # also over a gap
    if hang is None or said_s is not None:
        return replace(state, hang=hang, said_s=said_s), None
    return replace(state, hang=hang, said_s=hang.since_s), hang


def _answering(
    state: HungState, now_s: float, signs: Signs, answered_s: float | None
) -> tuple[HungState, Answering | None]:
    """After an answer, or while the API is not polled: a hang lasts until the server answers or
    runs."""
    said_s, answered = state.said_s, answered_s != state.answered_s
    asked = state.hang is None or state.hang.asked
    over = None if said_s is None else Answering(now_s - said_s, asked)
    if signs.silent_since_s is not None or signs.stopped:  # since that answer
        return _watched(HungState(answered_s), now_s, signs), over
    if answered or signs.answers or _is_stop(state.hang):
        return HungState(answered_s), over
    return HungState(answered_s, said_s=said_s), None


def is_still(worked_s: float, over_s: float) -> bool:
    """Whether so little CPU in this time means that nothing is at work."""
    return worked_s <= STILL_S + STILL_PART * over_s


def woken(state: HungState, _now_s: float) -> HungState:
    """After a gap, in which the server was not observed."""
    hang = state.hang if _is_stop(state.hang) else None
    return HungState(state.answered_s, hang=hang, said_s=state.said_s)


def _is_stop(hang: Hang | None) -> bool:
    return hang is not None and hang.kind is HangKind.STOPPED


def _watched(state: HungState, now_s: float, signs: Signs) -> HungState:
    """Adds its CPU use since the last sample of this silence."""
    still_s, worked_s = state.still_s, state.worked_s
    if not signs.readable:
        still_s = None
    elif still_s is None or state.read_s is None:
        still_s, worked_s = now_s, 0.0
    else:
        worked_s += (signs.cpu_percent or 0.0) / 100 * (now_s - state.read_s)
        if not is_still(worked_s, now_s - still_s):
            still_s, worked_s = now_s, 0.0
    stopped_s = (now_s if state.stopped_s is None else state.stopped_s) if signs.stopped else None
    busy = state.busy or signs.busy
    return HungState(
        answered_s=state.answered_s,
        read_s=now_s,
        still_s=still_s,
        worked_s=worked_s,
        stopped_s=stopped_s,
        busy=busy,
    )


def _hang(state: HungState, now_s: float, signs: Signs, limits: AlertLimits) -> Hang | None:
    """The hang that has lasted for long enough."""
    if not limits.hung_s:
        return None
    idle_s = limits.hung_s - TICK_JITTER_S
    in_job_s = max(idle_s, limits.hung_busy_s - TICK_JITTER_S)
    if state.stopped_s is not None and now_s - state.stopped_s >= idle_s:
        asked = signs.silent_since_s is not None
        return Hang(HangKind.STOPPED, state.stopped_s, state.busy, asked)
    silent_s = signs.silent_since_s
    if silent_s is None or state.answered_s is None or not signs.timed_out:
        return None
    if not signs.readable:  # it may be at work
        return Hang(HangKind.SILENT, silent_s, state.busy) if now_s - silent_s >= in_job_s else None
    still_s = now_s if state.still_s is None else state.still_s
    if now_s - max(silent_s, still_s) < (in_job_s if state.busy else idle_s):
        return None
    return Hang(HangKind.DEADLOCKED, silent_s, state.busy)


POLICY = Policy(WELL, update, woken=woken)
