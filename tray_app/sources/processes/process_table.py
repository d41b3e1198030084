"""Interface of a process table.

A table never raises for a process that vanishes, turns into a zombie (which counts as
gone) or may not be read: it answers None, or leaves the process out.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Sequence
from typing import Any, Protocol

from msgspec import Struct

from tray_app.core.model.readings import MIB, PollReading, SystemMemory
from tray_app.core.server.discovery import Listeners, ProcessFacts
from tray_app.sources.processes.oom_kills import OomCount

_ALIKE_PART = 64
_ALIKE_FROM_BYTES = 32 * MIB


class Usage(Struct, frozen=True):
    """One reading of a process. ``cpu_s``: user and system seconds since its start, all threads.

    ``reaped_s`` is the CPU of its reaped children and their reaped children; 0 if the system does
    not report it. ``stopped``: in state T, as by Ctrl-Z. ``faulted_bytes`` and ``descriptors`` as
    in `ProcessRow`.
    """

    name: str
    rss_bytes: int
    cpu_s: float
    reaped_s: float = 0.0
    stopped: bool = False
    faulted_bytes: int | None = None
    descriptors: int | None = None


class Shares(Struct, frozen=True):
    """A process's USS, and PSS (None if the system does not report it); ``rss_bytes`` is its RSS at
    the same moment."""

    uss_bytes: int
    pss_bytes: int | None
    rss_bytes: int


def is_still_its_parent(name: str, rss_bytes: int, parent: tuple[str, int] | None) -> bool:
    """Whether a new child may still be its parent's program, with all of the parent's memory.

    Between vfork and exec (about 1 ms) it *is* the parent's memory. Its name is that of the thread
    that started it, which may have one of its own; its size is the parent's to some pages.
    """
    if parent is None:
        return False
    parent_name, parent_bytes = parent
    alike = abs(rss_bytes - parent_bytes) <= parent_bytes // _ALIKE_PART
    return name == parent_name or (alike and parent_bytes >= _ALIKE_FROM_BYTES)


class ProcessHandle(Protocol):
    """Holds on to one process, not to its pid: (pid, created_s) is its identity."""

    @property
    def pid(self) -> int: ...

    @property
    def created_s(self) -> float:
        """Unix time."""

    def read(self) -> Usage | None:
        """None once the process is gone, also when its pid lives on in another."""

    def close(self) -> None:
        """Closing twice is allowed."""


class NewProcesses(Protocol):
    """Finds new processes."""

    def poll(self) -> dict[int, int]:
        """Parent by pid, for the processes created since the last poll."""


class ProcessTable(Protocol):
    """This machine's processes and memory."""

    def pids(self) -> list[int]: ...

    def parent(self, pid: int) -> int | None: ...

    def cmdline(self, pid: int) -> tuple[str, ...]: ...

    def facts(self, pid: int) -> ProcessFacts | None: ...

    def descendants(self, pid: int) -> list[int]: ...

    def open(self, pid: int) -> ProcessHandle | None: ...

    def new_processes(self) -> NewProcesses: ...

    def listeners(self, port: int, host: str, among: Collection[int] | None = None) -> Listeners:
        """Who listens on ``port`` where ``host`` reaches; ``among``: only check these."""

    def listening_ports(self, pid: int) -> frozenset[int]: ...

    def system_memory(self) -> SystemMemory | None: ...

    def count_limits_of(self, pid: int | None) -> None:
        """From now on this process's memory limit counts as the system's total, or this program's
        own if that has none (a control group's, on Linux)."""

    def oom_count(self) -> OomCount:
        """The OOM killer's kills in the control group of the process of
        :meth:`count_limits_of`, where it has one."""

    def limited_pids(self) -> list[int] | None:
        """The processes that share the limit in force; None without one."""

    def make_poller(
        self, tree: Sequence[Any], floor_bytes: int = sys.maxsize, with_new_children: bool = False
    ) -> Callable[[], PollReading]:
        """A function that reads the memory of these processes in sum and what the system has
        available, for less than a reading costs, and from any thread. ``tree`` are handles of this
        table, the root first: without it there is no sum, and other ended processes count nothing.
        Once a handle or the table is closed, a poll means nothing.

        ``floor_bytes``: a poll need not report available memory above this. ``with_new_children``:
        children started from now on may count, too."""

    def close(self) -> None: ...


class ListedNewProcesses:
    """New processes, found by comparing two listings: portable, expensive with many processes."""

    def __init__(self, table: ProcessTable) -> None:
        self._table = table
        self._seen = frozenset(table.pids())

    def poll(self) -> dict[int, int]:
        """As :meth:`NewProcesses.poll`."""
        seen = frozenset(self._table.pids())
        new, self._seen = seen - self._seen, seen
        parents = ((pid, self._table.parent(pid)) for pid in new)
        return {pid: parent for pid, parent in parents if parent is not None}
