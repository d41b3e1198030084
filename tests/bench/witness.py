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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

EVERY_S = 0.025
# PSS costs the kernel a walk over all pages, so it is read this seldom, and for new processes.
SHARED_EVERY_S = 1.0
# An ffmpeg shares up to 25 MiB of its libraries with others of the machine; forked workers share
# nearly all that they hold.
SHARED_MAX_MB = 60.0
YOUNG_S = 0.2
MIB = 1024**2
PAGE = os.sysconf("SC_PAGE_SIZE")
TICK_S = 1 / os.sysconf("SC_CLK_TCK")
_KCMP = {"x86_64": 312, "aarch64": 272}.get(platform.machine())
_KCMP_VM = 1


@dataclass(frozen=True, slots=True)
class Moment:
    """The whole tree at ``at_s`` (wall clock): the sum of RSS in MiB, CPU seconds since its start
    (those of ended children included), names of the processes below the first.

    ``least_mb`` is that sum without what those below the first share with anybody. ``most_mb``:
    a program that has just begun may have grown, between two readings, to what others of its
    name were seen to hold (an ffprobe of 50 MiB lives for 60 ms).
    """

    at_s: float
    rss_mb: float
    least_mb: float
    most_mb: float
    cpu_s: float
    children: tuple[str, ...] = ()


class Curve:
    """Moments in order, to be asked what the truth was at a time or within a span of time.

    Between the sum of RSS and ``least_mb`` all is right while they are near, as with an ffmpeg
    that has a few libraries in common with the server; else only the lower.
    """

    def __init__(self, moments: Sequence[Moment]) -> None:
        self.moments = list(moments)
        self.times_s = [moment.at_s for moment in self.moments]
        self.least_mb = [moment.least_mb for moment in self.moments]
        self.mb: list[float] = []
        self.most_mb: list[float] = []
        for moment in self.moments:
            near = moment.rss_mb - moment.least_mb < SHARED_MAX_MB
            self.mb.append(moment.rss_mb if near else moment.least_mb)
            self.most_mb.append(moment.most_mb if near else moment.least_mb)

    def span(self, start_s: float, end_s: float) -> tuple[float, float]:
        """The lowest and highest value within, the readings just outside of it included."""
        first = max(0, bisect.bisect_right(self.times_s, start_s) - 1)
        last = min(len(self.mb), bisect.bisect_left(self.times_s, end_s) + 1)
        part = slice(first, max(last, first + 1))
        return min(self.least_mb[part]), max(self.most_mb[part])

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
            highest = max(highest, min(self.least_mb[begin : until + 1]))
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
        self._since_s: dict[int, float] = {}
        self._tops_mb: dict[str, float] = {}

    def start(self) -> None:
        """Begin to record."""
        self._thread.start()

    def stop(self) -> None:
        """Stop; the record stays."""
        self._ended.set()
        self._thread.join()

    def _record(self) -> None:
        next_s = shared_s = time.monotonic()
        known: list[int] = []
        while not self._ended.wait(max(0.0, next_s - time.monotonic())):
            late_s = time.monotonic() - next_s
            self.slowest_s = max(self.slowest_s, late_s)
            next_s = max(next_s + EVERY_S, time.monotonic())
            pids = tree(self.pid)
            if not pids:
                continue
            if time.monotonic() >= shared_s or pids != known:
                known, shared_s = pids, time.monotonic() + SHARED_EVERY_S
                self._shared_mb = shared_mb(pids[1:])
            at_s = time.time()
            rss_by_pid_mb = {pid: rss_of(pid) for pid in pids}
            rss_mb = sum(rss_by_pid_mb.values())
            if not rss_mb:  # it has ended, and nobody has taken notice yet
                continue
            cpu_s = sum(map(cpu_of, pids))
            names = {pid: name_of(pid) for pid in pids[1:]}
            most_mb = rss_mb + self._may_have_grown_mb(at_s, names, rss_by_pid_mb)
            least_mb = rss_mb - self._shared_mb
            children = tuple(names.values())
            self.moments.append(Moment(at_s, rss_mb, least_mb, most_mb, cpu_s, children))

    def _may_have_grown_mb(
        self, at_s: float, names: Mapping[int, str], rss_by_pid_mb: Mapping[int, float]
    ) -> float:
        self._since_s = {pid: self._since_s.get(pid, at_s) for pid in names}
        grown_mb = 0.0
        for pid, name in names.items():
            top_mb = self._tops_mb[name] = max(self._tops_mb.get(name, 0.0), rss_by_pid_mb[pid])
            if at_s - self._since_s[pid] < YOUNG_S:
                grown_mb += top_mb - rss_by_pid_mb[pid]
        return grown_mb


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
    """By how much their RSS is above their PSS, in MiB: what they share with anybody."""
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
