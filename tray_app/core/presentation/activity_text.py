"""What the server is doing: its activity, its stage, its job."""

from __future__ import annotations

from tray_app.core.analysis.activity import Activity
from tray_app.core.analysis.jobs import Job
from tray_app.core.analysis.stage import Stage
from tray_app.core.monitor.sample import Sample
from tray_app.core.presentation.format import duration, size


def stage(activity: Activity, value: Stage | None, before: str = ": ") -> str:
    """``idle``, ``processing: frames``, ``processing: encoding?`` (inferred, not told)."""
    if activity is Activity.IDLE:
        return "idle"
    name = f"{before}{value.name}{'?' if value.inferred else ''}" if value else ""
    return f"{activity.value}{name}"


def doing(sample: Sample, before_stage: str = ": ") -> str:
    """``idle``, ``processing: frames, 18 s``: with the job's duration so far."""
    text, job = stage(sample.activity, sample.stage, before_stage), sample.job
    if job is None or job.ended is not None:
        return text
    return f"{text}, {duration(job.elapsed_s(sample.at))}"


def in_short(sample: Sample) -> str:
    """``Idle``, ``Processing frames, 18 s``: for a row of the menu."""
    if sample.activity is Activity.IDLE:
        return "Idle"
    name = f" {sample.stage.name}{'?' if sample.stage.inferred else ''}" if sample.stage else ""
    running = sample.job is not None and sample.job.ended is None
    took = f", {duration(sample.job.elapsed_s(sample.at))}" if sample.job and running else ""
    return f"Processing{name}{took}"


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
