"""Samples whose words are tested."""

from __future__ import annotations

from msgspec.structs import replace

from tests.core.made import SYSTEM, TARGET, mb
from tray_app.core.analysis.bands import Band
from tray_app.core.analysis.stage import Stage
from tray_app.core.model.api_failure import ApiFailureKind, ApiProblem
from tray_app.core.model.presets import Mode
from tray_app.core.model.readings import (
    MIB,
    Now,
    ProcessRow,
    Role,
    Source,
)
from tray_app.core.monitor.sample import Sample
from tray_app.core.source_choice.circuit_breaker import ApiCondition, ApiState
from tray_app.core.source_choice.selection import Why

HEALTHY = Sample(
    number=7,
    at=Now(100.0, 1e9),
    mode=Mode.AUTO,
    source=Source.API,
    api=ApiCondition(ApiState.OK, age_s=0.1, latency_s=0.004),
    age_s=0.1,
    memory_bytes=mb(1620),
    band=Band.ORANGE,
    rate_bytes_s=12.4 * MIB,
    cpu_percent=104.6,
    system=SYSTEM,
    target=TARGET,
    rows=(ProcessRow(42, "uvicorn", Role.TARGET, mb(1620), 104.6),),
)
SILENT = replace(
    HEALTHY,
    source=Source.PROCESS,
    api=ApiCondition(
        ApiState.SILENT,
        age_s=12.0,
        latency_s=0.004,
        problem=ApiProblem(ApiFailureKind.NO_ANSWER, waited_s=12.0),
    ),
    why=Why.API_AWAY,
    fallback=True,
    age_s=0.0,
)
NOTHING = replace(SILENT, source=Source.NONE, why=Why.NO_PROCESS, memory_bytes=None, age_s=None)
REFUSED = ApiCondition(ApiState.UNREACHABLE, problem=ApiProblem(ApiFailureKind.REFUSED))
FRAMES = Stage("frames", inferred=False)
