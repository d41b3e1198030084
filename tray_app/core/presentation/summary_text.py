"""A sample in three lines (tooltip, status), and a measurement as a summary."""

from __future__ import annotations

from tray_app.core.analysis.jobs import Job
from tray_app.core.analysis.recent import Average
from tray_app.core.model.readings import GIB, MIB, Source
from tray_app.core.monitor.events import StatusRequested, Summarised, SummaryMade
from tray_app.core.monitor.sample import Sample
from tray_app.core.presentation import activity_text, memory_text, program_text, source_text
from tray_app.core.presentation.format import capitalised, counted, duration, hour, joined, size
from tray_app.core.summary.measurement import GAP_MIN_S, Scope, Summary, Times

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
    lines = (
        where,
        f"Machine: {memory_text.free_of(sample.system)}",
        *((memory_text.next_video(sample.next_video),) if sample.next_video else ()),
    )
    return f"{name}: {memory_text.memory(sample)}", memory_text.ahead(sample), lines


def tooltip(sample: Sample | None, *, demo: bool, paused: bool, recent: str = "") -> str:
    """Short lines: memory and forecast; source and stage; system; what the next video needs, while
    idle. Last the past minutes."""
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
        memory_text.next_video(sample.next_video),
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
    """Title and text of a summary: the peak; then time, memory, bands, jobs and alerts, in short
    lines."""
    if value.peak_bytes is None:
        return f"{heading}: no reading", f"{_watched(value)}\nThe server could not be read."
    lines = (
        _watched(value),
        _peak_and_average(value),
        _first_and_last(value),
        _times(value.bands_s, without=""),
        _times(value.levels_s, without="normal"),
        _happened(value),
    )
    return f"{heading}: peak {size(value.peak_bytes)}", "\n".join(filter(None, lines))


def _watched(value: Summary) -> str:
    """``3 h 12 min of 8 h watched, 5760 samples, 2 missed``."""
    time = duration(value.watched_s)
    if value.elapsed_s - value.watched_s >= GAP_MIN_S:
        time = f"{time} of {duration(value.elapsed_s)}"
    missed = f"{value.missed} missed" if value.missed else ""
    return ", ".join(filter(None, (f"{time} watched", counted(value.samples, "sample"), missed)))


def _peak_and_average(value: Summary) -> str:
    """``Average 900 MB · peak at 14:03, frames``."""
    average = f"Average {size(value.average_bytes)}" if value.average_bytes is not None else ""
    if value.peak_wall_s is None:
        return average
    stage = f", {value.peak_stage}" if value.peak_stage else ""
    return joined(average, f"peak at {hour(value.peak_wall_s)}{stage}")


def _first_and_last(value: Summary) -> str:
    """``First 420 MB, last 478 MB: +58 MB``: the old console scripts' trend."""
    first_bytes, last_bytes = value.first_bytes, value.last_bytes
    if first_bytes is None or last_bytes is None:
        return ""
    first, last = size(first_bytes), size(last_bytes)
    if first == last:
        return f"First and last {first}"
    change_bytes = last_bytes - first_bytes
    if max(first_bytes, last_bytes) < GIB:  # as the two figures differ, which are whole MB
        change_bytes = MIB * (round(last_bytes / MIB) - round(first_bytes / MIB))
    sign = "+" if change_bytes > 0 else "−"
    return f"First {first}, last {last}: {sign}{size(abs(change_bytes))}"


def _times(times: Times, *, without: str) -> str:
    """``Green 2 h · yellow 40 min``."""
    words = {"unknown": "no reading"}
    parts = [f"{words.get(word, word)} {duration(time_s)}" for word, time_s in times]
    shown = [part for part, (word, _) in zip(parts, times, strict=True) if word != without]
    return capitalised(joined(*shown))


def _happened(value: Summary) -> str:
    """``3 jobs, 45 MB not released · 2 alerts``."""
    jobs = counted(value.jobs, "job") if value.jobs else ""
    if jobs and value.kept_bytes is not None:
        kept = max(0, value.kept_bytes)
        jobs = f"{jobs}, {size(kept)} not released"
    return joined(jobs, counted(value.alerts, "alert") if value.alerts else "")


def of_time(event: SummaryMade) -> tuple[str, str]:
    """Title and text of a wanted summary: since the start, or of today."""
    is_today = event.scope is Scope.TODAY
    heading = "Today" if is_today else f"Since {hour(event.started.wall_s)}"
    if event.summary is not None:
        return summary(event.summary, heading)
    why = "The history has no samples of today." if is_today else "There is no sample yet."
    return f"{heading}: nothing recorded" if is_today else f"{heading}: nothing yet", why


def quick_test(event: Summarised) -> tuple[str, str]:
    """Title and text of the notification at the end of a measurement."""
    return summary(event.summary, "Summary" if event.ends_run else "Quick test")


def progress(elapsed_s: float, duration_s: float | None, samples: int) -> str:
    """``18 s of 30 s · 9 samples``; without a set length ``18 s · 9 samples``."""
    number = counted(samples, "sample")
    if duration_s is None:
        return joined(duration(elapsed_s), number)
    return joined(f"{duration(min(elapsed_s, duration_s))} of {duration(duration_s)}", number)
