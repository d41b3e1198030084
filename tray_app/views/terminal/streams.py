"""Standard output and standard error, whatever their state: closed, full, broken off, or unable to
encode a character.

Rule of the room: plain lines are written through here, and a failing stream raises an exception of
this module or nothing, never a traceback.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TextIO

from tray_app import APP_ID
from tray_app.core.model.sanitize import visible

STATUS_FAILED = 2
_CLOSED = "it is closed"
_NO_CONSOLE = f"there is no console; in a terminal use {APP_ID}"

_unseen: list[str] | None = None
"""What was reported to a standard error that was missing from the start; None if it was there."""


class OutputClosed(Exception):
    """The reader of the output has gone (``| head``, a closed terminal): a reason to end well."""


class OutputFailed(Exception):
    """The output cannot be written (a full disk, closed from the start); its text says why."""


class _Missing(io.TextIOWrapper):
    """Stands in for a missing stream. Windows calls its null device a terminal."""

    def isatty(self) -> bool:
        return False


def mend() -> None:
    """Give this process the standard streams that it was started without (``>&-``).

    Otherwise the next opened file would get their number, and their output. Writing to a missing
    standard output fails; to a missing standard error, it is dropped. On Windows all are missing
    where the program was started without a console.
    """
    global _unseen
    _unseen = [] if sys.stderr is None else None
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            _open_nothing(number, os.O_WRONLY if number == 2 else os.O_RDONLY)
    if sys.stdin is None:
        sys.stdin = _Missing(os.fdopen(0, "rb"), encoding="utf-8")
    if sys.stdout is None:
        sys.stdout = _Missing(os.fdopen(1, "wb"), encoding="utf-8")
    if sys.stderr is None:
        sys.stderr = _Missing(os.fdopen(2, "wb"), encoding="utf-8", errors="backslashreplace")


def _open_nothing(number: int, mode: int) -> None:
    """Open the null device under this number."""
    opened = os.open(os.devnull, mode)
    # Windows itself never reuses the numbers of missing streams.
    if opened != number:
        os.dup2(opened, number)
        os.close(opened)


def say(text: str) -> None:
    """Write lines to standard output, in its encoding.

    :raises OutputClosed: the reader is gone
    :raises OutputFailed: they cannot be written
    """
    from tray_app.views.terminal.lines import printable

    encoding = sys.stdout.encoding
    write(sys.stdout, "".join(f"{printable(line, encoding)}\n" for line in text.splitlines()))


def complain(text: str) -> None:
    """Write one line to standard error; it may be lost, but `unseen` keeps it where there never was
    one."""
    if _unseen is not None:
        _unseen.append(visible(text))
    with suppress(OutputClosed, OutputFailed):
        write(sys.stderr, f"{APP_ID}: {visible(text)}\n")


def unseen() -> Sequence[str] | None:
    """What nobody could read, where there has been no standard error from the start; else None."""
    return _unseen


def write(stream: TextIO, text: str) -> None:
    """Write all of it, at once.

    :raises OutputClosed: the reader is gone
    :raises OutputFailed: it cannot be written
    """
    try:
        stream.write(text)
        stream.flush()
    except OSError as error:
        silence(stream)
        # Windows reports a pipe without a reader as EINVAL, a terminal that was closed is EIO.
        if error.errno in (errno.EPIPE, errno.EINVAL, errno.EIO):
            raise OutputClosed from None
        words = str(error.strerror or error)
        if error.errno == errno.EBADF:
            is_windowed = sys.platform == "win32" and _unseen is not None
            words = _NO_CONSOLE if is_windowed else _CLOSED
        raise OutputFailed(words[:1].lower() + words[1:]) from None


def silence(stream: TextIO) -> None:
    """Drop unwritten output, because Python would complain about it at exit."""
    with suppress(OSError):
        number = stream.fileno()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, number)
        os.close(nowhere)


def is_in_foreground(stream: TextIO) -> bool:
    """Whether this terminal is ours to write to; True if unknown."""
    if sys.platform == "win32":
        return True
    try:
        return os.tcgetpgrp(stream.fileno()) == os.getpgrp()
    except (OSError, ValueError):  # no terminal, or no descriptor
        return True


def shows_emoji(stream: TextIO, environment: Mapping[str, str]) -> bool:
    """Whether this terminal has a font with emoji: the Linux console, dumb terminals and Windows'
    classic console have none."""
    if environment.get("TERM") in ("linux", "dumb", "unknown"):
        return False
    if sys.platform != "win32" or not stream.isatty():
        return True
    return any(name in environment for name in ("WT_SESSION", "TERM", "TERM_PROGRAM"))


def terminal_size(stream: TextIO) -> tuple[int, int] | None:
    """The current columns and rows; None if the terminal does not report them."""
    try:
        columns, rows = os.get_terminal_size(stream.fileno())
    except (OSError, ValueError):
        return None
    return (columns, rows) if columns and rows else None
