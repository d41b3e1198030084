"""The verdict of a history file."""

from __future__ import annotations

from pathlib import Path

from tests.history.made import MIB, T0, sample
from tray_app.core.alerts.limits import AlertLimits
from tray_app.core.history.records import JobRecord, Record
from tray_app.core.history.thinning import Spans, cut
from tray_app.core.history.verdict import Now
from tray_app.history import database, verdict

LIMITS = AlertLimits()


def file_of(path: Path, *records: Record) -> Path:
    connection, _ = database.open_for_writing(path)
    database.add(connection, records)
    database.roll_up(connection, T0 + 10**6)
    connection.close()
    return path


def test_each_range_has_its_own_peak(tmp_path: Path) -> None:
    """With what the server did then; a range that is longer than the time is left out."""
    path = file_of(
        tmp_path / "h.sqlite3",
        *(sample(at, 900 if at == 60 else 300 + at / 1000) for at in range(0, 4000, 2)),
        JobRecord(1, T0 + 50, T0 + 70),
    )
    found = verdict.read(path, 0.0, T0 + 4000, LIMITS)
    assert found is not None
    assert list(found.happened) == ["1 h", "All"]
    last, whole = found.happened["1 h"], found.happened["All"]
    assert last.peak is not None
    assert whole.peak is not None
    assert (whole.peak.size_bytes, whole.peak.at_s) == (900 * MIB, T0 + 60)
    assert (whole.peak.activity, whole.peak.stage) == ("processing", "frames")
    assert last.peak.at_s == T0 + 3998
    assert (last.jobs, whole.jobs) == (0, 1)
    assert found.upcoming.now is Now.BUSY


def test_a_peak_of_long_ago_is_that_of_its_hour(tmp_path: Path) -> None:
    """Its minute and its samples are gone: what the server did then is not known."""
    path = file_of(
        tmp_path / "h.sqlite3", *(sample(at, 900 if at == 60 else 300) for at in range(0, 9000, 2))
    )
    connection, _ = database.open_for_writing(path)
    while database.thin(connection, cut(Spans(1000, 1000), T0 + 9000)):
        pass
    connection.close()
    found = verdict.read(path, 0.0, T0 + 9000, LIMITS)
    assert found is not None
    peak = found.happened["All"].peak
    assert peak is not None
    assert (peak.size_bytes, peak.length_s, peak.activity) == (900 * MIB, 3600.0, "")
    assert peak.at_s <= T0 + 60 < peak.at_s + 3600


def test_a_server_without_a_reading_has_no_peak(tmp_path: Path) -> None:
    """It was watched all the same."""
    path = file_of(tmp_path / "h.sqlite3", *(sample(at, None) for at in range(0, 100, 2)))
    found = verdict.read(path, 0.0, T0 + 100, LIMITS)
    assert found is not None
    assert found.happened["All"].peak is None
    assert found.upcoming.now is Now.AWAY


def test_of_nothing_there_is_no_verdict(tmp_path: Path) -> None:
    """No file, or nothing of this time."""
    assert verdict.read(tmp_path / "none", 0.0, T0, LIMITS) is None
    path = file_of(tmp_path / "h.sqlite3", sample(0))
    assert verdict.read(path, T0 + 1000, T0 + 2000, LIMITS) is None
