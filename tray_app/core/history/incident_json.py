"""An incident as JSON: with the names, units and times of an export."""

from __future__ import annotations

from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from tray_app.core.history.export import MOMENT_NAMES, iso
from tray_app.core.history.incidents import Incident

_LEFT_OUT = ("taken_s",)  # of a clock that no other program has


def as_json(incident: Incident) -> dict[str, Any]:
    """All that is known of it, as values of JSON. Sizes are in bytes, None is unknown."""
    polls = [{"time": iso(at_s), "memory_bytes": size} for at_s, size in incident.polls]
    return {**_object(incident), "polls": polls}


def _object(record: Struct) -> dict[str, Any]:
    return dict(_field(*each) for each in asdict(record).items() if each[0] not in _LEFT_OUT)


def _field(name: str, value: Any) -> tuple[str, Any]:
    if name in MOMENT_NAMES:
        return MOMENT_NAMES[name], iso(value)
    return name, _value(value)


def _value(value: Any) -> Any:
    if isinstance(value, Struct):
        return _object(value)
    if isinstance(value, tuple):
        return [_value(each) for each in value]
    return round(value, 1) if isinstance(value, float) else value
