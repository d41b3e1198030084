"""A slot for the newest state: the latest value wins, a slow reader skips, nobody waits.

For what may be lost. What may not (events) goes through a `queue.SimpleQueue`.
"""

from __future__ import annotations

from threading import Condition
from typing import Generic, TypeVar

T = TypeVar("T")


class Mailbox(Generic[T]):
    """One slot, one reader, any number of writers."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._value: T | None = None
        self._closed = False

    def put(self, value: T) -> None:
        """Replace what is in the slot; returns at once."""
        with self._changed:
            self._value = value
            self._changed.notify()

    def take(self) -> T | None:
        """Wait for a value and empty the slot; None once the mailbox is closed and empty."""
        with self._changed:
            while self._value is None and not self._closed:
                self._changed.wait()
            value, self._value = self._value, None
            return value

    def close(self) -> None:
        """Let the reader go when it has taken what is there."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
