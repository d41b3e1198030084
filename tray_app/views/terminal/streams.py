"""Standard output and standard error as they are found: closed, full, broken off, or unable to
carry a character.

Rule of the room: what is said there in plain lines goes through here, and a stream that fails is
an exception of this module or nothing, never a trace.
"""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress
from typing import TextIO

from tray_app import APP_ID
from tray_app.core.model.sanitize import visible

STATUS_FAILED = 2
_CLOSED = "it is closed"


class OutputClosed(Exception):
    """The reader of the output has gone (``| head``, a closed terminal): a reason to end well."""


class OutputFailed(Exception):
    """The output cannot be written (a full disk, closed from the start); its text says why."""


def mend() -> None:
    """Give this process the standard streams that it was started without (``>&-``).

    Else the next file that is opened gets their number, and what is written to them. What is
    written to a standard output that is not there fails; to standard error, it goes nowhere.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_WRONLY if number == 2 else os.O_RDONLY)
    if sys.stdout is None:
        sys.stdout = os.fdopen(1, "w", encoding="utf-8")
    if sys.stderr is None:
        sys.stderr = os.fdopen(2, "w", encoding="utf-8", errors="backslashreplace")


def say(text: str) -> None:
    """Lines on standard output, as it can carry them.

    :raises OutputClosed: nobody reads them
    :raises OutputFailed: they cannot be written
    """
    from tray_app.views.terminal.lines import printable

    encoding = sys.stdout.encoding
    write(sys.stdout, "".join(f"{printable(line, encoding)}\n" for line in text.splitlines()))


def complain(text: str) -> None:
    """One line on standard error; it may be lost, for there is nowhere else to say it."""
    with suppress(OutputClosed, OutputFailed):
        write(sys.stderr, f"{APP_ID}: {visible(text)}\n")


def write(stream: TextIO, text: str) -> None:
    """Write all of it, at once.

    :raises OutputClosed: nobody reads it
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
        words = _CLOSED if error.errno == errno.EBADF else str(error.strerror or error)
        raise OutputFailed(words[:1].lower() + words[1:]) from None


def silence(stream: TextIO) -> None:
    """Let what is still to be written go nowhere, or Python complains about it at exit."""
    with suppress(OSError):
        number = stream.fileno()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, number)
        os.close(nowhere)


def is_in_foreground(stream: TextIO) -> bool:
    """Whether what we write to this terminal disturbs nobody else; True where that is not told."""
    if sys.platform == "win32":
        return True
    try:
        return os.tcgetpgrp(stream.fileno()) == os.getpgrp()
    except (OSError, ValueError):  # no terminal, or no descriptor
        return True


def terminal_size(stream: TextIO) -> tuple[int, int] | None:
    """Columns and rows as they are now; None where the terminal does not tell."""
    try:
        columns, rows = os.get_terminal_size(stream.fileno())
    except (OSError, ValueError):
        return None
    return (columns, rows) if columns and rows else None
