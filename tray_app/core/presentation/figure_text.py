"""The lines and columns of figures that are more than their label and value."""

from __future__ import annotations

from tray_app.core.model.readings import Source
from tray_app.core.monitor.sample import Sample
from tray_app.core.presentation import activity_text, format, memory_text, source_text

_SOURCES = {Source.API: "API", Source.PROCESS: "process", Source.NONE: ""}


def memory_column(sample: Sample) -> str:
    """``raised   1.52 GB   +12 MB/s``; ``no reading`` in their place, and only a rate, without a
    figure."""
    rate = format.rate(sample.rate_bytes_s)
    if sample.memory_bytes is None:
        return f"{memory_text.NO_READING:16} {rate:>10}"
    return f"{memory_text.beside_colour(sample):8} {format.size(sample.memory_bytes):>7} {rate:>10}"


def own(sample: Sample) -> str:
    """The memory that only the server uses."""
    return memory_text.own_memory(sample.own) if sample.own else format.UNKNOWN


def activity(sample: Sample) -> str:
    """``processing frames``, ``hung (stopped)``."""
    if sample.hung:
        return f"hung ({sample.hung.kind})"
    known = sample.memory_bytes is not None
    return activity_text.stage(sample.activity, sample.stage) if known else format.UNKNOWN


def source_column(sample: Sample) -> str:
    """``API``, ``process``: the reasons are in the details."""
    return f"{_SOURCES[sample.source]:7}"


def source_line(sample: Sample) -> str:
    """``Source: API, 370 ms``; without a source, the reason."""
    text = source_text.source(sample)
    return f"No source: {text}" if sample.source is Source.NONE else f"Source: {text}"
