"""The portable process table: stock psutil, on every system it knows.

Rule of the room: the only importer of psutil. psutil's exceptions about a process become None here.
On Linux ``procfs`` does the same at a fraction of the cost.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

import psutil
from msgspec import Struct

from tray_app.core.model.readings import PollReading, SystemMemory
from tray_app.core.model.sanitize import visible
from tray_app.core.server.discovery import Listeners, ProcessFacts, reaches
from tray_app.sources.processes.oom_kills import OomCount
from tray_app.sources.processes.process_table import ListedNewProcesses, NewProcesses, Shares, Usage

_STOPPED = (psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP)
_UNREADABLE = (psutil.Error, OSError)
"""A process that is gone or may not be read. psutil makes its own errors of the usual ones only:
any other error of the system stays a plain OSError."""
NAMELESS = "?"


class PsutilHandle:
    """A ``psutil.Process``: its identity is (pid, create_time), checked at each read."""

    def __init__(self, process: psutil.Process) -> None:
        self._process = process
        self.pid: int = process.pid
        self.created_s: float = process.create_time()

    def read(self) -> Usage | None:
        """As :meth:`ProcessHandle.read`."""
        process = self._process
        try:
            if not process.is_running():
                return None
            with process.oneshot():
                # Zombies are Unix's; on Windows a status costs a walk through every thread.
                status = process.status() if psutil.POSIX else ""
                if status == psutil.STATUS_ZOMBIE:
                    return None
                cpu = process.cpu_times()
                reaped_s = getattr(cpu, "children_user", 0.0) + getattr(cpu, "children_system", 0.0)
                memory = process.memory_info()
                if not memory.rss and not memory.vms:  # it ends, and is no zombie yet
                    return None
                cpu_s, stopped = cpu.user + cpu.system, status in _STOPPED
                # An optional counter has a `try` of its own, as `_descriptors`: where it may not
                # be read, the one here would say that the whole process is gone.
                return Usage(
                    name=_name(process),
                    rss_bytes=memory.rss,
                    cpu_s=cpu_s,
                    reaped_s=reaped_s,
                    stopped=stopped,
                    descriptors=_descriptors(process),
                )
        except _UNREADABLE:
            return None

    def rss_bytes(self) -> int | None:
        """The memory alone; None as :meth:`read`."""
        try:
            if not self._process.is_running():
                return None
            return self._process.memory_info().rss or None  # a zombie has none
        except _UNREADABLE:
            return None

    def close(self) -> None:
        """Nothing is kept open."""


class PsutilTable:
    """As :class:`ProcessTable`."""

    def pids(self) -> list[int]:
        """All pids."""
        return psutil.pids()

    def parent(self, pid: int) -> int | None:
        """The parent's pid; None when there is no such process."""
        try:
            return psutil.Process(pid).ppid()
        except _UNREADABLE:
            return None

    def cmdline(self, pid: int) -> tuple[str, ...]:
        """The command line; empty when it cannot be read."""
        try:
            return tuple(map(visible, psutil.Process(pid).cmdline()))
        except _UNREADABLE:
            return ()

    def facts(self, pid: int) -> ProcessFacts | None:
        """The facts of a process; None if it is gone or a zombie."""
        try:
            process = psutil.Process(pid)
            if psutil.POSIX and process.status() == psutil.STATUS_ZOMBIE:
                return None
            return ProcessFacts(
                pid=pid,
                ppid=process.ppid(),
                name=_name(process),
                cmdline=self.cmdline(pid),
                created_s=process.create_time(),
                cwd=_cwd(process),
                owned=_is_owned(process),
            )
        except _UNREADABLE:
            return None

    def descendants(self, pid: int) -> list[int]:
        """Children, their children and so on."""
        try:
            return [child.pid for child in psutil.Process(pid).children(recursive=True)]
        except _UNREADABLE:
            return []

    def open(self, pid: int) -> PsutilHandle | None:
        """A handle; None when there is no such process, or it may not be read."""
        try:
            handle = PsutilHandle(psutil.Process(pid))
        except _UNREADABLE:
            return None
        return handle if handle.read() else None

    def new_processes(self) -> NewProcesses:
        """From now on."""
        return ListedNewProcesses(self)

    def listeners(self, port: int, host: str, among: Collection[int] | None = None) -> Listeners:
        """As :meth:`ProcessTable.listeners`."""
        held = _reached(port, host, among)
        holders = {pid for pid in held if pid is not None}
        # Of a shared socket psutil reports one holder, often the youngest: climb to the oldest.
        for pid in tuple(holders) if among is None else ():
            parent = self.parent(pid)
            while parent and parent not in holders and _reached(port, host, [parent]):
                holders.add(parent)
                parent = self.parent(parent)
        return Listeners(frozenset(holders), hidden=bool(held) and not holders)

    def listening_ports(self, pid: int) -> frozenset[int]:
        """The TCP ports that a process listens on."""
        return frozenset(socket.port for socket in _listening([pid]))

    def system_memory(self) -> SystemMemory | None:
        """As psutil counts it."""
        memory = psutil.virtual_memory()
        used_percent = 100 * (memory.total - memory.available) / memory.total
        swap_used_bytes, swap_total_bytes = _swap()
        return SystemMemory(
            total_bytes=memory.total,
            available_bytes=memory.available,
            used_percent=used_percent,
            swap_used_bytes=swap_used_bytes,
            swap_total_bytes=swap_total_bytes,
        )

    def count_limits_of(self, pid: int | None) -> None:
        """psutil knows no limits."""

    def oom_count(self) -> OomCount:
        """psutil does not report it."""
        return OomCount()

    def limited_pids(self) -> list[int] | None:
        """psutil knows no limits."""
        return None

    def make_poller(
        self,
        tree: Sequence[PsutilHandle],
        floor_bytes: int = sys.maxsize,  # noqa: ARG002 - it costs the same
        with_new_children: bool = False,  # noqa: ARG002
    ) -> Callable[[], PollReading]:
        """As :meth:`ProcessTable.make_poller`; new children would cost a listing of all
        processes."""

        def poll() -> PollReading:
            sizes = [handle.rss_bytes() for handle in tree]
            is_there = bool(sizes) and sizes[0] is not None
            rss_bytes = sum(size or 0 for size in sizes) if is_there else None
            return PollReading(rss_bytes, psutil.virtual_memory().available)

        return poll

    def close(self) -> None:
        """Nothing is kept open."""


def on_battery() -> bool:
    """Whether this machine runs on battery; False if unknown."""
    try:
        battery = psutil.sensors_battery() if hasattr(psutil, "sensors_battery") else None
    except _UNREADABLE:  # containers and many desktops have no power supply folder
        return False
    return battery is not None and battery.power_plugged is False


def full_info(pid: int) -> Shares | None:
    """USS, and PSS where the system tells it; None when the process is gone or forbidden."""
    try:
        memory = psutil.Process(pid).memory_full_info()
    except _UNREADABLE:
        return None
    return Shares(memory.uss, getattr(memory, "pss", None), memory.rss)


class _Socket(Struct, frozen=True):
    address: str
    port: int
    pid: int | None


def _reached(port: int, host: str, among: Collection[int] | None) -> set[int | None]:
    """Who holds a socket that a request reaches."""
    return {
        each.pid for each in _listening(among) if each.port == port and reaches(host, each.address)
    }


def _listening(among: Collection[int] | None) -> list[_Socket]:
    """Listening TCP sockets with their holder, None if forbidden."""
    if among is None:
        try:
            return _sockets(psutil.net_connections("tcp"))
        except _UNREADABLE:
            among = psutil.pids()  # macOS lists all only for root: read our own one by one
    found = []
    for pid in among:
        try:
            found += _sockets(psutil.Process(pid).net_connections("tcp"), pid)
        except _UNREADABLE:
            continue
    return found


def _sockets(connections: Iterable[Any], pid: int | None = None) -> list[_Socket]:
    return [
        _Socket(each.laddr.ip, each.laddr.port, getattr(each, "pid", pid))
        for each in connections
        if each.status == psutil.CONN_LISTEN and each.laddr
    ]


def _swap() -> tuple[int | None, int | None]:
    """Used and total; None if psutil cannot read them."""
    try:
        swap = psutil.swap_memory()
    except (*_UNREADABLE, RuntimeError):
        return None, None
    return swap.used, swap.total


def _descriptors(process: psutil.Process) -> int | None:
    try:
        if sys.platform == "win32":
            return process.num_handles()
        return process.num_fds()
    except _UNREADABLE:
        return None


def _name(process: psutil.Process) -> str:
    """Its name; `NAMELESS` where only that cannot be read."""
    try:
        return visible(process.name())
    except psutil.NoSuchProcess:
        raise
    except _UNREADABLE:
        return NAMELESS


def _cwd(process: psutil.Process) -> str | None:
    try:
        return process.cwd() or None
    except _UNREADABLE:
        return None


def _is_owned(process: psutil.Process) -> bool:
    if sys.platform == "win32":
        return True  # Windows lets anyone read memory and CPU of any process
    return os.geteuid() in (0, process.uids().effective)
