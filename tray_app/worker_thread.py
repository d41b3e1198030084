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
"""Each failure doubles the pause: one that is there at every turn must not take the processor."""

Told = Callable[[str, str], None]
"""Takes a thread's name and why its work was begun again, from that thread."""


def _nobody(_name: str, _problem: str) -> None:
    pass


_told: Told = _nobody


def tell_restarts(told: Told | None) -> None:
    """Have this called whenever a thread's work is begun again; None: nobody wants to know."""
    global _told
    _told = told or _nobody


class WorkerThread(Thread):
    """Runs ``work`` to its end, however often that takes; ``again``: else once, whatever happens.

    It is a daemon: no work may keep the program from ending. ``wait`` makes the pauses.
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
                # To say so writes to what may just have failed.
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
