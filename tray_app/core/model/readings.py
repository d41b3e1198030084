"""Measured values: frozen, each with the moment of its measurement.

Rule of the room: bytes and seconds only; MB (1024² bytes, as the server counts) exist at
the edges, where people read. ``*_s`` moments are monotonic seconds unless named ``wall``.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from msgspec import Struct

from tray_app.core.model.api_failure import ApiProblem
from tray_app.core.model.process_finding import Evidence, ProcessProblem

MIB = 1024**2
GIB = 1024**3


class Now(Struct, frozen=True):
    """One moment on both clocks: durations use ``mono_s``, people read ``wall_s`` (Unix time)."""

    mono_s: float
    wall_s: float


class Source(StrEnum):
    """Where the shown memory figure comes from."""

    API = "api"
    PROCESS = "process"
    NONE = "none"


class Role(StrEnum):
    """A process's role in the watched server."""

    TARGET = "target"
    CHILD = "child"
    PYTHON = "python"
    OTHER = "other"


class SystemMemory(Struct, frozen=True):
    """The machine's memory. ``used_percent`` is (total - available) / total, as in psutil.

    ``limited``: a control group's limit counts as the total. ``pressure_percent`` is Linux's PSI,
    "full" over the last 10 s: the share of time in which everything waited for memory. None if the
    system does not report it.
    """

    total_bytes: int
    available_bytes: int
    used_percent: float
    swap_used_bytes: int | None = None
    swap_total_bytes: int | None = None
    pressure_percent: float | None = None
    limited: bool = False


class Disk(Struct, frozen=True):
    """A file system; ``free_bytes`` are those that an ordinary user may still fill."""

    total_bytes: int
    free_bytes: int


class TempUsage(Struct, frozen=True):
    """The server's temp directory: disk bytes in use, number of files, when it was measured.

    ``names`` are the newest files' names (at most 16), from which a stage can be inferred; empty
    when the figures are the API's own. ``disk`` is its file system.
    """

    size_bytes: int
    file_count: int
    taken_s: float
    names: tuple[str, ...] = ()
    disk: Disk | None = None


class Target(Struct, frozen=True):
    """The server's root process. ``created_s`` is in Unix time.

    ``evidence`` says how it was recognised. ``port`` is where it listens,
    of a candidate that listens elsewhere than the server's address says.
    """

    pid: int
    created_s: float
    name: str
    cmdline: tuple[str, ...]
    cwd: str | None
    evidence: Evidence
    port: int | None = None

    @property
    def identity(self) -> tuple[int, float]:
        """What tells it from every other process: a pid alone may be used again."""
        return self.pid, self.created_s


class ProcessRow(Struct, frozen=True):
    """One process as shown in lists. ``cpu_percent`` is of one core; None at the first reading.
    ``stopped``: in state T (Ctrl-Z, SIGSTOP, a debugger); False where the system does not tell.

    Its identity is (pid, created_s), as a `Target`'s; None if unknown. ``faulted_bytes`` is the
    memory touched by its minor page faults since its start: new memory, and copies of shared
    memory; None if the system does not report it. ``descriptors`` is how many files, sockets and
    pipes it has open (on Windows: handles); None where that cannot be read. ``runs`` is the script
    or module that an interpreter runs, for rows that would look alike without it.
    """

    pid: int
    name: str
    role: Role
    rss_bytes: int
    cpu_percent: float | None
    created_s: float | None = None
    stopped: bool = False
    faulted_bytes: int | None = None
    descriptors: int | None = None
    runs: str = ""


class MemoryKind(StrEnum):
    """The meaning of a process memory figure.

    RSS: one process's resident memory. SHARED_ONCE: several processes, with shared memory counted
    once. RSS_SUM: the sum of their RSS where shared memory cannot be measured; it may be too high.
    UNMEASURED: several, while that is being measured; too low, so no policy judges it.
    """

    RSS = "rss"
    SHARED_ONCE = "shared_once"
    RSS_SUM = "rss_sum"
    UNMEASURED = "unmeasured"


class ProcessShare(Struct, frozen=True):
    """A process's measured memory: ``private_bytes`` (USS) alone, ``pss_bytes`` with its share of
    shared pages (None if the system does not report it)."""

    pid: int
    created_s: float | None
    name: str
    rss_bytes: int
    private_bytes: int
    pss_bytes: int | None

    @property
    def shared_bytes(self) -> int:
        """The memory that it shares with others."""
        return max(0, self.rss_bytes - self.private_bytes)


class Sharing(Struct, frozen=True):
    """The newest measurement of each process of the tree; ``is_pending``: the others are being
    measured; otherwise they cannot be."""

    shares: tuple[ProcessShare, ...] = ()
    is_pending: bool = False


class OwnUse(Struct, frozen=True):
    """This program's own RSS, and its CPU time since the start."""

    rss_bytes: int
    cpu_s: float


class OomKills(Struct, frozen=True):
    """The OOM killer ended this many processes within one reading.

    ``own_group``: in the control group of the server; otherwise anywhere on the machine, possibly
    the server. ``limit_bytes`` is the limit on the server's memory, if it was reached.
    """

    count: int
    own_group: bool = False
    limit_bytes: int | None = None


class Loss(Struct, frozen=True):
    """The target has ended since the last reading; ``oom_kills`` are those since that reading, None
    if the system does not report it."""

    target: Target
    oom_kills: OomKills | None = None


class Killed(Struct, frozen=True):
    """Processes of the server's tree have ended since the last reading, while the kernel killed in
    its control group; the server itself has not. ``rows`` are from the last reading."""

    rows: tuple[ProcessRow, ...]
    oom_kills: OomKills


class ProcessReading(Struct, frozen=True):
    """One reading of this machine's processes.

    ``rows`` is the server's tree, root first; ``others`` the largest other Python processes.
    ``workers`` are the pids of the tree's processes that answer requests. ``candidates`` are
    processes that might be the server, too, but were not chosen. ``loss`` is there in the one
    reading that finds the target gone, ``killed`` in the one that finds others of the tree killed.
    ``largest`` are the largest processes of the machine, or of those that share the limit on the
    server's memory; read only on request. ``answering_rss_bytes`` is the RSS of the process that
    answers the API when exactly one can (else None: several workers share the port). ``target`` is
    None when no server was found, with the reason in ``problem``. ``shared_bytes`` is the memory
    that the sum of RSS counts more than once, as far as known; ``kind`` says how well it is known.
    ``cpu_used_s`` is the tree's CPU time since its first reading.
    """

    taken_s: float
    system: SystemMemory | None
    target: Target | None = None
    rows: tuple[ProcessRow, ...] = ()
    others: tuple[ProcessRow, ...] = ()
    worker_count: int = 0
    answering_rss_bytes: int | None = None
    cpu_percent: float | None = None
    problem: ProcessProblem | None = None
    workers: tuple[int, ...] = ()
    candidates: tuple[Target, ...] = ()
    loss: Loss | None = None
    largest: tuple[ProcessRow, ...] = ()
    killed: Killed | None = None
    shared_bytes: int = 0
    kind: MemoryKind = MemoryKind.RSS
    cpu_used_s: float | None = None

    @property
    def is_stopped(self) -> bool:
        """Whether all answering processes are stopped; if none is known, the root."""
        stopped = [row.pid for row in self.rows if row.stopped]
        if not stopped or self.target is None:
            return False
        return all(pid in stopped for pid in self.workers or (self.target.pid,))

    @property
    def working_percent(self) -> float | None:
        """CPU of the tree without a root that only supervises: checking for edits takes some,
        whatever its workers do."""
        if self.cpu_percent is None or not self.workers or not self.rows:
            return self.cpu_percent
        root = self.rows[0]
        own_percent = 0.0 if root.pid in self.workers else root.cpu_percent or 0.0
        return max(0.0, self.cpu_percent - own_percent)

    @property
    def rss_bytes(self) -> int | None:
        """RSS of the whole tree in sum; None without a target."""
        if self.target is None:
            return None
        rss_bytes = 0
        for row in self.rows:
            rss_bytes += row.rss_bytes
        return rss_bytes

    @property
    def footprint_bytes(self) -> int | None:
        """The whole tree's memory with shared pages counted once; None without a target."""
        rss_bytes = self.rss_bytes
        return None if rss_bytes is None else rss_bytes - self.shared_bytes


class UssPss(Struct, frozen=True):
    """The server's private and proportional memory (USS, PSS). Expensive to read, so read rarely.

    Sums over the tree of ``target_pid``. ``uss_bytes`` (unique) would be free if the tree ended,
    ``pss_bytes`` (proportional) adds its fair share of what it has in common with others; None if
    the system does not report it. RSS counts a shared page once for each process.
    """

    target_pid: int
    uss_bytes: int
    pss_bytes: int | None
    taken_s: float


class PollReading(NamedTuple):
    """A poll of the last reading's processes, between two readings.

    ``rss_bytes`` is the server tree's RSS in sum, None when there is no tree or its root is gone.
    ``available_bytes`` is the machine's available memory, None if unknown or above the poll's
    floor.
    """

    rss_bytes: int | None
    available_bytes: int | None = None


class StageMark(Struct, frozen=True):
    """The server's newest stage entry: its own name for it, and its own (local) time stamp."""

    name: str
    timestamp: str


class ApiReading(Struct, frozen=True):
    """One decoded ``/memory-status/`` answer: every number finite and not negative.

    ``rss_bytes`` is the answering process alone. ``tracker`` changes while a video is processed
    (opaque; compare it with the last one). ``stage`` only if the request asked for it. ``advice``
    are its recommendations, in its own words.
    """

    taken_s: float
    latency_s: float
    rss_bytes: int
    system: SystemMemory | None
    temp: TempUsage | None
    tracker: tuple[float, ...] = ()
    stage: StageMark | None = None
    advice: tuple[str, ...] = ()


class ApiFailure(Struct, frozen=True):
    """A request that brought no reading, and why."""

    taken_s: float
    problem: ApiProblem


ApiOutcome = ApiReading | ApiFailure
