"""What a restart of the monitor must not lose of the server's present life."""

from __future__ import annotations

from msgspec import Struct

from tray_app.core.alerts.job_leak import JobLeakState
from tray_app.core.analysis.jobs import Job
from tray_app.core.model.readings import Now


class Figure(Struct, frozen=True):
    """Memory at a moment (Unix time), and the time between two samples then."""

    at_s: float
    memory_bytes: int
    apart_s: float


class Carried(Struct, frozen=True):
    """Peak, jobs that ended (of ``count`` that were seen) and leak series, as of ``at``.

    They belong to one process of the server: ``pid`` and ``created_s`` (Unix time) tell which.
    """

    pid: int
    created_s: float
    at: Now
    peak_bytes: int | None = None
    jobs: tuple[Job, ...] = ()
    count: int = 0
    leak: JobLeakState = JobLeakState()
