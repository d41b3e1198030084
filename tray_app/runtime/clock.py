"""The clock: the only importer of ``time``. Everything else is handed a `Now`."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tray_app.core.model.readings import Now


def now() -> Now:
    """This moment on both clocks."""
    return Now(time.monotonic(), time.time())


sleep: Callable[[float], None] = time.sleep
thread_cpu_s: Callable[[], float] = time.thread_time
"""What the calling thread has used of the processors."""


# So much late a thread that only looks at something may wake.
TIMER_SLACK_S = 0.02


def allow_timer_slack(late_s: float = TIMER_SLACK_S) -> None:
    """Let the system wake this thread so much late, together with others; Linux only.

    A processor that is awake anyway need not be woken, and what it runs is at hand: that saves a
    tenth of what a look costs. For threads that start no programs, which would inherit it.
    """
    if sys.platform == "linux":
        with suppress(OSError):
            slack = Path(f"/proc/{threading.get_native_id()}/timerslack_ns")
            slack.write_text(str(round(late_s * 1e9)))


def mono_s() -> float:
    """Seconds on the clock that is never set back."""
    return time.monotonic()
