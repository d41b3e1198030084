"""A program that only passes the port on, in front of a real server: all sources together."""

from __future__ import annotations

import os
import queue
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from tests.ports import free_port
from tests.server.starting import RunAnalyzeServer, ServerFactory
from tests.sources.running import FORWARDER, Spawn, spawner
from tests.waiting import AMPLE_S
from tray_app.core.analysis.bands import Band
from tray_app.core.config.settings import Settings
from tray_app.core.model.readings import MIB, ApiOutcome, Now, Source
from tray_app.core.monitor.inputs import Answered, Asked, SourcesRead
from tray_app.core.monitor.sample import Sample
from tray_app.core.monitor.state import begin
from tray_app.core.monitor.step import step
from tray_app.core.presentation import source_text
from tray_app.core.source_choice.cross_check import ANSWERS_TO_REJECT
from tray_app.core.source_choice.selection import STALE_LIMIT_MIN_S
from tray_app.runtime import clock
from tray_app.sources.api.client import ApiClient
from tray_app.sources.processes.host import process_table
from tray_app.sources.processes.probe import ServerProbe


@pytest.fixture
def spawn(tmp_path: Path) -> Iterator[Spawn]:
    with spawner(tmp_path) as start:
        yield start


class Monitor:
    """Real sources and the real transition; the test ticks, and may let time pass."""

    def __init__(self, port: int) -> None:
        self._passed_s = 0.0
        self._outcomes: queue.SimpleQueue[ApiOutcome] = queue.SimpleQueue()
        self._api = ApiClient(f"http://127.0.0.1:{port}", self._outcomes.put, self._mono_s)
        self._probe = ServerProbe(process_table(), "127.0.0.1", port, os.getpid(), self._mono_s)
        self._state = begin(Settings(), Settings(), self._now(), local=True)

    def ask(self) -> None:
        assert self._api.ask(AMPLE_S)
        self._state, _ = step(self._state, Asked(), self._now())

    def hear(self) -> None:
        outcome = self._outcomes.get(timeout=AMPLE_S)
        self._state, _ = step(self._state, Answered(outcome), self._now())

    def tick(self) -> Sample:
        reading = self._probe.read(self._mono_s())
        self._state, _ = step(self._state, SourcesRead(reading), self._now())
        assert self._state.sample is not None
        return self._state.sample

    def sample(self) -> Sample:
        """One with a new answer."""
        self.ask()
        self.hear()
        return self.tick()

    def let_pass(self, seconds: float) -> None:
        self._passed_s += seconds

    def close(self) -> None:
        self._api.close()
        self._probe.close()

    def _now(self) -> Now:
        now = clock.now()
        return Now(now.mono_s + self._passed_s, now.wall_s + self._passed_s)

    def _mono_s(self) -> float:
        return self._now().mono_s


def rss_mb(server: RunAnalyzeServer) -> float:
    return float(psutil.Process(server.pid).memory_info().rss / MIB)


def test_a_forwarder_is_not_used(runanalyze_server: ServerFactory, spawn: Spawn) -> None:
    """Its first answer shows that it is not the server; then its memory, CPU and process appear
    nowhere, and a server that hangs leaves its last value, marked, and then none."""
    server, port = runanalyze_server(), free_port()
    server.allocate(100)
    forwarder = spawn(FORWARDER, port, server.port, name="forward.py")
    with closing(Monitor(port)) as monitor:
        target = monitor.tick().target
        assert target is not None
        assert target.pid == forwarder.pid
        sample = monitor.sample()
        assert (sample.source, sample.target, sample.rows) == (Source.API, None, ())
        assert sample.cpu_percent is None
        assert sample.memory_bytes == pytest.approx(rss_mb(server) * MIB, rel=0.1)
        assert (sample.rate_bytes_s, sample.peak_bytes) == (None, sample.memory_bytes)
        name = psutil.Process(forwarder.pid).name()
        assert source_text.source(sample).endswith(
            f"is held by {name} (pid {forwarder.pid}), which is not RunAnalyze"
        )

        server.hang(60)
        monitor.ask()
        monitor.let_pass(2.5)
        stale = monitor.tick()
        assert (stale.source, stale.stale) == (Source.API, True)
        assert stale.memory_bytes == sample.memory_bytes
        monitor.let_pass(STALE_LIMIT_MIN_S)
        unknown = monitor.tick()
        assert (unknown.source, unknown.memory_bytes) == (Source.NONE, None)
        assert (unknown.band, unknown.target) == (Band.UNKNOWN, None)
        assert source_text.source(unknown).endswith("is not RunAnalyze")


def test_the_server_itself_is_used(runanalyze_server: ServerFactory) -> None:
    """However often it is compared, and when it hangs its process carries on."""
    server = runanalyze_server()
    server.allocate(100)
    with closing(Monitor(server.port)) as monitor:
        samples = [monitor.sample() for _ in range(2 * ANSWERS_TO_REJECT)]
        assert {sample.target and sample.target.pid for sample in samples} == {server.pid}
        server.hang(60)
        monitor.ask()
        monitor.let_pass(2.5)
        assert monitor.tick().source is Source.PROCESS


@pytest.mark.skipif(sys.platform != "linux", reason="a process renames itself")
def test_a_known_relay_is_never_used(runanalyze_server: ServerFactory, spawn: Spawn) -> None:
    """From the first sample on the API stands alone, and what holds the port is said."""
    server, port = runanalyze_server(), free_port()
    spawn("open('/proc/self/comm', 'w').write('docker-proxy')\n" + FORWARDER, port, server.port)
    with closing(Monitor(port)) as monitor:
        sample = monitor.sample()
        assert (sample.source, sample.target, sample.rows) == (Source.API, None, ())
        assert sample.memory_bytes == pytest.approx(rss_mb(server) * MIB, rel=0.1)
        assert source_text.source(sample).endswith(
            f"docker-proxy forwards port {port}, so only the API can be read"
        )
