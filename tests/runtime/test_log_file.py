"""The log file."""

from __future__ import annotations

import errno
import logging
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tray_app.runtime import log_file
from tray_app.runtime.log_file import LogFileHandler, TerminalLog


@pytest.fixture
def log(tmp_path: Path) -> Iterator[tuple[logging.Logger, Path]]:
    """A logger that writes to a file in a folder that is not there yet."""
    path = tmp_path / "log" / "app.log"
    logger = logging.Logger("test")
    handler = LogFileHandler(path)
    logger.addHandler(handler)
    yield logger, path
    handler.close()
    logger.removeHandler(handler)


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
    monkeypatch.setattr(log_file, "MAX_BYTES", 1000)
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
    logger.addHandler(LogFileHandler(tmp_path / "file" / "app.log"))
    logger.warning("something")
    assert capsys.readouterr().err == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no disk that is always full")
def test_a_full_disk_raises_nothing() -> None:
    """Neither to write nor to close what could not be written."""
    logger = logging.getLogger("test-full")
    handler = LogFileHandler(Path("/dev/full"))
    logger.addHandler(handler)
    for number in range(3):
        logger.warning("line %d", number)
    handler.close()
    logger.removeHandler(handler)


class FailingStream:
    """A file whose disk refuses each of these calls."""

    def __init__(self, file: Any, refused: tuple[str, ...], number: int) -> None:
        self._file, self._refused, self._number = file, refused, number

    def __getattr__(self, name: str) -> Any:
        if name in self._refused:
            return self._refuse
        return getattr(self._file, name)

    def _refuse(self, *_: object) -> None:
        if not self._file.closed:
            self._file.close()
        raise OSError(self._number, os.strerror(self._number))


@pytest.mark.parametrize(
    "number", [errno.ENOSPC, errno.EIO, errno.EROFS, errno.EMFILE, errno.EPIPE]
)
@pytest.mark.parametrize("refused", [("write", "close"), ("flush", "close"), ("close",)])
def test_when_the_disk_takes_it_again_it_is_there(
    log: tuple[logging.Logger, Path],
    monkeypatch: pytest.MonkeyPatch,
    refused: tuple[str, ...],
    number: int,
) -> None:
    """A line that is lost is the only one."""
    logger, path = log
    handler = logger.handlers[-1]
    assert isinstance(handler, LogFileHandler)
    with monkeypatch.context() as patch:
        usual = handler._open
        patch.setattr(handler, "_open", lambda: FailingStream(usual(), refused, number))
        patch.setattr(log_file, "MAX_BYTES", -1)
        logger.warning("lost")
        logger.warning("lost, too")
    logger.warning("there")
    assert path.read_text().splitlines()[-1].endswith("WARNING there")


@pytest.mark.skipif(sys.platform == "win32", reason="there it cannot be asked")
def test_a_terminal_that_takes_nothing_holds_up_nobody() -> None:
    """A pipe that nobody reads: what it takes is written, the rest is lost."""
    reader, writer = os.pipe()
    logger = logging.getLogger("test-pipe")
    with os.fdopen(writer, "w") as stream, os.fdopen(reader, "rb", buffering=0) as there:
        handler = TerminalLog(stream)
        logger.addHandler(handler)
        began_s = time.monotonic()
        for number in range(500):
            logger.warning("%d %s", number, "x" * 1000)
        assert time.monotonic() - began_s < 5
        taken = there.read(1 << 20)
        logger.warning("again")
        logger.removeHandler(handler)
        assert taken.startswith(b"0 xxx")
        assert there.read(100).endswith(b"again\n")


def test_a_line_that_cannot_be_formatted_raises_nothing(
    log: tuple[logging.Logger, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """It is lost; nothing is written to the terminal about it."""
    logger, path = log
    logger.warning("%d", "no number")
    logger.warning("there")
    assert path.read_text().endswith("there\n")
    assert capsys.readouterr().err == ""
