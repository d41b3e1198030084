"""The page's rows from a history file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.history.made import T0, sample
from tray_app.core.history.columns import decoded
from tray_app.core.history.page_data import Frame
from tray_app.core.history.records import AlertRecord, GapRecord, JobRecord, ServerRecord
from tray_app.history import database, page


def test_it_has_everything_of_its_time(tmp_path: Path) -> None:
    """Samples, jobs, alerts, starts and gaps."""
    path = tmp_path / "h.sqlite3"
    connection, _ = database.open_for_writing(path)
    database.add(
        connection,
        [
            *(sample(at) for at in range(0, 200, 2)),
            JobRecord(1, T0 + 2, T0 + 9),
            AlertRecord(T0 + 5, "K", "title", "text"),
            ServerRecord(T0 + 1, "started", 7, "python"),
            GapRecord(T0 + 20, T0 + 40, "asleep"),
        ],
    )
    connection.close()
    made = page.read(path, 0.0, T0 + 300, Frame("here", "1"))
    assert (made.rows.count, made.from_ms, made.to_ms) == (100, 1000 * T0, 1000 * (T0 + 300))
    counts = [len(each) for each in (made.jobs, made.alerts, made.servers, made.gaps)]
    assert counts == [1, 1, 1, 1]


def test_newer_rows_bring_what_earlier_jobs_have_become(tmp_path: Path) -> None:
    """What they kept, with the time of all their stages, and the fate of alerts."""
    path = tmp_path / "h.sqlite3"
    connection, _ = database.open_for_writing(path)
    database.add(
        connection,
        [
            *(sample(at) for at in range(0, 200, 2)),
            JobRecord(1, T0 + 10, T0 + 40),
            JobRecord(2, T0 + 100, T0 + 140, kept_bytes=7),
            AlertRecord(T0 + 120, "high", "High", "text", "closed"),
            GapRecord(T0 + 148, T0 + 150, "paused"),
        ],
    )
    connection.close()
    frame = Frame("here", "1")
    made = page.read(path, T0 + 150, T0 + 200, frame, again_s=60.0)
    assert made.rows.count == 25
    assert [(each.number, each.kept, each.stages) for each in made.jobs] == [
        (2, 7, [("frames", 40.0)])
    ]
    assert [each.fate for each in made.alerts] == ["closed"]
    assert [each.why for each in made.gaps] == ["paused"]
    assert page.read(path, T0 + 150, T0 + 200, frame).jobs == []


def test_of_very_many_samples_it_has_the_newest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before them it has the minutes."""
    monkeypatch.setattr(page, "SAMPLES_MAX", 10)
    path = tmp_path / "h.sqlite3"
    connection, _ = database.open_for_writing(path)
    database.add(connection, [sample(at) for at in range(0, 600, 2)])
    database.roll_up(connection, T0 + 600)
    connection.close()
    rows = page.read(path, T0, T0 + 600, Frame("here", "1")).rows
    assert rows.count - rows.samples_from == 10
    assert rows.samples_from >= 8
    assert decoded(rows.at) == sorted(decoded(rows.at))  # type: ignore[type-var]


def test_it_begins_with_the_first_sample(tmp_path: Path) -> None:
    """Not with the minute or the hour in which the recorder was started."""
    path = tmp_path / "h.sqlite3"
    connection, _ = database.open_for_writing(path)
    database.add(connection, [sample(at) for at in range(0, 4000, 2)])
    database.roll_up(connection, T0 + 4000)
    connection.close()
    made = page.read(path, 0.0, T0 + 4000, Frame("here", "1"))
    assert (made.rows.samples_from, made.rows.count, made.from_ms) == (0, 2000, 1000 * T0)


def test_without_a_file_it_is_empty(tmp_path: Path) -> None:
    """A page can be opened before the first sample is written."""
    made = page.read(tmp_path / "none", 0.0, T0, Frame("here", "1"))
    assert made.rows.count == 0


def test_of_very_many_jobs_it_has_the_newest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And says how many are left out."""
    monkeypatch.setattr(page, "EACH_MAX", 3)
    path = tmp_path / "h.sqlite3"
    connection, _ = database.open_for_writing(path)
    database.add(connection, [JobRecord(n, T0 + n, T0 + n + 0.5) for n in range(5)])
    connection.close()
    made = page.read(path, T0, T0 + 600, Frame("here", "1"))
    assert ([each.number for each in made.jobs], made.left_out.jobs) == ([2, 3, 4], 2)
