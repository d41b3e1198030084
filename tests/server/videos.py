"""What a video does to RunAnalyze's server: memory, cores, children, files, silences and words.

Rule: the order, the words and the blocked event loop are those of the real server's source, sizes
and times those of its recorded runs (`resource-trace.csv`, the payloads of `memory-history`).
``jobs.jsonl`` in the server's folder tells what truly happened and when, for comparison.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import mmap
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import psutil

T = TypeVar("T")

MIB = 1024**2
GIB = 1024**3
TRUTH = Path("jobs.jsonl")
TMP = Path("tmp")
CLIPS = Path("clips")
CHUNK_MIB = 2
CLIP_S = 8
# One frame's detection, in seconds of CPU: a full core gives some 12 frames a second, as recorded.
FRAME_CPU_S = 0.07
SAMPLED_FRAMES = 10
# What grows a job's memory, as parts of its whole growth (recorded: 126, 138, 251, 279, 286, 337).
AT_START, AT_THUMBNAIL, AT_DETECTION, AT_DISTANCE, AT_FRAMES = 0.06, 0.53, 0.13, 0.03, 0.25
FRAMES_UNTIL_LEVEL = 12
FFMPEG = (
    'ffmpeg -noautorotate -i "{0}" -c:v libx264 -crf 32 -preset ultrafast -tune fastdecode '
    "-profile:v baseline -movflags +faststart -threads 2 -max_muxing_queue_size 1024 "
    '-vf "scale=trunc(iw/2)*2:trunc(ih/2)*2" -metadata:s:v rotate=0 "{1}" -y'
)

# What ffmpeg is to a process list: a name, memory and a busy core, for a bounded time.
STAND_IN = """
import sys, time
end = time.monotonic() + float(sys.argv[1])
held = bytearray(int(sys.argv[2]) * 1024**2)
held[::4096] = b"x" * len(held[::4096])
while time.monotonic() < end: pass
"""

process = psutil.Process()


def rss_mb() -> float:
    """This process's resident memory, as the kernel counts it."""
    return process.memory_info().rss / MIB


def has_ffmpeg() -> bool:
    """Whether real ffmpeg children can be had here."""
    return bool(shutil.which("ffmpeg") and shutil.which("ffprobe"))


def stand_in(name: str, seconds: float, mb: int) -> str:
    """A shell command that runs a process of this name which holds ``mb`` and burns a core."""
    # By a link, since the kernel names a process after the file that was executed.
    link = Path(name).absolute()
    if not link.exists():
        link.symlink_to(getattr(sys, "_base_executable", sys.executable))
    return f"'{link}' -I -S -c '{STAND_IN}' {seconds} {mb}"


class Tracker:
    """The real server's memory tracker: one for all jobs, whose summary outlives them.

    A job's start empties it, although another may be running; ``stage_count`` counts names, so the
    second of two videos at once adds none once the first has been through them.
    """

    def __init__(self) -> None:
        self.history: list[dict[str, Any]] = []
        self.start_mb = 0.0
        self.peak_mb = 0.0
        self._increase_mb: dict[str, float] = {}

    def start(self) -> None:
        """A job begins; what was before is forgotten."""
        self.history = []
        self._increase_mb = {}
        self.start_mb = self.peak_mb = rss_mb()

    def log(self, stage: str, video_info: str = "") -> dict[str, Any]:
        """Enter a stage; the entry."""
        now_mb = rss_mb()
        if not self.start_mb:
            self.start_mb = now_mb
        self.peak_mb = max(self.peak_mb, now_mb)
        increase_mb = now_mb - self.start_mb
        system = psutil.virtual_memory()
        entry = {
            "timestamp": datetime.now().isoformat(),
            "stage": stage,
            "video_info": video_info,
            "process_memory_mb": round(now_mb, 1),
            "memory_increase_mb": round(increase_mb, 1),
            "memory_percent": round(process.memory_percent(), 2),
            "system_used_percent": system.percent,
            "system_available_gb": round(system.available / GIB, 2),
            "tracemalloc_current_mb": 0.0,
            "tracemalloc_peak_mb": 0.0,
        }
        self.history.append(entry)
        self._increase_mb[stage] = round(increase_mb, 1)
        return entry

    def summary(self) -> dict[str, Any]:
        """``tracker_summary`` of the status; empty before the first job."""
        if not self.history:
            return {}
        stages = self._increase_mb.items()
        return {
            "start_memory_mb": round(self.start_mb, 1),
            "peak_memory_mb": round(self.peak_mb, 1),
            "total_increase_mb": round(self.peak_mb - self.start_mb, 1),
            "stage_count": len(self._increase_mb),
            "memory_efficient_stages": [stage for stage, mb in stages if mb < 50],
            "memory_intensive_stages": [stage for stage, mb in stages if mb > 100],
            "final_memory_mb": self.history[-1]["process_memory_mb"],
        }


@dataclass
class Memory:
    """Private pages, which are RSS when touched and leave it when dropped."""

    blocks: list[mmap.mmap] = field(default_factory=list)
    owed_mb: float = 0.0

    def hold(self, mb: float) -> None:
        """Hold so much more, every page touched; what is less than a block comes with the next."""
        self.owed_mb += mb
        while self.owed_mb >= CHUNK_MIB:
            self.owed_mb -= CHUNK_MIB
            block = mmap.mmap(-1, CHUNK_MIB * MIB, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
            block.write(b"\xa5" * (CHUNK_MIB * MIB))
            self.blocks.append(block)

    def drop(self, mb: float) -> None:
        """Give so much back."""
        for _ in range(min(round(mb / CHUNK_MIB), len(self.blocks))):
            self.blocks.pop().close()


@dataclass(frozen=True)
class Video:
    """What a job is told to be. ``frames_s`` is CPU time, ``*_s`` else are waits without any.

    ``grow_mb`` is what memory climbs by, of which ``kept_mb`` stays for ever; ``wave_mb`` comes
    and goes while frames are processed. ``fails``: "" or, as recorded, "no person" (after 4 s)
    or "unpack" (after 2 to 3.5 s). ``sync``: the API is silent for the whole job.
    """

    user: str = "u1"
    height: int = 720
    frames_s: float = 8.0
    grow_mb: float = 80.0
    kept_mb: float = 20.0
    wave_mb: float = 0.0
    storage_s: float = 0.5
    feedback_s: float = 0.9
    database_s: float = 0.4
    fails: str = ""
    sync: bool = False


def clip(height: int) -> Path:
    """A video of 8 s to upload, made at its first use; without ffmpeg a file of its size."""
    path = CLIPS / f"video_{height}p.mp4"
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        if has_ffmpeg():
            source = f"testsrc2=size={height * 16 // 9}x{height}:rate=30:duration={CLIP_S}"
            making = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", source, "-c:v", "mpeg4"]
            subprocess.run([*making, "-q:v", "4", str(path)], check=True)
        else:
            path.write_bytes(os.urandom(MIB) * (height // 60))
    return path


class Job:
    """One video on its way through the server."""

    count = 0

    def __init__(self, video: Video, tracker: Tracker) -> None:
        Job.count += 1
        self.number = Job.count
        self.video = video
        self._tracker = tracker
        self._memory = Memory()
        self._folder = TMP / video.user
        # A second's precision, as the real one names its files: two at once need two users.
        self._stamp = datetime.now().strftime("%Y%m%d_%H%M%S")
        self._upload = self._folder / f"{self._stamp}_{clip(video.height).name}"
        self._thumbnail = self._folder / f"thumbnail_{self._stamp}.jpg"
        self._processed = self._folder / "processed" / f"processed_{self._upload.name}"
        self._final = self._processed.with_stem(self._processed.stem + "_faststart")

    def accept(self) -> None:
        """The request: the file is saved before it is answered."""
        self._tell("start")
        self._processed.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(clip(self.video.height), self._upload)

    async def run(self) -> None:
        """All the rest; what fails is tidied up, too."""
        try:
            with self._tidied():
                await self._work()
        finally:
            self._tell("end")

    async def _work(self) -> None:
        video, log = self.video, self._log
        self._tracker.start()
        self._memory.hold(AT_START * video.grow_mb)
        await self._pause(0.1)
        log("AFTER_FILE_UPLOAD", f"File: {self._upload.name}")
        await self._pause(0.1)
        log("BEFORE_THUMBNAIL_EXTRACTION")
        self._look_at_video()
        self._memory.hold(AT_THUMBNAIL * video.grow_mb)
        self._thumbnail.write_bytes(os.urandom(200 * 1024))
        log("AFTER_THUMBNAIL_EXTRACTION")
        log("BEFORE_THUMBNAIL_UPLOAD")
        time.sleep(video.storage_s / 5)
        log("AFTER_THUMBNAIL_UPLOAD")
        await self._pause(0.1)
        log("BEFORE_ROTATION_DETECTION")
        self._look_at_video()
        log("AFTER_ROTATION_DETECTION")
        await self._pause(0.1)
        log("BEFORE_STREAM_SETUP")
        log("AFTER_STREAM_SETUP")
        log("BEFORE_VIDEO_ANALYSIS_SETUP")
        log("AFTER_VIDEO_ANALYSIS_SETUP")
        await self._pause(0.1)
        log("BEFORE_RUNNING_DETECTION")
        await self._off_loop(self._detect)
        if video.fails == "no person":
            return
        log("AFTER_RUNNING_DETECTION")
        self._memory.hold(AT_DISTANCE * video.grow_mb)
        if video.fails != "unpack":
            await self._off_loop(self._detect)
        log("BEFORE_OUTPUT_WRITER_SETUP")
        log("AFTER_OUTPUT_WRITER_SETUP")
        log("PROCESSING_START")
        if video.fails == "unpack":
            return
        await self._frames()
        log("PROCESSING_COMPLETE")
        await self._pause(0.1)
        log("BEFORE_ANALYSIS_SUMMARY")
        log("AFTER_ANALYZER_RESET")
        log("AFTER_ANALYSIS_SUMMARY")
        log("BEFORE_RESOURCE_CLEANUP")
        time.sleep(0.1)
        log("AFTER_RESOURCE_CLEANUP")
        await self._pause(0.1)
        log("BEFORE_VIDEO_POSTPROCESSING")
        self._encode()
        log("AFTER_VIDEO_POSTPROCESSING")
        await self._pause(0.1)
        log("BEFORE_VIDEO_UPLOAD")
        time.sleep(video.storage_s)
        log("AFTER_VIDEO_UPLOAD")
        await self._pause(0.1)
        log("BEFORE_FEEDBACK_GENERATION")
        time.sleep(video.feedback_s)  # questions to the database, in a row: nobody is answered
        log("AFTER_FEEDBACK_GENERATION")
        await self._pause(0.1)
        log("BEFORE_DATABASE_OPERATIONS")
        time.sleep(video.database_s)
        log("AFTER_DATABASE_OPERATIONS")

    @contextmanager
    def _tidied(self) -> Iterator[None]:
        try:
            yield
        finally:
            log = self._log
            log("CLEANUP_START")
            log("AFTER CAP RELEASE")
            video = self.video
            allocated_mb = CHUNK_MIB * len(self._memory.blocks)
            self._memory.drop(allocated_mb - min(video.kept_mb, allocated_mb))
            time.sleep(0.3)
            for path in (self._upload, self._thumbnail, self._processed, self._final):
                path.unlink(missing_ok=True)
            log("CLEANUP_FILES_COMPLETE")
            time.sleep(0.05)
            log("AFTER_FINAL_GC")
            KEPT.extend(self._memory.blocks)

    async def _frames(self) -> None:
        video, memory = self.video, self._memory
        source = clip(video.height).read_bytes()
        count = max(1, round(video.frames_s / FRAME_CPU_S))
        waving = False
        with self._processed.open("wb", buffering=256 * 1024) as out:
            for frame in range(count):
                await self._pause(0.01)
                if frame < FRAMES_UNTIL_LEVEL:
                    memory.hold(AT_FRAMES / FRAMES_UNTIL_LEVEL * video.grow_mb)
                elif video.wave_mb and frame % 15 == 0:
                    (memory.drop if waving else memory.hold)(video.wave_mb)
                    waving = not waving
                await self._off_loop(lambda: _burn(FRAME_CPU_S))
                out.write(source[frame * len(source) // count : (frame + 1) * len(source) // count])

    def _detect(self) -> None:
        """Whether somebody runs: a look at every 24th frame, each with an ffprobe beside it."""
        part_mb = AT_DETECTION / 2 / SAMPLED_FRAMES * self.video.grow_mb
        for _ in range(SAMPLED_FRAMES):
            self._look_at_video()
            _burn(FRAME_CPU_S)
            self._memory.hold(part_mb)

    def _look_at_video(self) -> None:
        if has_ffmpeg():
            asking = ["ffprobe", "-v", "quiet", "-print_format", "json", "-show_streams"]
            subprocess.run([*asking, str(self._upload)], capture_output=True, check=False)
        else:
            subprocess.run(stand_in("ffprobe", 0.06, 13), shell=True, check=False)

    def _encode(self) -> None:
        if has_ffmpeg():
            command = FFMPEG.format(self._processed, self._final)
        else:
            shutil.copy(self._processed, self._final)
            command = stand_in("ffmpeg", 1.5, 85 if self.video.height < 1000 else 120) + "; true"
        subprocess.run(command, shell=True, capture_output=True, check=False)

    async def _pause(self, seconds: float) -> None:
        """The real one lets others run here; in a synchronous job nobody does."""
        if self.video.sync:
            return
        await asyncio.sleep(seconds)

    async def _off_loop(self, work: Callable[[], T]) -> T:
        if self.video.sync:
            return work()
        return await asyncio.get_running_loop().run_in_executor(None, work)

    def _log(self, stage: str, video_info: str = "") -> None:
        self._tracker.log(stage, video_info)
        self._tell("stage", stage)

    def _tell(self, what: str, stage: str = "") -> None:
        now = {"wall_s": time.time(), "job": self.number, "what": what, "stage": stage}
        with TRUTH.open("a") as truth:
            truth.write(json.dumps(now | {"rss_mb": round(rss_mb(), 1)}) + "\n")


KEPT: list[mmap.mmap] = []
"""What ended jobs have kept: it does not come back in the life of the process."""

_NOISE = os.urandom(MIB)


def _burn(cpu_s: float) -> None:
    """A frame's worth of work that leaves the interpreter to others, as TensorFlow does."""
    end = time.thread_time() + cpu_s
    while time.thread_time() < end:
        hashlib.sha256(_NOISE)
