"""The lines and columns of figures that are more than their label and value."""

from __future__ import annotations

from tray_app.core.analysis.activity import Activity
from tray_app.core.model.readings import Source
from tray_app.core.monitor.sample import Sample
from tray_app.core.presentation import activity_text, format, memory_text, source_text

_SOURCES = {Source.API: "API", Source.PROCESS: "process", Source.NONE: ""}


def memory_column(sample: Sample) -> str:
    """``raised   1.52 GB   +12 MB/s``."""
    rate = format.rate(sample.rate_bytes_s)
    if sample.memory_bytes is None:
        return f"{memory_text.NO_READING:16} {rate:>10}"
    return f"{memory_text.state(sample):8} {format.size(sample.memory_bytes):>7} {rate:>10}"


def peak_line(sample: Sample) -> str:
    """``Peak: 532 MB``, the current level and the forecast, otherwise the memory kept by the last
    job."""
    ahead = memory_text.foretold(sample.forecast) if sample.forecast else ""
    beside = [text for text in (memory_text.recovering(sample), ahead) if text]
    peak = f"Peak: {format.size(sample.peak_bytes)}"
    return " · ".join([peak, *(beside or filter(None, [memory_text.kept(sample.kept)]))])


def own(sample: Sample) -> str:
    """The memory that only the server uses."""
    return memory_text.own_memory(sample.own) if sample.own else format.UNKNOWN


def activity(sample: Sample) -> str:
    """``processing: frames``, ``hung (stopped)``."""
    if sample.hung:
        return f"hung ({sample.hung.kind})"
    known = sample.memory_bytes is not None
    return activity_text.stage(sample.activity, sample.stage) if known else format.UNKNOWN


def activity_line(sample: Sample) -> str:
    """``Activity: processing, frames, 18 s``; when idle followed by the duration of the last
    job."""
    if sample.memory_bytes is None:
        return f"Activity: {format.UNKNOWN}"
    if sample.hung:
        return "Activity: none, not responding"
    job = sample.job
    doing = f"Activity: {activity_text.doing(sample, before_stage=', ')}"
    if sample.activity is not Activity.IDLE or job is None or job.ended is None:
        return doing
    peak = f", peak {format.size(job.peak_bytes)}" if job.peak_bytes is not None else ""
    return f"{doing} · last job {format.duration(job.elapsed_s(job.ended))}{peak}"


def source_column(sample: Sample) -> str:
    """``API``, ``process``: the reasons are in the details."""
    return f"{_SOURCES[sample.source]:7}"


def source_line(sample: Sample) -> str:
    """``Source: API, 370 ms``; without a source, the reason."""
    text = source_text.source(sample)
    return f"No source: {text}" if sample.source is Source.NONE else f"Source: {text}"
