"""An incident as JSON."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from tests.core.presentation.test_incident_text import AT_S, INCIDENT
from tests.history.made import MIB, T0, sample
from tray_app.core.history.export import iso
from tray_app.core.history.incident_json import as_json
from tray_app.core.history.records import AlertRecord, JobRecord

WHOLE = replace(
    INCIDENT,
    samples=(sample(0),),
    polls=((AT_S - 0.5, 700 * MIB),),
    jobs=(JobRecord(3, AT_S - 40, AT_S + 9),),
    alerts=(AlertRecord(AT_S, "critical", "Critical: 3.10 GB", "Above 2.93 GB."),),
)


def unix_times(value: Any) -> list[str]:
    """The names of numbers that look like Unix time."""
    found = []
    for name, each in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(each, dict | list):
            found += unix_times(each)
        elif isinstance(each, float) and each > 1e9:
            found.append(str(name))
    return found


def test_times_are_those_of_an_export() -> None:
    """ISO 8601 with the zone, under the same names; none is a number."""
    made = as_json(WHOLE)
    assert unix_times(made) == []
    assert (made["record"]["opened"], made["record"]["ends"]) == (iso(AT_S), iso(AT_S + 129))
    assert made["record"]["happened"][1]["time"] == iso(AT_S + 9)
    assert made["record"]["scene"]["time"] == iso(AT_S)
    assert made["samples"][0]["time"] == iso(T0)
    assert made["polls"] == [{"time": iso(AT_S - 0.5), "memory_bytes": 700 * MIB}]
    assert (made["jobs"][0]["started"], made["jobs"][0]["ended"]) == (iso(AT_S - 40), iso(AT_S + 9))
    assert made["alerts"][0]["time"] == iso(AT_S)


def test_parts_are_objects_with_names() -> None:
    """Processes, machine and temp files; a clock of this program is left out."""
    scene = as_json(WHOLE)["record"]["scene"]
    assert scene["processes"][0]["pid"] == 42
    assert scene["system"]["available_bytes"] == 2 * 1024 * MIB
    assert scene["temp"] == {"size_bytes": 30 * MIB, "file_count": 4, "names": [], "disk": None}
    first = as_json(WHOLE)["samples"][0]["processes"][0]
    assert first == {"pid": 42, "name": "uvicorn", "rss_bytes": 400 * MIB}
