"""One process: its kept descriptors, the count of its own, and what memory it shares."""

# ruff: noqa: PTH116, PTH208 - a Path costs three times the call on it
from __future__ import annotations

import os
import sys

from tray_app.core.model.sanitize import visible
from tray_app.sources.processes.process_table import Shares, Usage
from tray_app.sources.processes.procfs.files import read

assert sys.platform == "linux", "imported on Linux only"

_STAT_MAX_BYTES = 1024
NO_MEMORY = b"0 "
"""How statm begins without an address space. A process that ends gives it back first, and is a
zombie only when all of it is freed: 2 ms for 200 MB, longer on a busy machine."""
STATM_MAX_BYTES = 128
_ROLLUP_MAX_BYTES = 4096  # 0.7 KB on Linux 6
_PRIVATE = (b"Private_Clean", b"Private_Dirty", b"Private_Hugetlb")
# Before Linux 6.2 a process's descriptors must be listed to count them: 0.5 to 4 µs each, so not
# again for at least 5 readings, and one more for each hundred.
_LIST_AGAIN_AFTER = 5
_LISTED_PER_READING = 100


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
            statm = os.pread(self.statm, STATM_MAX_BYTES, 0)
            stat = os.pread(self._stat, _STAT_MAX_BYTES, 0)
        except OSError:
            return None
        # "pid (name) state ppid ...": the name may hold anything, so from the last bracket.
        end = stat.rindex(b")")
        fields = stat[end + 2 :].split(b" ", 15)
        if fields[0] in b"ZX" or statm.startswith(NO_MEMORY):
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


def rollup(pid: int, proc: str = "/proc") -> Shares | None:
    """USS and PSS from smaps_rollup; 9 to 16 ms for each GB. None when it is gone or forbidden."""
    lines = (read(f"{proc}/{pid}/smaps_rollup", _ROLLUP_MAX_BYTES) or b"").splitlines()[1:]
    parts = {
        name: int(value.split()[0]) * 1024
        for name, _, value in (line.partition(b":") for line in lines)
    }
    if b"Pss" not in parts or b"Rss" not in parts:
        return None
    uss_bytes = sum(size for name, size in parts.items() if name in _PRIVATE)
    return Shares(uss_bytes, parts[b"Pss"], parts[b"Rss"])
