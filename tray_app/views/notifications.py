"""Sends notifications: of which events, and what becomes of each."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Protocol

from msgspec.structs import replace

from tray_app.core.analysis.course import Course
from tray_app.core.monitor.events import Alert, Event, StatusRequested
from tray_app.core.monitor.inputs import Delivered
from tray_app.core.monitor.sample import Sample
from tray_app.core.presentation import notifications, program_text
from tray_app.core.presentation.chart import chart_of
from tray_app.core.presentation.icon import Picture
from tray_app.core.presentation.notifications import Note
from tray_app.views.icon import chart as charts
from tray_app.views.icon import draw, glyphs

_log = logging.getLogger(__name__)

# Without a signal that notifications work again, they are retried this often.
RETRY_EVERY_S = 60.0
# A status notification is out of date after some minutes.
PASSING = ("status",)
PICTURES_KEPT = 4


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
    """Delivers notifications."""

    def note_px(self, drawn: Sequence[int]) -> int:
        """The size of a notification's picture, one of those that can be drawn."""

    def chart_px(self) -> int:
        """The size in which a chart is shown."""

    def notify(self, note: Note, image: Any) -> Result:
        """Deliver one with its picture (a Pillow image); blocks until its result is known."""

    def close_note(self, slot: str) -> None:
        """Close the one in this slot, if it is shown; returns at once."""


@lru_cache(maxsize=PICTURES_KEPT)
def _drawn(picture: Picture, size: int) -> Any:
    return draw.draw(picture, size)


Report = Callable[[Delivered], None]


class Address(Protocol):
    """Gives a server's notifications their place among those of others."""

    def note(self, note: Note, event: Event) -> Note:
        """The notification as it is sent: with the server's name, or as part of one message."""

    def closed(self, word: str) -> Note | str:
        """The slot to close where an alert with this ``replace`` is withdrawn; or what takes its
        place."""


class _Alone:
    """The only server: its notifications need no name."""

    def note(self, note: Note, event: Event) -> Note:  # noqa: ARG002 - as `Address` has it
        return note

    def closed(self, word: str) -> str:
        return word


class Outbox:
    """Sends notifications and reports each result to its own ``report``.

    Not thread-safe. Undelivered ones are kept, the latest for each slot, and sent in order
    as soon as possible. One handed over without an answer is not sent again: it may be on the
    screen. ``clock`` gives monotonic seconds.
    """

    def __init__(self, notifier: Notifier, clock: Callable[[], float]) -> None:
        self._notifier = notifier
        self._clock = clock
        self._tried_s = 0.0
        self._problem: str | None = None
        self._kept: dict[str, Note] = {}
        self._pending: dict[str, Note] = {}
        self._reports: dict[str, Report] = {}

    @property
    def retry_after_s(self) -> float | None:
        """When to call `retry`, whatever else happens; None while there is nothing to retry."""
        due_s = self._tried_s + RETRY_EVERY_S
        return max(0.0, due_s - self._clock()) if self._kept else None

    def send(self, note: Note, report: Report) -> None:
        """Send it, after those kept; never raises. ``report`` takes the results of all notes of
        its server."""
        self._reports[note.server] = report
        # The kept one that it replaces is out of date.
        self._kept.pop(note.slot, None)
        self._pending.pop(note.slot, None)
        self.retry()
        delivered, is_pending = self._send(note)
        report(delivered)
        if delivered.problem and not is_pending:
            self._keep(note)

    def close(self, slot: str) -> None:
        """Close the one in this slot, sent or kept."""
        self._kept.pop(slot, None)
        self._pending.pop(slot, None)
        self._notifier.close_note(slot)

    def settle(self, note: Note, result: Result) -> None:
        """Take the late result of a notification."""
        is_newest = self._pending.get(note.slot) is note
        if is_newest:
            del self._pending[note.slot]
        if result.problem is None:
            self._say(None, note)
            self._reports[note.server](_delivered(note, result.means, None))
        elif is_newest:  # the failure was reported when it was handed over
            self._keep(note)

    def _keep(self, note: Note) -> None:
        if note.replace not in PASSING:
            self._kept[note.slot] = note

    def retry(self) -> None:
        """Send the kept ones, oldest first, until one fails; reports only success."""
        for slot, note in tuple(self._kept.items()):
            delivered, is_pending = self._send(note)
            if is_pending:
                del self._kept[slot]
            if delivered.problem:
                return
            del self._kept[slot]
            self._reports[note.server](delivered)

    def _send(self, note: Note) -> tuple[Delivered, bool]:
        """The result, and whether the notification may still come."""
        means, is_pending = None, False
        self._tried_s = self._clock()
        self._pending[note.slot] = note  # before its late result arrives
        try:
            result = self._notifier.notify(note, self._image(note))
            means, problem, is_pending = result.means, result.problem, result.pending
        except Exception as error:  # noqa: BLE001 - a notification's failure is only told
            problem = f"{type(error).__name__}: {error}"
        if not is_pending:
            self._pending.pop(note.slot, None)
        self._say(problem, note)
        return _delivered(note, means, problem), is_pending

    def _image(self, note: Note) -> Any:
        if note.chart is not None:
            return charts.draw(note.chart, self._notifier.chart_px())
        size = self._notifier.note_px(glyphs.SIZES)
        return _drawn(note.picture, size) if note.picture else None

    def _say(self, problem: str | None, note: Note) -> None:
        """Log the first failure, and the recovery."""
        before, self._problem = self._problem, problem
        if problem and not before:
            _log.warning("%s (%s)", program_text.undelivered(problem), note.title)
        elif before and not problem:
            _log.info("notifications are being delivered again")


def _delivered(note: Note, means: str | None, problem: str | None) -> Delivered:
    return Delivered(
        problem, note.recorded_title, means, is_alert=note.is_alert, about_s=note.about_s
    )


class NotificationSender:
    """Sends the notifications of one server's events, and reports each result to ``report``.

    Not thread-safe. ``tile`` is the icon's picture of a sample (None: the newest), ``past`` the
    memory of the last minutes, ``records`` whether incidents are kept, so that their alerts can be
    shown, ``address`` their place among those of other servers.
    """

    def __init__(
        self,
        outbox: Outbox,
        report: Report,
        tile: Callable[[Sample | None], Picture],
        past: Callable[[], Course] = Course,
        records: Callable[[], bool] = lambda: False,
        address: Address | None = None,
    ) -> None:
        self._outbox = outbox
        self._report = report
        self._tile = tile
        self._past = past
        self._records = records
        self._address = address or _Alone()

    def handle(self, event: Event) -> None:
        """Send the event's notification if it has one, or close one; never raises."""
        if (ended := notifications.closed_by(event)) is not None:
            closed = self._address.closed(ended)
            if isinstance(closed, Note):
                self._outbox.send(closed, self._report)
            else:
                self._outbox.close(closed)
            return
        note = notifications.note(event)
        if note is None:
            return
        if self._records():
            note = notifications.with_incident(note, event)
        tile = self._picture(event)
        chart = chart_of(event, self._past(), tile) if isinstance(event, Alert) else None
        about_s = event.sample.at.wall_s if isinstance(event, Alert) else None
        note = replace(note, picture=tile, chart=chart, about_s=about_s)
        self._outbox.send(self._address.note(note, event), self._report)

    def send(self, note: Note) -> None:
        """Send this one, with the newest tile; never raises."""
        self._outbox.send(replace(note, picture=self._plain(None)), self._report)

    def _picture(self, event: Event) -> Picture:
        return self._plain(event.sample if isinstance(event, Alert | StatusRequested) else None)

    def _plain(self, sample: Sample | None) -> Picture:
        """The tile without the marks that say nothing about the server."""
        return replace(self._tile(sample), muted=False, undelivered=False)
