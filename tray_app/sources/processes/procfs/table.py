"""The process table itself: which processes there are, and what each one is."""

# ruff: noqa: PTH208 - a Path costs three times the call on it
# ruff: noqa: E402 - what follows the assertion is for Linux alone
from __future__ import annotations

import os
import sys

assert sys.platform == "linux", "imported on Linux only"

from collections.abc import Callable, Collection, Sequence

from msgspec import Struct

from tray_app.core.model.readings import PollReading, SystemMemory
from tray_app.core.model.sanitize import visible
from tray_app.core.server.discovery import Listeners, ProcessFacts
from tray_app.sources.processes.oom_kills import OomCount
from tray_app.sources.processes.process_table import ListedNewProcesses, NewProcesses
from tray_app.sources.processes.procfs.files import link, owner_uid, read
from tray_app.sources.processes.procfs.listeners import ListenerSearch
from tray_app.sources.processes.procfs.machine import MachineMemory
from tray_app.sources.processes.procfs.new_processes import CursorNewProcesses
from tray_app.sources.processes.procfs.poll import make_poller
from tray_app.sources.processes.procfs.process import ProcfsHandle

_CMDLINE_MAX_BYTES = 32768
_STAT_MAX_BYTES = 1024
_CHILDREN_MAX_BYTES = 65536
# The kernel's limit for a process's name (TASK_COMM_LEN less its final zero).
_NAME_MAX = 15


class _Stat(Struct, frozen=True):
    name: str
    ppid: int
    created_s: float
    is_alive: bool
    is_thread: bool
    rss_pages: int


class ProcfsTable:
    """As :class:`ProcessTable`. Keeps four descriptors, and those of control groups."""

    def __init__(self, proc: str = "/proc") -> None:
        self._proc = proc
        self._loadavg = os.open(f"{proc}/loadavg", os.O_RDONLY)
        self._machine = MachineMemory(proc)
        self._search = ListenerSearch(self, proc)
        self._ticks_per_s = os.sysconf("SC_CLK_TCK")
        self._page_bytes = os.sysconf("SC_PAGE_SIZE")
        self._network = link(f"{proc}/self/ns/net")
        boot = (read(f"{proc}/stat", 1 << 20) or b"").partition(b"\nbtime ")[2]
        self._boot_s = float(boot.partition(b"\n")[0] or 0)

    def pids(self) -> list[int]:
        """All pids."""
        return [int(name) for name in os.listdir(self._proc) if name.isdecimal()]

    def parent(self, pid: int) -> int | None:
        """The parent's pid; None when there is no such process (a thread is none)."""
        stat = self._read_stat(pid)
        return None if stat is None or stat.is_thread else stat.ppid

    def cmdline(self, pid: int) -> tuple[str, ...]:
        """The command line; empty when it cannot be read."""
        data = read(f"{self._proc}/{pid}/cmdline", _CMDLINE_MAX_BYTES)
        if not data:
            return ()
        parts = data.rstrip(b"\0").decode("utf-8", "replace").split("\0")
        # Mostly one read: at the start every process is read.
        return tuple(parts) if "".join(parts).isprintable() else tuple(map(visible, parts))

    def facts(self, pid: int) -> ProcessFacts | None:
        """The facts of a process; None if it is gone, ends, or is a zombie."""
        stat = self._read_stat(pid)
        if stat is None or not stat.is_alive:
            return None
        cmdline = self.cmdline(pid)
        network = link(f"{self._proc}/{pid}/ns/net")  # None for another user's process
        return ProcessFacts(
            pid=pid,
            ppid=stat.ppid,
            name=_whole_name(stat.name, cmdline),
            cmdline=cmdline,
            created_s=stat.created_s,
            cwd=self._cwd(pid),
            owned=os.geteuid() in (0, owner_uid(self._proc, pid)),
            isolated=network is not None and network != self._network,
        )

    def descendants(self, pid: int) -> list[int]:
        """Children, their children and so on."""
        found: list[int] = []
        waiting = [pid]
        while waiting:
            children = self._children(waiting.pop(0))
            if children is None:
                return self._descendants_by_parent(pid)
            found += children
            waiting += children
        return found

    def _children(self, pid: int) -> list[int] | None:
        """As the kernel lists them, thread by thread; None where it does not (it is an option)."""
        task = f"{self._proc}/{pid}/task"
        try:
            threads = os.listdir(task)
        except OSError:
            return []  # gone
        children: list[int] = []
        for thread in threads:
            data = read(f"{task}/{thread}/children", _CHILDREN_MAX_BYTES)
            if data is None and thread == str(pid) and os.path.exists(task):  # noqa: PTH110
                return None
            children += map(int, (data or b"").split())
        return sorted(children)

    def _descendants_by_parent(self, pid: int) -> list[int]:
        """By looking at every process: 27 µs each."""
        children: dict[int, list[int]] = {}
        for each in self.pids():
            parent = self.parent(each)
            if parent is not None:
                children.setdefault(parent, []).append(each)
        found, waiting = [], [pid]
        while waiting:
            below = sorted(children.pop(waiting.pop(0), ()))
            found += below
            waiting += below
        return found

    def open(self, pid: int) -> ProcfsHandle | None:
        """A handle; None when there is no such process, or no descriptor is left."""
        try:
            statm = os.open(f"{self._proc}/{pid}/statm", os.O_RDONLY)
        except OSError:
            return None
        try:
            stat = os.open(f"{self._proc}/{pid}/stat", os.O_RDONLY)
        except OSError:
            os.close(statm)
            return None
        # Alive after both were opened: both belong to one process.
        known = self._read_stat(pid)
        handle = ProcfsHandle(
            pid=pid,
            created_s=known.created_s if known else 0.0,
            statm=statm,
            stat=stat,
            proc=self._proc,
        )
        if known is None or handle.read() is None:
            handle.close()
            return None
        return handle

    def name_and_rss_bytes(self, pid: int) -> tuple[str, int] | None:
        """A process's name and memory at one moment; None when it is gone, ends, or is a
        zombie."""
        stat = self._read_stat(pid)
        return (stat.name, stat.rss_pages * self._page_bytes) if stat and stat.is_alive else None

    def new_processes(self) -> NewProcesses:
        """From now on."""
        # A sandbox may keep the newest pid to itself.
        return CursorNewProcesses(self) if self.newest_pid() > 0 else ListedNewProcesses(self)

    def newest_pid(self) -> int:
        """The pid (or thread id) that was given last in this pid namespace; 0 if not told."""
        try:
            return int(os.pread(self._loadavg, 128, 0).split()[4])
        except (OSError, IndexError, ValueError):
            return 0

    def listeners(self, port: int, host: str, among: Collection[int] | None = None) -> Listeners:
        """As :meth:`ProcessTable.listeners`."""
        return self._search.listeners(port, host, among)

    def listening_ports(self, pid: int) -> frozenset[int]:
        """The TCP ports that a process listens on."""
        return self._search.listening_ports(pid)

    def system_memory(self) -> SystemMemory | None:
        """As :meth:`MachineMemory.system_memory`."""
        return self._machine.system_memory()

    def count_limits_of(self, pid: int | None) -> None:
        """As :meth:`ProcessTable.count_limits_of`; without a limit the machine's total counts."""
        self._machine.count_limits_of(pid)

    def oom_count(self) -> OomCount:
        """As :meth:`MachineMemory.oom_count`."""
        return self._machine.oom_count()

    def limited_pids(self) -> list[int] | None:
        """As :meth:`ProcessTable.limited_pids`."""
        return self._machine.limited_pids()

    def make_poller(
        self,
        tree: Sequence[ProcfsHandle],
        floor_bytes: int = sys.maxsize,
        with_new_children: bool = False,
    ) -> Callable[[], PollReading]:
        """As :meth:`ProcessTable.make_poller`."""
        return make_poller(self, self._machine, tree, floor_bytes, with_new_children)

    def close(self) -> None:
        """Close the table; closing twice is allowed."""
        if self._loadavg >= 0:
            os.close(self._loadavg)
        self._loadavg = -1
        self._machine.close()

    def _read_stat(self, pid: int) -> _Stat | None:
        data = read(f"{self._proc}/{pid}/stat", _STAT_MAX_BYTES)
        if not data:
            return None
        end = data.rindex(b")")
        fields = data[end + 2 :].split()
        return _Stat(
            name=visible(data[data.index(b"(") + 1 : end].decode("utf-8", "replace")),
            ppid=int(fields[1]),
            created_s=self._boot_s + int(fields[19]) / self._ticks_per_s,
            is_alive=fields[0] not in b"ZX" and fields[20] != b"0",  # the address space
            is_thread=fields[35] == b"-1",  # exit_signal: a thread's end sends no signal
            rss_pages=int(fields[21]),
        )

    def _cwd(self, pid: int) -> str | None:
        target = link(f"{self._proc}/{pid}/cwd")
        return target.removesuffix(" (deleted)") if target else None


def _whole_name(name: str, cmdline: tuple[str, ...]) -> str:
    """The name past the kernel's limit, when the command line begins with it (as psutil)."""
    program = cmdline[0].rpartition("/")[2] if cmdline else ""
    return program if len(name) == _NAME_MAX and program.startswith(name) else name
