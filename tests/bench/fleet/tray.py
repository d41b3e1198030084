"""The tray as the face of many servers: what it takes, and how soon it says "critical"."""

from __future__ import annotations

import contextlib
import math
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.bench.fleet.engine import Prometheus, Servers, servers
from tests.bench.fleet.generator import host
from tests.bench.fleet.scale import INTERVAL_S, WARM_UP_S, cpu_of, of_a_core, percentile, watched
from tests.bench.measuring import MB, rss_and_pss_bytes
from tests.bench.scene import ROOT, Panel, desktop
from tests.bench.table import Effort, Figure, Part, run
from tests.desktop.recorder import Notice, NotificationRecorder
from tests.desktop.session import DesktopSession
from tests.waiting import wait_for

CPU_GOAL, RSS_GOAL_BYTES, OF_SERVERS = 0.01, 60 * MB, 1000
DELAY_GOAL_S = 2 * INTERVAL_S + 2.0
FORGOTTEN_S = 180.0
QUIET_S = 90.0
COUNTED = re.compile(r"\d[\d,]* servers")
FIRST = 3
"""Servers from this one on cross: the engine's own alerts of the first ones are not waited for."""


@dataclass
class Face:
    """The tray on a desktop of its own."""

    session: DesktopSession
    panel: Panel
    recorder: NotificationRecorder
    command: tuple[str, ...]
    process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self.process
        return self.process.pid

    def start(self) -> float:
        """Return when its tooltip counts the servers; how many seconds that took."""
        started_s, self.panel.tooltip = time.monotonic(), ""
        self.process = self.session.start("app", *self.command, cwd=ROOT)
        try:
            wait_for(lambda: COUNTED.match(self.panel.tooltip), "a tooltip of servers", FORGOTTEN_S)
        except AssertionError as error:
            error.add_note(f"{self.panel.tooltip}\n{self.session.log('app')}")
            raise
        return time.monotonic() - started_s

    def kill(self) -> None:
        """With SIGKILL."""
        assert self.process
        self.process.kill()
        self.process.wait()

    def named_at_s(self, number: int) -> float | None:
        """When a notification first named this server (monotonic)."""
        return next((each.at_s for each in self.recorder.notices if names(each, number)), None)


def names(notice: Notice, number: int) -> bool:
    """Whether it says that this server is critical."""
    return host(number) in notice.summary + notice.body


@contextlib.contextmanager
def face(*options: str) -> Iterator[Face]:
    """A tray with these options, started."""
    with (
        desktop() as (session, panel),
        NotificationRecorder(session.bus_address) as recorder,
    ):
        config = session.home / "config.toml"
        config.write_text("")
        command = (sys.executable, "-m", "tray_app", "--config", str(config), *options)
        made = Face(session, panel, recorder, command)
        made.start()
        yield made


def crossings(fleet: Servers, shown: Face, times: int) -> list[float]:
    """Let servers become critical, one after another at random moments; the seconds until each was
    notified, endless for one that no notification named."""
    at_s = {}
    for number in range(FIRST, FIRST + times):
        time.sleep(random.uniform(0.3, 0.7) * INTERVAL_S)
        wall_s = fleet.play(number, "critical")
        at_s[number] = wall_s - time.time() + time.monotonic()
    with contextlib.suppress(AssertionError):
        wait_for(
            lambda: all(shown.named_at_s(number) is not None for number in at_s),
            "all were notified",
            FORGOTTEN_S,
        )
    return [(shown.named_at_s(number) or math.inf) - begun_s for number, begun_s in at_s.items()]


def killed(
    engine: Prometheus, fleet: Servers, shown: Face, told: int, new: int
) -> tuple[float, float, int]:
    """Kill the tray, let the server ``new`` become critical, and start it again: the seconds until
    it has a figure, and until it notifies of ``new``; and how often then of ``told`` again,
    which was critical before."""
    shown.kill()
    fleet.play(new, "critical")
    fires = (
        f'ALERTS{{alertname="RunAnalyzeCritical",alertstate="firing",server="{host(new)}:8000"}}'
    )
    wait_for(lambda: _pause() and engine.query(fires), "the engine knows it", FORGOTTEN_S)
    known, started_s = len(shown.recorder.notices), time.monotonic()
    figure_s = shown.start()
    wait_for(lambda: shown.named_at_s(new) is not None, "it was notified", FORGOTTEN_S)
    notified_s = (shown.named_at_s(new) or 0.0) - started_s
    time.sleep(INTERVAL_S)
    again = sum(names(each, told) for each in shown.recorder.notices[known:])
    return figure_s, notified_s, again


def _pause() -> bool:
    time.sleep(0.5)
    return True


def at(fleet: Servers, count: int, effort: Effort) -> Iterator[Figure]:
    """The column for ``count`` servers."""
    where, times = f"{count:,} servers", min(effort.times, count - FIRST - 1)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for number in range(FIRST, FIRST + times + 1):
            fleet.play(number, "calm")
        engine, manager = stack.enter_context(watched(folder, fleet, count))
        time.sleep(WARM_UP_S)
        options = ("--prometheus", engine.url, "--alertmanager", manager)
        shown = stack.enter_context(face(*options))
        time.sleep(WARM_UP_S)
        spent, engines = zip(*cpu_of((shown.pid, engine.pid), effort), strict=True)
        rss_bytes = rss_and_pss_bytes(shown.pid)[0]
        # A notification names five servers: those that cross are to be alone.
        for number in range(count):
            fleet.play(number, "calm")
        time.sleep(QUIET_S)
        delays_s = crossings(fleet, shown, times)
        figure_s, notified_s, again = killed(engine, fleet, shown, FIRST, FIRST + times)
        for number in range(count):
            fleet.play(number, "usual")
    is_judged = count <= OF_SERVERS
    cpu, delay_s = median(spent), percentile(delays_s, 0.95)
    yield Figure(
        "the tray's CPU",
        where,
        of_a_core(cpu),
        "",
        f"≤ {of_a_core(CPU_GOAL)}" if is_judged else "",
        cpu <= CPU_GOAL if is_judged else None,
    )
    yield Figure(
        "the tray's RSS",
        where,
        f"{rss_bytes / MB:.1f} MB",
        "",
        f"≤ {RSS_GOAL_BYTES // MB} MB" if is_judged else "",
        rss_bytes <= RSS_GOAL_BYTES if is_judged else None,
    )
    yield Figure("Prometheus' CPU with it", where, of_a_core(median(engines)))
    yield Figure("critical until notified, median", where, f"{median(delays_s):.1f} s")
    yield Figure(
        "… 95 %", where, f"{delay_s:.1f} s", "", f"≤ {DELAY_GOAL_S:.0f} s", delay_s <= DELAY_GOAL_S
    )
    yield Figure("… longest", where, f"{max(delays_s):.1f} s")
    yield Figure("killed, first figure after", where, f"{figure_s:.1f} s")
    yield Figure("… critical meanwhile, notified after", where, f"{notified_s:.1f} s")
    yield Figure("… older alerts notified again", where, f"{again}")


def measure(effort: Effort) -> Iterator[Figure]:
    """One size after another."""
    with servers(max(effort.servers)) as fleet:
        for count in effort.servers:
            yield from at(fleet, count, effort)


PART = Part("fleet-tray", "The tray as the face of many servers", measure, by_name_only=True)

if __name__ == "__main__":
    raise SystemExit(run(PART))
