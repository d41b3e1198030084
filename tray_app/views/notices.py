"""Notifications: which event is worth one, how urgent it is, and what became of it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Protocol

from tray_app.core import wording
from tray_app.core.activity import Activity
from tray_app.core.alerts import Level
from tray_app.core.events import Alerted, Event, HostMissing, Recovered, Summarised
from tray_app.core.state import Delivered
from tray_app.core.values import dataclass

_log = logging.getLogger(__name__)

LOW, NORMAL, CRITICAL = 0, 1, 2


class Result(Protocol):
    """What became of a notification."""

    @property
    def problem(self) -> str | None: ...


class Notifier(Protocol):
    """Brings a notification to the person; blocks until it is known what became of it."""

    def notify(self, title: str, text: str, *, urgency: int, replace: str) -> Result: ...


@dataclass(frozen=True, slots=True)
class Notice:
    """A notification before it is sent. Those with the same ``replace`` take turns."""

    title: str
    text: str
    urgency: int
    replace: str


def notice(event: Event) -> Notice | None:
    """The notification for an event; None for what does not interrupt a person."""
    match event:
        case Alerted(level, _, sample):
            title, text = wording.alert(event)
            normal_here = level is Level.ELEVATED and sample.activity is not Activity.IDLE
            urgency = CRITICAL if level is Level.CRITICAL else LOW if normal_here else NORMAL
            return Notice(title, text, urgency, "memory")
        case Recovered():
            return Notice(*wording.recovery(event), LOW, "memory")
        case Summarised():
            return Notice(*wording.quick_test(event), NORMAL, "summary")
        case HostMissing():
            return Notice(wording.NO_TRAY_TITLE, wording.NO_TRAY_HOST, NORMAL, "host")
        case _:
            return None


class Notices:
    """Sends what events call for and tells ``report`` how it went. Not thread-safe."""

    def __init__(self, notifier: Notifier, report: Callable[[Delivered], None]) -> None:
        self._notifier = notifier
        self._report = report
        self._problem: str | None = None

    def handle(self, event: Event) -> None:
        """Send the event's notification, if it has one; never raises."""
        note = notice(event)
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
