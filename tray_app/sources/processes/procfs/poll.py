"""The fast poll: what a tree of processes has in sum, and what the machine has available."""

# ruff: noqa: E402 - what follows the assertion is for Linux alone
from __future__ import annotations

import os
import sys

assert sys.platform == "linux", "imported on Linux only"

from collections.abc import Callable, Sequence
from typing import Protocol

from tray_app.core.model.readings import PollReading
from tray_app.sources.processes.process_table import is_still_its_parent
from tray_app.sources.processes.procfs.machine import MachineMemory
from tray_app.sources.processes.procfs.new_processes import CursorNewProcesses, PidSource
from tray_app.sources.processes.procfs.process import NO_MEMORY, STATM_MAX_BYTES, ProcfsHandle

_NO_FILE = -1
_SC_AVPHYS_PAGES = os.sysconf_names["SC_AVPHYS_PAGES"]


class ProcessSource(PidSource, Protocol):
    """Which processes there are, and how large they are."""

    def name_and_rss_bytes(self, pid: int) -> tuple[str, int] | None: ...


def make_poller(
    table: ProcessSource,
    machine: MachineMemory,
    tree: Sequence[ProcfsHandle],
    floor_bytes: int,
    with_new_children: bool,
) -> Callable[[], PollReading]:
    """As :meth:`ProcessTable.make_poller`.

    Most polls read the same bytes as the one before, and then parse nothing. For new children the
    kernel's newest pid is read, and the parent of each new process on the machine: 0.1 ms more for
    a poll where some processes start each second.
    """
    pread, sysconf = os.pread, os.sysconf
    statms = [handle.statm for handle in tree] or [_NO_FILE]
    root, others = statms[0], statms[1:]
    known, rss_bytes = b"", None
    tells_newest = with_new_children and bool(tree) and table.newest_pid() > 0
    children = _NewChildren(table, tree) if tells_newest else None
    page_bytes = os.sysconf("SC_PAGE_SIZE")
    enough_pages = machine.enough_free_pages(floor_bytes)

    def poll() -> PollReading:
        nonlocal known, rss_bytes
        try:
            seen = pread(root, STATM_MAX_BYTES, 0)
            for statm in others:
                seen += pread(statm, STATM_MAX_BYTES, 0)
        except OSError:
            seen = b"".join(map(_statm, statms))
        if seen != known:
            known, rss_bytes = seen, _rss_bytes(seen, page_bytes)
        seen_bytes = rss_bytes
        if children is not None and seen_bytes is not None:
            seen_bytes += children.rss_bytes()
        if enough_pages is not None and sysconf(_SC_AVPHYS_PAGES) >= enough_pages:
            return PollReading(seen_bytes)
        return PollReading(seen_bytes, machine.available_bytes())

    return poll


class _NewChildren:
    """Processes that have joined a tree since its last reading; the next reading adds them.

    Until a child has become another program, its memory is its parent's: for a moment ffprobe would
    be as large as the server that starts it.
    """

    def __init__(self, table: ProcessSource, tree: Sequence[ProcfsHandle]) -> None:
        self._table = table
        self._new_processes = CursorNewProcesses(table)
        self._members = {handle.pid for handle in tree}
        self._pids: dict[int, tuple[str, int] | None] = {}

    def rss_bytes(self) -> int:
        """The sum of their memory. It opens files: few processes come, and they live for some
        polls."""
        new_pids = self._new_processes.poll()
        if new_pids:
            # A process's children come after it. After a wrap-around of pids some may be missed,
            # and earlier ones may seem new.
            for pid, parent_pid in sorted(new_pids.items()):
                if parent_pid in self._members and pid not in self._members:
                    self._members.add(pid)
                    self._pids[pid] = self._table.name_and_rss_bytes(parent_pid)
        rss_bytes = 0
        for pid, parent in tuple(self._pids.items()):
            found = self._table.name_and_rss_bytes(pid)
            if found is None:
                del self._pids[pid]
            elif not is_still_its_parent(*found, parent):
                rss_bytes += found[1]
        return rss_bytes


def _statm(fd: int) -> bytes:
    """As of a zombie when the process is gone."""
    try:
        return os.pread(fd, STATM_MAX_BYTES, 0)
    except OSError:
        return b"0 0 0\n"


def _rss_bytes(statms: bytes, page_bytes: int) -> int | None:
    """The sum of memory, one line for each process: of the living ones, if the first lives.

    A descriptor that was closed meanwhile may be another file's by now, and then it is gone, too.
    """
    if statms.startswith(NO_MEMORY):
        return None
    try:
        return page_bytes * sum(int(line.split(b" ", 2)[1]) for line in statms.splitlines())
    except (ValueError, IndexError):
        return None
