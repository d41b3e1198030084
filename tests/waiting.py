"""Waiting for a condition, with a limit.

Rule: tests never wait for a time to pass; they wait for a fact to become true.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

AMPLE_S = 60.0
"""The limit for what comes at once on a machine at rest.

It says that something hangs, not how fast it is: other tests run at the same time, and the next
machine may be five times slower. A test that fails takes so long; one that passes does not.
"""
END_LIMIT_S = 30.0
"""For a program's end, of which 2 s are promised: what hangs would never end. How soon it ends is
measured when nothing else runs."""
_PAUSE_S = 0.02


def wait_for(condition: Callable[[], T], what: str, within_s: float = AMPLE_S) -> T:
    """Return the first true value of ``condition``; AssertionError naming ``what`` after the limit.

    The condition is asked once more at the limit, so a starved machine gets a fair last check.
    """
    limit_s = time.monotonic() + within_s
    while True:
        last_check = time.monotonic() >= limit_s
        value = condition()
        if value:
            return value
        if last_check:
            raise AssertionError(f"not within {within_s:g} s: {what} (last seen: {value!r})")
        time.sleep(_PAUSE_S)
