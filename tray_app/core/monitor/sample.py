"""One sample as shown: every view (icon, tooltip, menu, terminal, JSON) reads it."""

from __future__ import annotations

from msgspec import Struct

from tray_app.core.alerts.forecast import Forecast
from tray_app.core.alerts.hung import Hang
from tray_app.core.alerts.job_leak import RetainedMemory
from tray_app.core.alerts.limits import Level
from tray_app.core.alerts.room import NextVideo
from tray_app.core.analysis.activity import Activity
from tray_app.core.analysis.bands import Band
from tray_app.core.analysis.jobs import Job
from tray_app.core.analysis.stage import Stage
from tray_app.core.model.presets import Mode
from tray_app.core.model.process_finding import ProcessProblem
from tray_app.core.model.readings import (
    MemoryKind,
    Now,
    ProcessRow,
    Source,
    SystemMemory,
    Target,
    TempUsage,
    UssPss,
)
from tray_app.core.source_choice.circuit_breaker import ApiCondition
from tray_app.core.source_choice.selection import Why


class Sample(Struct, frozen=True):
    """None means unknown. ``age_s`` is that of the memory figure; ``peak_bytes`` of the server's
    life, as far as it was watched.

    ``mode`` is the one chosen, ``fallback`` whether the automatic mode has fallen back. ``job`` is
    the one that runs, else the last one. ``level`` is the one that memory is in now, ``alert`` the
    one whose alert holds, ``recovering`` a level that memory is below, but not for long enough;
    ``forecast`` is the next level it will reach at this rate. ``rests``: idle for some seconds;
    without it IDLE may be out of date. ``kept`` is the memory kept by the last compared job.
    ``interval_s`` is the current interval, ``stretched`` if the set one is too short.
    ``cpu_percent`` is of one core, over the server's tree. ``problem`` says why there is no process
    reading. ``candidates`` might be the server, too. ``own`` is of the present target.
    ``temp_place`` is the path of the server's temp directory on this machine. ``memory_kind`` is
    the kind of the memory figure; ``rss_bytes`` is the sum over the server's processes, which
    counts ``shared_bytes`` more often than the figure does. ``next_video`` is what the next video
    needs: None while a job runs, or while the last ones cannot tell. ``advice`` are the server's
    recommendations in its last answer.
    """

    number: int
    at: Now
    mode: Mode
    source: Source
    api: ApiCondition
    why: Why | None = None
    fallback: bool = False
    stale: bool = False
    age_s: float | None = None
    memory_bytes: int | None = None
    band: Band = Band.UNKNOWN
    peak_bytes: int | None = None
    rate_bytes_s: float | None = None
    cpu_percent: float | None = None
    system: SystemMemory | None = None
    temp: TempUsage | None = None
    activity: Activity = Activity.IDLE
    stage: Stage | None = None
    job: Job | None = None
    rests: bool = False
    level: Level = Level.NONE
    alert: Level = Level.NONE
    recovering: Level = Level.NONE
    target: Target | None = None
    rows: tuple[ProcessRow, ...] = ()
    others: tuple[ProcessRow, ...] = ()
    problem: ProcessProblem | None = None
    forecast: Forecast | None = None
    kept: RetainedMemory | None = None
    interval_s: float = 0.0
    stretched: bool = False
    candidates: tuple[Target, ...] = ()
    own: UssPss | None = None
    temp_place: str | None = None
    hung: Hang | None = None
    memory_kind: MemoryKind | None = None
    rss_bytes: int | None = None
    shared_bytes: int = 0
    next_video: NextVideo | None = None
    advice: tuple[str, ...] = ()
