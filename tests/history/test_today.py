"""The recorded day, summed up."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from tests.history.made import T0, sample
from tray_app.history import database
from tray_app.history.today import summary_of_today


def test_the_day_begins_at_midnight_here(tmp_path: Path) -> None:
    """Yesterday's samples do not count; without any there is no summary."""
    path = tmp_path / "h.sqlite3"
    assert summary_of_today(path, T0) is None
    now = datetime.fromtimestamp(T0).replace(hour=12, minute=0, second=0)
    midnight_s = now.replace(hour=0).timestamp() - T0
    connection, _ = database.open_for_writing(path)
    database.add(connection, [sample(midnight_s - 2, 900.0), sample(midnight_s + 2, 300.0)])
    connection.close()
    told = summary_of_today(path, now.timestamp())
    assert told is not None
    assert told.samples == 1


def test_a_damaged_file_has_no_summary(tmp_path: Path) -> None:
    """It is read, and left alone."""
    path = tmp_path / "h.sqlite3"
    path.write_bytes(b"no database at all" * 100)
    assert summary_of_today(path, T0) is None
    assert path.is_file()
