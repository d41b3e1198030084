"""The history as OpenMetrics text, as Prometheus reads it in (``promtool tsdb
create-blocks-from openmetrics``).

The format wants the points of one metric together and in the order of time, so each family is a
pass of its own over the records. https://prometheus.io/docs/specs/om/open_metrics_spec/
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from tray_app.core.alerts.limits import Level
from tray_app.core.model import metrics
from tray_app.core.model.metrics import Metric

END = "# EOF\n"
PERCENT = 100
LEVELS = {level.word: int(level) for level in Level}


class Family(Struct, frozen=True):
    """One gauge: ``value`` and ``at_s`` (Unix time) of a record; None is no point.

    ``labels`` tell the metrics of the family apart; with them the records are sorted, so only kinds
    with few records have some.
    """

    metric: Metric
    value: Callable[[Any], float | None]
    at_s: Callable[[Any], float]
    labels: Callable[[Any], Mapping[str, str]] | None = None


def lines(family: Family, records: Iterable[object], server: str) -> Iterator[str]:
    """The family's head and its points; ``server`` is a label of each."""
    metric = family.metric
    yield f"# TYPE {metric.name} gauge\n"
    if metric.unit:
        yield f"# UNIT {metric.name} {metric.unit}\n"
    yield f"# HELP {metric.name} {metric.help}\n"
    points = _sorted(family, records, server) if family.labels else _points(family, records, server)
    earlier = ("", -1.0)
    for labels, at_s, value in points:
        if (labels, at_s) != earlier:  # a metric has one point for each moment
            yield f"{metric.name}{{{labels}}} {value!r} {at_s:.3f}\n"
        earlier = labels, at_s


def _points(
    family: Family, records: Iterable[object], server: str
) -> Iterator[tuple[str, float, float]]:
    labels = _labels({metrics.SERVER: server})
    for record in records:
        value = family.value(record)
        if value is not None:
            yield labels, family.at_s(record), value


def _sorted(
    family: Family, records: Iterable[object], server: str
) -> Iterator[tuple[str, float, float]]:
    assert family.labels is not None
    points = []
    for record in records:
        value = family.value(record)
        if value is not None:
            labels = _labels({metrics.SERVER: server, **family.labels(record)})
            points.append((labels, family.at_s(record), value))
    return iter(sorted(points))


def _labels(labels: Mapping[str, str]) -> str:
    return ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _ratio(percent: float | None) -> float | None:
    return None if percent is None else percent / PERCENT


def _sample(metric: Metric, value: Callable[[Any], float | None]) -> Family:
    return Family(metric, value, at_s=lambda each: each.at_s)


def _span(
    name: str, help_text: str, value: Callable[[Any], float | None], unit: str = ""
) -> Family:
    return Family(Metric(name, help_text, unit), value, at_s=lambda each: each.from_s)


def _job(metric: Metric, value: Callable[[Any], float | None]) -> Family:
    return Family(
        metric,
        value,
        at_s=lambda each: each.ended_s,
        labels=lambda each: {"lost": "true" if each.lost else "false"},
    )


_SPANS = (
    _span("memory_min_bytes", "Least memory of the server.", lambda r: r.least_bytes, "bytes"),
    _span("memory_mean_bytes", "Mean memory of the server.", lambda r: r.mean_bytes, "bytes"),
    _span("memory_max_bytes", "Most memory of the server.", lambda r: r.most_bytes, "bytes"),
    _span(
        "cpu_mean_ratio",
        "Mean CPU of the server; 1 is one core.",
        lambda r: _ratio(r.mean_cpu_percent),
        "ratio",
    ),
    _span(
        "cpu_max_ratio",
        "Most CPU of the server; 1 is one core.",
        lambda r: _ratio(r.most_cpu_percent),
        "ratio",
    ),
    _span("open_files_max", "Most open files of the server.", lambda r: r.most_descriptors),
    _span(
        "system_available_min_bytes",
        "Least memory that the machine had available.",
        lambda r: r.least_available_bytes,
        "bytes",
    ),
    _span(
        "tmp_max_bytes",
        "Largest size of the temp directory.",
        lambda r: r.most_temp_bytes,
        "bytes",
    ),
    _span("watched_seconds", "Time that was watched.", lambda r: r.watched_s, "seconds"),
    _span("busy_seconds", "Time with a job.", lambda r: r.busy_s, "seconds"),
)

FAMILIES: dict[str, tuple[Family, ...]] = {
    "samples": (
        _sample(metrics.MEMORY, lambda r: r.memory_bytes),
        _sample(metrics.CPU, lambda r: _ratio(r.cpu_percent)),
        _sample(metrics.OPEN_FILES, lambda r: r.descriptors),
        _sample(metrics.SYSTEM_AVAILABLE, lambda r: r.available_bytes),
        _sample(metrics.TMP, lambda r: r.temp_bytes),
        _sample(metrics.LEVEL, lambda r: LEVELS.get(r.level)),
        _sample(metrics.BUSY, lambda r: int(r.activity != "idle")),
    ),
    "minutes": _SPANS,
    "hours": _SPANS,
    "jobs": (
        _job(
            Metric("job_duration_seconds", "Time that the job took.", "seconds"),
            lambda r: round(r.ended_s - r.started_s, 3),
        ),
        _job(
            Metric("job_before_bytes", "Memory before the job.", "bytes"),
            lambda r: r.before_bytes,
        ),
        # Not "peak": the exporter has a histogram of that name.
        _job(
            Metric("job_max_bytes", "Most memory during the job.", "bytes"),
            lambda r: r.peak_bytes,
        ),
        _job(Metric("job_after_bytes", "Memory after the job.", "bytes"), lambda r: r.after_bytes),
        _job(metrics.JOB_KEPT, lambda r: r.kept_bytes),
    ),
    "alerts": (
        Family(
            Metric("alert", "1 at each alert."),
            lambda _: 1,
            lambda r: r.at_s,
            labels=lambda r: {"kind": r.kind, "level": r.level, "fate": r.fate},
        ),
    ),
    "servers": (
        Family(
            Metric("server_event", "1 where the server started, ended, or replaced a worker."),
            lambda _: 1,
            lambda r: r.at_s,
            labels=lambda r: {"event": r.what},
        ),
    ),
    "gaps": (
        Family(
            Metric("gap_seconds", "Length of a time that nobody watched, at its end.", "seconds"),
            lambda r: round(r.to_s - r.from_s, 3),
            at_s=lambda r: r.to_s,
            labels=lambda r: {"reason": r.why},
        ),
    ),
}
"""What can be exported, as in `export.KINDS`."""
