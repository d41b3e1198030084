"""Limits how often a costly reading is repeated, to at most 2 % of the time."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

_DUTY = 0.02

T = TypeVar("T")


class DutyCycle:
    """``clock`` gives seconds, only to measure the cost of a call."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._next_s = 0.0

    def is_ready(self, now_s: float) -> bool:
        """Whether a pause has made up for the cost of the last call."""
        return now_s >= self._next_s

    def run(self, now_s: float, call: Callable[[], T]) -> T:
        """Make the call, and note its cost."""
        began_s = self._clock()
        try:
            return call()
        finally:
            self._next_s = now_s + (self._clock() - began_s) / _DUTY
