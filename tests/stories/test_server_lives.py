"""A real server that is killed, started again, and hidden by a proxy; all of the app but its views.

Real processes, sockets and clocks: the engine makes the samples, the tests read them.
"""

from __future__ import annotations

import os
import queue
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.core.made import found_in
from tests.ports import free_port
from tests.server.starting import RunAnalyzeServer, ServerFactory
from tests.sources.running import FORWARDER, Spawn, spawner
from tests.waiting import AMPLE_S
from tray_app.core.alerts.levels import LevelReached
from tray_app.core.alerts.server_exit import ServerExit, ServerReturn
from tray_app.core.config.settings import Settings
from tray_app.core.model.readings import MIB, Source
from tray_app.core.model.server_address import parse_address
from tray_app.core.monitor.events import Event, Sampled
from tray_app.core.monitor.sample import Sample
from tray_app.core.monitor.state import State, begin
from tray_app.core.source_choice.circuit_breaker import ApiState
from tray_app.runtime import clock
from tray_app.runtime.sampler import Sampler
from tray_app.sources.api.client import ApiClient
from tray_app.sources.background.scheduler import BackgroundScheduler
from tray_app.sources.background.temp_dir import TempWalker
from tray_app.sources.processes.host import process_table
from tray_app.sources.processes.probe import ServerProbe


@pytest.fixture
def spawn(tmp_path: Path) -> Iterator[Spawn]:
    with spawner(tmp_path) as start:
        yield start


class Watch:
    """What the engine has told so far."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.samples: list[Sample] = []
        self._told: queue.SimpleQueue[Event] = queue.SimpleQueue()

    def tell(self, _state: State, events: tuple[Event, ...]) -> None:
        for event in events:
            self._told.put(event)

    def until(self, is_it: Callable[[Event], bool]) -> Event:
        """The next event of that kind."""
        end_s = time.monotonic() + AMPLE_S
        while True:
            event = self._told.get(timeout=max(0.0, end_s - time.monotonic()))
            self.events.append(event)
            if isinstance(event, Sampled):
                self.samples.append(event.sample)
            if is_it(event):
                return event

    def sample(self, is_it: Callable[[Sample], bool] = lambda _: True) -> Sample:
        """The next sample of that kind."""
        event = self.until(lambda event: isinstance(event, Sampled) and is_it(event.sample))
        assert isinstance(event, Sampled)
        return event.sample

    def of(self, kind: type) -> list[Event]:
        return [event for event in self.events if isinstance(event, kind) or found_in(event, kind)]


@contextmanager
def watching(url: str, settings: Settings | None = None) -> Iterator[Watch]:
    """The engine with the real sources."""
    settings = replace(settings or Settings(), address=parse_address(url))
    address, watch = settings.address, Watch()
    state = begin(settings, settings, clock.now(), local=True)
    engine = Sampler(state, clock=clock.now, jitter=lambda: 0.5, outlets=(watch.tell,))
    probe = ServerProbe(process_table(), address.host, address.port, os.getpid(), clock.mono_s)
    scheduler = BackgroundScheduler(clock.mono_s)
    api = ApiClient(address.url, engine.post, clock.mono_s)
    walker = TempWalker(engine.note_temp, scheduler, clock.now)
    engine.start(probe, (api, walker, None))
    try:
        yield watch
    finally:
        engine.stop(AMPLE_S)


def busy_server(start: ServerFactory) -> RunAnalyzeServer:
    server = start()
    server.allocate(300)
    server.burn(60, ffmpeg=True)  # a child that is seen however little CPU there is
    return server


def test_a_killed_server_is_gone_with_the_next_reading(runanalyze_server: ServerFactory) -> None:
    """No later sample shows its memory or its work; it was away from there to its return, and its
    peak ends with it."""
    server = busy_server(runanalyze_server)
    with watching(server.url) as watch:
        before = watch.sample(
            lambda it: it.job is not None and it.job.ended is None and it.memory_bytes is not None
        )
        killed_s = clock.mono_s()
        server.kill()
        after = watch.sample(lambda it: it.at.mono_s > killed_s + 0.05)
        assert after.memory_bytes is None
        assert (after.activity.value, after.source) == ("idle", Source.NONE)
        watch.until(lambda event: found_in(event, ServerExit))
        for _ in range(2):
            watch.sample()
        server.start()
        back = watch.until(lambda event: found_in(event, ServerReturn))
        assert found_in(back, ServerReturn)
        # It is found as a process some time before it answers; how soon depends on the machine.
        assert back.finding.away_s <= back.sample.at.mono_s - killed_s
        assert back.finding.away_s >= back.sample.at.mono_s - after.at.mono_s - 0.1
        assert len(watch.of(ServerExit)) == 1
        dark = [it for it in watch.samples if killed_s < it.at.mono_s < back.sample.at.mono_s]
        assert [it.memory_bytes for it in dark if it.at.mono_s > after.at.mono_s] == [None] * (
            len(dark) - dark.index(after) - 1
        )
        new = watch.sample(lambda it: it.source is Source.API)
        assert new.peak_bytes is not None
        assert before.peak_bytes is not None
        assert new.peak_bytes < before.peak_bytes - 250 * MIB


@pytest.mark.skipif(sys.platform == "win32", reason="its processes need no forwarder there")
def test_behind_a_forwarder_no_growth_is_made_up(
    runanalyze_server: ServerFactory, spawn: Spawn
) -> None:
    """The server's 500 MB behind a proxy of 20 MB: from the first sample on one flat figure."""
    server, port = runanalyze_server(), free_port()
    server.allocate(500)
    spawn(FORWARDER, port, server.port, name="forward.py")
    settings = replace(Settings(), interval_s=0.5)
    with watching(f"http://127.0.0.1:{port}", settings) as watch:
        # On a busy machine the first answer is late; once there is one, nothing else counts.
        first = watch.sample(lambda it: it.source is Source.API).number
        for _ in range(7):
            watch.sample()
    told = [it for it in watch.samples if it.number >= first]
    assert {it.source for it in told} == {Source.API}
    assert all(abs(it.rate_bytes_s or 0.0) < MIB for it in told)
    assert all(it.forecast is None for it in watch.samples)
    assert watch.of(LevelReached) == []
    assert watch.samples[-1].peak_bytes is not None
    assert watch.samples[-1].peak_bytes > 500 * MIB


def test_the_first_sample_is_complete_where_the_api_answers(
    runanalyze_server: ServerFactory,
) -> None:
    """Both sources, and the temp directory; and an API that was not asked is not called slow."""
    server = runanalyze_server()
    server.write_tmp(3)
    with watching(server.url) as watch:
        first = watch.sample()
        assert first.api.state in (ApiState.OK, ApiState.WAITING)
        if first.api.state is ApiState.OK:  # a machine that is busy may take longer than 0.3 s
            assert first.source is Source.API
            assert first.temp is not None
            assert first.temp.size_bytes == pytest.approx(3 * MIB, abs=MIB)
        assert first.target is not None
