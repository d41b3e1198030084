"""A stand-in for RunAnalyze's server: its memory API, with this process's real figures.

Rule: it speaks as the real one was recorded (names, roundings, trailing slashes, a blocked event
loop when busy) and does for real what ``/test/...`` asks: allocate, hang, burn, write files, or
process a video (`videos`). A copy named main.py beside a copy of videos.py is a complete project.
It ends with its parent.
"""

from __future__ import annotations

import asyncio
import gc
import mmap
import multiprocessing
import os
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import psutil
import uvicorn
import videos
from fastapi import BackgroundTasks, Depends, FastAPI, Query, Request, Response
from fastapi.responses import JSONResponse
from videos import rss_mb

MIB = 1024**2
GIB = 1024**3
LIFE_S = 600.0
TMP = Path("tmp")
GO_ON = Path("go-on")

app = FastAPI()
process = psutil.Process()
held: list[mmap.mmap] = []
garbage: list[mmap.mmap] = []
tracker = videos.Tracker()
tasks: set[asyncio.Task[None]] = set()
calls: Counter[str] = Counter()
failing_status = 0


def end_with_parent() -> None:
    """Leave when the parent is gone or after ``LIFE_S``: no server outlives its test run."""
    # uvicorn's supervisor may have gone while this worker was still being imported.
    supervisor = multiprocessing.parent_process()
    parent = (supervisor and supervisor.pid) or os.getppid()
    end = time.monotonic() + LIFE_S
    while os.getppid() == parent and time.monotonic() < end:
        time.sleep(0.25)
    if os.getppid() == parent and supervisor:
        os.kill(parent, signal.SIGTERM)  # else it would start another worker
    os._exit(0)


threading.Thread(target=end_with_parent, daemon=True).start()


@app.middleware("http")
async def count_and_fail(
    request: Request, answer: Callable[[Request], Awaitable[Response]]
) -> Response:
    path = request.url.path
    if path.startswith("/test/"):
        return await answer(request)
    calls[path] += 1
    if failing_status == 200:
        return JSONResponse({"error": "told to fail"})
    if failing_status:
        return JSONResponse({"detail": "told to fail"}, failing_status)
    return await answer(request)


# RunAnalyze's API


def tmp_files() -> Iterator[tuple[Path, os.stat_result]]:
    for path in sorted(TMP.rglob("*")):
        if path.is_file():
            yield path, path.stat()


@app.get("/memory-status/")
async def memory_status(shape: str = "") -> dict[str, Any]:
    """Nested as today's server answers; flat with ``?shape=flat`` or RUNANALYZE_SHAPE=flat."""
    if (shape or os.environ.get("RUNANALYZE_SHAPE")) == "flat":
        return flat_status()
    memory, system, disk = process.memory_info(), psutil.virtual_memory(), psutil.disk_usage(".")
    folders: dict[str, dict[str, Any]] = {}
    total_bytes = 0
    file_count = 0
    for path, stat in tmp_files():
        total_bytes += stat.st_size
        file_count += 1
        folder = folders.setdefault(
            path.parent.relative_to(TMP).as_posix(), {"size_mb": 0.0, "file_count": 0}
        )
        folder["size_mb"] = round(folder["size_mb"] + stat.st_size / MIB, 2)
        folder["file_count"] += 1
    summary = tracker.summary()
    # As the real one writes it: memory below the start is "+-99.4MB".
    growth = f"+{memory.rss / MIB - summary['start_memory_mb']:.1f}MB" if summary else "N/A"
    pressure = "HIGH" if system.percent > 85 else "MEDIUM" if system.percent > 70 else "LOW"
    return {
        "timestamp": datetime.now().isoformat(),
        "process_memory": {
            "rss_mb": round(memory.rss / MIB, 2),
            "vms_mb": round(memory.vms / MIB, 2),
            "percent": round(process.memory_percent(), 2),
            "shared_mb": round(getattr(memory, "shared", 0) / MIB, 2),
        },
        "system_memory": {
            "total_gb": round(system.total / GIB, 2),
            "available_gb": round(system.available / GIB, 2),
            "used_percent": system.percent,
            "free_gb": round(system.free / GIB, 2),
            "cached_gb": round(getattr(system, "cached", 0) / GIB, 2),
            "buffers_gb": round(getattr(system, "buffers", 0) / GIB, 2),
        },
        "disk_usage": {
            "total_gb": round(disk.total / GIB, 2),
            "free_gb": round(disk.free / GIB, 2),
            "used_percent": round(disk.used / disk.total * 100, 2),
        },
        "tmp_directory": {
            "total_size_mb": round(total_bytes / MIB, 2),
            "file_count": file_count,
            "folder_breakdown": folders,
        },
        "memory_efficiency": {
            "memory_per_core": round(memory.rss / MIB / (os.cpu_count() or 1), 2),
            "memory_growth_rate": growth,
            "memory_pressure": pressure,
        },
        "tracker_summary": summary,
        "recommendations": ["Memory usage is within normal ranges"],
    }


def flat_status() -> dict[str, Any]:
    system = psutil.virtual_memory()
    return {
        "process_memory_mb": round(rss_mb(), 2),
        "process_memory_percent": round(process.memory_percent(), 2),
        "system_memory_used_percent": system.percent,
        "system_memory_available_gb": round(system.available / GIB, 2),
        "system_memory_total_gb": round(system.total / GIB, 2),
        "memory_tracker_active": bool(tracker.history),
        "recent_peak_memory_mb": tracker.summary().get("peak_memory_mb", round(rss_mb(), 1)),
    }


@app.get("/memory-history/")
async def memory_history(limit: int = 20) -> dict[str, Any]:
    history = tracker.history
    if not history:
        return {"message": "No memory tracking data available", "history": [], "summary": {}}
    newest = history[-limit:]
    return {
        "total_entries": len(history),
        "returned_entries": len(newest),
        "history": newest,
        "trend_analysis": {},
        "summary": tracker.summary(),
    }


@app.post("/optimize-memory/")
async def optimize_memory() -> dict[str, Any]:
    """Frees what ``/test/allocate?garbage=1`` left lying, else nothing; and, as the real one does
    without a word, deletes temp files older than 1 h."""
    freed = len(garbage)
    drop(garbage)
    delete_older(1)
    return {
        "success": True,
        "garbage_collected": gc.collect() + freed,
        "memory_after_mb": round(rss_mb(), 1),
        "message": "Memory optimization completed",
    }


@app.post("/cleanup-old-files/")
async def cleanup_old_files(max_age_hours: int = 24) -> dict[str, Any]:
    delete_older(max_age_hours)
    return {"message": f"Cleanup completed for files older than {max_age_hours} hours"}


def delete_older(hours: int) -> None:
    newest_kept = time.time() - hours * 3600
    for path, stat in tmp_files():
        if stat.st_mtime < newest_kept:
            path.unlink(missing_ok=True)


@app.get("/cleanup-status/")
async def cleanup_status() -> dict[str, Any]:
    files: list[dict[str, Any]] = [
        {
            "path": path.as_posix(),
            "size_mb": round(stat.st_size / MIB, 2),
            "age_hours": round((time.time() - stat.st_mtime) / 3600, 2),
            "created": datetime.fromtimestamp(stat.st_ctime).isoformat(),
        }
        for path, stat in tmp_files()
    ]
    return {
        "tmp_file_count": len(files),
        "total_size_mb": round(sum(file["size_mb"] for file in files), 2),
        "oldest_files": sorted(files, key=lambda file: file["created"])[:10],
        "large_files": [file for file in files if file["size_mb"] > 10],
    }


# What only a test asks for


@app.post("/test/allocate")
def allocate(
    mb: int = Query(ge=1, le=4096), garbage_too: bool = Query(False, alias="garbage")
) -> dict[str, Any]:
    """Hold ``mb`` more, every page touched; private pages are RSS and leave it when freed."""
    pages = mmap.mmap(-1, mb * MIB, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    block = b"\xa5" * MIB
    for _ in range(mb):
        pages.write(block)
    (garbage if garbage_too else held).append(pages)
    return {"pid": os.getpid(), "rss_mb": rss_mb()}


@app.post("/test/free")
def free() -> dict[str, Any]:
    """Give everything allocated back."""
    drop(held)
    drop(garbage)
    return {"pid": os.getpid(), "rss_mb": rss_mb()}


def drop(kept: list[mmap.mmap]) -> None:
    while kept:
        kept.pop().close()


@app.post("/test/hang")
async def hang(
    after_answer: BackgroundTasks,
    seconds: float = Query(gt=0, le=120),
    works: bool = False,
) -> dict[str, Any]:
    """Block the event loop just after this answer, until a file ``go-on`` is there: connections are
    taken, none answered.

    ``works``: with a core in use all the while, else with none.
    """

    async def block() -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end and not GO_ON.exists():
            if not works:
                time.sleep(0.05)  # blocking the loop is the point

    after_answer.add_task(block)
    return {"pid": os.getpid()}


@app.post("/test/burn")
def burn(
    seconds: float = Query(gt=0, le=120), children: bool = False, mb: int = Query(90, ge=0, le=512)
) -> dict[str, Any]:
    """Keep one core busy here, or with ``children`` in a grandchild named ffmpeg holding ``mb``."""
    if children:
        # Through a shell, as the real server starts it.
        command = videos.stand_in("ffmpeg", seconds, mb) + "; true"
        child = subprocess.Popen(command, shell=True)
        threading.Thread(target=child.wait, daemon=True).start()
        return {"pid": child.pid}

    def spin() -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            pass

    threading.Thread(target=spin, daemon=True).start()
    return {"pid": os.getpid()}


@app.post("/test/tmp")
def write_tmp(
    mb: int = Query(ge=0, le=1024),
    name: str = "u1/processed/processed_video.mp4",
    age_hours: float = Query(0.0, ge=0),
) -> dict[str, Any]:
    """Write a file of ``mb`` below tmp, last touched so long ago; 0 removes it."""
    path = TMP / name
    if mb:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.urandom(MIB) * mb)
        touched_s = time.time() - age_hours * 3600
        os.utime(path, (touched_s, touched_s))
    else:
        path.unlink(missing_ok=True)
    return {"path": path.as_posix()}


@app.post("/test/stage")
def stage(name: str, video_info: str = "") -> dict[str, Any]:
    """Enter a stage into the memory history; ``AFTER_FILE_UPLOAD`` begins a new one."""
    if name == "AFTER_FILE_UPLOAD":
        tracker.start()
    return tracker.log(name, video_info)


@app.post("/test/clips")
def make_clips() -> dict[str, Any]:
    """Make the videos to upload, so that no job has to; whether ffmpeg is the real one."""
    for height in (720, 1080):
        videos.clip(height)
    return {"ffmpeg": videos.has_ffmpeg()}


@app.post("/test/job")
async def post_job(video: Annotated[videos.Video, Depends()]) -> dict[str, Any]:
    """Process a video; answers when it is uploaded, a synchronous job when it is done."""
    job = videos.Job(video, tracker)
    job.accept()
    if video.sync:
        await job.run()
    else:
        task = asyncio.create_task(job.run())
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    return {"pid": os.getpid(), "job": job.number}


@app.post("/test/fail")
def fail(status: int = 500) -> dict[str, Any]:
    """Answer the API with this status from now on; 200 with ``error``; 0 ends it."""
    global failing_status
    failing_status = status
    return {"status": status}


@app.get("/test/calls")
def count_calls() -> dict[str, int]:
    """How often each path of the API was asked, in this worker."""
    return dict(calls)


@app.post("/test/exit")
async def leave(after_answer: BackgroundTasks, code: int = 0) -> dict[str, Any]:
    """End this process at once, as a crash does."""
    after_answer.add_task(os._exit, code)
    return {"pid": os.getpid()}


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(os.environ.get("PORT", "8000")))
