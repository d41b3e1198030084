"""The history as OpenMetrics text, read by Prometheus' own parser for Python."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from tests.history.made import MIB, T0, sample
from tray_app.core.history.export import KINDS
from tray_app.core.history.openmetrics import END, FAMILIES, lines
from tray_app.core.history.records import AlertRecord, GapRecord, JobRecord, ServerRecord
from tray_app.core.history.thinning import Means

SERVER = "http://localhost:8000"


def parsed(kind: str, records: Iterable[object]) -> dict[str, Any]:
    """The families by name, as the parser has them."""
    rows = list(records)
    text = "".join(line for family in FAMILIES[kind] for line in lines(family, rows, SERVER)) + END
    return {family.name: family for family in text_string_to_metric_families(text)}


def values(family: Any) -> list[tuple[float, float]]:
    """Time and value of each point."""
    return [(float(point.timestamp), point.value) for point in family.samples]


def test_each_kind_of_row_has_families() -> None:
    """A new kind is not forgotten here."""
    assert set(FAMILIES) == set(KINDS)


def test_samples_are_gauges_in_base_units() -> None:
    """Unknown is no point; CPU is a ratio, time is in seconds."""
    families = parsed("samples", [sample(0), sample(2, None, level="critical", activity="idle")])
    memory = families["runanalyze_memory_bytes"]
    assert (memory.type, memory.unit) == ("gauge", "bytes")
    assert values(memory) == [(T0, 500 * MIB)]
    assert memory.samples[0].labels == {"server": SERVER}
    assert values(families["runanalyze_cpu_ratio"]) == [(T0, 0.125), (T0 + 2, 0.125)]
    assert values(families["runanalyze_memory_level"]) == [(T0, 0), (T0 + 2, 3)]
    assert values(families["runanalyze_busy"]) == [(T0, 1), (T0 + 2, 0)]


@pytest.mark.parametrize("kind", ["minutes", "hours"])
def test_spans_have_least_mean_and_most(kind: str) -> None:
    """Under names of their own."""
    families = parsed(kind, [Means(T0, 30, 1 * MIB, 1.5 * MIB, 2 * MIB, watched_s=60.0)])
    told = [
        values(families[f"runanalyze_memory_{which}_bytes"])[0][1]
        for which in ("min", "mean", "max")
    ]
    assert told == [1 * MIB, 1.5 * MIB, 2 * MIB]
    assert values(families["runanalyze_watched_seconds"]) == [(T0, 60.0)]


def test_a_job_is_a_point_at_its_end() -> None:
    """Jobs that overlapped are in the order of their ends."""
    jobs = [
        JobRecord(1, T0, T0 + 60, peak_bytes=900 * MIB),
        JobRecord(2, T0 + 5, T0 + 30, peak_bytes=800 * MIB, lost=True),
        JobRecord(3, T0 + 6, T0 + 40),
    ]
    families = parsed("jobs", jobs)
    assert values(families["runanalyze_job_duration_seconds"]) == [
        (T0 + 40, 34.0),
        (T0 + 60, 60.0),
        (T0 + 30, 25.0),
    ]
    assert [point.labels["lost"] for point in families["runanalyze_job_max_bytes"].samples] == [
        "false",
        "true",
    ]


def test_alerts_of_a_kind_are_together() -> None:
    """The format wants it; two at one moment are one point."""
    alerts = [
        AlertRecord(T0, "high", "t", "x"),
        AlertRecord(T0 + 1, "leak", "t", "x", "muted"),
        AlertRecord(T0 + 2, "high", "t", "x"),
        AlertRecord(T0 + 2, "high", "t", "y"),
    ]
    points = parsed("alerts", alerts)["runanalyze_alert"].samples
    assert [(p.labels["kind"], p.labels["fate"], float(p.timestamp) - T0) for p in points] == [
        ("high", "shown", 0),
        ("high", "shown", 2),
        ("leak", "muted", 1),
    ]


def test_events_of_the_server_and_gaps() -> None:
    """A gap is a point at its end."""
    event = parsed("servers", [ServerRecord(T0, "ended", 42, "uvicorn")])["runanalyze_server_event"]
    assert event.samples[0].labels == {"server": SERVER, "event": "ended"}
    gap = parsed("gaps", [GapRecord(T0, T0 + 90, "asleep")])["runanalyze_gap_seconds"]
    assert values(gap) == [(T0 + 90, 90.0)]


@pytest.mark.parametrize("hostile", ['a"b', "back\\slash", "two\nlines", "}# EOF\n"])
def test_a_label_keeps_any_text(hostile: str) -> None:
    """A hostile name stays a label's value."""
    event = parsed("servers", [ServerRecord(T0, hostile, 1, "x")])["runanalyze_server_event"]
    assert [point.labels["event"] for point in event.samples] == [hostile]


def test_nothing_is_a_whole_answer_too() -> None:
    """Heads without points."""
    assert all(not family.samples for family in parsed("samples", []).values())
