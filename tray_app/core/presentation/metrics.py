"""The table of metrics that the exporter offers: name, and value, from the last published state.

Figures of a sample are read through the table of figures, so that Prometheus and JSON agree. The
names stand in `core.model.metrics`, shared with the exported history.

Rule of the room: unknown is absent, never 0 or NaN. Labels have a bounded number of values, none of
which is a command line, a path or a secret.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate
from typing import Any

from msgspec import Struct

from tray_app.core.alerts.limits import LEVELS
from tray_app.core.alerts.system_memory import floor_of
from tray_app.core.analysis.activity import Activity
from tray_app.core.history.counts import BUCKETS_BYTES, Counts
from tray_app.core.model import metrics as names
from tray_app.core.model.metrics import Kind, Metric
from tray_app.core.model.process_finding import ProcessProblemKind
from tray_app.core.model.readings import MIB, Now, Source
from tray_app.core.monitor.sample import Sample
from tray_app.core.monitor.state import State, alert_limits, interval_s
from tray_app.core.presentation.figure import Field
from tray_app.core.presentation.figures import FIGURES
from tray_app.core.source_choice.circuit_breaker import ApiState

PERCENT = 100
_LEVEL_WORDS = tuple(level.word for level in LEVELS)
OLD_INTERVALS = 5.0
OLD_MIN_S = 30.0
"""A sample older than this many intervals, and than this, says nothing of now. Chosen: later than
any late sample, earlier than Prometheus' own 5 min."""


class Told(Struct, frozen=True):
    """What the metrics of one server are made from: the last published state, the counts with it,
    and the moment at which somebody asks. ``server`` is its label."""

    server: str
    state: State
    counts: Counts
    now: Now

    @property
    def sample(self) -> Sample | None:
        """The last sample, as long as it says something of now."""
        sample = self.state.sample
        if sample is None or self.state.paused:
            return None
        limit_s = max(OLD_MIN_S, OLD_INTERVALS * sample.interval_s)
        return sample if self.now.mono_s - sample.at.mono_s <= limit_s else None


class Peaks(Struct, frozen=True):
    """A histogram: the count up to each bound (the last is infinite), and the sum."""

    bounds: tuple[float, ...]
    counts: tuple[int, ...]
    sum: float


Point = tuple[tuple[str, ...], float | Peaks]
"""The values of the labels beside the server, and the value."""


class Offer(Struct, frozen=True):
    """A metric, and its points for one server. ``field`` is the JSON field that it shows, if it is
    one of the table of figures."""

    metric: Metric
    points: Callable[[Told], Iterable[Point]]
    field: str = ""


def _field(key: str, path: tuple[str, ...]) -> Callable[[Sample], float | None]:
    """Reads the field at this path of the table of figures; in bytes and seconds."""
    fields: tuple[Field[Any], ...] = next(each.json for each in FIGURES if each.key == key)
    steps = []
    for name in path:
        field = next(each for each in fields if each.key == name)
        steps.append(field.value)
        fields = field.fields

    def read(sample: Sample) -> float | None:
        value: Any = sample
        for step in steps:
            value = step(value)
            if value is None:
                return None
        return float(value)

    return read


def _figure(metric: Metric, key: str, *path: str) -> Offer:
    """A metric of one of the figures."""
    read, scale = _field(key, path), 1 / PERCENT if metric.unit == "ratio" else 1.0

    def scaled(sample: Sample) -> float | None:
        value = read(sample)
        return None if value is None else value * scale

    return Offer(metric, _of_sample(metric, scaled).points, field=".".join(path))


def _of_sample(metric: Metric, read: Callable[[Sample], float | None]) -> Offer:
    def points(told: Told) -> Iterator[Point]:
        if told.sample is not None and (value := read(told.sample)) is not None:
            yield (), value

    return Offer(metric, points)


def _memory(told: Told) -> Iterator[Point]:
    sample = told.sample
    if sample is not None and sample.memory_bytes is not None and not sample.stale:
        yield (sample.source.value,), sample.memory_bytes


def _forecast(told: Told) -> Iterator[Point]:
    sample = told.sample
    if sample is not None and sample.forecast is not None:
        yield (sample.forecast.kind.value,), sample.forecast.seconds


def _cpu_used(told: Told) -> Iterator[Point]:
    sample, process = told.sample, told.state.process
    if sample is None or process is None or process.cpu_used_s is None:
        return
    if sample.target is not None and process.target == sample.target:
        yield (), process.cpu_used_s


_ABSENT = (
    ProcessProblemKind.NOT_FOUND,
    ProcessProblemKind.NO_MATCH,
    ProcessProblemKind.CHOSEN_HAS_ENDED,
    ProcessProblemKind.NO_SUCH_PROCESS,
    ProcessProblemKind.JUST_ENDED,
)


def _server_up(sample: Sample) -> float | None:
    """None: a server that is silent, or that may not be seen, may be there."""
    if sample.target is not None or sample.api.state is ApiState.OK:
        return 1
    if sample.api.state is ApiState.UNREACHABLE:
        return 0
    is_asked = sample.api.state is not ApiState.OFF
    is_absent = sample.problem is not None and sample.problem.kind in _ABSENT
    return 0 if is_absent and not is_asked else None


def _api_up(sample: Sample) -> float | None:
    match sample.api.state:
        case ApiState.OK:
            return 1
        case ApiState.SLOW:
            return None if sample.api.age_s is None else 1
        case ApiState.SILENT | ApiState.ERROR | ApiState.UNREACHABLE:
            return 0
        case _:
            return None


def _hung(sample: Sample) -> float | None:
    if sample.hung is not None:
        return 1
    return None if sample.source is Source.NONE else 0


def _busy(sample: Sample) -> float | None:
    return None if sample.source is Source.NONE else int(sample.activity is not Activity.IDLE)


def _limits(told: Told) -> Iterator[Point]:
    limits = alert_limits(told.state)
    for level in LEVELS:
        yield (level.word,), limits.limit_mb(level) * MIB


def _floor(told: Told) -> Iterator[Point]:
    sample = told.state.sample
    if sample is not None and sample.system is not None:
        yield (), floor_of(sample.system, told.state.settings.alerts)


def _age(told: Told) -> Iterator[Point]:
    if told.state.sample is not None:
        yield (), max(0.0, told.now.mono_s - told.state.sample.at.mono_s)


def _peaks(told: Told) -> Iterator[Point]:
    peaks = told.counts.peaks
    yield (), Peaks(BUCKETS_BYTES, tuple(accumulate(peaks.counts)), peaks.sum_bytes)


def _alerts(told: Told) -> Iterator[Point]:
    for kind, count in told.counts.alerts:
        yield (kind, kind if kind in _LEVEL_WORDS else ""), count


def _changes(told: Told) -> Iterator[Point]:
    for word, count in told.counts.changes:
        yield (word,), count


def _jobs(told: Told) -> Iterator[Point]:
    yield ("ended",), told.counts.jobs_ended
    yield ("lost",), told.counts.jobs_lost


def _own(metric: Metric, read: Callable[[Any], float]) -> Offer:
    def points(told: Told) -> Iterator[Point]:
        if told.state.health is not None:
            yield (), read(told.state.health.own)

    return Offer(metric, points)


OFFERS: tuple[Offer, ...] = (
    Offer(names.MEMORY, _memory),
    _figure(
        Metric(
            "memory_peak_bytes",
            "Highest memory of the server's life in bytes, as far as it was watched. From all"
            " samples and fast polls.",
            "bytes",
        ),
        *("peak", "peak_mb"),
    ),
    _figure(
        Metric(
            "memory_rss_bytes",
            "Sum of RSS in bytes over the server's processes; shared memory counts several times."
            " From the system.",
            "bytes",
        ),
        *("sharing", "rss_mb"),
    ),
    _figure(
        Metric(
            "memory_private_bytes",
            "Memory in bytes that only the server's processes use (USS), measured every 30 s or"
            " less often. From the system.",
            "bytes",
        ),
        *("own", "own_mb"),
    ),
    _figure(
        Metric(
            "memory_rate_bytes_per_second",
            "How fast memory rises, in bytes per second; negative: falls. From the last samples.",
            "bytes_per_second",
        ),
        *("rate", "rate_mb_s"),
    ),
    Offer(
        Metric(
            "forecast_seconds",
            "Time in seconds until memory reaches a level, or fills the machine, at the current"
            " rate. Absent where it is not heading there.",
            "seconds",
            labels=("to",),
        ),
        _forecast,
    ),
    Offer(
        Metric(
            "limit_bytes",
            "Limit of an alert level in bytes. From the settings.",
            "bytes",
            labels=("level",),
        ),
        _limits,
    ),
    _of_sample(names.LEVEL, lambda it: None if it.memory_bytes is None else int(it.level)),
    _of_sample(
        Metric(
            "alert_level",
            "Level whose alert holds: 0 none, 1 raised, 2 high, 3 critical. After its hold time,"
            " until memory has left it.",
        ),
        lambda it: int(it.alert),
    ),
    _figure(names.CPU, "cpu", "cpu_percent"),
    Offer(
        Metric(
            "cpu_seconds",
            "CPU time in seconds that the server's processes used while they were watched. From the"
            " system.",
            "seconds",
            Kind.COUNTER,
        ),
        _cpu_used,
    ),
    _figure(names.OPEN_FILES, "descriptors", "descriptors"),
    _of_sample(names.BUSY, _busy),
    Offer(
        Metric(
            "jobs",
            "Jobs that were seen to end since the exporter started. outcome: ended, or lost with"
            " the server.",
            kind=Kind.COUNTER,
            labels=("outcome",),
        ),
        _jobs,
    ),
    Offer(
        Metric(
            "job_peak_bytes",
            "Highest memory in bytes during each job since the exporter started. From samples and"
            " fast polls.",
            "bytes",
            Kind.HISTOGRAM,
        ),
        _peaks,
    ),
    _of_sample(names.JOB_KEPT, lambda it: it.kept.kept_bytes if it.kept else None),
    Offer(
        Metric(
            "alerts",
            "Alerts since the exporter started, muted ones too. kind: as in docs/history.md; level:"
            " the level of memory, where it is one.",
            kind=Kind.COUNTER,
            labels=("kind", "level"),
        ),
        _alerts,
    ),
    Offer(
        Metric(
            "server_events",
            "Changes of the server's process since the exporter started. event: ended, started,"
            " restarted, switched or worker_replaced.",
            kind=Kind.COUNTER,
            labels=("event",),
        ),
        _changes,
    ),
    _of_sample(
        Metric(
            "server_up",
            "1 while the server is there, 0 while it is not: it refuses connections, or no process"
            " of it is found.",
        ),
        _server_up,
    ),
    _of_sample(
        Metric("hung", "1 while the server hangs: it neither answers nor works; else 0."), _hung
    ),
    _of_sample(Metric("api_up", "1 while the server's API answers, 0 while it does not."), _api_up),
    _figure(
        Metric(
            "api_latency_seconds",
            "How long the API's last good answer took, in seconds. Measured by the exporter.",
            "seconds",
        ),
        *("api", "api", "latency_ms"),
    ),
    _figure(names.SYSTEM_AVAILABLE, "system", "system", "available_gb"),
    Offer(
        Metric(
            "system_available_limit_bytes",
            "Below this many available bytes the machine counts as short of memory. From the"
            " settings and the machine's size.",
            "bytes",
        ),
        _floor,
    ),
    _figure(
        Metric(
            "system_total_bytes",
            "All memory of the machine in bytes, or the limit of the server's control group. From"
            " the system or the server's API.",
            "bytes",
        ),
        *("system", "system", "total_gb"),
    ),
    _figure(
        Metric("system_swap_used_bytes", "Swap in use in bytes. From the system.", "bytes"),
        *("system", "system", "swap_used_gb"),
    ),
    _figure(
        Metric(
            "system_pressure_ratio",
            "Share of the last 10 s in which all programs waited for memory (PSI full). From the"
            " system.",
            "ratio",
        ),
        *("system", "system", "pressure_percent"),
    ),
    _figure(names.TMP, "temp", "tmp", "size_mb"),
    _figure(
        Metric(
            "tmp_files",
            "Number of files in the server's temp directory. From the server's API, or from the"
            " directory.",
        ),
        *("temp", "tmp", "files"),
    ),
    Offer(
        Metric(
            "sample_age_seconds",
            "Time in seconds since the exporter's last sample of the server. From its clock.",
            "seconds",
        ),
        _age,
    ),
    Offer(
        Metric(
            "sample_interval_seconds",
            "Time in seconds between two samples. From the settings, longer where readings take"
            " long.",
            "seconds",
        ),
        lambda told: [((), interval_s(told.state))],
    ),
    Offer(
        Metric("samples", "Samples since the exporter started.", kind=Kind.COUNTER),
        lambda told: [((), told.state.samples)],
    ),
    Offer(
        Metric("samples_late", "Samples that came too late.", kind=Kind.COUNTER),
        lambda told: [((), told.state.late)],
    ),
    Offer(
        Metric("paused", "1 while the monitor is paused in its menu, else 0."),
        lambda told: [((), int(told.state.paused))],
    ),
    _own(
        Metric(
            "monitor_resident_bytes",
            "Memory (RSS) of the exporter itself in bytes, read once a minute. From the system.",
            "bytes",
        ),
        lambda own: own.rss_bytes,
    ),
    _own(
        Metric(
            "monitor_cpu_seconds",
            "CPU time of the exporter itself in seconds, read once a minute. From the system.",
            "seconds",
            Kind.COUNTER,
        ),
        lambda own: own.cpu_s,
    ),
)
"""One row for each metric of a server."""

CLOCK = Metric(
    "exporter_time_seconds",
    "The exporter's clock, in seconds of Unix time.",
    "seconds",
)
BUILD = Metric("build", "The exporter's version.", kind=Kind.INFO, labels=("version",))
