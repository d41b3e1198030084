"""Recognises the CPU use of a server that is starting, so that it does not count as work.

Recorded: a server listens, and answers, once it has started (3 s on a quiet machine). A worker
under a supervisor has the port from the beginning, so that only its age, or its answer, tells; one
that takes the place of a worker that was killed, or reloaded after an edit, starts like a server.
"""

from __future__ import annotations

import math

from msgspec import Struct

from tray_app.core.model.readings import Now, ProcessReading
from tray_app.core.server.command_line import may_be_server

# A server that does not listen after this, or an older worker, uses CPU for other reasons.
SERVER_STARTS_FOR_S = 60.0
WORKER_STARTS_FOR_S = 10.0


class Startup(Struct, frozen=True):
    """A start in progress. ``cpu_percent`` of the reading belongs to it; ``whole``: the whole
    server starts, not only workers, and its memory is still rising to its initial level."""

    cpu_percent: float
    whole: bool = False


def startup(process: ProcessReading, now: Now, answered_s: float | None) -> Startup | None:
    """The start in this reading; None (the usual case): nothing starts.

    ``answered_s`` is the newest answer of the API. With several workers it is unknown whose answer
    that was.
    """
    if process.target is None or not process.rows:
        return None
    answered_wall_s = -math.inf
    if answered_s is not None and process.worker_count <= 1:
        answered_wall_s = now.wall_s - (now.mono_s - answered_s)
    cpu_percent = process.cpu_percent or 0.0
    created_s = process.target.created_s
    is_up = process.worker_count > 0 or created_s <= answered_wall_s
    if not is_up and now.wall_s - created_s < SERVER_STARTS_FOR_S:
        return Startup(cpu_percent, whole=True)
    since_s = max(now.wall_s - WORKER_STARTS_FOR_S, answered_wall_s)
    starting = [
        row.cpu_percent or 0.0
        for row in process.rows[1:]
        if row.created_s is not None and row.created_s > since_s and may_be_server(row.name)
    ]
    return Startup(min(sum(starting), cpu_percent)) if starting else None
