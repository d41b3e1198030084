"""The watched process tree: root, workers, and helpers such as ffmpeg.

A reading touches the kept handles only. Who listens is asked when a process has joined,
and a few times after (a worker imports before it listens), never at each reading.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping

from msgspec import Struct

from tray_app.core.model.readings import ProcessRow, Role
from tray_app.core.server.discovery import answering
from tray_app.sources.processes.cpu_meter import MIN_SPAN_S, CpuMeter
from tray_app.sources.processes.process_table import (
    ProcessHandle,
    ProcessTable,
    Usage,
    is_still_its_parent,
)

# After a process joins: the recorded workers listen 0.1 s (gunicorn) to 3.6 s after the start.
_ASK_AFTER_S = (0.0, 1.0, 4.0, 15.0)
_ASK_EVERY_S = 30.0
# A parent reaps an ended child within this long, or it is not a member of the tree.
_REAPED_WITHIN_S = 30.0


class TreeReading(Struct, frozen=True):
    """The tree's part of a :class:`ProcessReading`; ``ended`` are members gone since the last one,
    with their last figures."""

    rows: tuple[ProcessRow, ...]
    cpu_percent: float | None
    workers: tuple[int, ...]
    answering_rss_bytes: int | None
    ended: tuple[ProcessRow, ...] = ()
    cpu_used_s: float = 0.0


class Load:
    """The CPU of the whole tree, including processes that lived and ended between two readings.

    A parent's counter includes an ended child once it has reaped it. The child's time known until
    then is subtracted, so that no time counts twice. ``used_s`` is all of it since the beginning.
    """

    def __init__(self) -> None:
        self.percent: float | None = None
        self.used_s = 0.0
        self._since_s: float | None = None
        self._spent_s = 0.0
        self._reaped_s = 0.0
        self._left_s = 0.0
        self._left_until_s = 0.0

    def add(self, meter: CpuMeter) -> None:
        """Add a member's CPU since its last reading."""
        self._spent_s += meter.spent_s
        self._reaped_s += meter.reaped_s

    def leave(self, meter: CpuMeter, now_s: float) -> None:
        """A member has ended: its known CPU will appear again in its parent's count."""
        self._left_s += meter.known_s
        self._left_until_s = now_s + _REAPED_WITHIN_S

    def read(self, now_s: float) -> None:
        """Compute the figure; after too short a time the last one stays."""
        if self._since_s is None:
            self._since_s = now_s
            self._spent_s = self._reaped_s = 0.0
            return
        span_s = now_s - self._since_s
        if span_s < MIN_SPAN_S:
            return
        known_s = min(self._left_s, self._reaped_s)
        # A child may be reaped long after its end; its time is not recent.
        unseen_s = min(self._reaped_s - known_s, span_s * (os.cpu_count() or 1))
        self._left_s = self._left_s - known_s if now_s < self._left_until_s else 0.0
        spent_s = self._spent_s + unseen_s
        self.percent = 100 * spent_s / span_s
        self.used_s += spent_s
        self._since_s, self._spent_s, self._reaped_s = now_s, 0.0, 0.0


class ServerTree:
    """All descendants of ``root``, and of ``siblings`` that serve the port with it. A child that
    outlives its parent stays in the tree.

    ``handles`` are the members', the root's first; ``rows`` are as of the last reading.
    """

    def __init__(
        self,
        table: ProcessTable,
        root: ProcessHandle,
        host: str,
        port: int,
        now_s: float,
        siblings: Collection[int] = (),
    ) -> None:
        self.root = root
        self.listening: frozenset[int] = frozenset()
        self._table = table
        self._host = host
        self._port = port
        self._meters = {root.pid: CpuMeter(root)}
        self.handles: tuple[ProcessHandle, ...] = (root,)
        self._answering: frozenset[int] = frozenset()
        self._ask_at_s: list[float] = []
        self._read_s: float | None = None
        self._load = Load()
        self.rows: tuple[ProcessRow, ...] = ()
        for top in (root.pid, *siblings):
            if top != root.pid:
                self._join(top, None)
            for pid in table.descendants(top):
                self._join(pid, None)
        self.recheck(now_s)

    @property
    def pids(self) -> frozenset[int]:
        """The members."""
        return frozenset(self._meters)

    def read(self, now_s: float, new_pids: Mapping[int, int]) -> TreeReading | None:
        """None once the root is gone. ``new_pids``: parent by pid of processes new on the machine.

        A child that is still its parent's program has just started: the next reading shows it.
        """
        if new_pids:
            self._adopt(new_pids, now_s)
        rows: list[ProcessRow] = []
        gone: list[int] = []
        known: dict[int, tuple[str, int]] = {}
        for pid, meter in tuple(self._meters.items()):
            is_new = meter.is_new
            usage = meter.read(now_s)
            if usage is None:
                if pid == self.root.pid:
                    return None
                self._load.leave(meter, now_s)
                self._leave(pid)
                gone.append(pid)
                continue
            self._load.add(meter)
            if is_new and pid in new_pids:
                parent = known.get(new_pids[pid])
                if is_still_its_parent(usage.name, usage.rss_bytes, parent):
                    continue
            known[pid] = usage.name, usage.rss_bytes
            rows.append(self._row(pid, meter, usage, is_new))
        ended = tuple(row for row in self.rows if row.pid in gone) if gone else ()
        self._read_s, self.rows = now_s, tuple(rows)
        self._load.read(now_s)
        if now_s >= self._ask_at_s[0]:
            self._ask_who_listens(now_s)
        return self._reading(ended)

    def _row(self, pid: int, meter: CpuMeter, usage: Usage, is_new: bool) -> ProcessRow:
        return ProcessRow(
            pid=pid,
            name=usage.name,
            role=Role.TARGET if pid == self.root.pid else Role.CHILD,
            rss_bytes=usage.rss_bytes,
            cpu_percent=None if is_new else meter.cpu_percent,
            created_s=meter.created_s,
            stopped=usage.stopped,
            faulted_bytes=usage.faulted_bytes,
            descriptors=usage.descriptors,
        )

    def _reading(self, ended: tuple[ProcessRow, ...]) -> TreeReading:
        """What the rows tell in sum, with those that have ``ended``."""
        answers = {row.pid: row.rss_bytes for row in self.rows if row.pid in self._answering}
        return TreeReading(
            rows=self.rows,
            cpu_percent=self._load.percent,
            cpu_used_s=self._load.used_s,
            workers=tuple(answers),
            answering_rss_bytes=next(iter(answers.values())) if len(answers) == 1 else None,
            ended=ended,
        )

    def recheck(self, now_s: float) -> None:
        """Check who listens at the next reading, and a few times after."""
        self._ask_at_s = [now_s + after_s for after_s in _ASK_AFTER_S]

    def close(self) -> None:
        """Release all handles (closing twice is allowed)."""
        for meter in self._meters.values():
            meter.close()

    def _adopt(self, new_pids: Mapping[int, int], now_s: float) -> None:
        """Add the children of members, and theirs."""
        waiting = {pid: parent for pid, parent in new_pids.items() if pid not in self._meters}
        while kin := [pid for pid, parent in waiting.items() if parent in self._meters]:
            for pid in kin:
                del waiting[pid]
                if self._join(pid, self._read_s):
                    self.recheck(now_s)

    def _join(self, pid: int, since_s: float | None) -> bool:
        handle = self._table.open(pid)
        if handle is None:
            return False
        self._meters[pid] = CpuMeter(handle, since_s)
        self.handles += (handle,)
        return True

    def _leave(self, pid: int) -> None:
        del self._meters[pid]
        self.handles = tuple(meter.handle for meter in self._meters.values())
        self.listening -= {pid}
        self._answering -= {pid}

    def _ask_who_listens(self, now_s: float) -> None:
        later = [at_s for at_s in self._ask_at_s if at_s > now_s]
        self._ask_at_s = later or [now_s + _ASK_EVERY_S]
        self.listening = self._table.listeners(self._port, self._host, self._meters).pids
        parents = {pid: self._table.parent(pid) for pid in self._meters}
        self._answering = answering(self.listening, parents)
