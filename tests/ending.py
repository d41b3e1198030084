"""Ending what a test started, with all that it started itself."""

from __future__ import annotations

import contextlib
import os
import signal
import sys

import psutil


def end_tree(pid: int) -> None:
    """At once, by the system's hardest means; on POSIX it leads a session of its own."""
    if sys.platform == "win32":
        with contextlib.suppress(psutil.NoSuchProcess):
            tree = psutil.Process(pid)
            for process in [*tree.children(recursive=True), tree]:
                process.kill()
    else:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
