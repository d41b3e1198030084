"""Records what the monitor reports, from the moment when the icon is shown.

The recorder is an outlet of the sampler: what it does there takes some microseconds, and the file
belongs to the writer's thread. What comes before its start waits.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from tray_app.core.history import gaps
from tray_app.core.history.gaps import GapState
from tray_app.core.history.records import AlertRecord, Record, records_of
from tray_app.core.history.thinning import Spans
from tray_app.core.monitor.events import Alert, Event, PendingAlerts, Sampled
from tray_app.core.monitor.state import State
from tray_app.core.presentation import notifications
from tray_app.history import files
from tray_app.runtime import clock

if TYPE_CHECKING:
    from tray_app.history.writer import HistoryWriter

EARLY_MAX = 100
"""Records that wait for the start, which mostly comes with the first sample."""


class HistoryRecorder:
    """Takes each state and its events, in the sampler's thread."""

    def __init__(self) -> None:
        self._writer: HistoryWriter | None = None
        self._early: list[Record] = []
        self._gaps = GapState()

    def publish(self, state: State, events: tuple[Event, ...]) -> None:
        """Record what these events say; returns at once."""
        new = next((each.sample for each in events if isinstance(each, Sampled)), None)
        now_s = new.at.wall_s if new else state.awake.wall_s
        self._gaps, gap = gaps.update(self._gaps, new, paused=state.paused, now_s=now_s)
        records: list[Record] = [gap] if gap else []
        for event in events:
            records += alert_records(event) or records_of(event)
        if not records:
            return
        if self._writer is not None:
            self._writer.add(*records)
        else:
            self._early = [*self._early, *records][-EARLY_MAX:]

    def start(self, path: Path, spans: Spans, told: Callable[[str], None]) -> None:
        """Write to this file from now on; ``told`` as the writer's."""
        from tray_app.history.writer import HistoryWriter  # SQLite takes 2 MB

        writer = HistoryWriter(path, clock=lambda: clock.now().wall_s, told=told, spans=spans)
        writer.start()
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

    def close(self, limit_s: float) -> None:
        """Write what is left."""
        if self._writer is not None:
            self._writer.close(limit_s)


def alert_records(event: Event) -> tuple[AlertRecord, ...]:
    """The record of an alert, in the words of its notification."""
    match event:
        case Alert():
            return (_alert(event, "quiet" if event.finding.is_quiet else "shown"),)
        case PendingAlerts(events):
            return tuple(_alert(each, "muted") for each in events if isinstance(each, Alert))
        case _:
            return ()


def _alert(event: Alert, fate: str) -> AlertRecord:
    note = notifications.alert(event)
    kind = type(event.finding).__name__
    return AlertRecord(
        at_s=event.sample.at.wall_s, kind=kind, title=note.title, text=note.text, fate=fate
    )
