"""Starts threads that survive failures. No other module starts a thread.

A failure is logged and reported, and the work starts again after a pause. A full disk or a defect
costs the work in progress, never the thread.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Thread

_log = logging.getLogger(__name__)

FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 5.0
"""Each failure doubles the pause: a permanent failure must not use up the processor."""

Told = Callable[[str, str], None]
"""Takes a restarted thread's name and the problem, in that thread."""


def _nobody(_name: str, _problem: str) -> None:
    pass


_told: Told = _nobody


def tell_restarts(told: Told | None) -> None:
    """Call this whenever a thread's work restarts; None: call nothing."""
    global _told
    _told = told or _nobody


class WorkerThread(Thread):
    """Runs ``work`` until it returns, again after each failure if ``again``.

    It is a daemon, so that it cannot keep the program from ending. ``wait`` makes the pauses.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[], None],
        *,
        again: bool = True,
        wait: Callable[[float], object] | None = None,
    ) -> None:
        super().__init__(name=name, daemon=True)
        self._work = work
        self._again = again
        self._wait = wait or Event().wait
        self._last_problem = ""

    def run(self) -> None:
        """Do the work, again after each failure."""
        pause_s = FIRST_PAUSE_S
        while True:
            try:
                self._work()
                break
            except BaseException as error:  # noqa: BLE001 - whatever it is, the thread goes on
                # Logging may write to the disk that just failed.
                with suppress(Exception):
                    self._say(error)
            if not self._again:
                break
            self._wait(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    def _say(self, error: BaseException) -> None:
        problem = getattr(error, "strerror", None) or str(error) or type(error).__name__
        if self._again:
            _told(self.name, problem)
        if problem != self._last_problem:  # the log has each failure once
            self._last_problem = problem
            goes_on = "; restarting it" if self._again else ""
            _log.error("thread %r failed%s", self.name, goes_on, exc_info=error)
