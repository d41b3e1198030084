"""One sample as a JSON object, for other programs: the output of ``--json``.

Its keys stand in the table of figures (`tray_app.core.presentation.figures`), and for people in
docs/json.md.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from datetime import UTC, datetime
from enum import Enum
from typing import Any

import msgspec

from tray_app.core.model.readings import MIB, Now
from tray_app.core.monitor.sample import Sample
from tray_app.core.presentation.figure import OBJECT, OBJECTS, TIME, Field, Unit
from tray_app.core.presentation.figures import FIGURES, SERVER
from tray_app.core.summary.measurement import Summary


def record(sample: Sample, server: str) -> dict[str, object]:
    """The object for one sample of the server with this name: an unknown value is null, never NaN,
    and its key is there."""
    fields = (field for figure in FIGURES for field in figure.json)
    return _object((SERVER,), server) | _object(fields, sample)


def json_line(sample: Sample, server: str, *, ascii_only: bool = False) -> str:
    """The object on one line, without its newline; ``ascii_only`` escapes all other characters."""
    return _line(record(sample, server), ascii_only=ascii_only)


def summary_line(summary: Summary, server: str, *, ascii_only: bool = False) -> str:
    """A server's last line of a run: what it amounts to, in an object with two keys."""
    first, last = _mb(summary.first_bytes), _mb(summary.last_bytes)
    peak_s = summary.peak_wall_s
    told = {
        "elapsed_s": round(summary.elapsed_s, 1),
        "watched_s": round(summary.watched_s, 1),
        "samples": summary.samples,
        "missed": summary.missed,
        "average_mb": _mb(summary.average_bytes),
        "peak_mb": _mb(summary.peak_bytes),
        "peak_time": None if peak_s is None else _time(Now(0.0, peak_s)),
        "peak_stage": summary.peak_stage or None,
        "first_mb": first,
        "last_mb": last,
        "trend_mb": None if first is None or last is None else round(last - first, 1),
        "bands_s": {word: round(time_s, 1) for word, time_s in summary.bands_s},
        "levels_s": {word: round(time_s, 1) for word, time_s in summary.levels_s},
        "jobs": summary.jobs,
        "alerts": summary.alerts,
        "kept_mb": _mb(summary.kept_bytes),
    }
    return _line({SERVER.key: server, "summary": told}, ascii_only=ascii_only)


def _line(told: dict[str, object], *, ascii_only: bool) -> str:
    if ascii_only:  # msgspec has no such mode
        return json.dumps(told, allow_nan=False, separators=(",", ":"))
    return msgspec.json.encode(told).decode()


def _mb(size_bytes: float | None) -> float | None:
    return None if size_bytes is None else round(size_bytes / MIB, 1)


def _object(fields: Iterable[Field[Any]], of: object) -> dict[str, object]:
    return {field.key: _value(field, field.value(of)) for field in fields}


def _value(field: Field[Any], value: Any) -> object:
    if value is None:
        return None
    if field.unit is OBJECT:
        return _object(field.fields, value)
    if field.unit is OBJECTS:
        return [_object(field.fields, each) for each in value]
    if field.unit is TIME:
        return _time(value)
    if field.unit.digits is not None:
        return _number(value, field.unit, field.unit.digits)
    return value.value if isinstance(value, Enum) else value


def _time(at: Now) -> str:
    local = datetime.fromtimestamp(at.wall_s, UTC).astimezone()
    return local.isoformat(timespec="milliseconds")


def _number(value: float, unit: Unit, digits: int) -> float | None:
    if not math.isfinite(value):
        return None
    return round(value / unit.scale, digits) + 0.0  # -0.0 + 0.0 is 0.0
