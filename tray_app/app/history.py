"""Records what the monitor reports, from the moment when the icon is shown.

The recorder is an outlet of the sampler: what it does there takes some microseconds, and the file
belongs to the writer's thread. What comes before its start waits.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from tray_app import APP_ID
from tray_app.core.analysis.course import SPAN_S
from tray_app.core.history import gaps, incidents
from tray_app.core.history.gaps import GapState
from tray_app.core.history.incidents import Flight, IncidentRecord, IncidentSeen, StacksRecord
from tray_app.core.history.records import NOT_NOTIFIED, AlertRecord, LifeRecord, records_of
from tray_app.core.history.thinning import Spans
from tray_app.core.model.readings import Now, ProcessRow
from tray_app.core.model.stacks import Stacks
from tray_app.core.monitor import resume
from tray_app.core.monitor.carried import Carried, Figure
from tray_app.core.monitor.delivery_log import Delivery
from tray_app.core.monitor.events import Ended, Event, Sampled
from tray_app.core.monitor.inputs import AlertsRecalled, ExportEnded, LifeRecalled
from tray_app.core.monitor.state import State
from tray_app.core.presentation import incident_text, notifications
from tray_app.core.presentation.history_text import NOTHING_RECORDED
from tray_app.core.presentation.menu_text import ALERT_LINES
from tray_app.history import files
from tray_app.runtime import clock
from tray_app.runtime.config_file import why
from tray_app.worker_thread import WorkerThread

if TYPE_CHECKING:
    from tray_app.history.database import History, Stored
    from tray_app.history.writer import HistoryWriter, Listed, Unworded

_log = logging.getLogger(__name__)

EARLY_MAX = 100
"""Records that wait for the start, which mostly comes with the first sample."""


TakeStacks = Callable[[Sequence[ProcessRow]], Stacks]


def take_stacks(rows: Sequence[ProcessRow]) -> Stacks:
    """The Python stacks of these processes, by py-spy; takes 2 s at most."""
    from tray_app.sources.processes import stacks

    return stacks.take(rows, clock.mono_s)


class HistoryRecorder:
    """Takes each state and its events, in the sampler's thread."""

    def __init__(self, take_stacks: TakeStacks = take_stacks) -> None:
        self._take_stacks = take_stacks
        self._lock = Lock()
        self._writer: HistoryWriter | None = None
        self._early: list[Stored | Unworded] = []
        self._gaps = GapState()
        self._flight = Flight()
        self._life: Carried | None = None

    def publish(self, state: State, events: tuple[Event, ...]) -> None:
        """Record what these events say; returns at once."""
        before = self._flight
        made = next((each for each in events if isinstance(each, Sampled)), None)
        new = made.sample if made else None
        now_s = new.at.wall_s if new else state.awake.wall_s
        self._gaps, gap = gaps.update(self._gaps, new, paused=state.paused, now_s=now_s)
        records: list[Stored | Unworded] = [gap] if gap else []
        for event in events:
            records += records_of(event)
        if made is not None:
            self._flight, kept = incidents.update(before, made.sample, made.polls, made.found)
            records += kept
        is_over = any(isinstance(each, Ended) for each in events)
        if (new or is_over) and (life := self._changed(state, always=is_over)):
            records.append(LifeRecord(now_s, life))
        if records:
            self._add(*records)
        if begun := incidents.wants_stacks(before, self._flight):
            self._begin_stacks(begun)

    def _add(self, *records: Stored | Unworded) -> None:
        with self._lock:
            if self._writer is not None:
                self._writer.add(*records)
            else:
                self._early = [*self._early, *records][-EARLY_MAX:]

    def _begin_stacks(self, begun: IncidentSeen) -> None:
        """Take the stacks of the incident's server in a thread of its own."""
        rows = begun.causes[0].sample.rows

        def take() -> None:
            at_s = clock.now().wall_s
            self._add(StacksRecord(begun.opened_s, at_s, self._take_stacks(rows)))

        WorkerThread("stacks", take, again=False).start()

    def _changed(self, state: State, *, always: bool) -> Carried | None:
        """What the next run needs, if that has changed."""
        life = resume.of(state)
        if life is None or not (always or resume.differs(self._life, life)):
            return None
        self._life = life
        return life

    def watched(self) -> None:
        """Somebody looks at the newest samples; from any thread."""
        if self._writer is not None:
            self._writer.watched()

    def start(
        self,
        path: Path,
        spans: Spans,
        told: Callable[[str], None],
        listed: Listed = lambda _: None,
        gone: Callable[[], None] = lambda: None,
    ) -> None:
        """Write to this file from now on; ``told``, ``listed`` and ``gone`` as the
        writer's."""
        from tray_app.history.writer import HistoryWriter  # SQLite takes 2 MB

        writer = HistoryWriter(
            path,
            clock=lambda: clock.now().wall_s,
            told=told,
            listed=listed,
            gone=gone,
            worded=worded,
            spans=spans,
        )
        writer.start()
        with self._lock:
            writer.add(*self._early)
            self._writer = writer

    def forget(self, path: Path, done: Callable[[str], None]) -> None:
        """Delete the history at ``path``; ``done`` hears the problem, or ""."""
        if self._writer is not None:
            self._writer.forget(done)
            return
        try:
            files.delete(path)
        except OSError as error:
            done(error.strerror or str(error))
        else:
            done("")

    def export(self, path: Path, documents: Path, post: Callable[[ExportEnded], None]) -> None:
        """Export the history at ``path``, with the newest samples; returns at once."""
        work = partial(export, path, documents, post)
        if self._writer is not None:
            self._writer.when_written(work)
        else:
            work()

    def close(self, limit_s: float) -> None:
        """Write what is left."""
        if self._writer is not None:
            self._writer.close(limit_s)


def recall(path: Path, post: Callable[[LifeRecalled | AlertsRecalled], None]) -> None:
    """Hand over what earlier runs have recorded of the server's last life, and their last alerts,
    from a thread of its own: the first figure does not wait for a file."""
    now = clock.now()

    def read() -> None:
        from tray_app.history.database import FAILURES, History

        history = History(path)
        try:
            alerts = _last_alerts(history.alerts(0.0, now.wall_s), now)
            life = history.last_life()
            recent = () if life is None else _recent(history, now.wall_s)
        except FAILURES as error:
            _log.info("the history could not be read: %s", error)
            return
        if alerts:
            post(AlertsRecalled(alerts))
        if life is not None:
            post(LifeRecalled(life, recent))

    if path.is_file():
        WorkerThread("recall", read, again=False).start()


def _recent(history: History, now_s: float) -> tuple[Figure, ...]:
    """Memory of the last minutes, as pictures show it."""
    return tuple(
        Figure(each.at_s, each.memory_bytes, each.interval_s)
        for each in history.samples(now_s - SPAN_S, now_s)
        if each.memory_bytes is not None
    )


def _last_alerts(alerts: Iterable[AlertRecord], now: Now) -> tuple[Delivery, ...]:
    """The newest ones that were notified, as the menu lists them."""
    notified = (each for each in alerts if each.fate not in NOT_NOTIFIED)
    return tuple(
        Delivery(
            Now(now.mono_s - (now.wall_s - each.at_s), each.at_s),
            each.title,
            means=None,
            problem=each.fate.partition(": ")[2] or None,
            is_alert=True,
        )
        for each in deque(notified, maxlen=ALERT_LINES)
    )


def export(path: Path, documents: Path, post: Callable[[ExportEnded], None]) -> None:
    """Write the history at ``path`` as CSV files to a new folder in ``documents``, from a thread of
    its own."""
    now = clock.now()
    name = f"{APP_ID}-history-{datetime.fromtimestamp(now.wall_s):%Y-%m-%d-%H%M}"

    def work() -> None:
        post(_exported(path, documents / name, now.wall_s + 1.0))

    WorkerThread("export", work, again=False).start()


def _exported(path: Path, folder: Path, to_s: float) -> ExportEnded:
    from tray_app.history.export import to_folder  # SQLite takes 2 MB

    try:
        if not path.is_file():
            return ExportEnded(str(folder), problem=NOTHING_RECORDED)
        made, files = to_folder(path, folder, to_s)
    except Exception as error:  # noqa: BLE001 - who has clicked waits for an answer
        _log.warning("the history could not be exported: %r", error)
        problem = why(error) if isinstance(error, OSError) else str(error)
        return ExportEnded(str(folder), problem=problem)
    return ExportEnded(str(made), files, "" if files else NOTHING_RECORDED)


def worded(seen: Unworded) -> AlertRecord | IncidentRecord:
    """The record of an alert or an incident, in the words of its notifications."""
    if isinstance(seen, IncidentSeen):
        return incident_text.record(seen)
    event = seen.event
    note = notifications.alert(event)
    return AlertRecord(
        at_s=event.sample.at.wall_s,
        kind=event.finding.word,
        title=note.title,
        text=note.text,
        fate=seen.fate,
        level=event.sample.level.word,
    )
