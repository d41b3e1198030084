"""Sends notifications, and tells what became of each."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Protocol

from tray_app.core import notes, wording
from tray_app.core.events import Event
from tray_app.core.state import Delivered

_log = logging.getLogger(__name__)


class Result(Protocol):
    """What became of a notification."""

    @property
    def problem(self) -> str | None: ...


class Notifier(Protocol):
    """Brings a notification to the person; blocks until it is known what became of it."""

    def notify(self, title: str, text: str, *, urgency: int, replace: str) -> Result: ...


class Notices:
    """Sends what events call for and tells ``report`` how it went. Not thread-safe."""

    def __init__(self, notifier: Notifier, report: Callable[[Delivered], None]) -> None:
        self._notifier = notifier
        self._report = report
        self._problem: str | None = None

    def handle(self, event: Event) -> None:
        """Send the event's notification, if it has one; never raises."""
        note = notes.note(event)
        if note is None:
            return
        try:
            result = self._notifier.notify(
                note.title, note.text, urgency=note.urgency, replace=note.replace
            )
            problem = result.problem
        except Exception as error:  # noqa: BLE001 - a notification's failure is only told
            problem = f"{type(error).__name__}: {error}"
        if problem and not self._problem:
            _log.warning("%s (%s)", wording.undelivered(problem), note.title)
        elif self._problem and not problem:
            _log.info("notifications get through again")
        self._problem = problem
        self._report(Delivered(problem))
