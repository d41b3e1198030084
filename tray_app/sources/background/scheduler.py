"""Runs all slow readings in one thread, so that the sampler never waits for them.

They wait for each other, which matters only if one hangs. If the temp directory hangs, so does the
server, and its memory does not change. One thread less saves 0.1 MB.
"""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Callable

from tray_app.worker_thread import WorkerThread

REST_PER_WORK = 100
"""At most 1 % of the time: work of 20 ms is followed by a rest of 2 s."""
REST_MAX_S = 300.0

Reading = Callable[[], float]
"""Reads, reports the result, and returns the seconds until the next reading; infinity: until the
next request."""

_CLOSE_PATIENCE_S = 1.0
_log = logging.getLogger(__name__)


def rest_after_s(took_s: float, interval_s: float) -> float:
    """The rest after work that took ``took_s``: 100 times as long, but at most 5 min."""
    return max(interval_s, min(REST_PER_WORK * took_s, REST_MAX_S))


class BackgroundScheduler:
    """Makes each reading when it is due, one after another. ``clock`` gives monotonic seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._due_s: dict[Reading, float] = {}
        self._under_way: Reading | None = None
        self._changed = threading.Condition()
        self._thread: WorkerThread | None = None

    def make(self, reading: Reading, within_s: float = 0.0) -> None:
        """Make it within ``within_s`` seconds, and again after each of its rests; returns at once.

        A reading in progress does not count.
        """
        with self._changed:
            due_s = self._clock() + within_s
            self._due_s[reading] = min(due_s, self._due_s.get(reading, math.inf))
            self._changed.notify_all()
            if self._thread is None:
                thread = WorkerThread("background", self._work)
                thread.start()
                self._thread = thread

    def end(self, reading: Reading) -> None:
        """Stop a reading; waits at most 1 s for a running one.

        With the last reading the thread ends.
        """
        with self._changed:
            self._due_s.pop(reading, None)
            self._changed.notify_all()
            thread = self._thread
            if thread is not threading.current_thread():
                self._changed.wait_for(lambda: self._under_way != reading, _CLOSE_PATIENCE_S)
            is_idle = not self._due_s and self._under_way is None
        if thread is not None and is_idle:
            thread.join(_CLOSE_PATIENCE_S)

    def _work(self) -> None:
        while reading := self._next():
            rest_s = REST_MAX_S
            try:
                rest_s = reading()
            except Exception:  # noqa: BLE001 - one reading's mistake must not end the others
                _log.exception("a background reading failed")
            finally:
                self._has_ended(reading, rest_s)

    def _has_ended(self, reading: Reading, rest_s: float) -> None:
        with self._changed:
            self._under_way = None
            if reading in self._due_s:
                self._due_s[reading] = min(self._due_s[reading], self._clock() + rest_s)
            self._changed.notify_all()

    def _next(self) -> Reading | None:
        """Wait until one is due; None without any readings."""
        with self._changed:
            while self._due_s:
                reading = min(self._due_s, key=self._due_s.__getitem__)
                left_s = self._due_s[reading] - self._clock()
                if left_s <= 0:
                    self._due_s[reading] = math.inf
                    self._under_way = reading
                    return reading
                self._changed.wait(left_s if left_s < math.inf else None)
            self._thread = None
            return None
