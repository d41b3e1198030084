"""The files of one history."""

from __future__ import annotations

from pathlib import Path

from tray_app.history import files


def test_all_that_belongs_to_a_history_is_deleted(tmp_path: Path) -> None:
    """Database, log, and what was set aside; another server's stays. The database goes last."""
    path = tmp_path / "a.sqlite3"
    own = ("a.sqlite3", "a.sqlite3-wal", "a.sqlite3-shm", "a.unusable-1.sqlite3")
    for name in (*own, "ab.sqlite3", "ab.unusable-1.sqlite3"):
        (tmp_path / name).write_bytes(b"12345")
    assert files.size_bytes(path) == 20
    assert files.of(path)[-1] == path
    files.delete(path)
    assert sorted(each.name for each in tmp_path.iterdir()) == [
        "ab.sqlite3",
        "ab.unusable-1.sqlite3",
    ]
    assert files.of(path) == files.of(tmp_path / "no" / "a.sqlite3") == []


def test_a_file_is_told_from_the_next_one_at_its_place(tmp_path: Path) -> None:
    """None while there is none."""
    path = tmp_path / "a.sqlite3"
    assert files.identity(path) is None
    path.touch()
    first = files.identity(path)
    path.rename(tmp_path / "kept")
    path.touch()
    assert first is not None
    assert files.identity(path) not in (None, first)
