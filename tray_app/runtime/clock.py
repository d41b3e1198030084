"""The clock: the only importer of ``time``. Everything else is handed a `Now`."""

from __future__ import annotations

import time

from tray_app.core.readings import Now


def now() -> Now:
    """This moment on both clocks."""
    return Now(time.monotonic(), time.time())


def mono_s() -> float:
    """Seconds on the clock that is never set back."""
    return time.monotonic()
