"""A scripted server for ``--demo``: its memory, its API and its processes, without a server.

Rule of the room: everything is a pure function of the time since the start and of the memory that
a click has freed. So the API and the processes agree, and every run is the same.

The scenes are those of a recorded job (upload, thumbnail, frames, ffmpeg, clean-up). The climb is
steeper and higher, so that every colour, the fallback and each notification come within a minute,
each while the icon shows its cause.
"""

from __future__ import annotations

import math
import sys
import threading
from bisect import bisect_right
from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from tray_app.core.model.api_failure import ApiFailureKind, ApiProblem
from tray_app.core.model.process_finding import Evidence, EvidenceKind
from tray_app.core.model.readings import (
    GIB,
    MIB,
    ApiFailure,
    ApiOutcome,
    ApiReading,
    PollReading,
    ProcessReading,
    ProcessRow,
    Role,
    StageMark,
    SystemMemory,
    Target,
    TempUsage,
)
from tray_app.core.server.target_override import NO_OVERRIDE, TargetOverride
from tray_app.sources.api.errors import ApiError
from tray_app.worker_thread import WorkerThread

STORY_S = 60.0
"""After this it begins again, with the memory that the last job kept."""

_EMPTY_MB = 180.0
_RETAINED_MB = 420.0
_FREED_PART = 0.5  # of what the server uses beyond its own needs: a collection never frees all
_NOISE_MB = 1.0
_FFMPEG_BYTES = 96 * MIB  # 85 to 123 MB on the real server
_BATCH_S = 2.0
_TOTAL_BYTES = 16 * GIB
# More than half stays free at each moment of the story, so that an alert names the limit only.
_OTHERS_BYTES = round(3.9 * GIB)
_LATENCY_S = 0.005
_CHECK_EVERY_S = 0.1  # how often a withheld answer checks whether the silence is over
# Above Linux's largest pid (4194304), so that no process has them.
_SERVER_PID, _FFMPEG_PID, _OTHER_PID = 5_000_001, 5_000_002, 5_000_003
_IDLE = "AFTER_FINAL_GC"
_FRAMES = "STREAMING_BATCH"


class _Scene(Struct, frozen=True):
    """From ``begins_s`` on. Memory and temp move in a line to where the next scene begins."""

    begins_s: float
    stage: str
    memory_mb: float
    cpu_percent: float
    temp_mb: float = 0.0
    temp_files: int = 0
    api_silent: bool = False
    ffmpeg: bool = False


def _frames(begins_s: float, memory_mb: float) -> _Scene:
    return _Scene(begins_s, _FRAMES, memory_mb, 110, temp_mb=121 + 2 * begins_s, temp_files=3)


_ENCODING = _Scene(
    begins_s=45,
    stage="BEFORE_VIDEO_POSTPROCESSING",
    memory_mb=3035,
    cpu_percent=175,
    temp_mb=235,
    temp_files=4,
    api_silent=True,
    ffmpeg=True,
)
_SCENES = (
    _Scene(0, _IDLE, _EMPTY_MB, 1),
    _Scene(3, "BEFORE_FILE_UPLOAD", _EMPTY_MB, 45, temp_files=1),
    _Scene(6, "AFTER_THUMBNAIL_EXTRACTION", 220, 85, temp_mb=120, temp_files=2),
    # Stairs through the colours: no line, so no forecast yet.
    _frames(7.5, 400),
    _frames(8.5, 700),
    _frames(10.5, 710),
    _frames(11.5, 1240),
    _frames(14, 1250),
    _frames(15.5, 2050),
    # High has come. From here a steady climb: foretold after 13 s, critical after 25 s.
    _frames(18, 2055),
    _frames(44.5, 3030),
    _ENCODING,
    replace(_ENCODING, begins_s=51, memory_mb=3040),
    _Scene(51.5, "AFTER CAP RELEASE", 3030, 30, temp_mb=275, temp_files=4),
    _Scene(53, _IDLE, _RETAINED_MB, 1),
    _Scene(STORY_S, _IDLE, _RETAINED_MB, 1),
)


class DemoMoment(Struct, frozen=True):
    """The scripted server at one moment.

    ``memory_bytes`` is the server process alone, ``cpu_percent`` (of one core) its whole tree's.
    ``stage`` is in the server's own words. ``progress`` stands still while the server is idle.
    """

    memory_bytes: int
    cpu_percent: float
    stage: str
    progress: int
    temp_bytes: int
    temp_files: int
    api_silent: bool
    ffmpeg: bool

    @property
    def system(self) -> SystemMemory:
        """The memory of a machine with 16 GB, of which other programs use 5.4 GB."""
        ffmpeg_bytes = _FFMPEG_BYTES if self.ffmpeg else 0
        used_bytes = _OTHERS_BYTES + self.memory_bytes + ffmpeg_bytes
        return SystemMemory(
            total_bytes=_TOTAL_BYTES,
            available_bytes=_TOTAL_BYTES - used_bytes,
            used_percent=100 * used_bytes / _TOTAL_BYTES,
        )


class Freed(Struct, frozen=True):
    """The memory that *Free memory* has freed in this round of the story."""

    memory_mb: float = 0.0
    round: int = -1


_NOTHING_FREED = Freed()


def round_of(t_s: float) -> int:
    """How often the story has ended ``t_s`` seconds after the start."""
    return int(t_s // STORY_S)


def story(t_s: float, freed: Freed = _NOTHING_FREED) -> DemoMoment:
    """The scripted server ``t_s`` seconds after the start (0 or more), without end."""
    rounds, at_s = round_of(t_s), t_s % STORY_S
    number = bisect_right(_SCENES, at_s, key=lambda scene: scene.begins_s) - 1
    scene, after = _SCENES[number], _SCENES[number + 1]
    part = (at_s - scene.begins_s) / (after.begins_s - scene.begins_s)
    memory_mb = scene.memory_mb + part * (after.memory_mb - scene.memory_mb)
    if rounds:  # the last job's memory is used again before more is needed
        freed_mb = freed.memory_mb if freed.round == rounds - 1 else 0.0
        memory_mb = max(memory_mb, _RETAINED_MB - freed_mb)
    if freed.round == rounds:
        memory_mb = max(_EMPTY_MB, memory_mb - freed.memory_mb)
    batch = int(at_s / _BATCH_S)
    if scene.stage == _IDLE:
        batch = 0 if number == 0 else int(STORY_S)
    return DemoMoment(
        memory_bytes=round(MIB * (memory_mb + _NOISE_MB * math.sin(13 * t_s))),
        cpu_percent=scene.cpu_percent * (1 + 0.05 * math.sin(7 * t_s)),
        stage=f"{_FRAMES}_{batch}" if scene.stage == _FRAMES else scene.stage,
        progress=int(rounds * STORY_S) + batch,
        temp_bytes=round(MIB * (scene.temp_mb + part * (after.temp_mb - scene.temp_mb))),
        temp_files=scene.temp_files,
        api_silent=scene.api_silent,
        ffmpeg=scene.ffmpeg,
    )


class DemoServer:
    """The scripted server from now on: one for all sources, which read it at the same time."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self._started_s = clock()
        self._freed = _NOTHING_FREED

    def at(self, now_s: float) -> DemoMoment:
        """The server at this moment of the clock."""
        return story(now_s - self._started_s, self._freed)

    def now(self) -> DemoMoment:
        """The server now."""
        return self.at(self.clock())

    @property
    def round(self) -> int:
        """How often the story has begun again."""
        return round_of(self.clock() - self._started_s)

    def free_memory(self) -> None:
        """Free a part of its memory, until the next round needs it again."""
        beyond_mb = max(0.0, self.now().memory_bytes / MIB - _EMPTY_MB)
        number, before = self.round, self._freed
        earlier_mb = before.memory_mb if before.round == number else 0.0
        self._freed = Freed(earlier_mb + _FREED_PART * beyond_mb, number)


class DemoApi:
    """The scripted server's API, with the interface of `ApiClient`.

    It answers within 5 ms. In a silence of the story it does not answer until the silence or the
    time limit is over.
    """

    def __init__(self, report: Callable[[ApiOutcome], None], server: DemoServer) -> None:
        self._report = report
        self._server = server
        self._clock = server.clock
        self._order: _Order | None = None
        self._is_closed = False
        self._changed = threading.Condition()
        self._thread: WorkerThread | None = None

    def ask(self, patience_s: float, with_stage: bool = False) -> bool:
        """Start one request and return at once; False (and nothing) while one is in flight."""
        with self._changed:
            if self._is_closed or self._order is not None:
                return False
            self._order = _Order(self._clock(), patience_s, with_stage)
            self._changed.notify()
            if self._thread is None:
                thread = WorkerThread("demo-api", self._work)
                thread.start()
                self._thread = thread
        return True

    def close(self) -> None:
        """End the thread; it reports nothing further."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(1.0)

    def _work(self) -> None:
        while not self._is_closed:
            with self._changed:
                self._changed.wait_for(lambda: self._is_closed or self._order is not None)
                order = self._order
            outcome = self._outcome(order) if order else None
            self._order = None  # first, so that the report may ask again
            if outcome is not None:
                self._report(outcome)

    def _outcome(self, order: _Order) -> ApiOutcome | None:
        """The result of the request; None if closed meanwhile."""
        self._wait(_LATENCY_S)
        while not self._is_closed:
            now_s = self._clock()
            moment = self._server.at(now_s)
            if not moment.api_silent:
                return _reading(moment, now_s, now_s - order.asked_s, order.with_stage)
            left_s = order.asked_s + order.patience_s - now_s
            if left_s <= 0:
                return ApiFailure(
                    now_s, ApiProblem(ApiFailureKind.NO_ANSWER, waited_s=order.patience_s)
                )
            self._wait(min(left_s, _CHECK_EVERY_S))
        return None

    def _wait(self, seconds: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed, seconds)


class _Order(Struct, frozen=True):
    asked_s: float
    patience_s: float
    with_stage: bool


def _reading(moment: DemoMoment, taken_s: float, latency_s: float, with_stage: bool) -> ApiReading:
    return ApiReading(
        taken_s=taken_s,
        latency_s=latency_s,
        rss_bytes=moment.memory_bytes,
        system=moment.system,
        temp=TempUsage(moment.temp_bytes, moment.temp_files, taken_s),
        tracker=(float(moment.progress),),
        stage=StageMark(moment.stage, str(moment.progress)) if with_stage else None,
    )


class DemoProbe:
    """The scripted server's processes, with the interface of `ServerProbe`."""

    def __init__(self, server: DemoServer) -> None:
        self._server = server
        self._has_read = False

    def read(
        self,
        now_s: float,
        others: bool = False,
        override: TargetOverride = NO_OVERRIDE,  # noqa: ARG002 - there is but one server
    ) -> ProcessReading:
        """One reading; CPU is known from the second on, as with real processes."""
        moment = self._server.at(now_s)
        cpu_percent = moment.cpu_percent if self._has_read else None
        self._has_read = True
        return ProcessReading(
            taken_s=now_s,
            system=moment.system,
            target=_TARGET,
            rows=_rows(moment, cpu_percent),
            others=_OTHERS if others else (),
            worker_count=1,
            workers=(_SERVER_PID,),
            answering_rss_bytes=moment.memory_bytes,
            cpu_percent=cpu_percent,
        )

    def make_poller(
        self,
        floor_bytes: int = sys.maxsize,  # noqa: ARG002 - it costs the same
        with_new_children: bool = False,  # noqa: ARG002
    ) -> Callable[[], PollReading]:
        """Polls the tree's memory and the system's, as of when it is called."""
        return self._poll

    def _poll(self) -> PollReading:
        moment = self._server.now()
        rss_bytes = sum(row.rss_bytes for row in _rows(moment, None))
        return PollReading(rss_bytes, moment.system.available_bytes)

    def largest(self, count: int) -> tuple[ProcessRow, ...]:
        """The sources that exist."""
        rows = (*_rows(self._server.now(), None), *_OTHERS)
        return tuple(sorted(rows, key=lambda row: -row.rss_bytes)[:count])

    def forget(self) -> None:
        """The next reading is a first one."""
        self._has_read = False

    def close(self) -> None:
        """Nothing to close."""


def _rows(moment: DemoMoment, cpu_percent: float | None) -> tuple[ProcessRow, ...]:
    server = ProcessRow(
        pid=_SERVER_PID,
        name=_TARGET.name,
        role=Role.TARGET,
        rss_bytes=moment.memory_bytes,
        cpu_percent=cpu_percent,
    )
    if not moment.ffmpeg:
        return (server,)
    # The server waits while ffmpeg encodes.
    waiting = replace(server, cpu_percent=None if cpu_percent is None else 0.0)
    return waiting, ProcessRow(
        pid=_FFMPEG_PID,
        name="ffmpeg",
        role=Role.CHILD,
        rss_bytes=_FFMPEG_BYTES,
        cpu_percent=cpu_percent,
    )


_TARGET = Target(
    pid=_SERVER_PID,
    created_s=0.0,
    name="uvicorn",
    cmdline=("python", "-m", "uvicorn", "main:app"),
    cwd=None,
    evidence=Evidence(EvidenceKind.DEMO),
)
_OTHERS = (
    ProcessRow(
        pid=_OTHER_PID, name="jupyter-lab", role=Role.PYTHON, rss_bytes=212 * MIB, cpu_percent=0.3
    ),
)


class DemoCalls:
    """The actions on the scripted server, with the interface of `ServerCalls`.

    In a silence of the story it answers nothing, like the API.
    """

    def __init__(self, server: DemoServer) -> None:
        self._server = server
        self._is_closed = threading.Event()

    def status(self, patience_s: float) -> ApiReading:
        """The server's figures now."""
        asked_s = self._server.clock()
        while self._server.now().api_silent:
            if self._server.clock() - asked_s >= patience_s or self._is_closed.is_set():
                raise ApiError(ApiProblem(ApiFailureKind.NO_ANSWER, waited_s=patience_s))
            self._is_closed.wait(_CHECK_EVERY_S)
        now_s = self._server.clock()
        return _reading(self._server.at(now_s), now_s, now_s - asked_s, with_stage=False)

    def free_memory(self, patience_s: float) -> None:  # noqa: ARG002 - it answers at once
        """Free a part of its memory."""
        self._server.free_memory()

    def clean_up(self, age_hours: int, patience_s: float) -> None:
        """Delete nothing: the story is younger than an hour's files."""

    def close(self) -> None:
        """From any thread: give up a call in progress."""
        self._is_closed.set()

    def hang_up(self) -> None:
        """Nothing to close."""


class DemoWalker:
    """The scripted temp directory, with the interface of `TempWalker`; reports at each watch.

    It is asked in every mode, so it also reports when the story begins again.
    """

    def __init__(
        self, report: Callable[[TempUsage], None], server: DemoServer, again: Callable[[], None]
    ) -> None:
        self._report = report
        self._server = server
        self._again = again
        self._round = server.round

    def watch(self, path: str | None, *, lively: bool = False) -> None:  # noqa: ARG002 - there is but one directory
        """Report the story's figures of this moment."""
        now_s = self._server.clock()
        moment = self._server.at(now_s)
        if self._round != self._server.round:
            self._round = self._server.round
            self._again()
        self._report(TempUsage(moment.temp_bytes, moment.temp_files, now_s))

    def close(self) -> None:
        """Nothing to close."""
