"""Growth over many samples: a day's worth and more, on a clock that runs as fast as it can."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.measuring import MB, rss_and_pss_bytes
from tests.bench.table import Effort, Figure, Part, run
from tests.ports import free_port
from tests.sources.running import LISTENER, spawner

SAMPLES = 100_000
WARM_UP = 1_000
GOAL_MB = 1.0
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Growth:
    """What the app held more after the samples than after the first `WARM_UP` of them."""

    rss_bytes: int
    descriptors: int
    threads: int


class NullPanel:
    """Takes everything, keeps nothing."""

    asks_for_menu = False

    def sizes(self, drawn: Sequence[int]) -> Sequence[int]:
        return [size for size in drawn if size <= 48]

    def show_images(self, images: object) -> None: ...
    def show_attention(self, wanted: object) -> None: ...
    def show_tooltip(self, text: object) -> None: ...
    def show_theme(self, theme: object) -> None: ...
    def show_menu(self, read: object, submit: object, shape: object = None) -> None: ...


def work(port: int, samples: int) -> Growth:
    """Make samples of a real process and a scripted API, alert, look, and show them."""
    from tray_app.core.config.settings import Settings
    from tray_app.core.model.api_failure import ApiFailureKind, ApiProblem
    from tray_app.core.model.readings import MIB, ApiFailure, ApiReading, Now
    from tray_app.core.monitor import poll_bounds
    from tray_app.core.monitor.inputs import Answered, Asked, SourcesRead
    from tray_app.core.monitor.state import begin
    from tray_app.core.monitor.step import step
    from tray_app.core.presentation import notifications
    from tray_app.sources.processes.host import process_table
    from tray_app.sources.processes.probe import ServerProbe
    from tray_app.views.presenter import ONE_SERVER, Presenter

    at_s = [1000.0]
    probe = ServerProbe(process_table(), "127.0.0.1", port, os.getpid(), lambda: at_s[0])
    presenter = Presenter(NullPanel(), lambda _: None, ONE_SERVER)
    settings = Settings()

    def now() -> Now:
        return Now(at_s[0], 1.8e9 + at_s[0])

    def measured() -> Growth:
        descriptors = len(list(Path("/proc/self/fd").iterdir()))
        return Growth(rss_and_pss_bytes(os.getpid())[0], descriptors, threading.active_count())

    state = begin(settings, settings, now(), local=True)
    before = measured()
    for number in range(samples + WARM_UP):
        if number == WARM_UP:
            before = measured()
        at_s[0] += settings.interval_s
        # Up and down through all levels, with jobs, silences and errors.
        memory_bytes = (20 + number // 25 * 370 % 3600) * MIB
        tracker = (float(number // 40 % 2 and number),)
        answer = ApiReading(at_s[0], 0.004, memory_bytes, None, None, tracker)
        failure = ApiFailure(at_s[0], ApiProblem(ApiFailureKind.NO_ANSWER, waited_s=10.0))
        events = []
        for happened in (
            Asked(),
            Answered(failure if number % 50 < 5 else answer),
            SourcesRead(probe.read(at_s[0]) if number % 20 else None),
        ):
            state, new = step(state, happened, now())
            events += new
        for event in events:
            notifications.note(event)
        poll_bounds.is_outside(poll_bounds.bounds_of(state), probe.make_poller()(), at_s[0])
        presenter.tell(state)
        presenter.show()
    after = measured()
    probe.close()
    return Growth(
        after.rss_bytes - before.rss_bytes,
        after.descriptors - before.descriptors,
        after.threads - before.threads,
    )


def grow(samples: int) -> Growth:
    """The growth, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder, spawner(Path(folder)) as spawn:
        port = free_port()
        spawn(LISTENER, port, name="main.py")
        command = [sys.executable, "-m", "tests.bench.growth", str(port), str(samples)]
        done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return Growth(*json.loads(done.stdout))


def measure(effort: Effort) -> Iterator[Figure]:
    """RSS, descriptors and threads."""
    growth = grow(SAMPLES)
    at = f"{SAMPLES:,} samples"
    grown_mb = growth.rss_bytes / MB
    yield Figure("RSS", at, f"{grown_mb:+.1f} MB", "", f"≤ {GOAL_MB:g} MB", grown_mb <= GOAL_MB)
    for what, count in (("descriptors", growth.descriptors), ("threads", growth.threads)):
        yield Figure(what, at, f"{count:+d}", "", "0", count <= 0)


PART = Part("growth", "Growth", measure)

if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1].isdecimal():
        grown = work(int(sys.argv[1]), int(sys.argv[2]))
        print(json.dumps([grown.rss_bytes, grown.descriptors, grown.threads]))
        raise SystemExit(0)
    raise SystemExit(run(PART))
