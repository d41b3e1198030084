"""The process table on Linux, from /proc: the fast path.

Kept descriptors are read with pread: a few microseconds each, and ESRCH once the process is
gone, so that a reused pid cannot fool them. psutil is the reference that this is tested
against; it is not imported here.
"""

# ruff: noqa: PTH115, PTH116, PTH208 - a Path costs three times the call on it
from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Iterable, Sequence

from msgspec import Struct

from tray_app.core.model.readings import PollReading, SystemMemory
from tray_app.core.model.sanitize import visible
from tray_app.core.server.discovery import Listeners, ProcessFacts, reaches
from tray_app.sources.processes.cgroup import (
    GroupCounter,
    LimitedGroup,
    kill_counter,
    limited_group,
)
from tray_app.sources.processes.oom_kills import OomCount
from tray_app.sources.processes.process_table import (
    ListedNewProcesses,
    NewProcesses,
    Shares,
    Usage,
    is_still_its_parent,
)
from tray_app.sources.processes.sock_diag import listening_sockets

assert sys.platform == "linux", "imported on Linux only"

_CMDLINE_MAX_BYTES = 32768
_STAT_MAX_BYTES = 1024
_CHILDREN_MAX_BYTES = 65536
_ROLLUP_MAX_BYTES = 4096  # 0.7 KB on Linux 6
_PRIVATE = (b"Private_Clean", b"Private_Dirty", b"Private_Hugetlb")
_STATM_MAX_BYTES = 128
# A zombie has given back its whole address space: "0 0 0 ...".
_NOTHING = b"0 "
_NO_FILE = -1
_SC_AVPHYS_PAGES = os.sysconf_names["SC_AVPHYS_PAGES"]
# Of what is free the kernel keeps back a twentieth at most: its zones' high marks, 1 to 2 % here.
_RESERVE_PART = 20
_VMSTAT_MAX_BYTES = 16384  # 4 KB on Linux 6
# What the kernel cuts a process's name to (TASK_COMM_LEN less its final zero).
_NAME_MAX = 15
# Before Linux 6.2 a process's descriptors must be listed to count them: 0.5 to 4 µs each, so not
# again for at least 5 readings, and one more for each hundred.
_LIST_AGAIN_AFTER = 5
_LISTED_PER_READING = 100
# Up to this many new pids they are tried one by one (3 to 9 µs each), beyond it listed.
_TRY_PIDS_MAX = 128


class ProcfsHandle:
    """Two kept descriptors: statm (RSS, exact where stat's own figure may lag) and stat."""

    def __init__(self, pid: int, created_s: float, statm: int, stat: int, proc: str) -> None:
        self.pid = pid
        self.created_s = created_s
        self.statm = statm
        self._stat = stat
        self._page_bytes = os.sysconf("SC_PAGE_SIZE")
        self._ticks_per_s = os.sysconf("SC_CLK_TCK")
        self._descriptors = DescriptorCounter(f"{proc}/{pid}/fd")

    def read(self) -> Usage | None:
        """As :meth:`ProcessHandle.read`."""
        try:
            statm = os.pread(self.statm, _STATM_MAX_BYTES, 0)
            stat = os.pread(self._stat, _STAT_MAX_BYTES, 0)
        except OSError:
            return None
        # "pid (name) state ppid ...": the name may hold anything, so from the last bracket.
        end = stat.rindex(b")")
        fields = stat[end + 2 :].split(b" ", 15)
        if fields[0] in b"ZX":
            return None
        return Usage(
            name=visible(stat[stat.index(b"(") + 1 : end].decode("utf-8", "replace")),
            rss_bytes=int(statm.split(b" ", 2)[1]) * self._page_bytes,
            cpu_s=(int(fields[11]) + int(fields[12])) / self._ticks_per_s,
            reaped_s=(int(fields[13]) + int(fields[14])) / self._ticks_per_s,
            stopped=fields[0] in b"Tt",  # t: by a debugger
            faulted_bytes=int(fields[7]) * self._page_bytes,
            descriptors=self._descriptors.read(),
        )

    def close(self) -> None:
        """From now on a reading gives None; closing twice is allowed."""
        for fd in (self.statm, self._stat):
            if fd >= 0:
                os.close(fd)
        self.statm = self._stat = -1


class DescriptorCounter:
    """How many descriptors a process has open; ``directory`` is its /proc/PID/fd.

    Since Linux 6.2 that is the directory's size: 2 µs, also of another user's process.
    """

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self._listed: int | None = None
        self._wait = 0

    def read(self) -> int | None:
        """None where it cannot be read."""
        try:
            return os.stat(self._directory).st_size or self._list()
        except OSError:
            return None

    def _list(self) -> int:
        self._wait -= 1
        if self._listed is None or self._wait < 0:
            self._listed = len(os.listdir(self._directory))
            self._wait = _LIST_AGAIN_AFTER + self._listed // _LISTED_PER_READING
        return self._listed


class _Stat(Struct, frozen=True):
    name: str
    ppid: int
    created_s: float
    is_alive: bool
    is_thread: bool
    rss_pages: int


class ProcfsTable:
    """As :class:`ProcessTable`. Keeps four descriptors of its own, and those of control groups."""

    def __init__(self, proc: str = "/proc") -> None:
        self._proc = proc
        self._meminfo = os.open(f"{proc}/meminfo", os.O_RDONLY)
        self._loadavg = os.open(f"{proc}/loadavg", os.O_RDONLY)
        self._vmstat = _kept(f"{proc}/vmstat")
        self._pressure = _kept(f"{proc}/pressure/memory")
        self._group: LimitedGroup | None = None
        self._limits_watched = False
        self._kills: GroupCounter | None = None
        self._total_bytes = self._machine_memory()[0]
        self.count_limits_of(None)
        self._ticks_per_s = os.sysconf("SC_CLK_TCK")
        self._page_bytes = os.sysconf("SC_PAGE_SIZE")
        # In some containers one of the two is the host's.
        self._is_whole = os.sysconf("SC_PHYS_PAGES") * self._page_bytes == self._total_bytes
        self._network = _link(f"{proc}/self/ns/net")
        boot = (_read(f"{proc}/stat", 1 << 20) or b"").partition(b"\nbtime ")[2]
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
        data = _read(f"{self._proc}/{pid}/cmdline", _CMDLINE_MAX_BYTES)
        if not data:
            return ()
        parts = data.rstrip(b"\0").decode("utf-8", "replace").split("\0")
        # Mostly one question for all: at the start each process's is read.
        return tuple(parts) if "".join(parts).isprintable() else tuple(map(visible, parts))

    def facts(self, pid: int) -> ProcessFacts | None:
        """What is known of a process; None when it is gone or a zombie."""
        stat = self._read_stat(pid)
        if stat is None or not stat.is_alive:
            return None
        cmdline = self.cmdline(pid)
        network = _link(f"{self._proc}/{pid}/ns/net")  # None for another user's process
        return ProcessFacts(
            pid=pid,
            ppid=stat.ppid,
            name=_whole_name(stat.name, cmdline),
            cmdline=cmdline,
            created_s=stat.created_s,
            cwd=self._cwd(pid),
            owned=os.geteuid() in (0, self._uid(pid)),
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
            data = _read(f"{task}/{thread}/children", _CHILDREN_MAX_BYTES)
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
        # Alive after both were opened: both are of one process.
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
        """A process's name and memory at one moment; None when it is gone or a zombie."""
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
        inodes = _inodes(port, host)
        if among is not None:
            holders = {pid for pid in among if inodes and inodes.keys() & self._socket_inodes(pid)}
        else:
            holders = self._holders(inodes) if inodes else set()
        # A process that was ending may have let go of its socket while it was looked for.
        hidden = bool(inodes) and not holders and bool(inodes.keys() & _inodes(port, host))
        return Listeners(frozenset(holders), hidden)

    def listening_ports(self, pid: int) -> frozenset[int]:
        """The TCP ports that a process listens on."""
        inodes = self._socket_inodes(pid)
        sockets = listening_sockets() if inodes else ()
        return frozenset(each.port for each in sockets if each.inode in inodes)

    def system_memory(self) -> SystemMemory | None:
        """From /proc/meminfo and /proc/pressure/memory, within the limit that counts."""
        total, available, swap_total, swap_used = self._machine_memory()
        if not total:
            return None
        limited = False
        if self._group is not None:
            room = self._group.available_bytes()
            if room is not None:
                limited, total = True, self._group.limit_bytes
                available = min(available, room)
        used_percent = 100 * (total - available) / total
        pressure = self._pressure_percent()
        return SystemMemory(
            total_bytes=total,
            available_bytes=available,
            used_percent=used_percent,
            swap_used_bytes=swap_used,
            swap_total_bytes=swap_total,
            pressure_percent=pressure,
            limited=limited,
        )

    def make_poller(
        self,
        tree: Sequence[ProcfsHandle],
        floor_bytes: int = sys.maxsize,
        with_new_children: bool = False,
    ) -> Callable[[], PollReading]:
        """As :meth:`ProcessTable.make_poller`.

        Most polls find what the one before has found, to the byte, and then nothing is parsed.
        For new children the kernel's newest pid is read, and the parent of each new process on the
        machine: 0.1 ms more for a poll where some processes start each second.
        """
        pread, sysconf = os.pread, os.sysconf
        statms = [handle.statm for handle in tree] or [_NO_FILE]
        root, others = statms[0], statms[1:]
        known, rss_bytes = b"", None
        tells_newest = with_new_children and bool(tree) and self.newest_pid() > 0
        children = _NewChildren(self, tree) if tells_newest else None
        # Free memory is available, and one number instead of a page of text: 9 µs less.
        reserve_bytes = self._total_bytes // _RESERVE_PART
        enough_pages = (floor_bytes + reserve_bytes) // self._page_bytes + 1
        asks_free_first = self._is_whole and self._group is None

        def poll() -> PollReading:
            nonlocal known, rss_bytes
            try:
                seen = pread(root, _STATM_MAX_BYTES, 0)
                for statm in others:
                    seen += pread(statm, _STATM_MAX_BYTES, 0)
            except OSError:
                seen = b"".join(map(_statm, statms))
            if seen != known:
                known, rss_bytes = seen, _rss_bytes(seen, self._page_bytes)
            seen_bytes = rss_bytes
            if children is not None and seen_bytes is not None:
                seen_bytes += children.rss_bytes()
            if asks_free_first and sysconf(_SC_AVPHYS_PAGES) >= enough_pages:
                return PollReading(seen_bytes)
            return PollReading(seen_bytes, self._available_bytes())

        return poll

    def _available_bytes(self) -> int | None:
        """What the machine has available, or its limited group; None: not known."""
        try:
            available_bytes = int(os.pread(self._meminfo, 96, 0).split(None, 8)[7]) * 1024
        except (OSError, IndexError, ValueError):
            return None
        room_bytes = self._group.available_bytes(at_a_touch=True) if self._group else None
        return available_bytes if room_bytes is None else min(available_bytes, room_bytes)

    def count_limits_of(self, pid: int | None) -> None:
        """As :meth:`ProcessTable.count_limits_of`; what no process limits is the machine's."""
        self._let_go_of_groups()
        if pid:
            self._group = limited_group(self._proc, pid, self._total_bytes)
            self._kills = kill_counter(self._proc, pid)
        self._limits_watched = self._group is not None
        if self._group is None:
            self._group = limited_group(self._proc, "self", self._total_bytes)

    def _let_go_of_groups(self) -> None:
        for group in (self._group, self._kills):
            if group is not None:
                group.close()
        self._group = self._kills = None

    def oom_count(self) -> OomCount:
        """From the control group (1 µs for each file), else from /proc/vmstat (0.1 ms)."""
        machine = self._machine_kills() if self._kills is None else None
        kills = self._kills.counts() if self._kills else ()
        if self._group is None or not self._limits_watched:
            return OomCount(kills, machine)
        return OomCount(kills, machine, self._group.limit_bytes, self._group.hits())

    def _machine_kills(self) -> int | None:
        try:
            vmstat = os.pread(self._vmstat, _VMSTAT_MAX_BYTES, 0).partition(b"\noom_kill ")[2]
            return int(vmstat.partition(b"\n")[0])
        except (OSError, ValueError):
            return None

    def limited_pids(self) -> list[int] | None:
        """As :meth:`ProcessTable.limited_pids`."""
        return self._group.pids() if self._group else None

    def _machine_memory(self) -> tuple[int, int, int | None, int | None]:
        """Total, available, swap's total and used bytes; no total if unknown.

        The kernel writes the whole file for each reading: to read less of it costs the same.
        """
        try:
            text = os.pread(self._meminfo, 2048, 0)
            fields = text.split(None, 8)
            total, free = int(fields[1]) * 1024, int(fields[4]) * 1024
            available = int(fields[7]) * 1024
        except (OSError, IndexError, ValueError):
            return 0, 0, None, None
        # In some containers more is available than there is: as psutil, take what is free.
        available = free if available > total else available
        at = text.find(b"\nSwapTotal:")
        if at < 0:
            return total, available, None, None
        swap = text[at : at + 64].split(None, 5)
        swap_total = int(swap[1]) * 1024
        return total, available, swap_total, swap_total - int(swap[4]) * 1024

    def _pressure_percent(self) -> float | None:
        if self._pressure < 0:
            return None
        try:
            full = os.pread(self._pressure, 256, 0).partition(b"full avg10=")[2]
            return float(full.partition(b" ")[0])
        except (OSError, ValueError):
            return None

    def close(self) -> None:
        """The table cannot be asked any more; closing twice is allowed."""
        for fd in (self._meminfo, self._loadavg, self._vmstat, self._pressure):
            if fd >= 0:
                os.close(fd)
        self._meminfo = self._loadavg = self._vmstat = self._pressure = -1
        self._let_go_of_groups()

    def _holders(self, inodes: dict[int, int]) -> set[int]:
        """For each socket its newest holder, and those ancestors that hold one too."""
        # The maker's own processes first: a socket that was handed on is rare.
        uids = set(inodes.values())
        newest_first = sorted(self.pids(), reverse=True)
        holders: set[int] = set()
        missing = set(inodes)
        for pid in sorted(newest_first, key=lambda pid: self._uid(pid) not in uids):
            if not missing:
                break
            held = missing & self._socket_inodes(pid)
            missing -= held
            holder: int | None = pid if held else None
            while holder and holder not in holders and inodes.keys() & self._socket_inodes(holder):
                holders.add(holder)
                holder = self.parent(holder)
        return holders

    def _socket_inodes(self, pid: int) -> set[int]:
        """Empty when its descriptors may not be read."""
        folder = f"{self._proc}/{pid}/fd"
        found: set[int] = set()
        try:
            for fd in os.listdir(folder):
                link = _link(f"{folder}/{fd}")
                if link and link.startswith("socket:["):
                    found.add(int(link[8:-1]))
        except OSError:
            pass
        return found

    def _read_stat(self, pid: int) -> _Stat | None:
        data = _read(f"{self._proc}/{pid}/stat", _STAT_MAX_BYTES)
        if not data:
            return None
        end = data.rindex(b")")
        fields = data[end + 2 :].split()
        return _Stat(
            name=visible(data[data.index(b"(") + 1 : end].decode("utf-8", "replace")),
            ppid=int(fields[1]),
            created_s=self._boot_s + int(fields[19]) / self._ticks_per_s,
            is_alive=fields[0] not in b"ZX",
            is_thread=fields[35] == b"-1",  # exit_signal: a thread's end is told to nobody
            rss_pages=int(fields[21]),
        )

    def _uid(self, pid: int) -> int | None:
        try:
            return os.stat(f"{self._proc}/{pid}").st_uid
        except OSError:
            return None

    def _cwd(self, pid: int) -> str | None:
        link = _link(f"{self._proc}/{pid}/cwd")
        return link.removesuffix(" (deleted)") if link else None


def _statm(fd: int) -> bytes:
    """As of a zombie when the process is gone."""
    try:
        return os.pread(fd, _STATM_MAX_BYTES, 0)
    except OSError:
        return b"0 0 0\n"


def _rss_bytes(statms: bytes, page_bytes: int) -> int | None:
    """The memory in sum, a line for each process: of those that are there, if the first is.

    A descriptor that was closed meanwhile may be another file's by now, and then it is gone, too.
    """
    if statms.startswith(_NOTHING):
        return None
    try:
        return page_bytes * sum(int(line.split(b" ", 2)[1]) for line in statms.splitlines())
    except (ValueError, IndexError):
        return None


def rollup(pid: int, proc: str = "/proc") -> Shares | None:
    """USS and PSS from smaps_rollup; 9 to 16 ms for each GB. None when it is gone or forbidden."""
    lines = (_read(f"{proc}/{pid}/smaps_rollup", _ROLLUP_MAX_BYTES) or b"").splitlines()[1:]
    parts = {
        name: int(value.split()[0]) * 1024
        for name, _, value in (line.partition(b":") for line in lines)
    }
    if b"Pss" not in parts or b"Rss" not in parts:
        return None
    uss_bytes = sum(size for name, size in parts.items() if name in _PRIVATE)
    return Shares(uss_bytes, parts[b"Pss"], parts[b"Rss"])


class CursorNewProcesses:
    """New processes found by the kernel's newest pid: while it stands still, none was created."""

    def __init__(self, table: ProcfsTable) -> None:
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
        new: Iterable[int]
        if 0 <= newest - last <= _TRY_PIDS_MAX:
            new = range(last + 1, newest + 1)
        elif newest > last:
            new = [pid for pid in self._table.pids() if last < pid <= newest]
        else:  # the pids began anew
            new = [pid for pid in self._table.pids() if pid > last or pid <= newest]
        tried = {pid: self._table.parent(pid) for pid in (*self._unseen, *new)}
        # A pid is given a moment before its process can be seen: try once more next time.
        self._unseen = [pid for pid in new if tried[pid] is None]
        return {pid: parent for pid, parent in tried.items() if parent is not None}


class _NewChildren:
    """Processes that have joined a tree since it was last read; that reading takes them in.

    Until a child has become another program, its memory is its parent's: for a moment ffprobe
    would be as large as the server that starts it.
    """

    def __init__(self, table: ProcfsTable, tree: Sequence[ProcfsHandle]) -> None:
        self._table = table
        self._new_processes = CursorNewProcesses(table)
        self._members = {handle.pid for handle in tree}
        self._pids: dict[int, tuple[str, int] | None] = {}

    def rss_bytes(self) -> int:
        """Their memory in sum. Files are opened for it: few come, and live for some polls."""
        new_pids = self._new_processes.poll()
        if new_pids:
            # A process's children come after it; where pids have begun again that may be unseen,
            # and those that were here before may seem new.
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


def _inodes(port: int, host: str) -> dict[int, int]:
    """The listening sockets that a request reaches: their makers' uid by inode."""
    return {
        each.inode: each.uid
        for each in listening_sockets()
        if each.port == port and reaches(host, each.address)
    }


def _read(path: str, size: int) -> bytes | None:
    try:
        fd = os.open(path, os.O_RDONLY)
    except OSError:
        return None
    try:
        return os.read(fd, size)
    except OSError:
        return None
    finally:
        os.close(fd)


def _kept(path: str) -> int:
    """A descriptor to be kept; -1 where there is no such file."""
    try:
        return os.open(path, os.O_RDONLY)
    except OSError:
        return -1


def _link(path: str) -> str | None:
    try:
        return os.readlink(path)
    except OSError:
        return None


def _whole_name(name: str, cmdline: tuple[str, ...]) -> str:
    """The name past the kernel's limit, when the command line begins with it (as psutil)."""
    program = cmdline[0].rpartition("/")[2] if cmdline else ""
    return program if len(name) == _NAME_MAX and program.startswith(name) else name
