"""Readings as tests need them: every figure that does not matter is filled in.

Rule: memory in MB of 1024² bytes, moments in monotonic seconds.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeGuard, TypeVar

from tray_app.core.alerts.facts import Facts
from tray_app.core.alerts.limits import AlertLimits
from tray_app.core.alerts.policy import Finding
from tray_app.core.analysis.activity import ActivityState
from tray_app.core.analysis.jobs import Jobs
from tray_app.core.model.api_failure import ApiFailureKind, ApiProblem
from tray_app.core.model.process_finding import (
    Evidence,
    EvidenceKind,
    ProcessProblem,
    ProcessProblemKind,
)
from tray_app.core.model.readings import (
    GIB,
    MIB,
    ApiFailure,
    ApiReading,
    Now,
    ProcessReading,
    ProcessRow,
    Role,
    StageMark,
    SystemMemory,
    Target,
    TempUsage,
)
from tray_app.core.monitor.events import Alert
from tray_app.core.source_choice.circuit_breaker import CircuitBreaker

LISTENS = Evidence(EvidenceKind.LISTENS, 8000)
NOT_FOUND = ProcessProblem(ProcessProblemKind.NOT_FOUND, port=8000)
TARGET = Target(42, 1.0, "uvicorn", ("python", "uvicorn", "main:app"), "/srv", LISTENS)

F = TypeVar("F", bound=Finding)


def found_in(event: object, *kinds: type[F]) -> TypeGuard[Alert]:
    """Whether an event is an alert about something of these kinds."""
    return isinstance(event, Alert) and isinstance(event.finding, kinds)


def found(events: Iterable[object], *kinds: type[F]) -> list[F]:
    """What alerts were about, of these kinds."""
    alerts = [event for event in events if isinstance(event, Alert)]
    return [alert.finding for alert in alerts if isinstance(alert.finding, kinds)]


SYSTEM = SystemMemory(16 * GIB, 10 * GIB, 37.5)


def mb(megabytes: float) -> int:
    return round(megabytes * MIB)


def answer(
    memory_mb: float,
    at_s: float,
    *,
    latency_s: float = 0.004,
    temp: TempUsage | None = None,
    tracker: tuple[float, ...] = (),
    stage: StageMark | None = None,
) -> ApiReading:
    """An answer of the API that arrived at ``at_s``."""
    return ApiReading(at_s, latency_s, mb(memory_mb), SYSTEM, temp, tracker, stage)


def refusal(at_s: float) -> ApiFailure:
    return ApiFailure(at_s, ApiProblem(ApiFailureKind.REFUSED))


def timeout(at_s: float) -> ApiFailure:
    return ApiFailure(at_s, ApiProblem(ApiFailureKind.NO_ANSWER, waited_s=10.0))


def wrong(at_s: float) -> ApiFailure:
    return ApiFailure(at_s, ApiProblem(ApiFailureKind.STATUS, status=500))


def breaker_with(memory_mb: float, at_s: float, *, latency_s: float = 0.004) -> CircuitBreaker:
    """A closed breaker whose last answer came at ``at_s``."""
    reading = answer(memory_mb, at_s, latency_s=latency_s)
    return CircuitBreaker(reading=reading, latency_s=reading.latency_s)


def tree_reading(
    memory_mb: float,
    at_s: float,
    *,
    cpu_percent: float | None = 1.0,
    children: dict[str, float] | None = None,
    workers: int = 1,
    answering_mb: float | None = -1.0,
) -> ProcessReading:
    """A process reading of a server (``memory_mb``) with its children (name to MB).

    The root answers the API unless ``answering_mb`` says otherwise.
    """
    rows = [ProcessRow(42, "uvicorn", Role.TARGET, mb(memory_mb), cpu_percent)]
    for pid, (name, child_mb) in enumerate((children or {}).items(), 43):
        rows.append(ProcessRow(pid, name, Role.CHILD, mb(child_mb), None))
    if answering_mb == -1.0:
        answering_mb = memory_mb
    return ProcessReading(
        taken_s=at_s,
        system=SYSTEM,
        target=TARGET,
        rows=tuple(rows),
        worker_count=workers,
        answering_rss_bytes=None if answering_mb is None else mb(answering_mb),
        cpu_percent=cpu_percent,
    )


def no_process(at_s: float, problem: ProcessProblem | None = NOT_FOUND) -> ProcessReading:
    """A process reading that found no server."""
    return ProcessReading(at_s, SYSTEM, problem=problem)


LIMITS = AlertLimits()


def facts(
    now_s: float,
    memory_bytes: int | None = None,
    *,
    activity: ActivityState | None = None,
    limits: AlertLimits = LIMITS,
    jobs: Jobs | None = None,
    **more: Any,
) -> Facts:
    """What alert policies judge; a figure is fresh."""
    return Facts(
        now=Now(now_s, 1e9 + now_s),
        limits=limits,
        activity=activity or ActivityState(),
        jobs=jobs or Jobs(),
        memory_bytes=memory_bytes,
        fresh=memory_bytes is not None,
        **more,
    )
