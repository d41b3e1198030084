"""The log: a small file in at most two pieces, created at its first line; and the terminal. Neither
may block the program: lines that cannot be written are lost.

The standard library's rotating handler imports sockets and pickling; these few lines do not.
"""

from __future__ import annotations

import logging
import os
import select
import stat
from contextlib import suppress
from io import TextIOWrapper
from os import fstat
from pathlib import Path

from tray_app.core.model.sanitize import visible
from tray_app.sources.file_owner import give

MAX_BYTES = 256 * 1024
FORMAT = "%(asctime)s %(levelname)s %(message)s"
# A writable pipe takes this much at once (POSIX: at least 512 bytes; Linux: 4096).
AT_ONCE = 512


class PlainFormatter(logging.Formatter):
    """Removes terminal control characters from lines. Foreign text is sanitized where it comes in;
    this catches the rest, such as text in a traceback."""

    def __init__(self) -> None:
        super().__init__(FORMAT)

    def format(self, record: logging.LogRecord) -> str:
        """The line, or the lines of a traceback."""
        return visible(super().format(record), keep="\n")


class LogFileHandler(logging.FileHandler):
    """Logs to ``path``, made with its folder at the first line; beyond `MAX_BYTES` the file becomes
    ``path`` with ``.1`` added, replacing the older piece.

    A write error is ignored, because there is nowhere to report it. The next line opens the file
    again.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, encoding="utf-8", delay=True, errors="backslashreplace")
        self.setFormatter(PlainFormatter())

    def touch(self) -> None:
        """Make the file. :raises OSError: it cannot be written, or is a pipe without a reader"""
        path = Path(self.baseFilename)
        is_new = not path.exists()
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_NONBLOCK", 0)
        descriptor = os.open(path, flags, 0o666)
        try:
            if is_new:
                give(descriptor, path.parent)
        finally:
            os.close(descriptor)

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line; raises nothing."""
        path = Path(self.baseFilename)
        try:
            if self.stream is None:
                path.parent.mkdir(parents=True, exist_ok=True)
                self.stream = self._opened(path)
            status = fstat(self.stream.fileno())
            if status.st_size > MAX_BYTES and stat.S_ISREG(status.st_mode):
                self.close_file()
                path.replace(path.with_name(f"{path.name}.1"))
                self.stream = self._opened(path)
            self.stream.write(f"{self.format(record)}\n")
            self.stream.flush()
        except Exception:  # noqa: BLE001 - see the class; also what cannot be formatted
            self.close_file()

    def _opened(self, path: Path) -> TextIOWrapper:
        is_new = not path.exists()
        stream = self._open()
        if is_new:
            give(stream.fileno(), path.parent)
        return stream

    def close(self) -> None:
        """Close it for good; raises nothing."""
        self.close_file()
        super().close()

    def close_file(self) -> None:
        """Close the file; the next line opens it again."""
        if self.stream is not None:
            stream, self.stream = self.stream, None
            with suppress(OSError, ValueError):  # closing writes the buffer
                stream.close()


class TerminalLog(logging.StreamHandler):  # type: ignore[type-arg]
    """Logs to standard error only lines that it takes at once.

    An unread pipe, or a stopped terminal (Ctrl-S), would block the logging thread, and with it all
    others that log.
    """

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line; raises nothing."""
        with suppress(Exception):
            text = f"{self.format(record)}\n"
            for start in range(0, len(text), AT_ONCE):
                if not _takes(self.stream):
                    return
                self.stream.write(text[start : start + AT_ONCE])
                self.stream.flush()


def _takes(stream: object) -> bool:
    """Whether a stream is writable now; True if that cannot be checked."""
    if not hasattr(select, "poll"):
        return True
    try:
        asked = select.poll()
        asked.register(stream.fileno(), select.POLLOUT)  # type: ignore[attr-defined]
        return bool(asked.poll(0))
    except (OSError, ValueError, AttributeError):
        return True
