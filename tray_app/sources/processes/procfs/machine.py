"""The machine's memory and pressure, or those of the control group that limits it; OOM kills."""

from __future__ import annotations

import os
import sys

from tray_app.core.model.readings import SystemMemory
from tray_app.sources.processes.cgroup import (
    GroupCounter,
    LimitedGroup,
    kill_counter,
    limited_group,
)
from tray_app.sources.processes.oom_kills import OomCount
from tray_app.sources.processes.procfs.files import keep

assert sys.platform == "linux", "imported on Linux only"

# The kernel reserves at most a twentieth of free memory: its zones' high marks, 1 to 2 % here.
_RESERVE_PART = 20
_VMSTAT_MAX_BYTES = 16384  # 4 KB on Linux 6


class MachineMemory:
    """Keeps three descriptors of its own, and those of control groups."""

    def __init__(self, proc: str) -> None:
        self._proc = proc
        self._meminfo = os.open(f"{proc}/meminfo", os.O_RDONLY)
        self._vmstat = keep(f"{proc}/vmstat")
        self._pressure = keep(f"{proc}/pressure/memory")
        self._group: LimitedGroup | None = None
        self._limits_watched = False
        self._kills: GroupCounter | None = None
        self._total_bytes = self._meminfo_figures()[0]
        self.count_limits_of(None)
        self._page_bytes = os.sysconf("SC_PAGE_SIZE")
        # In some containers one of the two is the host's.
        self._is_whole = os.sysconf("SC_PHYS_PAGES") * self._page_bytes == self._total_bytes

    def close(self) -> None:
        """It cannot be asked any more; closing twice is allowed."""
        for fd in (self._meminfo, self._vmstat, self._pressure):
            if fd >= 0:
                os.close(fd)
        self._meminfo = self._vmstat = self._pressure = -1
        self._let_go_of_groups()

    def system_memory(self) -> SystemMemory | None:
        """From /proc/meminfo and /proc/pressure/memory, within the limit that counts."""
        total, available, swap_total, swap_used = self._meminfo_figures()
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

    def enough_free_pages(self, floor_bytes: int) -> int | None:
        """With so many free pages more than ``floor_bytes`` are available; None: they do not show
        that.

        Free memory is available, and one number instead of a page of text: 9 µs less.
        """
        if not self._is_whole or self._group is not None:
            return None
        reserve_bytes = self._total_bytes // _RESERVE_PART
        return (floor_bytes + reserve_bytes) // self._page_bytes + 1

    def available_bytes(self) -> int | None:
        """The available memory of the machine, or of its limited group; None: unknown."""
        try:
            available_bytes = int(os.pread(self._meminfo, 96, 0).split(None, 8)[7]) * 1024
        except (OSError, IndexError, ValueError):
            return None
        room_bytes = self._group.available_bytes(at_a_touch=True) if self._group else None
        return available_bytes if room_bytes is None else min(available_bytes, room_bytes)

    def count_limits_of(self, pid: int | None) -> None:
        """As :meth:`ProcessTable.count_limits_of`; without a limit the machine's total counts."""
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

    def _meminfo_figures(self) -> tuple[int, int, int | None, int | None]:
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
        # In some containers available exceeds the total: like psutil, take the free memory.
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
