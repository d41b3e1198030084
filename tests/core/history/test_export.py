"""Columns and moments of an exported history."""

from __future__ import annotations

from datetime import datetime

import pytest

from tests.history.made import T0, sample
from tray_app.core.history.export import KINDS, cells, columns, iso, row, since_s

NOW_S = T0


@pytest.mark.parametrize(
    ("text", "wanted_s"),
    [
        ("30min", NOW_S - 1800),
        ("2h", NOW_S - 7200),
        ("7d", NOW_S - 7 * 86400),
        ("2026-11-20", datetime(2026, 11, 20).astimezone().timestamp()),
        ("2026-11-20T18:30", datetime(2026, 11, 20, 18, 30).astimezone().timestamp()),
        ("2026-11-20T18:30+00:00", 1795199400.0),
    ],
)
def test_a_moment_can_be_written_in_many_ways(text: str, wanted_s: float) -> None:
    """Back from now, or a date of this machine's zone."""
    assert since_s(text, NOW_S) == wanted_s


@pytest.mark.parametrize("text", ["", "h", "2 h", "-2h", "yesterday", "2026-13-01", "9" * 40 + "d"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    """With what it must be like."""
    with pytest.raises(ValueError, match="must be like"):
        since_s(text, NOW_S)


@pytest.mark.parametrize("kind", KINDS)
def test_names_have_units(kind: str) -> None:
    """All but words and counts."""
    plain = {
        *("time", "from", "to", "started", "ended", "source", "descriptors", "band", "level"),
        *("activity", "stage", "number", "stages", "lost", "kind", "title", "text", "fate"),
        *("what", "pid", "name", "why", "count", "most_descriptors"),
    }
    for name in columns(kind):
        assert name in plain or name.rpartition("_")[2] in ("s", "bytes", "percent"), name


def test_a_row_has_its_columns_in_order() -> None:
    """The list of processes is left out."""
    values = row(sample(1))
    assert tuple(values) == columns("samples")
    assert values["time"] == iso(T0 + 1)
    assert cells({**values, "memory_bytes": None})[3] == ""
