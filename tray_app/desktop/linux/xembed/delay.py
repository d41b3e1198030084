"""Puts one action off, in the thread that owns the X connection."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Handle(Protocol):
    """Something that was put off."""

    def cancel(self) -> None: ...


Later = Callable[[float, Callable[[], None]], Handle]
"""Calls a function after so many seconds, unless it is cancelled."""


class Delay:
    """At most one call is waiting."""

    def __init__(self, later: Later) -> None:
        self._later = later
        self._waiting: Handle | None = None

    def start(self, after_s: float, action: Callable[[], None]) -> None:
        """Do this later, instead of what was waiting."""
        self.stop()

        def run() -> None:
            self._waiting = None
            action()

        self._waiting = self._later(after_s, run)

    def stop(self) -> None:
        """Do nothing."""
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    @property
    def is_waiting(self) -> bool:
        return self._waiting is not None
