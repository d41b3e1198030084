"""Decides which exits, returns and worker replacements of the server are worth an alert.

Only an exit that matters is reported: during a job, or above the elevated level. If the server
stops while idle and small, somebody stopped it. The exception: if the kernel killed a process in
the server's own control group at that moment, the exit is reported at any size.
"""

from __future__ import annotations

from msgspec import Struct

from tray_app.core.model.readings import Killed, OomKills
from tray_app.core.server.target_tracker import Change, Turn


class ServerExitState(Struct, frozen=True):
    """The server's last figure, whether it was at work or at rest then (neither: that was not
    known), and since when it is gone, if that was said (``gone_s``). ``seen_s`` is when that figure
    was read."""

    memory_bytes: int | None = None
    busy: bool = False
    rests: bool = False
    gone_s: float | None = None
    seen_s: float | None = None


class ServerExit(Struct, frozen=True):
    """The server has gone: how much memory it had last, and whether it was processing, or at rest.

    ``oom_kills`` as in `Loss`; None also where nobody can tell.
    """

    memory_bytes: int
    busy: bool
    oom_kills: OomKills | None = None
    rested: bool = False


class ServerReturn(Struct, frozen=True):
    """The server is there again after so long."""

    away_s: float


class WorkerReplacement(Struct, frozen=True):
    """A worker was replaced under load; the server's memory just before."""

    memory_bytes: int | None


def update(
    state: ServerExitState,
    now_s: float,
    memory_bytes: int | None,
    change: Change | None,
    *,
    busy: bool,
    rests: bool = False,
    lost: bool,
    above_bytes: float,
    killed: Killed | None = None,
) -> tuple[ServerExitState, ServerExit | ServerReturn | WorkerReplacement | Killed | None]:
    """After one more sample. ``memory_bytes``: None where it has no fresh figure.

    ``above_bytes``: an end above this matters also while idle.
    """
    turn = change.turn if change else None
    if turn is Turn.FOLLOWED:  # another is watched, but nothing has ended
        return ServerExitState(memory_bytes, busy, rests, None, now_s), None
    if lost:
        before = state.memory_bytes
        loss = change.loss if change else None
        kills = loss.oom_kills if loss else None
        was_killed = kills is not None and kills.own_group and kills.count > 0
        if before is None or not (state.busy or before > above_bytes or was_killed):
            return ServerExitState(gone_s=state.gone_s), None
        # The end of a process is seen by the next look; that nobody listens, after some requests.
        gone_s = now_s if loss or state.seen_s is None else state.seen_s
        return ServerExitState(gone_s=gone_s), ServerExit(before, state.busy, kills, state.rests)
    if memory_bytes is None:
        return state, killed
    there = ServerExitState(memory_bytes, busy, rests, None, now_s)
    if state.gone_s is not None:
        return there, ServerReturn(now_s - state.gone_s)
    if killed is not None:
        return there, killed
    if turn is Turn.RENEWED and state.busy:
        return there, WorkerReplacement(state.memory_bytes)
    return there, None
