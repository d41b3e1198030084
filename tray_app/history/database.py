"""One history file: the only importer of ``sqlite3``.

WAL lets others read while it is written, and a writer that is killed loses what was not committed
and nothing else. A file that is damaged, or of a newer version, is set aside under another name.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import msgspec

from tray_app.core.history.incidents import IncidentRecord, PollsRecord, StacksRecord
from tray_app.core.history.records import (
    AlertRecord,
    FateRecord,
    GapRecord,
    JobRecord,
    LifeRecord,
    ProcessShare,
    Record,
    SampleRecord,
    ServerRecord,
)
from tray_app.core.history.thinning import Cut, Means
from tray_app.core.history.verdict import Peak
from tray_app.core.monitor.carried import Carried
from tray_app.history.schema import (
    HOUR_MS,
    MINUTE_MS,
    ROLL_UP_MINUTES,
    ROLL_UP_SAMPLES,
    STEPS,
    VERSION,
)

LIVES_SINCE = 3
"""The version of a file from which on it knows lives."""

CACHE_KIB = 512
"""SQLite's own page cache: the file is written in order, so little is read again."""

DELETED_AT_ONCE = 2000
"""Rows that one step of thinning deletes: a few milliseconds."""

FAILURES = (sqlite3.Error, OSError)
"""What a read or write may raise: a full disk, a file that others have damaged or locked."""

Connection = sqlite3.Connection
Row = Record | IncidentRecord | PollsRecord | StacksRecord
Stored = Row | FateRecord
"""What can be written: rows, and what becomes known of one later."""

_LIFE = msgspec.msgpack.Decoder(Carried)
_SHARES = msgspec.msgpack.Decoder(tuple[ProcessShare, ...])


def open_for_writing(path: Path) -> tuple[sqlite3.Connection, Path | None]:
    """The file, made or brought up to date, with mode 0600; and the name that an unusable one was
    given (None: there was none)."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    aside = None
    if path.exists() and not _is_usable(path):
        aside = _set_aside(path)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        for number in range(_version(connection), VERSION):
            connection.executescript(
                f"BEGIN; {STEPS[number]} PRAGMA user_version = {number + 1}; COMMIT;"
            )
    except BaseException:
        connection.close()
        raise
    return connection, aside


def _is_usable(path: Path) -> bool:
    """Whether it is a history file of this version or an older one, and whole."""
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            if _version(connection) > VERSION:
                return False
            return bool(connection.execute("PRAGMA quick_check(1)").fetchone() == ("ok",))
    except sqlite3.DatabaseError:
        return False


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _set_aside(path: Path) -> Path:
    """Rename it, with what belongs to it; an earlier one keeps its name."""
    number = 1
    while (aside := path.with_name(f"{path.stem}.unusable-{number}{path.suffix}")).exists():
        number += 1
    path.rename(aside)
    for suffix in ("-wal", "-shm"):
        with suppress(FileNotFoundError):
            path.with_name(path.name + suffix).unlink()
    return aside


def add(connection: sqlite3.Connection, records: Iterable[Stored]) -> None:
    """Write these records in one transaction."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        for record in records:
            _insert(connection, record)
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


def _insert(connection: sqlite3.Connection, record: Stored) -> None:
    if isinstance(record, FateRecord):
        connection.execute(
            "UPDATE alerts SET fate = ? WHERE at_ms = ? AND title = ? AND fate <> 'muted'",
            (record.fate, _ms(record.at_s), record.title),
        )
        return
    into, row = _row(record)
    marks = ", ".join("?" * len(row))
    connection.execute(f"INSERT OR REPLACE INTO {into} VALUES ({marks})", row)


def _row(record: Row) -> tuple[str, tuple[Any, ...]]:
    """The table of a record, and its row there, in the order of the columns."""
    match record:
        case SampleRecord():
            shares = msgspec.msgpack.encode(record.processes) if record.processes else None
            return "samples", (
                *(_ms(record.at_s), _ms(record.interval_s), record.source, record.memory_bytes),
                *(record.cpu_percent, record.descriptors, record.available_bytes),
                *(record.temp_bytes, record.band, record.level, record.activity, record.stage),
                shares,
            )
        case JobRecord():
            return "jobs", (
                *(_ms(record.started_s), _ms(record.ended_s), record.number),
                *(record.before_bytes, record.peak_bytes, record.after_bytes, record.kept_bytes),
                *("\n".join(record.stages), record.lost),
            )
        case AlertRecord():
            words = (record.kind, record.title, record.text, record.fate, record.level)
            return "alerts", (None, _ms(record.at_s), *words)
        case ServerRecord():
            return "servers", (None, _ms(record.at_s), record.what, record.pid, record.name)
        case IncidentRecord():
            packed = msgspec.msgpack.encode(record)
            return "incidents", (_ms(record.opened_s), _ms(record.ends_s), packed, None)
        case PollsRecord():
            return "incident_parts", (None, _ms(record.opened_s), "polls", record.packed)
        case StacksRecord():
            packed = msgspec.msgpack.encode(record)
            return "incident_parts", (None, _ms(record.opened_s), "stacks", packed)
        case LifeRecord(_, life):
            key = (life.pid, _ms(life.created_s), _ms(record.at_s))
            return "lives", (*key, life.peak_bytes, msgspec.msgpack.encode(life))
        case GapRecord():
            return "gaps", (_ms(record.from_s), _ms(record.to_s), record.why)


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


def last_sample_s(connection: sqlite3.Connection) -> float | None:
    """When the newest sample was made; None: there is none."""
    (at_ms,) = connection.execute("SELECT max(at_ms) FROM samples").fetchone()
    return None if at_ms is None else at_ms / 1000


def roll_up(connection: sqlite3.Connection, now_s: float) -> None:
    """Sum up each minute and hour that has ended since the last call."""
    for length_ms, statement in ((MINUTE_MS, ROLL_UP_SAMPLES), (HOUR_MS, ROLL_UP_MINUTES)):
        (last_ms,) = connection.execute(
            "SELECT max(from_ms) FROM spans WHERE length_ms = ?", (length_ms,)
        ).fetchone()
        now_ms = _ms(now_s)
        span = {"length": length_ms, "from": last_ms or 0, "to": now_ms - now_ms % length_ms}
        if span["to"] > (last_ms or 0) + length_ms:
            connection.execute(statement, span)


def thin(connection: sqlite3.Connection, cut: Cut) -> bool:
    """One small step: delete what is too old. Whether there is more to do."""
    deleted = 0
    limits = (
        ("samples", "at_ms", "", cut.samples_before_s),
        ("spans", "from_ms", f"AND length_ms = {MINUTE_MS}", cut.minutes_before_s),
        ("spans", "from_ms", f"AND length_ms = {HOUR_MS}", cut.hours_before_s),
        ("jobs", "started_ms", "", cut.hours_before_s),
        ("alerts", "at_ms", "", cut.hours_before_s),
        ("servers", "at_ms", "", cut.hours_before_s),
        ("gaps", "from_ms", "", cut.hours_before_s),
        ("lives", "at_ms", "", cut.hours_before_s),
    )
    for table, column, which, before_s in limits:
        key = "rowid" if table != "spans" else "(length_ms, from_ms)"
        keys = "rowid" if table != "spans" else "length_ms, from_ms"
        connection.execute(
            f"DELETE FROM {table} WHERE {key} IN (SELECT {keys} FROM {table}"
            f" WHERE {column} < ? {which} LIMIT {DELETED_AT_ONCE})",
            (_ms(before_s),),
        )
        deleted = max(deleted, connection.execute("SELECT changes()").fetchone()[0])
    connection.execute("PRAGMA incremental_vacuum(64)")
    return deleted >= DELETED_AT_ONCE


def drop_oldest(connection: sqlite3.Connection) -> None:
    """One small step where the file is too large: the oldest samples go. Their minutes stay."""
    connection.execute(
        f"DELETE FROM samples WHERE at_ms IN (SELECT at_ms FROM samples ORDER BY at_ms"
        f" LIMIT {DELETED_AT_ONCE})"
    )
    connection.execute("PRAGMA incremental_vacuum(64)")


def size_bytes(connection: sqlite3.Connection) -> int:
    """How large the file is, without what is free in it."""
    pages, free, page_bytes = (
        connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * page_bytes)


_PEAK = f"""
    SELECT max(memory) AS highest, 0 AS length, at_ms, activity, stage FROM samples
    WHERE at_ms >= :from AND at_ms < :to
    UNION ALL
    SELECT max(most), length_ms, from_ms, '', '' FROM spans
    WHERE length_ms IN ({MINUTE_MS}, {HOUR_MS}) AND from_ms >= :from AND from_ms < :to
    GROUP BY length_ms ORDER BY highest DESC, length LIMIT 1
"""
"""SQLite takes the other columns from the row of the highest."""


class History:
    """Reads a history file; every method opens it, so that nothing is held between them.

    Moments and spans are in seconds of Unix time. A file that is not there is an empty history.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def rows(self, statement: str, *values: Any, **named: Any) -> Iterator[tuple[Any, ...]]:
        """What this statement finds, one row after the other."""
        if not self._path.is_file():
            return
        where = f"{self._path.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(where, uri=True, isolation_level=None)) as connection:
            if not _version(connection):
                return  # its writer is just making it
            connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
            yield from connection.execute(statement, named or values)

    def samples(self, from_s: float, to_s: float) -> Iterator[SampleRecord]:
        """Oldest first; one after the other, so that a year needs as little memory as a minute."""
        statement = "SELECT * FROM samples WHERE at_ms >= ? AND at_ms < ? ORDER BY at_ms"
        for at_ms, interval_ms, source, *figures, processes in self.rows(
            statement, _ms(from_s), _ms(to_s)
        ):
            shares = _SHARES.decode(processes) if processes else ()
            row = (at_ms / 1000, interval_ms / 1000, source, *figures, shares)
            yield SampleRecord(*row)

    def spans(self, length_s: float, from_s: float, to_s: float) -> Iterator[Means]:
        """Minutes or hours, oldest first."""
        statement = (
            "SELECT * FROM spans WHERE length_ms = ? AND from_ms >= ? AND from_ms < ?"
            " ORDER BY from_ms"
        )
        for _, from_ms, *figures, watched_ms, busy_ms in self.rows(
            statement, _ms(length_s), _ms(from_s), _ms(to_s)
        ):
            row = (from_ms / 1000, *figures, watched_ms / 1000, busy_ms / 1000)
            yield Means(*row)

    def newest_sample(self) -> SampleRecord | None:
        """The newest one."""
        for (at_ms,) in self.rows("SELECT max(at_ms) FROM samples"):
            if at_ms is not None:
                return next(self.samples(at_ms / 1000, at_ms / 1000 + 0.001), None)
        return None

    def begun_s(self, from_s: float, to_s: float) -> float | None:
        """When the first row of this time is; None: there is none."""
        statement = (
            "SELECT min(at_ms) FROM samples WHERE at_ms >= :from AND at_ms < :to UNION ALL"
            " SELECT min(from_ms) FROM spans WHERE from_ms >= :from AND from_ms < :to"
        )
        times = {"from": _ms(from_s), "to": _ms(to_s)}
        found = [at_ms for (at_ms,) in self.rows(statement, **times) if at_ms is not None]
        return min(found) / 1000 if found else None

    def peak(self, from_s: float, to_s: float) -> Peak | None:
        """The highest memory, of the finest kind of row that still has it."""
        times = {"from": _ms(from_s), "to": _ms(to_s)}
        for size_bytes, length_ms, at_ms, activity, stage in self.rows(_PEAK, **times):
            if size_bytes is not None:
                return Peak(
                    size_bytes=size_bytes,
                    at_s=at_ms / 1000,
                    length_s=length_ms / 1000,
                    activity=activity,
                    stage=stage,
                )
        return None

    def jobs(self, from_s: float, to_s: float) -> Iterator[JobRecord]:
        """Those that ended in this time, oldest first."""
        statement = "SELECT * FROM jobs WHERE ended_ms >= ? AND ended_ms < ? ORDER BY started_ms"
        for started_ms, ended_ms, number, *figures, stages, lost in self.rows(
            statement, _ms(from_s), _ms(to_s)
        ):
            names = tuple(stages.split("\n")) if stages else ()
            row = (number, started_ms / 1000, ended_ms / 1000, *figures, names, bool(lost))
            yield JobRecord(*row)

    def alerts(self, from_s: float, to_s: float) -> Iterator[AlertRecord]:
        """Oldest first."""
        # Files of an older version have no level: whatever columns there are.
        statement = "SELECT * FROM alerts WHERE at_ms >= ? AND at_ms < ? ORDER BY at_ms, id"
        for _, at_ms, *words in self.rows(statement, _ms(from_s), _ms(to_s)):
            yield AlertRecord(at_ms / 1000, *words)

    def servers(self, from_s: float, to_s: float) -> Iterator[ServerRecord]:
        """Starts and ends, oldest first."""
        statement = (
            "SELECT at_ms, what, pid, name FROM servers WHERE at_ms >= ? AND at_ms < ?"
            " ORDER BY at_ms, id"
        )
        for at_ms, *rest in self.rows(statement, _ms(from_s), _ms(to_s)):
            yield ServerRecord(at_ms / 1000, *rest)

    def last_life(self) -> Carried | None:
        """What the last run of the monitor knew of the server; None: nothing, or in a form that
        this version cannot read."""
        if self._own_version() < LIVES_SINCE:
            return None
        for (life,) in self.rows("SELECT carried FROM lives ORDER BY at_ms DESC LIMIT 1"):
            with suppress(msgspec.DecodeError):
                return _LIFE.decode(life)
        return None

    def _own_version(self) -> int:
        return next((int(number) for (number,) in self.rows("PRAGMA user_version")), 0)

    def gaps(self, from_s: float, to_s: float) -> Iterator[GapRecord]:
        """Those that reach into this time, oldest first."""
        statement = "SELECT * FROM gaps WHERE to_ms > ? AND from_ms < ? ORDER BY from_ms"
        for from_ms, to_ms, why in self.rows(statement, _ms(from_s), _ms(to_s)):
            yield GapRecord(from_ms / 1000, to_ms / 1000, why)
