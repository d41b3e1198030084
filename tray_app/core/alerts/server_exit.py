"""Decides which exits, returns and worker replacements of the server are worth an alert.

Only an exit that matters is reported: during a job, or above the level RAISED. If the server
stops while idle and small, the user stopped it. The exception: if the kernel killed a process in
the server's own control group at that moment, the exit is reported at any size.
"""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct

from tray_app.core.alerts.facts import Facts
from tray_app.core.alerts.policy import Condition, Finding, Policy
from tray_app.core.model.readings import MIB, OomKills, ProcessRow
from tray_app.core.server.target_tracker import Transition


class ServerExit(Finding, frozen=True):
    """The server has gone: how much memory it had last, and whether it was processing, or at rest.

    ``oom_kills`` as in `Loss`; None if the system does not tell.
    """

    WORD: ClassVar[str] = "gone"

    memory_bytes: int
    busy: bool
    oom_kills: OomKills | None = None
    rested: bool = False


class ServerExitState(Struct, frozen=True):
    """The server's last figure, whether it was then at work or at rest (neither: unknown), and
    since when it is gone, if that was reported (``gone_s``), with ``reported``. ``seen_s`` is when
    the figure was read."""

    memory_bytes: int | None = None
    busy: bool = False
    rests: bool = False
    gone_s: float | None = None
    reported: ServerExit | None = None
    seen_s: float | None = None


class ServerReturn(Finding, frozen=True):
    """The server is back after ``away_s``; ``end`` is what was reported of its end.

    The note replaces the one of the end, often within a second, so it repeats what counts.
    """

    WORD: ClassVar[str] = "back"

    away_s: float
    end: ServerExit | None = None

    @property
    def ends(self) -> Condition:
        return Condition.SERVER


class ChildKilled(Finding, frozen=True):
    """Processes of the server have ended while the kernel killed in its control group; the server
    itself runs on. ``rows`` are from the last reading."""

    WORD: ClassVar[str] = "process_killed"

    rows: tuple[ProcessRow, ...]
    oom_kills: OomKills


class WorkerReplacement(Finding, frozen=True):
    """A worker was replaced under load; the server's memory just before."""

    WORD: ClassVar[str] = "worker_replaced"

    memory_bytes: int | None


def update(
    state: ServerExitState, facts: Facts
) -> tuple[ServerExitState, ServerExit | ServerReturn | WorkerReplacement | ChildKilled | None]:
    """The policy after one more sample."""
    memory_bytes, transition = facts.fresh_bytes, facts.change.transition if facts.change else None
    now_s, busy = facts.now.mono_s, facts.activity.is_busy
    there = ServerExitState(memory_bytes, busy, facts.rests, seen_s=now_s)
    if transition is Transition.SWITCHED:  # the target changed, but nothing has ended
        return there, None
    if facts.lost:
        return _lost(state, facts)
    killed = _killed(facts)
    if memory_bytes is None:
        return state, killed
    if state.gone_s is not None:
        return there, ServerReturn(now_s - state.gone_s, state.reported)
    if killed is None and transition is Transition.WORKER_REPLACED and state.busy:
        return there, WorkerReplacement(state.memory_bytes)
    return there, killed


def _lost(state: ServerExitState, facts: Facts) -> tuple[ServerExitState, ServerExit | None]:
    """The server has gone: whether that matters."""
    before, loss = state.memory_bytes, facts.change.loss if facts.change else None
    kills = loss.oom_kills if loss else None
    was_killed = kills is not None and kills.own_group and kills.count > 0
    # The end of a server reported as hung always matters; above this size also when idle.
    above_bytes = 0.0 if facts.hang_said else facts.limits.raised_mb * MIB
    if before is None or not (state.busy or before > above_bytes or was_killed):
        return ServerExitState(gone_s=state.gone_s, reported=state.reported), None
    # The next poll sees the end of a process; only some requests show that nothing listens.
    gone_s = facts.now.mono_s if loss or state.seen_s is None else state.seen_s
    end = ServerExit(before, state.busy, kills, state.rests)
    return ServerExitState(gone_s=gone_s, reported=end), end


def _killed(facts: Facts) -> ChildKilled | None:
    killed = facts.process.killed if facts.process else None
    return ChildKilled(killed.rows, killed.oom_kills) if killed else None


POLICY = Policy(ServerExitState(), update)
