"""What the server is doing: its activity, its stage, its job."""

from __future__ import annotations

from tray_app.core.analysis.activity import Activity
from tray_app.core.analysis.jobs import Job
from tray_app.core.analysis.stage import Stage
from tray_app.core.monitor.sample import Sample
from tray_app.core.presentation.format import duration, size


def stage(activity: Activity, value: Stage | None) -> str:
    """``idle``, ``processing frames``, ``processing encoding?`` (inferred, not told).

    A high load has no word of its own: CPU stands beside it.
    """
    if activity is Activity.IDLE:
        return "idle"
    return f"processing {value.name}{'?' if value.inferred else ''}" if value else "processing"


def doing(sample: Sample) -> str:
    """``idle``, ``processing frames, 18 s``: with the job's duration so far, from a second on."""
    text, job = stage(sample.activity, sample.stage), sample.job
    if job is None or job.ended is not None or (elapsed_s := job.elapsed_s(sample.at)) < 1.0:
        return text
    return f"{text}, {duration(elapsed_s)}"


def job(value: Job) -> str:
    """``Job 3: 41 s, 126 MB before, peak 532 MB, 301 MB after``: its known figures."""
    parts = [f"Job {value.number}: {duration(value.elapsed_s(value.ended or value.started))}"]
    if value.before:
        parts.append(f"{size(value.before.memory_bytes)} before")
    if value.peak_bytes is not None:
        parts.append(f"peak {size(value.peak_bytes)}")
    if value.after:
        parts.append(f"{size(value.after.memory_bytes)} after")
    if value.lost:
        parts.append("then the server ended")
    return ", ".join(parts)
