"""The columns of an exported history: names with units, and values for JSON and CSV.

Stable: a new column is added at the end. Times are ISO 8601 with the zone of this machine.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec.structs import asdict

from tray_app.core.history.records import (
    AlertRecord,
    GapRecord,
    JobRecord,
    SampleRecord,
    ServerRecord,
)
from tray_app.core.history.thinning import DAY_S, HOUR_S, Means

KINDS = {
    "samples": SampleRecord,
    "minutes": Means,
    "hours": Means,
    "jobs": JobRecord,
    "alerts": AlertRecord,
    "servers": ServerRecord,
    "gaps": GapRecord,
}
"""What can be exported, and the record of a row."""

MOMENT_NAMES = {
    "at_s": "time",
    "opened_s": "opened",
    "ends_s": "ends",
    "from_s": "from",
    "to_s": "to",
    "started_s": "started",
    "ended_s": "ended",
}
MOMENTS = "30min, 2h, 7d, yesterday, 22:00, 2026-11-20 or 2026-11-20T18:00"
"""How a moment of the past can be written."""

_LEFT_OUT = ("processes",)  # a list is no cell
_UNITS = {"min": 60.0, "h": HOUR_S, "d": DAY_S}


def columns(kind: str) -> tuple[str, ...]:
    """The names of a kind's columns, in their order."""
    fields = KINDS[kind].__struct_fields__
    return tuple(MOMENT_NAMES.get(name, name) for name in fields if name not in _LEFT_OUT)


def row(record: Any) -> dict[str, Any]:
    """A record's values by column; None is unknown."""
    return {
        MOMENT_NAMES.get(name, name): _value(name, value)
        for name, value in asdict(record).items()
        if name not in _LEFT_OUT
    }


def _value(name: str, value: Any) -> Any:
    if name in MOMENT_NAMES:
        return iso(value)
    if isinstance(value, tuple):
        return " ".join(value)
    return round(value, 1) if isinstance(value, float) else value


def cells(values: Mapping[str, Any]) -> list[str]:
    """The same for CSV: unknown is an empty cell."""
    return ["" if value is None else str(value) for value in values.values()]


def iso(at_s: float) -> str:
    """``2026-11-26T21:30:00.500+01:00``."""
    return datetime.fromtimestamp(at_s, UTC).astimezone().isoformat(timespec="milliseconds")


def since_s(text: str, now_s: float) -> float:
    """The Unix time that ``30min``, ``2h``, ``7d``, ``yesterday`` (its beginning), ``22:00`` (the
    last one), ``2026-11-20`` or ``2026-11-20T18:00`` means.

    :raises ValueError: it is none of these
    """
    if span := re.fullmatch(r"([0-9]{1,6})(min|h|d)", text):
        return now_s - float(span[1]) * _UNITS[span[2]]
    now = datetime.fromtimestamp(now_s)
    try:
        if text == "yesterday":
            moment = datetime(now.year, now.month, now.day) - timedelta(days=1)
        elif clock := re.fullmatch(r"([0-9]{1,2}):([0-9]{2})", text):
            moment = datetime(now.year, now.month, now.day, int(clock[1]), int(clock[2]))
            moment -= timedelta(days=moment > now)
        else:
            moment = datetime.fromisoformat(text)
        return moment.astimezone().timestamp()
    except (ValueError, OverflowError, OSError):
        raise ValueError(f"must be like {MOMENTS}") from None
