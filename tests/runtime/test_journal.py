"""The log file."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from tray_app.runtime import journal
from tray_app.runtime.journal import Journal


@pytest.fixture
def log(tmp_path: Path) -> Iterator[tuple[logging.Logger, Path]]:
    """A logger that writes to a file in a folder that is not there yet."""
    path = tmp_path / "log" / "app.log"
    logger = logging.Logger("test")
    handler = Journal(path)
    logger.addHandler(handler)
    yield logger, path
    handler.close()


def test_nothing_to_say_is_no_file(log: tuple[logging.Logger, Path]) -> None:
    """The file and its folder come with the first line."""
    logger, path = log
    assert not path.parent.exists()
    logger.warning("something")
    assert path.read_text().endswith("WARNING something\n")


def test_it_is_kept_to_two_pieces(
    log: tuple[logging.Logger, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond its size the file becomes the older piece, and the older one goes."""
    monkeypatch.setattr(journal, "MAX_BYTES", 1000)
    logger, path = log
    for number in range(200):
        logger.warning("line %d", number)
    assert sorted(file.name for file in path.parent.iterdir()) == ["app.log", "app.log.1"]
    assert all(file.stat().st_size < 1200 for file in path.parent.iterdir())
    assert path.read_text().endswith("line 199\n")
    older = path.with_name("app.log.1").read_text().splitlines()[-1]
    newer = path.read_text().splitlines()[0]
    assert int(newer.split()[-1]) == int(older.split()[-1]) + 1


def test_a_place_that_cannot_be_written_is_passed_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A log must not stop what it tells of, nor fill the terminal."""
    (tmp_path / "file").write_text("")
    logger = logging.Logger("test")
    logger.addHandler(Journal(tmp_path / "file" / "app.log"))
    logger.warning("something")
    assert capsys.readouterr().err == ""
