"""The names under which Prometheus knows the figures: one table for the exporter and for the
exported history.

Base units, and the unit at the name's end. Names are a promise, as JSON keys are. ``help`` says
what is measured and where it comes from.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

PREFIX = "runanalyze_"
SERVER = "server"
"""The label that each metric has but those of the program itself."""


class Kind(StrEnum):
    """What a metric is, in Prometheus' words."""

    GAUGE = "gauge"
    COUNTER = "counter"
    HISTOGRAM = "histogram"
    INFO = "info"


class Metric(Struct, frozen=True):
    """One family. ``unit`` ends the name (a counter's before ``_total``); ``labels`` are those
    beside the server."""

    short: str
    help: str
    unit: str = ""
    kind: Kind = Kind.GAUGE
    labels: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """``runanalyze_memory_bytes``: the family's name."""
        return PREFIX + self.short


MEMORY = Metric(
    "memory_bytes",
    "Memory of the server in bytes, as the icon shows it. source: the server's API, or its"
    " processes.",
    "bytes",
    labels=("source",),
)
CPU = Metric(
    "cpu_ratio",
    "CPU of the server's processes; 1 is one core. From the system's count of their CPU time.",
    "ratio",
)
OPEN_FILES = Metric(
    "open_files",
    "Open files, sockets and pipes of the server's processes. From the system.",
)
SYSTEM_AVAILABLE = Metric(
    "system_available_bytes",
    "Memory in bytes that the machine, or the server's control group, has available. From the"
    " system or the server's API.",
    "bytes",
)
TMP = Metric(
    "tmp_bytes",
    "Size of the server's temp directory in bytes. From the server's API, or from the directory.",
    "bytes",
)
LEVEL = Metric(
    "memory_level",
    "Level that memory is in now: 0 normal, 1 raised, 2 high, 3 critical. By the limits of the"
    " settings.",
)
BUSY = Metric(
    "busy",
    "1 while the server processes a video, else 0. From its API, its CPU and its temp files.",
)
JOB_KEPT = Metric(
    "job_kept_bytes",
    "Memory in bytes that a job did not release. Measured before and after the job.",
    "bytes",
)
