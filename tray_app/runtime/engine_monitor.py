"""Watches an engine: one thread, and the only one that changes `EngineState`.

It waits in one place only, its inbox. Requests run in threads of their own and post here, so no
engine, however slow, delays an answer of another part, a click or a picture.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping
from threading import Event as Flag
from typing import Protocol

from tray_app.core.model.api_failure import ApiFailureKind, ApiProblem
from tray_app.core.model.readings import Now
from tray_app.core.monitor.commands import Quit
from tray_app.core.prometheus.events import EngineEvent
from tray_app.core.prometheus.state import EngineState
from tray_app.core.prometheus.step import EngineInput, PartAsked, TimePassed, step
from tray_app.core.prometheus.values import Part, ReadFailed
from tray_app.runtime.mailbox import Inbox
from tray_app.runtime.timer_slack import allow_timer_slack
from tray_app.worker_thread import WorkerThread

_log = logging.getLogger(__name__)

LONGEST_WAIT_S = 3600.0
AGEING_S = 5.0
"""What is known grows old where nothing comes: the clock is looked at this often."""
PAUSE_AFTER_DEFECT_S = 0.2
"""A defect that occurs at every turn must not fill the log."""

Publish = Callable[[EngineState, tuple[EngineEvent, ...]], None]


class Reader(Protocol):
    """Reads one part of what an engine knows."""

    def ask(self, patience_s: float) -> bool:
        """Start one request and return at once; False: none could be started."""

    def close(self) -> None:
        """End the request under way."""


class EngineMonitor:
    """Runs `step` on each input, and asks the ``readers`` when they are due.

    ``publish`` gets each state and its events, in this thread.
    """

    def __init__(self, state: EngineState, clock: Callable[[], Now], publish: Publish) -> None:
        self._state = state
        self._clock = clock
        self._publish = publish
        self._readers: Mapping[Part, Reader] = {}
        self._inbox: Inbox[EngineInput] = Inbox()
        self._stopping = Flag()
        self._thread = WorkerThread("fleet", self._run)

    def post(self, *items: EngineInput) -> None:
        """Hand in an outcome, a command or a report, from any thread; returns at once."""
        for item in items:
            self._inbox.put(item)

    def start(self, readers: Mapping[Part, Reader]) -> None:
        """Start watching."""
        self._readers = readers
        self._thread.start()

    def stop(self, timeout_s: float) -> None:
        """End the thread; safe to call twice and from any other thread."""
        self._stopping.set()
        self._inbox.put(Quit())
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def _run(self) -> None:
        allow_timer_slack()
        while not self._state.desk.ended and not self._stopping.is_set():
            try:
                self._turn()
            except Exception:  # noqa: BLE001 - whatever it is, the picture must not freeze
                _log.exception("watching the engine failed")
                self._stopping.wait(PAUSE_AFTER_DEFECT_S)
        for reader in self._readers.values():
            try:
                reader.close()
            except Exception:  # noqa: BLE001 - the others are to be closed all the same
                _log.exception("a reader could not be closed")

    def _turn(self) -> None:
        """Ask what is due, then wait for the next input, and handle it."""
        now_s = self._clock().mono_s
        for part, reader in self._readers.items():
            if self._state.due_s(part) <= now_s:
                self._ask(part, reader)
        item = self._inbox.get(self._wait_s(now_s))
        if not self._stopping.is_set():
            self._step(TimePassed() if item is None else item)

    def _wait_s(self, now_s: float) -> float:
        if self._state.desk.paused:
            return LONGEST_WAIT_S
        due_s = min((self._state.due_s(part) for part in self._readers), default=math.inf)
        return min(max(0.0, due_s - now_s), AGEING_S)

    def _ask(self, part: Part, reader: Reader) -> None:
        self._step(PartAsked(part))
        if not reader.ask(self._state.desk.settings.patience_s):
            self._step(ReadFailed(part, ApiProblem(ApiFailureKind.BUSY)))

    def _step(self, happened: EngineInput) -> None:
        self._state, events = step(self._state, happened, self._clock())
        if not isinstance(happened, PartAsked):
            self._publish(self._state, events)
