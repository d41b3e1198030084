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

# Without a signal that notifications work again, they are retried this often.
RETRY_EVERY_S = 60.0
# A status notification is out of date after some minutes.
PASSING = ("status",)


class Result(Protocol):
    """The result of a notification: the means that delivered it, or the problem."""

    @property
    def means(self) -> str | None: ...
    @property
    def problem(self) -> str | None: ...
    @property
    def pending(self) -> bool:
        """Whether it was handed over and may still come (then `NotificationSender.settle`)."""


class Notifier(Protocol):
    """Delivers a notification; blocks until its result is known."""

    def notify(self, note: Note) -> Result: ...


class NotificationSender:
    """Sends the notifications of events and reports each result to ``report``.

    Not thread-safe. Undelivered ones are kept, the latest for each ``replace``, and sent in order
    as soon as possible. One handed over without an answer is not sent again: it may be on the
    screen. ``clock`` gives monotonic seconds.
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
        # The kept one that it replaces is out of date.
        self._kept.pop(note.replace, None)
        self._pending.pop(note.replace, None)
        self.retry()
        delivered, is_pending = self._send(note)
        self._report(delivered)
        if delivered.problem and not is_pending:
            self._keep(note)

    def settle(self, note: Note, result: Result) -> None:
        """Take the late result of a notification."""
        is_newest = self._pending.get(note.replace) is note
        if is_newest:
            del self._pending[note.replace]
        if result.problem is None:
            self._say(None, note)
            self._report(Delivered(None, note.title, result.means))
        elif is_newest:  # the failure was reported when it was handed over
            self._keep(note)

    def _keep(self, note: Note) -> None:
        if note.replace not in PASSING:
            self._kept[note.replace] = note

    def retry(self) -> None:
        """Send the kept ones, oldest first, until one fails; reports only success."""
        for word, note in tuple(self._kept.items()):
            delivered, is_pending = self._send(note)
            if is_pending:
                del self._kept[word]
            if delivered.problem:
                return
            del self._kept[word]
            self._report(delivered)

    def _send(self, note: Note) -> tuple[Delivered, bool]:
        """The result, and whether the notification may still come."""
        means, is_pending = None, False
        self._tried_s = self._clock()
        self._pending[note.replace] = note  # before its late result arrives
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
