"""The clock: the only importer of ``time``. Everything else is handed a `Now`."""

from __future__ import annotations

import time
from collections.abc import Callable

from tray_app.core.model.readings import Now


def now() -> Now:
    """This moment on both clocks."""
    return Now(time.monotonic(), time.time())


sleep: Callable[[float], None] = time.sleep
thread_cpu_s: Callable[[], float] = time.thread_time
"""What the calling thread has used of the processors."""


def mono_s() -> float:
    """Seconds on the clock that is never set back."""
    return time.monotonic()
