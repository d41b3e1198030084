"""Starts other programs: the only user of ``subprocess``.

A program without a console, started on Windows by one that has none itself, would open a window for
it. Here it never does.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence

TimeIsUp = subprocess.TimeoutExpired
NO_WINDOW = getattr(subprocess, "CREATE_NO_WINDOW", 0)


def run(
    command: Sequence[str],
    *,
    limit_s: float,
    env: Mapping[str, str] | None = None,
    joined: bool = False,
) -> subprocess.CompletedProcess[bytes]:
    """Run a program to its end; its status and output (``joined``: errors among it).

    :raises TimeIsUp: it has not ended in this time, and was killed
    :raises OSError: it cannot be started
    """
    return subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if joined else subprocess.PIPE,
        timeout=limit_s,
        check=False,
        env=env,
        creationflags=NO_WINDOW,
    )


def start(command: Sequence[str]) -> subprocess.Popen[bytes]:
    """Start a program that outlives this one. :raises OSError: it cannot be started"""
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        creationflags=NO_WINDOW,
    )


def windows_line(command: Sequence[str]) -> str:
    """The command as one line, quoted for Windows."""
    return subprocess.list2cmdline(command)
