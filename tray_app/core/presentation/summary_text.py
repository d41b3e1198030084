"""A sample in three lines (tooltip, status), and a measurement as a summary."""

from __future__ import annotations

from tray_app.core.analysis.jobs import Job
from tray_app.core.analysis.measurement import Summary
from tray_app.core.analysis.recent import Average
from tray_app.core.model.readings import MIB, Source
from tray_app.core.monitor.events import StatusRequested, Summarised
from tray_app.core.monitor.sample import Sample
from tray_app.core.presentation import activity_text, memory_text, program_text, source_text
from tray_app.core.presentation.format import capitalised, duration, joined, size

LARGEST_SHOWN = 3


def _summary_parts(
    sample: Sample | None, *, demo: bool, paused: bool
) -> tuple[str, str, tuple[str, ...]]:
    """Name and memory; the forecast, if there is one; source and stage, machine."""
    name = program_text.title(demo)
    if paused:
        return f"{name}: paused", "", ()
    if sample is None:
        return f"{name}: starting", "", ()
    where = source_text.source(sample)
    if sample.memory_bytes is not None and sample.hung is None:
        where = joined(where, activity_text.doing(sample))
    lines = (where, f"Machine: {memory_text.free_of(sample.system)}")
    return f"{name}: {memory_text.memory(sample)}", memory_text.ahead(sample), lines


def tooltip(sample: Sample | None, *, demo: bool, paused: bool, recent: str = "") -> str:
    """Three short lines: memory and forecast; source and stage; system. Last the past minutes."""
    what, forecast, lines = _summary_parts(sample, demo=demo, paused=paused)
    past = (recent,) if recent and not paused else ()
    return "\n".join((joined(what, forecast), *lines, *past))


def status(event: StatusRequested) -> tuple[str, str]:
    """Title and text of a status notification: more than the tooltip, in short lines."""
    sample = event.sample
    name = "Demo" if event.demo else program_text.APP
    if event.paused:
        return f"{name}: paused", "Nothing is read. Click Resume in the menu to continue."
    if sample is None:
        return f"{name}: starting", "There is no reading yet."
    lines = (
        capitalised(memory_text.foreseen(sample.forecast)) if sample.forecast else "",
        _source_and_work(sample),
        _highest_and_average(sample, event.average),
        _last_job(event.last_job),
        _largest(sample),
        f"Machine: {_free(sample)}" if sample.system else "",
    )
    return f"{name}: {memory_text.memory(sample)}", "\n".join(filter(None, lines))


def _source_and_work(sample: Sample) -> str:
    """The activity, and the source where it is not the API's newest answer."""
    is_usual = sample.source is Source.API and not sample.stale and sample.hung is None
    source = "" if is_usual else source_text.source(sample)
    if sample.memory_bytes is None or sample.hung is not None:
        return capitalised(source)
    return joined(capitalised(activity_text.doing(sample)), source)


def _highest_and_average(sample: Sample, average: Average | None) -> str:
    """``Peak 3.21 GB · average 1.20 GB in 10 min``."""
    peak = "" if sample.peak_bytes is None else f"peak {size(sample.peak_bytes)}"
    over = average and f"average {size(average.memory_bytes)} in {duration(average.known_s)}"
    return capitalised(joined(peak, over or ""))


def _last_job(job: Job | None) -> str:
    """``Last job 42 s: 420 MB → 3.21 GB → 560 MB``: before, at its peak, and after."""
    if job is None or job.ended is None:
        return ""
    before, after = (size(each.memory_bytes) if each else "?" for each in (job.before, job.after))
    after = "server ended" if job.lost else after
    figures = f"{before} → {size(job.peak_bytes)} → {after}"
    return f"Last job {duration(job.elapsed_s(job.ended))}: {figures}"


def _largest(sample: Sample) -> str:
    """The three largest processes of the server, where it has several."""
    rows = sorted(sample.rows, key=lambda row: row.rss_bytes, reverse=True)
    if len(rows) < 2:
        return ""
    return ", ".join(f"{row.name} {size(row.rss_bytes)}" for row in rows[:LARGEST_SHOWN])


def _free(sample: Sample) -> str:
    system = sample.system
    assert system is not None
    free, total = size(system.available_bytes), size(system.total_bytes)
    return joined(f"{free} of {total} free", memory_text.scarce(system))


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
