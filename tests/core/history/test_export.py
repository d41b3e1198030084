"""Columns and moments of an exported history."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests.history.made import T0, sample
from tray_app.core.history.export import KINDS, cells, columns, iso, row, since_s

NOW_S = T0


def _midnight(now_s: float) -> datetime:
    return datetime.fromtimestamp(now_s).replace(hour=0, minute=0, second=0, microsecond=0)


@pytest.mark.parametrize(
    ("text", "wanted_s"),
    [
        ("30min", NOW_S - 1800),
        ("2h", NOW_S - 7200),
        ("7d", NOW_S - 7 * 86400),
        ("2026-11-20", datetime(2026, 11, 20).astimezone().timestamp()),
        ("2026-11-20T18:30", datetime(2026, 11, 20, 18, 30).astimezone().timestamp()),
        ("2026-11-20T18:30+00:00", 1795199400.0),
        ("yesterday", (_midnight(NOW_S) - timedelta(days=1)).timestamp()),
    ],
)
def test_a_moment_can_be_written_in_many_ways(text: str, wanted_s: float) -> None:
    """Back from now, or a date of this machine's zone."""
    assert since_s(text, NOW_S) == wanted_s


@pytest.mark.parametrize(("text", "days_ago"), [("22:00", 1), ("21:00", 0), ("9:05", 0)])
def test_a_time_of_day_is_the_last_one(text: str, days_ago: int) -> None:
    """Of today, or of yesterday if it is still to come."""
    now = datetime(2026, 11, 20, 21, 30)
    hour, minute = map(int, text.split(":"))
    wanted = datetime(2026, 11, 20 - days_ago, hour, minute)
    assert since_s(text, now.timestamp()) == wanted.timestamp()


@pytest.mark.parametrize("text", ["", "h", "2 h", "-2h", "25:00", "2026-13-01", "9" * 40 + "d"])
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
