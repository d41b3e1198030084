"""The clock: the only importer of ``time``. Everything else gets a `Now`."""

from __future__ import annotations

import time
from collections.abc import Callable

from tray_app.core.model.readings import Now


def now() -> Now:
    """This moment on both clocks."""
    return Now(time.monotonic(), time.time())


sleep: Callable[[float], None] = time.sleep
thread_cpu_s: Callable[[], float] = time.thread_time
"""CPU time of the calling thread."""


def mono_s() -> float:
    """Seconds on the monotonic clock."""
    return time.monotonic()
