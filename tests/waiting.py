"""Waiting for a condition, with a limit.

Rule: tests never wait for a time to pass; they wait for a fact to become true.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_PAUSE_S = 0.02


def wait_for(condition: Callable[[], T], what: str, within_s: float = 10.0) -> T:
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
