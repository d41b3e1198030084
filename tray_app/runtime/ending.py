"""Ends a run, by signal or by click, in bounded time even if a part hangs."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable, Iterable
from contextlib import suppress
from threading import Event, Lock
from types import FrameType

from tray_app.runtime.clock import mono_s
from tray_app.worker_thread import WorkerThread

FINISH_AFTER_S = 1.0
"""Time for the parts to end; after that they are abandoned."""
EXIT_AFTER_S = 1.8
"""Time limit for the whole end: SIGTERM ends the program within 2 s, even with an unread output
pipe or a hanging disk."""
SIGNALLED = 128
"""A shell adds the signal's number to it for the exit status."""
SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
"""SIGBREAK is Ctrl-Break on Windows."""

End = Callable[[float], object]
"""Asks a part to end, and waits for it, at most this many seconds."""


def end_together(parts: Iterable[End], limit_s: float) -> None:
    """End all of these parts in this time: each is asked before one is waited for."""
    ends = tuple(parts)
    over_s = mono_s() + limit_s
    for end in ends:
        end(0.0)
    for end in ends:
        end(max(0.0, over_s - mono_s()))


class Ending:
    """Makes sure that an ending run ends.

    ``quit_`` asks the parts to end and returns at once; ``finish`` ends the rest, in a thread of
    its own. ``leave`` ends the process.
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
        self._wakers: tuple[socket.socket, socket.socket] | None = None

    def heed_signals(self, *, in_foreign_loop: bool = False) -> None:
        """SIGINT, SIGTERM, SIGHUP and SIGBREAK end the run like Quit does; a second one kills the
        program.

        Signals that were ignored at the start stay ignored: ``nohup`` ignores SIGHUP, a script's
        ``&`` ignores SIGINT. For the main thread. ``in_foreign_loop``: that thread will wait in a
        loop that is not Python's, so its handlers do not run; another thread hears of signals.
        """
        for name in SIGNALS:
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._on_signal)
        if in_foreign_loop:
            near, far = self._wakers = socket.socketpair()
            far.setblocking(False)
            signal.set_wakeup_fd(far.fileno(), warn_on_full_buffer=False)
            WorkerThread("signals", lambda: self._hear(near), again=False).start()

    def _hear(self, near: socket.socket) -> None:
        """The first signal asks for the end; the second one of a kind is the end."""
        seen: set[int] = set()
        while heard := near.recv(1):
            if heard[0] in seen:
                self._leave(SIGNALLED + heard[0])
            seen.add(heard[0])
            self.ask()

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        self.ask()

    def ask(self) -> None:
        """Ask the parts to end, and see to it; from any thread, returns at once."""
        self._quit()
        self.begin()

    def begin(self) -> None:
        """Begin to end the run; from any thread, repeated calls do nothing."""
        if self._begun.acquire(blocking=False):
            with suppress(RuntimeError):  # no room for a thread: the parts may still end
                WorkerThread("ending", self._see_to_it, again=False).start()

    def over(self) -> None:
        """The run has ended: stop the timers."""
        self._over.set()
        if self._wakers is not None:
            signal.set_wakeup_fd(-1)
            _near, far = self._wakers
            far.close()  # ends the thread that hears

    def _see_to_it(self) -> None:
        if self._over.wait(FINISH_AFTER_S):
            return
        WorkerThread("finish", self._finish, again=False).start()
        if not self._over.wait(EXIT_AFTER_S - FINISH_AFTER_S):
            self._leave(0)
