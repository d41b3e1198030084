"""Both sources of a real server, as the app tells them: hangs, crashes, workers, helpers."""

from __future__ import annotations

import time
from datetime import datetime
from itertools import pairwise
from typing import Any

import psutil
import pytest

from tests.desktop.conftest import StartApp
from tests.desktop.recorder import Watcher
from tests.desktop.session import DesktopSession
from tests.server.starting import ServerFactory
from tests.waiting import wait_for
from tray_app.core.analysis.bands import Band

pytestmark = pytest.mark.desktop

INTERVAL_S = 0.25
MIB = 1024**2


def wall_s(sample: dict[str, Any]) -> float:
    return datetime.fromisoformat(sample["time"]).timestamp()


def tree_mb(pid: int) -> float:
    root = psutil.Process(pid)
    return sum(p.memory_info().rss for p in [root, *root.children(recursive=True)]) / MIB


def footprint_mb(pid: int) -> float:
    """What the tree of one program holds: the same to 0.2 MB as its page frames counted once."""
    root = psutil.Process(pid)
    full = [p.memory_full_info() for p in [root, *root.children(recursive=True)]]
    return (sum(each.uss for each in full) + max(each.rss - each.uss for each in full)) / MIB


def roles(sample: dict[str, Any]) -> list[str]:
    return [row["role"] for row in sample["processes"] if row["role"] != "python"]


def test_hang(
    session_bus: DesktopSession, start_app: StartApp, runanalyze_server: ServerFactory
) -> None:
    """While the server hangs, process readings carry on from the first missed tick; after 3 s
    of silence it is said, and the API is back within 2 s of its answering again."""
    server = runanalyze_server()
    json_run = start_app(session_bus, "--json", "--url", server.url, name="json")
    with Watcher(session_bus.bus_address):
        tray = start_app(session_bus, "--url", server.url)
        tray.wait_for_picture(band=Band.GREEN, process_source=False)
        json_run.wait_for_sample(source="api", band="green")
        began_s = time.time()
        server.hang(120)
        asked = len(json_run.samples)
        tray.wait_for_picture(band=Band.GREEN, process_source=True)
        tray.wait_for_tooltip("API busy, no answer for 5 s")
        ended_s = time.time()
        server.go_on()
        json_run.wait_for_sample(source="api")
        tray.wait_for_picture(band=Band.GREEN, process_source=False)

    samples = json_run.samples[asked:]
    sources = [sample["source"] for sample in samples]
    first, last = sources.index("process"), len(sources) - sources[::-1].index("process")
    hung = samples[first:last]
    assert {sample["source"] for sample in hung} == {"process"}
    assert set(sources) == {"api", "process"}
    assert all(sample["memory_mb"] > 10 for sample in samples)
    # Nobody waits for the server: samples come as before, and what a busy machine takes is a part
    # of what a sample would take that waits.
    hang_s = ended_s - began_s
    times = [wall_s(sample) for sample in samples]
    assert max(b - a for a, b in pairwise(times)) < hang_s / 2
    assert len(hung) > 0.2 * hang_s / INTERVAL_S
    assert times[first] - began_s < hang_s / 2, "one of the first ticks"
    states = [sample["api"]["state"] for sample in hung]
    assert set(states) <= {"slow", "silent", "ok"}
    assert 2.5 < times[first + states.index("silent")] - began_s < hang_s


def test_server_killed_and_back(
    session_bus: DesktopSession, start_app: StartApp, runanalyze_server: ServerFactory
) -> None:
    """A killed server leaves no reading, and no last value either; a started one is found."""
    server = runanalyze_server()
    run = start_app(session_bus, "--json", "--url", server.url)
    assert run.wait_for_sample(source="api")["target"]["pid"] == server.pid
    server.kill()
    sample = run.wait_for_sample(source="none")
    assert (sample["band"], sample["memory_mb"], sample["target"]) == ("unknown", None, None)
    assert (sample["rate_mb_s"], sample["activity"]) == (None, "idle")
    wait_for(lambda: run.samples[-1]["api"]["state"] == "unreachable", "nobody listens")
    assert "refused" in run.samples[-1]["api"]["error"].lower()
    server.start()
    sample = run.wait_for_sample(source="api")
    assert (sample["band"], sample["target"]["pid"]) == ("green", server.pid)


def test_failing_api(
    session_bus: DesktopSession, start_app: StartApp, runanalyze_server: ServerFactory
) -> None:
    """Errors, also with status 200, are no readings: the processes are read, the reason told."""
    server = runanalyze_server()
    run = start_app(session_bus, "--json", "--url", server.url)
    run.wait_for_sample(source="api")
    for status in (500, 200):
        server.fail(status)
        sample = run.wait_for_sample(source="process")
        wait_for(lambda: run.samples[-1]["api"]["state"] == "error", "the error is told")
        assert run.samples[-1]["api"]["error"]
        assert sample["memory_mb"] == pytest.approx(tree_mb(server.pid), rel=0.1)
        server.fail(0)
        run.wait_for_sample(source="api")


def test_api_only(
    session_bus: DesktopSession, start_app: StartApp, runanalyze_server: ServerFactory
) -> None:
    """API only never looks at processes; a silent API leaves its last value, marked."""
    server = runanalyze_server()
    run = start_app(session_bus, "--json", "--url", server.url, "--mode", "api")
    run.wait_for_sample(source="api")
    server.hang(120)
    stale = run.wait_for_sample(source="api", api=AnyWith(state="silent"))
    assert stale["memory_mb"] > 10
    server.kill()
    run.wait_for_sample(api=AnyWith(state="unreachable"))
    assert all(sample["target"] is None for sample in run.samples)
    assert all(roles(sample) == [] for sample in run.samples)
    assert {sample["source"] for sample in run.samples} <= {"api", "none"}


class AnyWith:
    """Equals every mapping that has these values."""

    def __init__(self, **values: Any) -> None:
        self._values = values

    def __eq__(self, other: object) -> bool:
        return isinstance(other, dict) and self._values.items() <= other.items()

    def __hash__(self) -> int:
        return hash(tuple(self._values))

    def __repr__(self) -> str:
        return f"with {self._values}"


def test_process_only(
    session_bus: DesktopSession, start_app: StartApp, runanalyze_server: ServerFactory
) -> None:
    """Processes only never sends a request."""
    server = runanalyze_server()
    calls = server.calls()
    run = start_app(session_bus, "--json", "--url", server.url, "--fallback", "--interval", "0.25")
    wait_for(lambda: len(run.samples) >= 8, "samples come")
    sample = run.samples[-1]
    assert (sample["mode"], sample["source"]) == ("fallback", "process")
    assert (sample["api"]["state"], sample["api"]["error"]) == ("off", None)
    assert sample["memory_mb"] == pytest.approx(tree_mb(server.pid), rel=0.1)
    assert sample["target"]["pid"] == server.pid
    assert server.calls() == calls


def test_two_workers(
    session_bus: DesktopSession, start_app: StartApp, runanalyze_server: ServerFactory
) -> None:
    """With several workers the API's figure is a random one's: the whole tree is used, with the
    libraries that they share counted once."""
    server = runanalyze_server(options=("--workers", "2"))
    run = start_app(session_bus, "--json", "--url", server.url)
    first = run.wait_for_sample(source="process", api=AnyWith(state="ok"))
    server.allocate(150)  # in one of them
    wait_for(lambda: run.samples[-1]["memory_mb"] > first["memory_mb"] + 140, "the tree grows")
    sample = run.samples[-1]
    assert sample["rss_mb"] == pytest.approx(tree_mb(server.pid), abs=5.0)
    assert sample["memory_kind"] == "shared_once"
    assert sample["memory_mb"] == pytest.approx(footprint_mb(server.pid), abs=5.0)
    assert roles(sample)[0] == "target"
    assert roles(sample).count("child") >= 2
    since = run.samples[run.samples.index(first) :]
    assert {each["source"] for each in since} == {"process"}


def test_helpers_count(
    session_bus: DesktopSession, start_app: StartApp, runanalyze_server: ServerFactory
) -> None:
    """An ffmpeg that the API leaves out is part of the server's memory, and a sign of work."""
    server = runanalyze_server()
    run = start_app(session_bus, "--json", "--url", server.url)
    before = run.wait_for_sample(source="api", activity="idle")
    server.burn(120, ffmpeg=True, mb=120)
    wait_for(
        lambda: (
            run.samples[-1]["source"] == "api"
            and run.samples[-1]["memory_mb"] > before["memory_mb"] + 120
        ),
        "ffmpeg is counted",
    )
    sample = run.wait_for_sample(source="api", stage="encoding")
    assert sample["activity"] in {"processing", "intensive"}
    assert "ffmpeg" in [row["name"] for row in sample["processes"] if row["role"] == "child"]
    assert server.rss_mb() < before["memory_mb"] + 60
    server.end_ffmpeg()
    sample = run.wait_for_sample(source="api", activity="idle")
    assert sample["memory_mb"] == pytest.approx(before["memory_mb"], abs=40)
    job = sample["job"]
    assert (job["number"], job["ended"] is None) == (1, False)
    assert job["before_mb"] == pytest.approx(before["memory_mb"], abs=40)
    assert job["peak_mb"] > job["before_mb"] + 100
    assert job["after_mb"] == pytest.approx(job["before_mb"], abs=40)


def test_temp_directory(
    session_bus: DesktopSession, start_app: StartApp, runanalyze_server: ServerFactory
) -> None:
    """The server's temp directory is told by the API, and measured when the API is not asked."""
    server = runanalyze_server()
    server.write_tmp(3)
    api = start_app(session_bus, "--json", "--url", server.url, name="api")
    process = start_app(session_bus, "--json", "--url", server.url, "--mode=fallback", name="ps")
    for run, source in ((api, "api"), (process, "process")):
        sample = run.wait_for_sample(source=source, tmp=AnyWith(files=1))
        assert sample["tmp"]["size_mb"] == pytest.approx(3, abs=0.2)
