"""Writes the history in a thread of its own, behind a queue: the sampler never waits for a disk."""

from __future__ import annotations

import logging
import queue
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tray_app.core.history.incidents import IncidentRecord, IncidentSeen
from tray_app.core.history.records import AlertSeen, GapRecord
from tray_app.core.history.thinning import MAX_BYTES, Spans, cut
from tray_app.core.model.incident import PastIncident
from tray_app.history import database, files, incidents
from tray_app.history.database import History, Stored
from tray_app.worker_thread import WorkerThread

if TYPE_CHECKING:
    import sqlite3

COMMIT_EVERY_S = 5.0
"""What a kill may cost."""

WATCHED_EVERY_S = 0.5
WATCHED_FOR_S = 15.0
"""While somebody looks at the newest samples in a page, they are written sooner."""

THIN_EVERY_S = 60.0
RETRY_AFTER_S = 30.0
"""After a failure, which is mostly a full disk."""

QUEUE_MAX = 2000
"""An hour of samples: more than that is lost while nothing can be written."""

NEW = "new"
"""In the queue of orders: records wait."""

OFF_MIN_S = 10.0
"""A shorter time between two runs is no gap."""

_log = logging.getLogger(__name__)

Told = Callable[[str], None]
"""Takes the problem while nothing is recorded, and "" once it goes on."""

Listed = Callable[[tuple[PastIncident, ...]], None]
"""Takes the incidents that are kept, newest first: of earlier runs, then after each change."""

Unworded = AlertSeen | IncidentSeen

Worded = Callable[[Unworded], Stored | None]
"""Puts an alert or an incident into words; in the writer's thread."""


class HistoryWriter:
    """Takes records from any thread, and commits them every 5 s.

    ``clock`` gives Unix time. ``told`` hears of problems, in the writer's thread. While nothing can
    be written the newest records wait, and the oldest of more than an hour are dropped.
    ``gone`` is called when another program has deleted the file, ``listed`` hears of incidents, and
    ``worded`` words alerts and incidents, there too.
    """

    def __init__(
        self,
        path: Path,
        *,
        clock: Callable[[], float],
        told: Told = lambda _: None,
        listed: Listed = lambda _: None,
        gone: Callable[[], None] = lambda: None,
        worded: Worded = lambda _: None,
        spans: Spans = Spans(),  # noqa: B008 - frozen
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self._path = path
        self._clock = clock
        self._told = told
        self._listed = listed
        self._gone = gone
        self._worded = worded
        self._spans = spans
        self._max_bytes = max_bytes
        self._new: deque[Stored | Unworded] = deque()
        self._has_called = False
        self._queue: queue.SimpleQueue[Callable[[], None] | str | None] = queue.SimpleQueue()
        self._waiting: list[Stored] = []
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None
        self._problem = ""
        self._thin_s = 0.0
        self._watched_s = 0.0
        self._is_closing = False
        self._thread = WorkerThread("history", self._work)

    def start(self) -> None:
        """Start the thread; the file is opened there."""
        self._thread.start()

    def add(self, *records: Stored | Unworded) -> None:
        """Hand in records; returns at once."""
        self._new.extend(records)
        if not self._has_called:
            self._has_called = True
            self._queue.put(NEW)

    def forget(self, done: Told) -> None:
        """Delete all that is recorded, and go on; ``done`` hears the problem, or "", in the
        writer's thread. Returns at once."""
        self._queue.put(partial(self._forget, done))

    def when_written(self, then: Callable[[], None]) -> None:
        """Write what waits, and call ``then`` in the writer's thread. Returns at once."""
        self._queue.put(partial(self._write_before, then))

    def close(self, limit_s: float = 1.0) -> None:
        """Write what is left, and end the thread."""
        self._queue.put(None)
        self._thread.join(limit_s)

    def _work(self) -> None:
        while not self._is_closing:
            self._collect(RETRY_AFTER_S if self._problem else self._commit_every_s())
            self._write()
        self._close()

    def watched(self) -> None:
        """Write new records sooner for a while, and those that wait at once; from any thread."""
        was_watched = self._is_watched()
        self._watched_s = self._clock()
        if not was_watched:
            self._queue.put(lambda: None)

    def _is_watched(self) -> bool:
        return 0.0 <= self._clock() - self._watched_s < WATCHED_FOR_S

    def _commit_every_s(self) -> float:
        return WATCHED_EVERY_S if self._is_watched() else COMMIT_EVERY_S

    def _collect(self, for_s: float) -> None:
        """Take what comes until ``for_s`` after the first record, which alone wakes this thread: a
        sample follows each 2 s."""
        order = self._queue.get()
        if order == NEW:
            order = self._order_within(for_s)
        self._take_new()
        if order is None:
            self._is_closing = True
        elif callable(order):
            order()

    def _order_within(self, for_s: float) -> Callable[[], None] | str | None:
        """The next order; `NEW` where none comes."""
        try:
            return self._queue.get(timeout=for_s)
        except queue.Empty:
            return NEW

    def _take_new(self) -> None:
        self._has_called = False  # before they are taken: a later one calls again
        while self._new:
            record = self._new.popleft()
            if isinstance(record, Unworded):
                self._waiting += filter(None, (self._worded(record),))
            else:
                self._waiting.append(record)
        del self._waiting[:-QUEUE_MAX]

    def _write(self) -> None:
        if not self._waiting:
            return
        try:
            connection = self._opened()
            database.add(connection, self._waiting)
            is_news = any(isinstance(each, IncidentRecord) for each in self._waiting)
            self._waiting.clear()
            if is_news:
                self._list_incidents()
            self._tidy(connection)
        except database.FAILURES as error:
            self._fail(error)
        else:
            self._say("")

    def _write_before(self, then: Callable[[], None]) -> None:
        self._write()
        then()

    def _forget(self, done: Told) -> None:
        self._waiting.clear()
        self._close()
        try:
            files.delete(self._path)
        except OSError as error:
            _log.warning("the history could not be deleted: %s", error)
            done(error.strerror or str(error))
        else:
            _log.info("the history was deleted")
            self._listed(())
            done("")

    def _close(self) -> None:
        if self._connection is not None:
            with suppress(*database.FAILURES):
                self._connection.close()
            self._connection = None

    def _opened(self) -> sqlite3.Connection:
        if self._connection is not None and files.identity(self._path) != self._file:
            _log.info("the history file is gone; a new one begins")
            self._close()
            self._gone()
        if self._connection is None:
            connection, aside = database.open_for_writing(self._path)
            self._connection, self._file = connection, files.identity(self._path)
            if aside is not None:
                _log.warning("history: %s could not be used; kept as %s", self._path.name, aside)
            self._note_time_off(connection)
            self._list_incidents()
        return self._connection

    def _note_time_off(self, connection: sqlite3.Connection) -> None:
        """Record how long the monitor was off before this run."""
        last_s, first = database.last_sample_s(connection), self._waiting[:1]
        if last_s is None or not first or self._problem:
            return
        now_s = getattr(first[0], "at_s", self._clock())
        if now_s - last_s > OFF_MIN_S:
            database.add(connection, [GapRecord(last_s, now_s, "off")])

    def _list_incidents(self) -> None:
        kept = incidents.records(History(self._path))
        self._listed(tuple(each.past for each in kept))

    def _tidy(self, connection: sqlite3.Connection) -> None:
        """Sum up and thin, a small step at a time."""
        now_s = self._clock()
        if now_s < self._thin_s and self._thin_s - now_s <= THIN_EVERY_S:
            return
        database.roll_up(connection, now_s)
        incidents.keep(connection, History(self._path), now_s)
        has_more = database.thin(connection, cut(self._spans, now_s))
        if database.size_bytes(connection) > self._max_bytes:
            database.drop_oldest(connection)
            has_more = True
        self._thin_s = now_s if has_more else now_s + THIN_EVERY_S

    def _fail(self, error: Exception) -> None:
        """Keep what waits, and open the file again next time: also where nothing new comes, as in a
        pause."""
        self._close()
        self.add()
        self._say(getattr(error, "strerror", None) or str(error))

    def _say(self, problem: str) -> None:
        if problem == self._problem:
            return
        if problem:
            _log.warning("history is not being recorded: %s", problem)
        else:
            _log.info("history is being recorded again")
        self._problem = problem
        self._told(problem)
