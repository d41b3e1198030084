"""The monitor is restarted while the server runs on."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ports import free_port
from tests.waiting import AMPLE_S, wait_for
from tray_app.app import wiring
from tray_app.app.history import HistoryRecorder
from tray_app.app.invocation import Invocation
from tray_app.core.config.settings import Settings
from tray_app.core.history.thinning import Spans
from tray_app.core.model.presets import Mode
from tray_app.core.model.readings import MIB
from tray_app.core.model.server_address import parse_address
from tray_app.desktop.paths import history_file
from tray_app.history.database import History

ROOT = Path(__file__).parents[2]
LARGE_MB = 150
SERVER = f"""
import sys
held = bytearray({LARGE_MB} << 20)
held[::4096] = bytes(len(held) // 4096)
print("large", flush=True)
sys.stdin.readline()
del held
print("small", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def server() -> Iterator[subprocess.Popen[str]]:
    """A process that is large, and gives its memory back when a line comes."""
    with subprocess.Popen(
        [sys.executable, "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.kill()


def told(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def watched(url: str, pid: int) -> dict[str, object]:
    """The last sample of a run with ``--json``."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "tray_app", "--json", "--mode=fallback", f"--url={url}"),
            *(f"--pid={pid}", "--interval=0.3", "--duration=4"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=AMPLE_S,
        check=True,
    )
    samples = [json.loads(line) for line in done.stdout.splitlines()]
    last: dict[str, object] = [each for each in samples if "time" in each][-1]
    return last


def test_the_peak_outlives_the_monitor_and_not_the_server(
    server: subprocess.Popen[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second monitor knows what the first has recorded of the same process, and of no other."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert told(server) == "large"
    url = f"http://127.0.0.1:{free_port()}"
    settings = Settings(
        address=parse_address(url), mode=Mode.FALLBACK, pid=server.pid, interval_s=0.3
    )
    path = history_file(settings.address.identity)
    invocation = Invocation(base=settings, settings=settings)
    state = wiring.first_state(invocation)
    recorder = HistoryRecorder()
    recorder.start(path, Spans(), lambda _: None)
    sampler = wiring.make_sampler(invocation, state, recorder.publish, shown=False)
    sampler.start(wiring.make_probe(state.settings, demo=False))
    wait_for(lambda: sampler._state.peak_bytes, "there is a figure")
    sampler.stop(AMPLE_S)
    recorder.close(AMPLE_S)
    life = History(path).last_life()
    assert life is not None
    assert life.pid == server.pid

    assert server.stdin is not None
    server.stdin.write("\n")
    server.stdin.flush()
    assert told(server) == "small"
    again = watched(url, server.pid)
    assert again["peak_mb"] == pytest.approx((life.peak_bytes or 0) / MIB, abs=0.1)
    assert isinstance(again["memory_mb"], float)
    assert again["memory_mb"] < LARGE_MB <= life.peak_bytes / MIB  # type: ignore[operator]
    with subprocess.Popen(
        [sys.executable, "-c", "import sys; sys.stdin.readline()"], stdin=subprocess.PIPE
    ) as other:
        assert watched(url, other.pid)["peak_mb"] < LARGE_MB  # type: ignore[operator]
        other.kill()
