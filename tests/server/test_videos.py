"""The stand-in server processes a video as the real one was recorded doing it.

Rule: figures are checked against the kernel's; what happened when is read from ``jobs.jsonl``.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable
from typing import Any

import psutil
import pytest

from tests.needs import needs
from tests.server.starting import RunAnalyzeServer, ServerFactory
from tests.waiting import AMPLE_S, wait_for

MIB = 1024**2
LIMIT_S = 180.0
"""For what takes seconds on a machine that does nothing else."""

QUICK = {"frames_s": 0.8, "storage_s": 0.2, "feedback_s": 0.1, "database_s": 0.1}


def told(server: RunAnalyzeServer) -> list[dict[str, Any]]:
    path = server.folder / "jobs.jsonl"
    text = path.read_text() if path.exists() else ""
    return [json.loads(line) for line in text.split("\n")[:-1]]  # the last may be on its way


def ended(server: RunAnalyzeServer, count: int = 1) -> Callable[[], bool]:
    return lambda: sum(word["what"] == "end" for word in told(server)) == count


def stages(server: RunAnalyzeServer, job: int = 1) -> list[str]:
    return [word["stage"] for word in told(server) if word["stage"] and word["job"] == job]


def rss_mb(server: RunAnalyzeServer) -> float:
    return psutil.Process(server.pid).memory_info().rss / MIB


def test_a_video_takes_its_course(runanalyze_server: ServerFactory) -> None:
    """Memory climbs and partly comes back, ffmpeg runs below a shell, the files go at the end."""
    server = runanalyze_server()
    server.post("/test/clips")
    before_mb = rss_mb(server)
    children: set[str] = set()
    peak_mb = 0.0
    files: set[str] = set()

    def done() -> bool:
        nonlocal peak_mb, children, files
        peak_mb = max(peak_mb, rss_mb(server))
        for child in psutil.Process(server.pid).children(recursive=True):
            try:
                children |= {child.name()}
            except psutil.NoSuchProcess:
                continue
        files |= {path.name.partition("_")[0] for path in (server.folder / "tmp").rglob("*.*")}
        return ended(server)()

    server.process_video(grow_mb=120, kept_mb=40, **QUICK)
    wait_for(done, "the video is done", LIMIT_S)
    assert peak_mb - before_mb == pytest.approx(120, abs=12)
    assert rss_mb(server) - before_mb == pytest.approx(40, abs=12)
    assert "ffmpeg" in children
    assert {"thumbnail", "processed"} <= files
    assert not list((server.folder / "tmp").rglob("*.*"))
    assert stages(server)[0] == "AFTER_FILE_UPLOAD"
    assert stages(server)[-1] == "AFTER_FINAL_GC"
    assert len(stages(server)) == 34  # as the real one's history has after a video


@needs("ffmpeg")
def test_ffmpeg_is_the_real_one(runanalyze_server: ServerFactory) -> None:
    """Where ffmpeg is installed its children are that program, and hold what was recorded."""
    server = runanalyze_server()
    assert server.post("/test/clips") == {"ffmpeg": True}
    server.process_video(**QUICK)

    def encoding() -> list[psutil.Process]:
        family = psutil.Process(server.pid).children(recursive=True)
        return [p for p in family if p.name() == "ffmpeg" and p.memory_info().rss > 60 * MIB]

    found = wait_for(encoding, "ffmpeg encodes", LIMIT_S)[0]
    assert found.cmdline()[0] == "ffmpeg"
    assert found.parent().name() == "sh"
    wait_for(ended(server), "the video is done", LIMIT_S)


def test_waiting_for_storage_is_silence_without_work(runanalyze_server: ServerFactory) -> None:
    """While it waits for storage or database it answers nobody and uses no CPU."""
    server = runanalyze_server()
    server.process_video(**QUICK | {"storage_s": 2.0})
    wait_for(lambda: "BEFORE_VIDEO_UPLOAD" in stages(server), "it uploads", LIMIT_S)
    process = psutil.Process(server.pid)
    used_s, began_s = sum(process.cpu_times()[:2]), time.monotonic()
    assert not server.answers(within_s=0.5)
    assert (sum(process.cpu_times()[:2]) - used_s) / (time.monotonic() - began_s) < 0.2
    wait_for(ended(server), "the video is done", LIMIT_S)


@pytest.mark.parametrize("fails", ["no person", "unpack"])
def test_a_video_that_fails(runanalyze_server: ServerFactory, fails: str) -> None:
    """It ends after the detection, without frames and ffmpeg, and is tidied up."""
    server = runanalyze_server()
    server.post("/test/clips")
    server.process_video(fails=fails, **QUICK)
    wait_for(ended(server), "the video has failed", LIMIT_S)
    begin, *_, end = told(server)
    assert 0.5 < end["wall_s"] - begin["wall_s"] < 10
    assert "PROCESSING_COMPLETE" not in stages(server)
    assert stages(server)[-1] == "AFTER_FINAL_GC"
    assert not list((server.folder / "tmp").rglob("*.*"))


def test_two_at_once_add_no_stage(runanalyze_server: ServerFactory) -> None:
    """The second video's words were counted already: of the summary only the memory changes."""
    server = runanalyze_server()
    server.post("/test/clips")
    server.process_video(user="u1", **QUICK)
    wait_for(lambda: "PROCESSING_START" in stages(server), "the first is in its frames", LIMIT_S)
    server.process_video(user="u2", **QUICK | {"frames_s": 2.5})
    counts: list[int] = []

    def both() -> bool:
        summary = server.get("/memory-status/")["tracker_summary"]
        counts.append(summary.get("stage_count", 0))
        return ended(server, 2)()

    wait_for(both, "both are done", 90)
    history = server.get("/memory-history/", limit=200)
    assert history["summary"]["stage_count"] == counts[-1] < history["total_entries"]
    assert history["history"][-1]["stage"] == "AFTER_FINAL_GC"
    assert history["summary"]["final_memory_mb"] == history["history"][-1]["process_memory_mb"]


def test_a_synchronous_video_silences_the_api(runanalyze_server: ServerFactory) -> None:
    """As the server of 2025-10: one request, and nobody else is answered until it is done."""
    server = runanalyze_server()
    server.post("/test/clips")

    def post() -> None:
        with contextlib.suppress(TimeoutError):  # the answer comes when the video is done
            server.process_video(**QUICK | {"sync": True})

    request = threading.Thread(target=post)
    request.start()
    wait_for(lambda: "PROCESSING_START" in stages(server), "it is in its frames", LIMIT_S)
    assert not server.answers(within_s=0.3)
    wait_for(ended(server), "the video is done", LIMIT_S)
    request.join(AMPLE_S)
    assert server.answers()
