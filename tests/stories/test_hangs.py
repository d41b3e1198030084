"""A real server that is stopped, blocked or busy: which of them hangs."""

from __future__ import annotations

import os
import signal
import sys

import pytest
from msgspec.structs import replace

from tests.core.made import found_in
from tests.server.starting import ServerFactory
from tests.stories.test_server_lives import watching
from tray_app.core.alerts.hung import Answering, Hang, HangKind
from tray_app.core.alerts.limits import AlertLimits
from tray_app.core.config.settings import Settings
from tray_app.core.model.presets import Mode
from tray_app.core.model.readings import Source

HUNG_S = 2.5
LIMITS = AlertLimits(hung_s=HUNG_S, hung_busy_s=HUNG_S)
SETTINGS = replace(Settings(), interval_s=0.5, patience_s=1.0, patience_busy_s=1.0, alerts=LIMITS)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no process is stopped there")


@pytest.mark.parametrize("mode", [Mode.AUTO, Mode.FALLBACK])
def test_a_stopped_server_is_told_with_its_state(
    runanalyze_server: ServerFactory, mode: Mode
) -> None:
    """Once; the readings go on, and once it is told that it answers again, or runs."""
    server = runanalyze_server()
    with watching(server.url, replace(SETTINGS, mode=mode)) as watch:
        watch.sample(lambda it: it.memory_bytes is not None and it.cpu_percent is not None)
        os.kill(server.pid, signal.SIGSTOP)
        try:
            hung = watch.until(lambda event: found_in(event, Hang))
            assert found_in(hung, Hang)
            assert hung.finding.kind is HangKind.STOPPED
            assert hung.sample.source is Source.PROCESS
            assert hung.sample.at.mono_s - hung.finding.since_s >= HUNG_S - 0.5
            for _ in range(4):
                sample = watch.sample()
                assert sample.hung is not None
                assert sample.memory_bytes is not None
        finally:
            os.kill(server.pid, signal.SIGCONT)
        watch.until(lambda event: found_in(event, Answering))
        assert watch.sample().hung is None
    assert len(watch.of(Hang)) == 1


def test_a_blocked_event_loop_is_a_deadlock(runanalyze_server: ServerFactory) -> None:
    """Connections are taken, nothing is said, and nothing done."""
    server = runanalyze_server()
    with watching(server.url, SETTINGS) as watch:
        watch.sample(lambda it: it.source is Source.API and it.cpu_percent is not None)
        server.hang(120.0)
        hung = watch.until(lambda event: found_in(event, Hang))
        assert found_in(hung, Hang)
        assert hung.finding.kind is HangKind.DEADLOCKED
        server.go_on()
        watch.until(lambda event: found_in(event, Answering))
        assert watch.sample().hung is None


def test_a_loop_that_works_is_busy(runanalyze_server: ServerFactory) -> None:
    """As silent as the other, with a core in use."""
    server = runanalyze_server()
    # Over so long it gets CPU enough where ten others want it, too.
    limits = AlertLimits(hung_s=2 * HUNG_S, hung_busy_s=2 * HUNG_S)
    with watching(server.url, replace(SETTINGS, alerts=limits)) as watch:
        watch.sample(lambda it: it.source is Source.API and it.cpu_percent is not None)
        server.hang(120.0, works=True)
        watch.sample(lambda it: (it.api.age_s or 0.0) > 2.5 * HUNG_S)
        server.go_on()
        watch.sample(lambda it: it.source is Source.API)
    assert watch.of(Hang) == []


def test_one_that_is_killed_while_it_is_stopped_is_gone(runanalyze_server: ServerFactory) -> None:
    """And hangs no longer."""
    server = runanalyze_server()
    with watching(server.url, SETTINGS) as watch:
        watch.sample(lambda it: it.source is Source.API and it.cpu_percent is not None)
        os.kill(server.pid, signal.SIGSTOP)
        watch.until(lambda event: found_in(event, Hang))
        server.kill()
        sample = watch.sample(lambda it: it.memory_bytes is None)
        assert sample.hung is None
