"""Sends notifications, reports the result of each, and keeps undelivered ones."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Protocol

from tray_app.core.monitor.events import Event
from tray_app.core.monitor.inputs import Delivered
from tray_app.core.presentation import notifications, program_text
from tray_app.core.presentation.notifications import Note

_log = logging.getLogger(__name__)

# Where no signal tells that notifications are being delivered again, they are tried this often.
RETRY_EVERY_S = 60.0
# The answer to a glance: some minutes later it is none.
PASSING = ("status",)


class Result(Protocol):
    """What became of a notification: the means that took it, or the problem."""

    @property
    def means(self) -> str | None: ...
    @property
    def problem(self) -> str | None: ...
    @property
    def pending(self) -> bool:
        """Whether it was handed over and may still come (then `NotificationSender.settle`)."""


class Notifier(Protocol):
    """Brings a notification to the person; blocks until it is known what became of it."""

    def notify(self, note: Note) -> Result: ...


class NotificationSender:
    """Sends what events call for and tells ``report`` how it went. Not thread-safe.

    What nothing delivers is kept, the latest for each ``replace``, and sent when it can be, in
    order. What was handed over without an answer is not sent again: it may be on the screen.
    ``clock`` gives monotonic seconds.
    """

    def __init__(
        self,
        notifier: Notifier,
        report: Callable[[Delivered], None],
        clock: Callable[[], float],
    ) -> None:
        self._notifier = notifier
        self._report = report
        self._clock = clock
        self._tried_s = 0.0
        self._problem: str | None = None
        self._kept: dict[str, Note] = {}
        self._pending: dict[str, Note] = {}

    @property
    def retry_after_s(self) -> float | None:
        """When to call `retry`, whatever else happens; None while there is nothing to retry."""
        due_s = self._tried_s + RETRY_EVERY_S
        return max(0.0, due_s - self._clock()) if self._kept else None

    def handle(self, event: Event) -> None:
        """Send the event's notification, if it has one; never raises."""
        note = notifications.note(event)
        if note is None:
            return
        # What it replaces is out of date.
        self._kept.pop(note.replace, None)
        self._pending.pop(note.replace, None)
        self.retry()
        delivered, is_pending = self._send(note)
        self._report(delivered)
        if delivered.problem and not is_pending:
            self._keep(note)

    def settle(self, note: Note, result: Result) -> None:
        """Take what became of a notification that was handed over without an answer."""
        is_newest = self._pending.get(note.replace) is note
        if is_newest:
            del self._pending[note.replace]
        if result.problem is None:
            self._say(None, note)
            self._report(Delivered(None, note.title, result.means))
        elif is_newest:  # that nothing got through was said when it was handed over
            self._keep(note)

    def _keep(self, note: Note) -> None:
        if note.replace not in PASSING:
            self._kept[note.replace] = note

    def retry(self) -> None:
        """Send what was kept, the oldest first, until one fails; only success is reported."""
        for word, note in tuple(self._kept.items()):
            delivered, is_pending = self._send(note)
            if is_pending:
                del self._kept[word]
            if delivered.problem:
                return
            del self._kept[word]
            self._report(delivered)

    def _send(self, note: Note) -> tuple[Delivered, bool]:
        """What became of it, and whether it may still come."""
        means, is_pending = None, False
        self._tried_s = self._clock()
        self._pending[note.replace] = note  # before it is told to have come
        try:
            result = self._notifier.notify(note)
            means, problem, is_pending = result.means, result.problem, result.pending
        except Exception as error:  # noqa: BLE001 - a notification's failure is only told
            problem = f"{type(error).__name__}: {error}"
        if not is_pending:
            self._pending.pop(note.replace, None)
        self._say(problem, note)
        return Delivered(problem, note.title, means), is_pending

    def _say(self, problem: str | None, note: Note) -> None:
        """Log the first failure, and the recovery."""
        before, self._problem = self._problem, problem
        if problem and not before:
            _log.warning("%s (%s)", program_text.undelivered(problem), note.title)
        elif before and not problem:
            _log.info("notifications are being delivered again")
