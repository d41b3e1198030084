"""Ends a run, by signal or by click, in bounded time even if a part hangs."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Lock
from types import FrameType

from tray_app.worker_thread import WorkerThread

FINISH_AFTER_S = 1.0
"""So long the parts have to end by themselves, then they are left behind."""
EXIT_AFTER_S = 1.8
"""So long all has: SIGTERM ends the program within 2 s, also where the output is a pipe that
nobody reads, or a disk does not answer."""
SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")


class Ending:
    """Sees to it that what was begun to end does end.

    ``quit_`` asks the parts to end and returns at once, ``finish`` ends what is left of them, the
    latter in a thread of its own. ``leave`` ends the
    process.
    """

    def __init__(
        self,
        quit_: Callable[[], None],
        finish: Callable[[], None],
        leave: Callable[[int], object] = os._exit,
    ) -> None:
        self._quit = quit_
        self._finish = finish
        self._leave = leave
        self._over = Event()
        self._begun = Lock()

    def heed_signals(self) -> None:
        """SIGINT, SIGTERM and SIGHUP end the run like Quit does; a second one ends it hard.

        Those that were ignored when the program was started stay so: ``nohup`` ignores SIGHUP, a
        script's ``&`` ignores SIGINT. For the main thread.
        """
        for name in SIGNALS:
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        self._quit()
        self.begin()

    def begin(self) -> None:
        """The run is to end from now on; from any thread, and once is enough."""
        if self._begun.acquire(blocking=False):
            with suppress(RuntimeError):  # no room for a thread: what was asked to end may do so
                WorkerThread("ending", self._see_to_it, again=False).start()

    def over(self) -> None:
        """The run has ended: nothing is left to be seen to."""
        self._over.set()

    def _see_to_it(self) -> None:
        if self._over.wait(FINISH_AFTER_S):
            return
        WorkerThread("finish", self._finish, again=False).start()
        if not self._over.wait(EXIT_AFTER_S - FINISH_AFTER_S):
            self._leave(0)
