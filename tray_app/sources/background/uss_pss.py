"""Measures how much of the server's memory is private (USS) and what its processes share (PSS).

The kernel walks all pages of a process for this: 9 to 16 ms for each GB. So it runs in a thread of
its own, at most 1 % of the time, or 5 % while the tree copies shared pages, which RSS does not
show. Only CPU counts as cost, not the wait for a busy machine. New processes are measured at once,
because RSS alone would count their shared memory twice. The sampler waits for that, but only
briefly.
"""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from tray_app.core.analysis.shared_memory import SMALL_BYTES
from tray_app.core.model.readings import ProcessRow, ProcessShare, Sharing, UssPss
from tray_app.sources.background.scheduler import BackgroundScheduler, rest_after_s
from tray_app.sources.processes.process_table import Shares

SHOWN_EVERY_S = 30.0
"""The interval while a terminal or another program shows it."""
MENU_EVERY_S = 60.0
"""The interval in the tray, where it is a line of the menu."""

# While memory is touched; the samples are 2 s apart.
MOVING_EVERY_S = 1.0
MOVING_REST_PER_WORK = 20
# New processes may take a tenth of the time, and wait no longer than this.
NEW_REST_PER_WORK = 10
NEW_WITHIN_S = 2.0
# 3.5 GB take 50 ms; a longer wait would make the sample late.
PATIENCE_S = 0.25
# A server that waits for storage may hold its memory's lock that long; then there is only RSS.
PENDING_AT_MOST_S = 10.0
# Without figures for page faults: this much CPU may touch any memory.
MOVING_CPU_PERCENT = 5.0

_Key = tuple[int, float | None, str]
"""A program in a process: another name is another program, which shares nothing with it."""

_Root = tuple[int, float | None] | None

_log = logging.getLogger(__name__)


class _Question(Struct, frozen=True):
    """The processes to measure at one time: the ``new`` ones of a tree's ``rows``, or all."""

    rows: tuple[ProcessRow, ...]
    root: _Root
    new: tuple[ProcessRow, ...]
    wants_all: bool


class UssPssReader:
    """Calls ``report(own)`` for the given processes, from the thread of ``scheduler``.

    ``shares`` reads one process: None if it is gone or unreadable, and then it is left out. A tree
    without a readable process is not reported. ``cpu_clock`` tells what the calling thread has used
    of the processors.
    """

    def __init__(
        self,
        report: Callable[[UssPss], None],
        scheduler: BackgroundScheduler,
        shares: Callable[[int], Shares | None],
        clock: Callable[[], float],
        cpu_clock: Callable[[], float],
        every_s: float,
    ) -> None:
        self._report = report
        self._scheduler = scheduler
        self._shares = shares
        self._clock = clock
        self._cpu_clock = cpu_clock
        self._every_s = every_s
        self._changed = threading.Condition()
        self._rows: tuple[ProcessRow, ...] = ()
        self._known: dict[_Key, ProcessShare] = {}
        self._untold: set[_Key] = set()
        self._touched: dict[_Key, int] = {}
        self._wants_all = True
        self._copies = True
        self._asked_s = self._all_asked_s = -math.inf
        self._took_s = 0.0
        self._unknown_s: float | None = None
        self._is_closed = False

    def watch(self, rows: tuple[ProcessRow, ...]) -> Sharing:
        """Measure these processes of the server from now on, root first; none: rest. Returns the
        measurements, after a wait of at most `PATIENCE_S` for new processes."""
        if self._is_closed:
            return Sharing()
        with self._changed:
            is_other = _root(rows) != _root(self._rows)
            self._rows = rows
            self._forget_others(is_other)
            now_s = self._clock()
            unknown = self._unknown()
            if not unknown:
                self._unknown_s = None
            elif self._unknown_s is None:
                self._unknown_s = now_s
            within_s = self._wanted_within_s(now_s, is_other, bool(unknown))
            if rows and within_s < math.inf:
                self._scheduler.make(self._ask, within_s)
            if unknown and within_s <= 0.0:
                self._changed.wait_for(lambda: not self._unknown(), PATIENCE_S)
            return self._sharing()

    def close(self) -> None:
        """Stop measuring; waits at most 1 s for a measurement in progress, and reports nothing
        further."""
        self._is_closed = True
        self._scheduler.end(self._ask)

    def _wanted_within_s(self, now_s: float, is_other: bool, is_unknown: bool) -> float:
        """How soon to measure the tree; infinity: at the regular time."""
        if is_other:
            self._wants_all = True
            return 0.0
        if len(self._rows) < 2:
            return math.inf
        if is_unknown:
            rest_s = min(NEW_REST_PER_WORK * self._took_s, NEW_WITHIN_S)
            return max(0.0, self._asked_s + rest_s - now_s)
        if self._wants_all or self._moves():
            self._wants_all = True
            rest_s = rest_after_s(self._took_s, MOVING_EVERY_S)
            if self._copies:
                rest_s = min(rest_s, max(MOVING_REST_PER_WORK * self._took_s, MOVING_EVERY_S))
            return max(0.0, self._asked_s + rest_s - now_s)
        self._copies = True  # the next change may be a copy
        return math.inf

    def _forget_others(self, is_other: bool) -> None:
        """Forget processes that are gone, programs replaced by others, and another tree."""
        if is_other:
            self._known, self._touched, self._unknown_s = {}, {}, None
            self._untold.clear()
            return
        known, self._known = self._known, {}
        for row in self._rows:
            key = _key(row)
            if share := known.get(key):
                # Memory that went was shared, and memory that comes after it is private.
                if row.rss_bytes < share.shared_bytes:
                    pss_bytes = None if share.pss_bytes is None else 0
                    rss_bytes = row.rss_bytes
                    share = replace(
                        share, rss_bytes=rss_bytes, private_bytes=0, pss_bytes=pss_bytes
                    )
                    self._wants_all = True
                self._known[key] = share
        if self._untold:
            self._untold &= set(map(_key, self._rows))

    def _unknown(self) -> list[ProcessRow]:
        """The processes whose missing measurement matters."""
        if len(self._rows) < 2:
            return []
        return [
            row
            for row in self._rows
            if row.rss_bytes >= SMALL_BYTES
            and (key := _key(row)) not in self._known
            and key not in self._untold
        ]

    def _moves(self) -> bool:
        """Whether the tree has touched enough memory since its measurement to have copied shared
        pages, which changes no RSS."""
        touched_bytes = 0
        for row in self._rows:
            key = _key(row)
            if key not in self._known:
                continue
            if row.faulted_bytes is None:
                if (row.cpu_percent or 0.0) >= MOVING_CPU_PERCENT:
                    return True
                continue
            then_bytes = self._touched.get(key)
            if then_bytes is None:
                self._touched[key] = row.faulted_bytes
            else:
                touched_bytes += max(0, row.faulted_bytes - then_bytes)
        return touched_bytes >= SMALL_BYTES

    def _shared_bytes(self) -> int:
        return sum(share.shared_bytes for share in self._known.values())

    def _sharing(self) -> Sharing:
        waits_s = 0.0 if self._unknown_s is None else self._clock() - self._unknown_s
        is_pending = bool(self._unknown()) and waits_s < PENDING_AT_MOST_S
        return Sharing(tuple(self._known.values()), is_pending)

    def _wants(self, root: _Root) -> bool:
        return not self._is_closed and _root(self._rows) == root

    def _ask(self) -> float:
        """Measure, report, and return the rest."""
        question = self._question()
        if question is None:
            return math.inf
        began_s, cpu_s = self._clock(), self._cpu_clock()
        question, found = self._answers(question)
        took_s = self._cpu_clock() - cpu_s
        if told := self._take_all(question, found, took_s):
            self._hand_on(question.rows[0].pid, told, began_s)
        return rest_after_s(took_s, self._every_s)

    def _question(self) -> _Question | None:
        """Which processes to ask now; None: none is watched."""
        with self._changed:
            rows = self._rows
            if not rows:
                return None
            new = tuple(row for row in rows if _key(row) not in self._known)
            is_due = self._clock() - self._all_asked_s >= self._every_s
            wants_all = self._wants_all or is_due or not new
            self._wants_all = False
        return _Question(rows, _root(rows), new, wants_all)

    def _answers(self, question: _Question) -> tuple[_Question, dict[_Key, ProcessShare | None]]:
        """The measurements; of all processes if the new ones require that."""
        rows, root, new = question.rows, question.root, question.new
        if question.wants_all:
            return question, self._asked(rows, root)
        found = self._asked(new, root)
        shared = (share.shared_bytes for share in found.values() if share)
        if any(each >= SMALL_BYTES for each in shared):
            # Forked: its parent's private memory is now shared.
            question = replace(question, wants_all=True)
            found |= self._asked(tuple(row for row in rows if row not in new), root)
        return question, found

    def _take_all(
        self, question: _Question, found: dict[_Key, ProcessShare | None], took_s: float
    ) -> list[ProcessShare]:
        """Store the measurements; returns all known ones, or none if another tree is watched."""
        with self._changed:
            if not self._wants(question.root):
                return []
            before_bytes = self._shared_bytes()
            for row in question.rows:
                if (key := _key(row)) in found:
                    self._take(row, found[key])
            # New memory is touched, too, and memory that a job takes and frees is never shared.
            self._copies = abs(self._shared_bytes() - before_bytes) >= SMALL_BYTES
            self._asked_s, self._took_s = self._clock(), took_s
            if question.wants_all:
                self._all_asked_s = self._asked_s
            told = [share for row in question.rows if (share := self._known.get(_key(row)))]
            self._changed.notify_all()
        return told

    def _asked(self, rows: tuple[ProcessRow, ...], root: _Root) -> dict[_Key, ProcessShare | None]:
        found: dict[_Key, ProcessShare | None] = {}
        for row in rows:
            if not self._wants(root):
                break
            found[_key(row)] = None
            if share := self._shares(row.pid):
                rss_bytes, uss_bytes, pss_bytes = share.rss_bytes, share.uss_bytes, share.pss_bytes
                found[_key(row)] = ProcessShare(
                    pid=row.pid,
                    created_s=row.created_s,
                    name=row.name,
                    rss_bytes=rss_bytes,
                    private_bytes=uss_bytes,
                    pss_bytes=pss_bytes,
                )
        return found

    def _take(self, row: ProcessRow, share: ProcessShare | None) -> None:
        key = _key(row)
        if share is None:
            self._known.pop(key, None)
            self._untold.add(key)
            return
        self._known[key] = share
        self._untold.discard(key)
        if row.faulted_bytes is not None:
            self._touched[key] = row.faulted_bytes

    def _hand_on(self, target_pid: int, told: list[ProcessShare], taken_s: float) -> None:
        pss = [share.pss_bytes for share in told if share.pss_bytes is not None]
        own = UssPss(
            target_pid=target_pid,
            uss_bytes=sum(share.private_bytes for share in told),
            pss_bytes=sum(pss) if len(pss) == len(told) else None,
            taken_s=taken_s,
        )
        try:
            self._report(own)
        except Exception:  # noqa: BLE001 - a receiver's mistake must not end the thread
            _log.exception("could not report the server's USS and PSS")


def _key(row: ProcessRow) -> _Key:
    return row.pid, row.created_s, row.name


def _root(rows: tuple[ProcessRow, ...]) -> _Root:
    return (rows[0].pid, rows[0].created_s) if rows else None
