"""A program on a real pseudo-terminal, and what a person would see of it."""

from __future__ import annotations

import codecs
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.waiting import AMPLE_S, wait_for
from tray_app.views.terminal.lines import cells

_SEQUENCE = re.compile(r"\x1b\[(\??)([0-9;]*)([a-zA-Z])")


class Screen:
    """The two screens of a terminal that understands what rich's live pictures need: moves of the
    cursor, erasing, and the switch between them."""

    def __init__(self) -> None:
        self.is_second = False
        self._rows: dict[bool, list[str]] = {False: [""], True: [""]}
        self._at: dict[bool, tuple[int, int]] = {False: (0, 0), True: (0, 0)}
        self._unread = ""

    def lines(self) -> list[str]:
        """The rows of the screen that is shown."""
        return [row.rstrip() for row in self._rows[self.is_second]]

    def take(self, text: str) -> None:
        """Show this."""
        text = self._unread + text
        self._unread = ""
        at = 0
        while at < len(text):
            if text[at] == "\x1b":
                found = _SEQUENCE.match(text, at)
                if found is None:  # the rest is still to come
                    self._unread = text[at:]
                    return
                self._control(*found.groups())
                at = found.end()
                continue
            self._put(text[at])
            at += 1

    def _control(self, private: str, numbers: str, what: str) -> None:
        given = [int(each) for each in numbers.split(";") if each]
        row, column = self._at[self.is_second]
        rows = self._grown(row)
        if private and given == [1049]:
            self.is_second = what == "h"
        elif what == "H":
            row, column = given or (1, 1)
            self._at[self.is_second] = (row - 1, column - 1)
        elif what == "K":
            rows[row] = _cut(rows[row], column)
        elif what == "J":
            rows[:] = [""] * len(rows)

    def _put(self, char: str) -> None:
        row, column = self._at[self.is_second]
        rows = self._grown(row)
        if char == "\r":
            column = 0
        elif char == "\n":
            row += 1
        else:
            before = _cut(rows[row], column)
            before += " " * (column - cells(before))
            after = rows[row][len(_cut(rows[row], column + cells(char))) :]
            rows[row] = before + char + after
            column += cells(char)
        self._at[self.is_second] = (row, column)

    def _grown(self, row: int) -> list[str]:
        """The rows, with at least this one among them."""
        rows = self._rows[self.is_second]
        rows += [""] * (row + 1 - len(rows))
        return rows


def _cut(text: str, columns: int) -> str:
    """The beginning of a row, up to this column."""
    taken = 0
    for at, char in enumerate(text):
        taken += cells(char)
        if taken > columns:
            return text[:at]
    return text


class Seen:
    """A running program and its terminal."""

    def __init__(self, process: subprocess.Popen[bytes], master: int) -> None:
        self.process = process
        self.screen = Screen()
        self._master = master
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def resize(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def types(self, text: str) -> None:
        os.write(self._master, text.encode())

    def wait_for(self, fits: Callable[[list[str]], object], what: str) -> list[str]:
        """The lines on the screen, once they fit."""

        def fitting() -> list[str] | None:
            self.read()
            lines = self.screen.lines()
            return lines if fits(lines) else None

        try:
            return wait_for(fitting, what) or []
        except AssertionError as error:
            raise AssertionError("\n".join([str(error), *self.screen.lines()])) from None

    def read(self) -> None:
        """Take what has been written."""
        while select.select([self._master], [], [], 0)[0]:
            try:
                part = os.read(self._master, 65536)
            except OSError:  # nobody has the terminal any longer
                return
            self.screen.take(self._decoder.decode(part))

    def status(self) -> int:
        """The exit status, once the program has ended."""

        def ended() -> tuple[int] | None:
            self.read()
            status = self.process.poll()
            return None if status is None else (status,)

        found = wait_for(ended, "it ends", AMPLE_S)
        assert found
        self.read()
        return found[0]


@contextmanager
def on_terminal(
    command: Sequence[str], home: Path, *, columns: int = 100, rows: int = 30
) -> Iterator[Seen]:
    """The command with a terminal of its own, with its files in ``home``."""
    master, slave = pty.openpty()
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def own_terminal() -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # a script's & ignores it
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    process = subprocess.Popen(
        command,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        cwd=Path(__file__).parents[1],
        env={
            "HOME": str(home),
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "TERM": "xterm-256color",
        },
        start_new_session=True,
        preexec_fn=own_terminal,
    )
    os.close(slave)
    try:
        yield Seen(process, master)
    finally:
        process.kill()
        process.wait()
        os.close(master)
