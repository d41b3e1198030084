"""Ctrl-Z, ``fg``, ``bg`` and resize, for a program that draws on the terminal.

The shell stops and continues a program without asking it, so the screen must be cleared before and
drawn again after. The handlers only post: the drawing loop does the work, between two events.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType

Action = Callable[[], None]


class JobControl:
    """Calls ``leave`` before the process stops, and ``redraw`` after it continues or the terminal
    was resized. ``post`` hands an action to the thread that draws, which is the main thread.
    """

    def __init__(self, post: Callable[[Action], None], leave: Action, redraw: Action) -> None:
        self._post = post
        self._leave = leave
        self._redraw = redraw

    def heed_signals(self) -> None:
        """For the main thread; where the system has no such signals, nothing happens."""
        if sys.platform == "win32":
            return
        # Ignored at the start: a shell without job control, where a stop could not be undone.
        if signal.getsignal(signal.SIGTSTP) is not signal.SIG_IGN:
            signal.signal(signal.SIGTSTP, lambda *_: self._post(self._stop))
        for number in (signal.SIGCONT, signal.SIGWINCH):
            signal.signal(number, self._on_change)

    def _on_change(self, _number: int, _frame: FrameType | None) -> None:
        self._post(self._redraw)

    def _stop(self) -> None:
        """Stop as the shell wants it, until it continues us."""
        if sys.platform == "win32":
            return
        self._leave()
        handler = signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        try:
            # To this thread, so that it has stopped when this returns.
            signal.pthread_kill(threading.get_ident(), signal.SIGTSTP)
        finally:
            signal.signal(signal.SIGTSTP, handler)
        self._redraw()
