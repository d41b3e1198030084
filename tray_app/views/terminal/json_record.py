"""One sample as a JSON object, for other programs: the schema of ``--json``.

Rule of the room: the keys are a promise; what is unknown is null, never NaN and never absent.
"""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime

from tray_app.core.alerts.forecast import Forecast
from tray_app.core.alerts.levels import Level
from tray_app.core.analysis.jobs import Job
from tray_app.core.model.readings import GIB, MIB, Now, ProcessRow, Target
from tray_app.core.monitor.sample import Sample


def record(sample: Sample) -> dict[str, object]:
    """The object for one sample: MB and GB of 1024² and 1024³ bytes, CPU in % of one core.

    ``time`` carries the local zone's offset; ``api.age_s`` is that of the last good answer;
    ``alert`` is the level that memory is in, ``recovering`` one that it has come down from and not
    left for long enough, ``forecast`` what it will reach as it climbs now: a level's word or
    ``full``.
    ``memory_kind`` says what ``memory_mb`` is (`MemoryKind`); ``rss_mb`` is the sum over the
    server's processes, of which ``shared_mb`` are counted more than once and not in ``memory_mb``.
    ``own_mb`` (USS) and ``pss_mb`` are the tree's as of ``own_age_s`` ago, asked seldom.
    ``hung``: the server neither answers nor works, as ``stopped``, ``deadlocked`` or ``silent``.
    ``system.limited``: a control group's limit is the total. ``candidates`` might be the server,
    too; ``port`` is where one listens on another port than the address says, while there is no
    target. ``problem`` says why there is none. ``job`` is the one that runs (``ended`` is null),
    else the last one; it ended with its last sign of work, some seconds before that was known.
    """
    system, temp, target, api = sample.system, sample.temp, sample.target, sample.api
    own = sample.own
    return {
        "time": _time(sample.at),
        "mode": sample.mode.value,
        "source": sample.source.value,
        "band": sample.band.value,
        "memory_mb": _number(sample.memory_bytes, 1, MIB),
        "memory_kind": sample.memory_kind.value if sample.memory_kind else None,
        "rss_mb": _number(sample.rss_bytes, 1, MIB),
        "shared_mb": _number(None if sample.rss_bytes is None else sample.shared_bytes, 1, MIB),
        "peak_mb": _number(sample.peak_bytes, 1, MIB),
        "own_mb": _number(own.uss_bytes if own else None, 1, MIB),
        "pss_mb": _number(own.pss_bytes if own else None, 1, MIB),
        "own_age_s": _number(sample.at.mono_s - own.taken_s if own else None, 1),
        "rate_mb_s": _number(sample.rate_bytes_s, 3, MIB),
        "forecast": _forecast(sample.forecast) if sample.forecast else None,
        "cpu_percent": _number(sample.cpu_percent, 1),
        "system": {
            "used_percent": _number(system.used_percent if system else None, 1),
            "available_gb": _number(system.available_bytes if system else None, 2, GIB),
            "total_gb": _number(system.total_bytes if system else None, 2, GIB),
            "limited": system.limited if system else None,
            "swap_used_gb": _number(system.swap_used_bytes if system else None, 2, GIB),
            "swap_total_gb": _number(system.swap_total_bytes if system else None, 2, GIB),
            "pressure_percent": _number(system.pressure_percent if system else None, 1),
        },
        "tmp": {
            "size_mb": _number(temp.size_bytes if temp else None, 1, MIB),
            "files": temp.file_count if temp else None,
            "age_s": _number(sample.at.mono_s - temp.taken_s if temp else None, 1),
        },
        "activity": sample.activity.value,
        "stage": sample.stage.name if sample.stage else None,
        "job": _job(sample.job) if sample.job else None,
        "alert": _level(sample.alert),
        "recovering": _level(sample.recovering),
        "hung": sample.hung.kind.value if sample.hung else None,
        "api": {
            "state": api.state.value,
            "age_s": _number(api.age_s, 3),
            "latency_ms": _number(api.latency_s, 1, 0.001),
            "error": api.error,
        },
        "target": _target(target) if target else None,
        "candidates": [_target(each) | {"port": each.port} for each in sample.candidates],
        "problem": sample.problem,
        "processes": [_process(row) for row in (*sample.rows, *sample.others)],
    }


def json_line(sample: Sample, *, ascii_only: bool = False) -> str:
    """The object on one line, without its newline; ``ascii_only`` escapes all other characters."""
    return json.dumps(
        record(sample), ensure_ascii=ascii_only, allow_nan=False, separators=(",", ":")
    )


def _time(at: Now) -> str:
    local = datetime.fromtimestamp(at.wall_s, UTC).astimezone()
    return local.isoformat(timespec="milliseconds")


def _job(job: Job) -> dict[str, object]:
    before, after = job.before, job.after
    return {
        "number": job.number,
        "started": _time(job.started),
        "ended": _time(job.ended) if job.ended else None,
        "before_mb": _number(before.memory_bytes if before else None, 1, MIB),
        "peak_mb": _number(job.peak_bytes, 1, MIB),
        "after_mb": _number(after.memory_bytes if after else None, 1, MIB),
    }


def _level(level: Level) -> str | None:
    return None if level is Level.NONE else level.word


def _forecast(ahead: Forecast) -> dict[str, object]:
    return {"kind": ahead.kind.value, "seconds": _number(ahead.seconds, 0)}


def _target(target: Target) -> dict[str, object]:
    return {
        "pid": target.pid,
        "name": target.name,
        "cmdline": list(target.cmdline),
        "evidence": target.evidence,
    }


def _process(row: ProcessRow) -> dict[str, object]:
    return {
        "pid": row.pid,
        "name": row.name,
        "role": row.role.value,
        "memory_mb": _number(row.rss_bytes, 1, MIB),
        "cpu_percent": _number(row.cpu_percent, 1),
    }


def _number(value: float | None, digits: int, unit: float = 1) -> float | None:
    """``value`` in ``unit``, rounded; None when it is unknown or not finite."""
    if value is None or not math.isfinite(value):
        return None
    return round(value / unit, digits) + 0.0  # -0.0 + 0.0 is 0.0
