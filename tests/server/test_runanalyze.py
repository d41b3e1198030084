"""The stand-in server does for real what it says, in every way of starting it.

Rule: figures are checked against the kernel's, through psutil.
"""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
import urllib.error
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.server.starting import RunAnalyzeServer, ServerFactory, Style
from tests.waiting import wait_for

MIB = 1024**2
ROOT = Path(__file__).parents[2]


def rss_mb(pid: int) -> float:
    return psutil.Process(pid).memory_info().rss / MIB


def is_alive(process: psutil.Process) -> bool:
    """Whether it runs; a zombie has ended, and an orphan's init may be slow to bury it."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def shape(value: Any) -> Any:
    """The names and types of a body, without its figures."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    return type(value).__name__


def test_memory_is_real(runanalyze_server: ServerFactory) -> None:
    """Allocated memory is in the API's figure and the kernel's; freed memory leaves both."""
    server = runanalyze_server()
    before = server.rss_mb()
    server.allocate(200)
    assert server.rss_mb() - before == pytest.approx(200, abs=10)
    assert server.rss_mb() == pytest.approx(rss_mb(server.pid), abs=2)
    server.free()
    assert server.rss_mb() - before == pytest.approx(0, abs=10)


def test_optimize_frees_garbage_only(runanalyze_server: ServerFactory) -> None:
    """``/optimize-memory/`` frees what was left lying and keeps what is held."""
    server = runanalyze_server()
    before = server.rss_mb()
    server.allocate(100)
    server.allocate(100, garbage=True)
    answer = server.post("/optimize-memory/")
    assert answer["success"]
    assert answer["memory_after_mb"] - before == pytest.approx(100, abs=10)


def test_speaks_the_recorded_shapes(runanalyze_server: ServerFactory) -> None:
    """Names and types are those of the recorded bodies, idle and after a stage."""
    server = runanalyze_server()
    assert shape(server.get("/memory-status/")) == RECORDED_IDLE
    assert server.get("/memory-history/", limit=1) == {
        "message": "No memory tracking data available",
        "history": [],
        "summary": {},
    }
    server.stage("AFTER_FILE_UPLOAD")
    server.allocate(60)
    server.stage("PROCESSING_START")
    status = server.get("/memory-status/")
    assert status["tracker_summary"]["stage_count"] == 2
    assert status["memory_efficiency"]["memory_growth_rate"].startswith("+")
    history = server.get("/memory-history/", limit=1)
    assert (history["total_entries"], history["returned_entries"]) == (2, 1)
    assert history["history"][0]["stage"] == "PROCESSING_START"


def test_flat_shape(runanalyze_server: ServerFactory) -> None:
    """The older flat shape is there by a start option and by query."""
    server = runanalyze_server(flat=True)
    flat = server.get("/memory-status/")
    assert flat["process_memory_mb"] == pytest.approx(rss_mb(server.pid), abs=5)
    assert flat.keys() == server.get("/memory-status/", shape="flat").keys()
    assert "process_memory" in server.get("/memory-status/", shape="nested")


def test_hang_is_silence(runanalyze_server: ServerFactory) -> None:
    """A hanging server takes connections and answers none; then it answers again."""
    server = runanalyze_server()
    server.hang(60.0)
    assert not server.answers(within_s=0.3)
    server.go_on()
    wait_for(server.answers, "the server answers again")


def test_hang_ends_by_itself(runanalyze_server: ServerFactory) -> None:
    """After the time that was given."""
    server = runanalyze_server()
    server.hang(0.5)
    wait_for(server.answers, "the server answers again")


def test_told_to_fail(runanalyze_server: ServerFactory) -> None:
    """A failing server answers 500 with a detail, or 200 with an error, until told otherwise."""
    server = runanalyze_server()
    server.fail(500)
    with pytest.raises(urllib.error.HTTPError) as caught:
        server.get("/memory-status/")
    with caught.value as error:
        assert error.code == 500
        assert json.load(error) == {"detail": "told to fail"}
    server.fail(200)
    assert server.get("/memory-status/") == {"error": "told to fail"}
    server.fail(0)
    assert server.rss_mb() > 0


def test_ffmpeg_is_a_grandchild(runanalyze_server: ServerFactory) -> None:
    """The burning grandchild is called ffmpeg, holds memory of its own, and ends by itself."""
    server = runanalyze_server()
    server.burn(5.0, ffmpeg=True, mb=80)

    def ffmpeg() -> list[psutil.Process]:
        family = psutil.Process(server.pid).children(recursive=True)
        return [p for p in family if name_of(p) == "ffmpeg" and rss_mb(p.pid) > 80]

    grandchild = wait_for(ffmpeg, "ffmpeg runs")[0]
    assert grandchild.ppid() != server.pid
    wait_for(lambda: not is_alive(grandchild), "ffmpeg has ended")


def name_of(process: psutil.Process) -> str:
    try:
        return process.name()
    except psutil.NoSuchProcess:
        return ""


def test_burn_uses_cpu(runanalyze_server: ServerFactory) -> None:
    """A burning server uses a core and still answers."""
    server = runanalyze_server()
    process = psutil.Process(server.pid)
    before_s = process.cpu_times().user
    server.burn(60.0)
    wait_for(lambda: process.cpu_times().user - before_s > 0.3, "CPU time is used")
    assert server.answers()


def test_tmp_files(runanalyze_server: ServerFactory) -> None:
    """Files are written below the server's own tmp, counted, listed and removed."""
    server = runanalyze_server()
    server.write_tmp(12)
    server.write_tmp(1, name="u1/thumbnail_1.jpg")
    tmp = server.get("/memory-status/")["tmp_directory"]
    assert (tmp["total_size_mb"], tmp["file_count"]) == (13.0, 2)
    assert tmp["folder_breakdown"]["u1/processed"] == {"size_mb": 12.0, "file_count": 1}
    listed = server.get("/cleanup-status/")
    assert [file["path"] for file in listed["large_files"]] == [
        "tmp/u1/processed/processed_video.mp4"
    ]
    server.write_tmp(0)
    assert server.post("/cleanup-old-files/")["message"].endswith("older than 24 hours")
    assert [p.name for p in (server.folder / "tmp").rglob("*.*")] == ["thumbnail_1.jpg"]


def test_restart_and_exit(runanalyze_server: ServerFactory) -> None:
    """A server that ended refuses; started again it has the same address and another pid."""
    server = runanalyze_server()
    url, pid = server.url, server.pid
    server.exit()
    wait_for(lambda: not server.answers(), "the port refuses")
    server.restart()
    assert (server.url, server.pid == pid) == (url, False)
    assert server.calls() >= 1


@pytest.mark.parametrize(
    ("style", "options", "workers"),
    [
        ("uvicorn", (), 0),
        ("python main.py", (), 0),
        ("python -m uvicorn", ("--workers", "2"), 2),
        ("uvicorn", ("--reload",), 1),
    ],
)
def test_styles(
    runanalyze_server: ServerFactory, style: Style, options: tuple[str, ...], workers: int
) -> None:
    """Every style of starting answers, has its workers, and leaves no process behind."""
    server = runanalyze_server(style=style, options=options)

    def spawned() -> list[psutil.Process]:
        family = psutil.Process(server.pid).children(recursive=True)
        return [p for p in family if any("spawn_main" in part for part in p.cmdline())]

    wait_for(lambda: len(spawned()) == workers, f"{workers} workers")
    family = [psutil.Process(server.pid), *psutil.Process(server.pid).children(recursive=True)]
    server.stop()
    wait_for(lambda: not any(map(is_alive, family)), "all processes are gone")


def test_ends_with_its_parent(tmp_path: Path) -> None:
    """A server, its workers too, ends when the program that started it is killed."""
    parent_code = textwrap.dedent(
        f"""
        import sys
        from pathlib import Path
        sys.path.insert(0, {str(ROOT)!r})
        from tests.server.starting import RunAnalyzeServer
        server = RunAnalyzeServer(Path({str(tmp_path / "server")!r}), options=("--workers", "2"))
        server.start()
        print(server.pid, server.port, flush=True)
        sys.stdin.read()
        """
    )
    with subprocess.Popen(
        [sys.executable, "-c", parent_code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout
        pid, port = map(int, parent.stdout.readline().split())
        family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
        assert len(family) >= 3
        parent.kill()
        wait_for(lambda: not any(map(is_alive, family)), "all processes are gone")
    orphan = RunAnalyzeServer(tmp_path / "unused")
    orphan.port = port
    assert not orphan.answers()


RECORDED_IDLE = {
    "timestamp": "str",
    "process_memory": dict.fromkeys(("rss_mb", "vms_mb", "percent", "shared_mb"), "float"),
    "system_memory": dict.fromkeys(
        ("total_gb", "available_gb", "used_percent", "free_gb", "cached_gb", "buffers_gb"), "float"
    ),
    "disk_usage": dict.fromkeys(("total_gb", "free_gb", "used_percent"), "float"),
    "tmp_directory": {"total_size_mb": "float", "file_count": "int", "folder_breakdown": {}},
    "memory_efficiency": {
        "memory_per_core": "float",
        "memory_growth_rate": "str",
        "memory_pressure": "str",
    },
    "tracker_summary": {},
    "recommendations": "list",
}
