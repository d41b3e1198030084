"""The live screen under a real shell on a real pseudo-terminal: Ctrl-Z, bg, fg, resize, Ctrl-C."""

from __future__ import annotations

import os
import re
import select
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("there is no job control", allow_module_level=True)

import fcntl
import pty
import termios

from tests.needs import needs
from tests.waiting import AMPLE_S

ROOT = Path(__file__).parents[2]
ENTERS, LEAVES, CURSOR = b"\x1b[?1049h", b"\x1b[?1049l", b"\x1b[?25h"
pytestmark = needs("bash")
# Bash as the leader of a session of its own, with the terminal as its own.
SHELL = """
import fcntl, os, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execvp("bash", ["bash", "--norc", "--noprofile", "-i"])
"""


class Shell:
    """An interactive shell, and what a person would see of it."""

    def __init__(self) -> None:
        self.master, slave = pty.openpty()
        self.resize(100, 40)
        environment = os.environ | {"TERM": "xterm-256color", "PS1": "ready> ", "COLUMNS": "100"}
        self.process = subprocess.Popen(
            [sys.executable, "-c", SHELL],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=ROOT,
            env=environment,
            start_new_session=True,
        )
        os.close(slave)
        self.unread = b""

    def resize(self, columns: int, rows: int) -> None:
        size = struct.pack("HHHH", rows, columns, 0, 0)
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, size)

    def types(self, text: str) -> None:
        os.write(self.master, text.encode())

    def read_until(self, *wanted: bytes) -> bytes:
        """What comes up to the last of these, which come in this order."""
        read = b""
        until_s = time.monotonic() + AMPLE_S
        for each in wanted:
            while each not in self.unread:
                left_s = max(0.0, until_s - time.monotonic())
                ready, _, _ = select.select([self.master], [], [], left_s)
                assert ready, (each, read + self.unread)
                self.unread += os.read(self.master, 65536)
            before, found, self.unread = self.unread.partition(each)
            read += before + found
        return read

    def end(self) -> None:
        self.process.kill()
        os.close(self.master)
        self.process.wait()


@pytest.fixture
def shell() -> Iterator[Shell]:
    try:
        it = Shell()
    except OSError as error:
        pytest.skip(f"no pseudo-terminal here: {error}")
    it.read_until(b"ready> ")
    yield it
    it.end()


def start(shell: Shell, *flags: str) -> None:
    """The demo, of which the second sample would come after an hour."""
    command = (sys.executable, "-m", "tray_app", "--demo", "--console", "--interval=3600", *flags)
    shell.types(" ".join(command) + "\n")


def widths(seen: bytes) -> set[int]:
    """How wide the pictures' headings are, without what only moves and colours."""
    plain = re.sub(rb"\x1b\[[0-9;?]*[a-zA-Z]", b"", seen).decode()
    headings = re.findall(r" RunAnalyze \(demo\)[^\r\n]*?\d\d:\d\d:\d\d", plain)
    return {len(heading) for heading in headings}


def test_ctrl_z_gives_the_terminal_back_until_fg(shell: Shell) -> None:
    """Stopped: the first screen, with its cursor. In the background nothing is drawn. Back in
    front: the picture again, at once."""
    start(shell)
    shell.read_until(ENTERS, b"RunAnalyze (demo)")
    shell.types("\x1a")
    shell.read_until(CURSOR, LEAVES, b"Stopped", b"ready> ")
    shell.types("bg\n")
    shell.read_until(b"&", b"ready> ")
    shell.types("jobs; echo still-$((40 + 2))\n")
    background = shell.read_until(b"Running", b"still-42", b"ready> ")
    assert b"RunAnalyze" not in background.replace(b"tray_app", b"")
    assert ENTERS not in background
    shell.types("kill -STOP %1; until jobs | grep -q Stopped; do sleep 0.05; done; fg\n")
    shell.read_until(ENTERS, b"RunAnalyze (demo)")
    shell.types("\x1a")
    shell.read_until(CURSOR, LEAVES, b"Stopped", b"ready> ")
    shell.types("fg\n")
    shell.read_until(ENTERS, b"RunAnalyze (demo)")
    shell.types("\x03")
    left = shell.read_until(LEAVES, b"Summary", b"ready> ")
    assert ENTERS not in left


def test_a_resize_is_drawn_at_once(shell: Shell) -> None:
    """As wide as the terminal is now, whatever the environment says."""
    start(shell)
    first = shell.read_until(ENTERS, b"RunAnalyze (demo)", b"Temp")
    assert widths(first) == {99}
    shell.resize(70, 20)
    assert widths(shell.read_until(b"RunAnalyze (demo)", b"Temp")) == {69}
    shell.types("\x03")
    shell.read_until(LEAVES, b"Summary", b"ready> ")


def test_started_in_the_background_it_draws_when_it_comes_to_the_front(shell: Shell) -> None:
    """Until then the terminal is the shell's."""
    command = f"{sys.executable} -m tray_app --demo --console --interval=0.3 &"
    shell.types(f"{command} sleep 1.5; echo still-$((40 + 2))\n")
    assert ENTERS not in shell.read_until(b"still-42", b"ready> ")
    shell.types("fg\n")
    shell.read_until(ENTERS, b"RunAnalyze (demo)")
    shell.types("\x03")
    shell.read_until(LEAVES, b"Summary", b"ready> ")
