"""A sample in three lines (tooltip, status), and a measurement as a summary."""

from __future__ import annotations

from tray_app.core.analysis.measurement import Summary
from tray_app.core.model.readings import MIB
from tray_app.core.monitor.events import Summarised
from tray_app.core.monitor.sample import Sample
from tray_app.core.presentation import activity_text, memory_text, program_text, source_text
from tray_app.core.presentation.format import capitalised, duration, joined, size


def _summary_parts(
    sample: Sample | None, *, demo: bool, paused: bool
) -> tuple[str, str, tuple[str, ...]]:
    """Name and memory; the forecast, if there is one; source and stage, system."""
    name = program_text.title(demo)
    if paused:
        return f"{name}: paused", "", ()
    if sample is None:
        return f"{name}: starting", "", ()
    where = source_text.source(sample)
    if sample.memory_bytes is not None and sample.hung is None:
        where = joined(where, activity_text.doing(sample))
    lines = (where, f"System: {memory_text.free_of(sample.system)}")
    return f"{name}: {memory_text.memory(sample)}", memory_text.ahead(sample), lines


def tooltip(sample: Sample | None, *, demo: bool, paused: bool) -> str:
    """Three short lines: memory and forecast; source and stage; system."""
    what, forecast, lines = _summary_parts(sample, demo=demo, paused=paused)
    return "\n".join((joined(what, forecast), *lines))


def status(sample: Sample | None, *, demo: bool, paused: bool) -> tuple[str, str]:
    """Title and text of a status notification, like the tooltip; a title must be short."""
    what, forecast, lines = _summary_parts(sample, demo=demo, paused=paused)
    return what, "\n".join((capitalised(forecast), *lines) if forecast else lines)


def summary(value: Summary, heading: str = "Summary") -> tuple[str, str]:
    """Title and text of a summary: peak and average, time and samples, trend."""
    samples = "1 sample" if value.samples == 1 else f"{value.samples} samples"
    took = f"{duration(value.elapsed_s)}, {samples}"
    if value.peak_bytes is None:
        return f"{heading}: no reading", f"{took}. The server could not be read."
    trend = _change(value.trend_bytes)
    average = f"average {size(value.average_bytes)}"
    return (
        f"{heading}: peak {size(value.peak_bytes)}",
        f"{took}, {average}; {trend}." if trend else f"{took}, {average}.",
    )


def _change(bytes_: int | None) -> str:
    """``+58 MB from start to end``: the old console scripts' trend."""
    if bytes_ is None:
        return ""
    if abs(bytes_) < 0.5 * MIB:
        return "unchanged from start to end"
    return f"{'+' if bytes_ > 0 else '−'}{size(abs(bytes_))} from start to end"


def quick_test(event: Summarised) -> tuple[str, str]:
    """Title and text of the notification at the end of a measurement."""
    return summary(event.summary, "Summary" if event.ends_run else "Quick test")


def progress(elapsed_s: float, duration_s: float | None, samples: int) -> str:
    """``18 s of 30 s · 9 samples``; without a set length ``18 s · 9 samples``."""
    counted = "1 sample" if samples == 1 else f"{samples} samples"
    if duration_s is None:
        return joined(duration(elapsed_s), counted)
    return joined(f"{duration(min(elapsed_s, duration_s))} of {duration(duration_s)}", counted)
