"""Samples and views for the tests of the terminal."""

from __future__ import annotations

import io

from msgspec.structs import replace

from tray_app.core.alerts.levels import LevelReached, Recovered
from tray_app.core.alerts.limits import Level
from tray_app.core.analysis.activity import Activity
from tray_app.core.analysis.bands import Band
from tray_app.core.analysis.course import FINE_BUCKET_S, Course, update
from tray_app.core.analysis.stage import Stage
from tray_app.core.model.api_failure import ApiFailureKind, ApiProblem
from tray_app.core.model.presets import Mode
from tray_app.core.model.process_finding import (
    Evidence,
    EvidenceKind,
    ProcessProblem,
    ProcessProblemKind,
)
from tray_app.core.model.readings import (
    GIB,
    MIB,
    Now,
    ProcessRow,
    Role,
    Source,
    SystemMemory,
    Target,
    TempUsage,
)
from tray_app.core.monitor.events import (
    Alert,
    Ended,
    Event,
    Sampled,
    Summarised,
)
from tray_app.core.monitor.sample import Sample
from tray_app.core.source_choice.circuit_breaker import ApiCondition, ApiState
from tray_app.core.source_choice.selection import Why
from tray_app.core.summary.measurement import Summary
from tray_app.views.terminal.chart import Recent
from tray_app.views.terminal.screen import Line
from tray_app.views.terminal.view import TerminalView

CALM = Sample(
    number=1,
    at=Now(100.0, 1_795_000_000.0),
    mode=Mode.AUTO,
    source=Source.API,
    api=ApiCondition(ApiState.OK, age_s=0.0, latency_s=0.004),
    age_s=0.0,
    memory_bytes=126 * MIB,
    band=Band.GREEN,
    peak_bytes=130 * MIB,
    rate_bytes_s=0.0,
    cpu_percent=2.0,
    system=SystemMemory(24 * GIB, 12 * GIB, 50.0),
    temp=TempUsage(18 * MIB, 1, 99.0),
)


BUSY = replace(
    CALM,
    number=2,
    at=Now(110.0, 1_795_000_010.0),
    source=Source.PROCESS,
    api=ApiCondition(
        ApiState.SILENT, 12.0, 0.004, ApiProblem(ApiFailureKind.NO_ANSWER, waited_s=12.0)
    ),
    why=Why.API_AWAY,
    fallback=True,
    memory_bytes=2200 * MIB,
    band=Band.RED,
    peak_bytes=2200 * MIB,
    rate_bytes_s=120.0 * MIB,
    cpu_percent=182.0,
    temp=TempUsage(180 * MIB, 12, 109.0),
    activity=Activity.PROCESSING,
    stage=Stage("frames", inferred=True),
    level=Level.HIGH,
    alert=Level.HIGH,
    target=Target(
        42,
        1.0,
        "uvicorn",
        ("uvicorn", "main:app"),
        "/srv/run",
        Evidence(EvidenceKind.LISTENS, 8000),
    ),
    rows=(
        ProcessRow(42, "uvicorn", Role.TARGET, 2100 * MIB, 98.0),
        ProcessRow(43, "ffmpeg", Role.CHILD, 100 * MIB, None),
    ),
    others=(ProcessRow(7, "jupyter-lab", Role.PYTHON, 210 * MIB, 0.0),),
)


BLIND = Sample(
    number=1,
    at=Now(100.0, 1_795_000_000.0),
    mode=Mode.AUTO,
    source=Source.NONE,
    api=ApiCondition(ApiState.UNREACHABLE, problem=ApiProblem(ApiFailureKind.REFUSED)),
    why=Why.NO_PROCESS,
    problem=ProcessProblem(ProcessProblemKind.NOT_FOUND, port=8000),
)


ALERT = Alert(LevelReached(Level.HIGH, 2000.0), BUSY)


RECOVERY = Alert(Recovered(Level.HIGH, 2200 * MIB), CALM)


END = Summarised(Summary(30.0, 2, 2200 * MIB, 1163.0 * MIB, watched_s=30.0), ends_run=True)


STORY: tuple[Event, ...] = (Sampled(CALM), Sampled(BUSY), ALERT, END, Ended())


def recent_of(
    *sizes_mb: int | None, every_s: float = 2.0, until_s: float = CALM.at.mono_s
) -> Recent:
    """A chart's data: these figures, the last at ``until_s``; None: no figure."""
    past = Course(bucket_s=FINE_BUCKET_S)
    for at, size in enumerate(sizes_mb):
        now_s = until_s - every_s * (len(sizes_mb) - 1 - at)
        past = update(past, now_s, None if size is None else size * MIB, None, every_s)
    return Recent(past)


def texts(lines: list[Line]) -> list[str]:
    return ["".join(text for text, _ in line) for line in lines]


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def view(
    stdout: io.TextIOBase,
    stderr: io.TextIOBase | None = None,
    *,
    json: bool = False,
    live: bool = False,
    duration_s: float | None = None,
    details: bool = False,
    demo: bool = False,
) -> TerminalView:
    return TerminalView(
        stdout,  # type: ignore[arg-type]
        stderr or io.StringIO(),  # type: ignore[arg-type]
        json=json,
        live=live,
        duration_s=duration_s,
        details=details,
        demo=demo,
    )
