"""Incidents in the history file: their own tables, and what they take from the others.

While an incident is open its samples, jobs and alerts are read where they are. Once it is complete
they are copied into it, because they would be thinned there.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import msgspec

from tray_app.core.history.incidents import (
    BEFORE_S,
    INCIDENTS_KEPT,
    Incident,
    IncidentRecord,
    Poll,
    StacksRecord,
    unpack,
)
from tray_app.history.database import Connection, History

COMPLETE_AFTER_S = 15.0
"""After its end: what waits to be written has been."""

_RECORD = msgspec.msgpack.Decoder(IncidentRecord)
_STACKS = msgspec.msgpack.Decoder(StacksRecord)
_INCIDENT = msgspec.msgpack.Decoder(Incident)


def records(history: History) -> tuple[IncidentRecord, ...]:
    """All that are kept, newest first."""
    if not _has_incidents(history):
        return ()
    rows = history.rows("SELECT record FROM incidents ORDER BY opened_ms DESC")
    return tuple(_RECORD.decode(row[0]) for row in rows)


def at(history: History, at_s: float) -> Incident | None:
    """The one that was open at this moment, with all that is known of it."""
    if not _has_incidents(history):
        return None
    found = history.rows(
        "SELECT opened_ms, record, whole FROM incidents WHERE opened_ms <= ? AND ends_ms >= ?"
        " ORDER BY opened_ms DESC LIMIT 1",
        *(round(1000 * at_s), round(1000 * at_s)),
    )
    for opened_ms, record, whole in found:
        if whole is not None:
            return _INCIDENT.decode(zlib.decompress(whole))
        return _gathered(history, opened_ms, _RECORD.decode(record))
    return None


def _has_incidents(history: History) -> bool:
    """Whether the file has their tables: an older version has none."""
    return any(history.rows("SELECT 1 FROM sqlite_master WHERE name = 'incidents'"))


def _gathered(history: History, opened_ms: int, record: IncidentRecord) -> Incident:
    """An incident that is not complete, from where its parts are."""
    from_s, to_s = record.opened_s - BEFORE_S, record.ends_s
    polls: list[Poll] = []
    stacks = None
    parts = history.rows(
        "SELECT kind, data FROM incident_parts WHERE opened_ms = ? ORDER BY id", opened_ms
    )
    for kind, data in parts:
        if kind == "polls":
            polls += unpack(data)
        else:
            stacks = _STACKS.decode(data)
    return Incident(
        record=record,
        samples=tuple(history.samples(from_s, to_s)),
        polls=tuple(polls),
        jobs=tuple(job for job in history.jobs(from_s, to_s + BEFORE_S) if job.started_s < to_s),
        alerts=tuple(history.alerts(from_s, to_s)),
        servers=tuple(history.servers(from_s, to_s)),
        gaps=tuple(history.gaps(from_s, to_s)),
        stacks=stacks,
    )


def keep(connection: Connection, history: History, now_s: float) -> None:
    """Complete those that have ended, and drop the oldest ones; ``history`` reads the same file."""
    for opened_ms, record in _ended(connection, now_s):
        incident = _gathered(history, opened_ms, _RECORD.decode(record))
        whole = zlib.compress(msgspec.msgpack.encode(incident))
        connection.execute("UPDATE incidents SET whole = ? WHERE opened_ms = ?", (whole, opened_ms))
    connection.execute(
        "DELETE FROM incidents WHERE opened_ms NOT IN"
        f" (SELECT opened_ms FROM incidents ORDER BY opened_ms DESC LIMIT {INCIDENTS_KEPT})"
    )
    connection.execute(
        "DELETE FROM incident_parts WHERE opened_ms NOT IN"
        " (SELECT opened_ms FROM incidents WHERE whole IS NULL)"
    )


def _ended(connection: Connection, now_s: float) -> Iterator[tuple[int, bytes]]:
    yield from connection.execute(
        "SELECT opened_ms, record FROM incidents WHERE whole IS NULL AND ends_ms < ?",
        (1000 * (now_s - COMPLETE_AFTER_S),),
    ).fetchall()
