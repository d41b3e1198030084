"""The history as CSV files in a folder; `tests/cli/test_export.py` has the other forms."""

from __future__ import annotations

import csv
import errno
import os
import stat
from pathlib import Path

import pytest

from tests.history.made import T0, sample
from tray_app.core.history.export import columns
from tray_app.core.history.records import JobRecord
from tray_app.history import database
from tray_app.history import export as exports
from tray_app.history.export import to_folder


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """A history with two samples and a job."""
    path = tmp_path / "history.sqlite3"
    connection, _ = database.open_for_writing(path)
    database.add(connection, [sample(1), sample(3, None), JobRecord(1, T0, T0 + 9)])
    connection.close()
    return path


def test_each_kind_with_rows_is_a_file(recorded: Path, tmp_path: Path) -> None:
    """With its head; only the owner can read it. Kinds without rows have no file."""
    made, files = to_folder(recorded, tmp_path / "new" / "out", T0 + 60)
    assert (made, files) == (tmp_path / "new" / "out", 2)
    assert sorted(each.name for each in made.iterdir()) == ["jobs.csv", "samples.csv"]
    with (made / "samples.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert (tuple(rows[0]), len(rows)) == (columns("samples"), 3)
    if os.name == "posix":
        assert stat.S_IMODE((made / "jobs.csv").stat().st_mode) == 0o600


def test_nothing_is_ever_overwritten(recorded: Path, tmp_path: Path) -> None:
    """A folder of this name gets a neighbour with a number."""
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "samples.csv").write_text("mine")
    made = [to_folder(recorded, folder, T0 + 60)[0].name for _ in range(2)]
    assert made == ["out-2", "out-3"]
    assert (folder / "samples.csv").read_text() == "mine"


def test_without_rows_there_is_no_folder(tmp_path: Path) -> None:
    """Nothing is recorded yet."""
    path = tmp_path / "history.sqlite3"
    database.open_for_writing(path)[0].close()
    made, files = to_folder(path, tmp_path / "out", T0)
    assert (files, made.exists()) == (0, False)


def test_a_full_disk_leaves_nothing_behind(
    recorded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All files or none."""
    write, written = exports.write_output, list[Path]()

    def full(path: Path, data: object) -> None:
        if written:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        written.append(path)
        write(path, data)  # type: ignore[arg-type]

    monkeypatch.setattr(exports, "write_output", full)
    with pytest.raises(OSError, match="No space left"):
        to_folder(recorded, tmp_path / "out", T0 + 60)
    assert len(written) == 1
    assert not (tmp_path / "out").exists()
