"""Limits how often a costly reading is repeated, to at most 2 % of the time."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

_DUTY = 0.02

T = TypeVar("T")


class DutyCycle:
    """``clock`` gives seconds, only to measure what a look costs."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._next_s = 0.0

    def is_ready(self, now_s: float) -> bool:
        """Whether the last look's cost has been made up for by a pause."""
        return now_s >= self._next_s

    def run(self, now_s: float, look: Callable[[], T]) -> T:
        """Take the look, and take down its cost."""
        began_s = self._clock()
        try:
            return look()
        finally:
            self._next_s = now_s + (self._clock() - began_s) / _DUTY
