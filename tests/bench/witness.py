"""What a tree of processes truly holds and uses, read from /proc every 25 ms beside the app.

Rule: it shares no code with what it checks, and asks nothing of the server. Linux only.
"""

from __future__ import annotations

import bisect
import contextlib
import ctypes
import os
import platform
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

EVERY_S = 0.025
# PSS costs the kernel a walk over all pages, so it is read this seldom.
SHARED_EVERY_S = 1.0
MIB = 1024**2
PAGE = os.sysconf("SC_PAGE_SIZE")
TICK_S = 1 / os.sysconf("SC_CLK_TCK")
_KCMP = {"x86_64": 312, "aarch64": 272}.get(platform.machine())
_KCMP_VM = 1


@dataclass(frozen=True, slots=True)
class Moment:
    """The whole tree at ``at_s`` (wall clock): RSS and PSS in MiB, CPU seconds since its start
    (those of ended children included), names of the processes below the first."""

    at_s: float
    rss_mb: float
    pss_mb: float
    cpu_s: float
    children: tuple[str, ...] = ()


class Curve:
    """Moments in order, to be asked what the truth was at a time or within a span of time."""

    def __init__(self, moments: Sequence[Moment], *, shared: bool = False) -> None:
        """``shared``: memory is PSS, where the processes of the tree hold pages in common."""
        self.moments = list(moments)
        self.times_s = [moment.at_s for moment in self.moments]
        self.mb = [moment.pss_mb if shared else moment.rss_mb for moment in self.moments]

    def span(self, start_s: float, end_s: float) -> tuple[float, float]:
        """The lowest and highest value within, the readings just outside of it included."""
        first = max(0, bisect.bisect_right(self.times_s, start_s) - 1)
        last = min(len(self.mb), bisect.bisect_left(self.times_s, end_s) + 1)
        values = self.mb[first : max(last, first + 1)]
        return min(values), max(values)

    def knows(self, at_s: float) -> bool:
        """Whether there is a reading within a tenth of a second and a half of it."""
        place = bisect.bisect_left(self.times_s, at_s)
        return any(abs(near - at_s) < 0.15 for near in self.times_s[max(0, place - 1) : place + 1])

    def held(self, start_s: float, end_s: float, for_s: float) -> float:
        """The highest value that memory did not fall below for ``for_s``."""
        first, last = (bisect.bisect_left(self.times_s, at_s) for at_s in (start_s, end_s))
        highest = self.span(start_s, end_s)[0]
        for begin in range(first, last):
            until = bisect.bisect_left(self.times_s, self.times_s[begin] + for_s)
            if until >= len(self.mb) or self.times_s[until] > end_s + for_s:
                break
            highest = max(highest, min(self.mb[begin : until + 1]))
        return highest

    def cpu_percent(self, start_s: float, end_s: float) -> float | None:
        """CPU between two times, in % of one core; None where that is not known."""
        first, last = (bisect.bisect_right(self.times_s, at_s) - 1 for at_s in (start_s, end_s))
        if first < 0 or last <= first:
            return None
        begin, end = self.moments[first], self.moments[last]
        return max(0.0, end.cpu_s - begin.cpu_s) / (end.at_s - begin.at_s) * 100


class Witness:
    """Records a tree from `start` to `stop`; ``pid`` may become another's meanwhile."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.moments: list[Moment] = []
        self.slowest_s = 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._record, daemon=True)
        self._shared_mb = 0.0

    def start(self) -> None:
        """Begin to record."""
        self._thread.start()

    def stop(self) -> None:
        """Stop; the record stays."""
        self._ended.set()
        self._thread.join()

    def _record(self) -> None:
        next_s = shared_s = time.monotonic()
        while not self._ended.wait(max(0.0, next_s - time.monotonic())):
            late_s = time.monotonic() - next_s
            self.slowest_s = max(self.slowest_s, late_s)
            next_s = max(next_s + EVERY_S, time.monotonic())
            pids = tree(self.pid)
            if not pids:
                continue
            if time.monotonic() >= shared_s:
                shared_s = time.monotonic() + SHARED_EVERY_S
                self._shared_mb = shared_mb(pids)
            at_s = time.time()
            rss_mb = sum(map(rss_of, pids))
            cpu_s = sum(map(cpu_of, pids))
            names = tuple(name_of(pid) for pid in pids[1:])
            self.moments.append(Moment(at_s, rss_mb, rss_mb - self._shared_mb, cpu_s, names))


def tree(root: int) -> list[int]:
    """The process and all below it; a child that still runs in its parent's memory, as one does
    between vfork and exec, is not counted beside it. Empty when the process is gone."""
    if not Path(f"/proc/{root}/statm").exists():
        return []
    found = [root]
    for pid in found:
        found.extend(child for child in children(pid) if not same_memory(pid, child))
    return found


def children(pid: int) -> list[int]:
    """Of all its threads, since each has its own."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(OSError):
                found.extend(map(int, (task / "children").read_text().split()))
    return found


def same_memory(parent: int, child: int) -> bool:
    """Whether both run in one memory, as threads do, and a child between vfork and exec."""
    if _KCMP is None:
        return False
    answer: int = ctypes.CDLL(None).syscall(_KCMP, parent, child, _KCMP_VM, 0, 0)
    return answer == 0


def rss_of(pid: int) -> float:
    """Its resident memory in MiB; 0 when it is gone."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE / MIB
    except (OSError, IndexError):
        return 0.0


def shared_mb(pids: Sequence[int]) -> float:
    """By how much the sum of RSS is above the sum of PSS, in MiB: pages counted repeatedly."""
    twice_kib = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
            kib = {line.partition(":")[0]: int(line.split()[1]) for line in lines}
            twice_kib += kib["Rss"] - kib["Pss"]
    return twice_kib / 1024


def cpu_of(pid: int) -> float:
    """Seconds of CPU, those of its ended and awaited children included; 0 when it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) * TICK_S


def name_of(pid: int) -> str:
    """As the kernel names it; empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""
