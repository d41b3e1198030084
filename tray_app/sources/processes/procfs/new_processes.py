"""New processes, found by the kernel's newest pid."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

# Up to this many new pids are tried one by one (3 to 9 µs each); more need a listing.
_TRY_PIDS_MAX = 128


class PidSource(Protocol):
    """Which pids there are."""

    def pids(self) -> list[int]: ...

    def parent(self, pid: int) -> int | None: ...

    def newest_pid(self) -> int:
        """The pid (or thread id) that was given last; 0 if the kernel does not tell."""


class CursorNewProcesses:
    """While the newest pid stands still, no process was created."""

    def __init__(self, table: PidSource) -> None:
        self._table = table
        self._newest = table.newest_pid()
        self._unseen: list[int] = []

    def poll(self) -> dict[int, int]:
        """As :meth:`NewProcesses.poll`."""
        newest, last = self._table.newest_pid(), self._newest
        if newest == last and not self._unseen:
            return {}
        if newest <= 0:  # the table was closed
            return {}
        self._newest = newest
        new = self._given(last, newest)
        tried = {pid: self._table.parent(pid) for pid in (*self._unseen, *new)}
        # A pid is assigned a moment before its process is visible: try again next time.
        self._unseen = [pid for pid in new if tried[pid] is None]
        return {pid: parent for pid, parent in tried.items() if parent is not None}

    def _given(self, last: int, newest: int) -> Iterable[int]:
        """The pids that the kernel may have given after ``last``, up to ``newest``."""
        if 0 <= newest - last <= _TRY_PIDS_MAX:
            return range(last + 1, newest + 1)
        if newest > last:
            return [pid for pid in self._table.pids() if last < pid <= newest]
        # The pids have begun again at a low one.
        return [pid for pid in self._table.pids() if pid > last or pid <= newest]
