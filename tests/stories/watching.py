"""Watches servers as the program does, each from a process of its own that tells what it holds.

``python -m tests.stories.watching`` reads ``name url`` lines and forks a watcher for each, so that
all start in a moment and share what they imported; every sample is a line of JSON on standard
output. It all ends with standard input.

Rule: engine, client, state, record and texts are the real ones. The process reading is made up:
a server of as many megabytes as the API tells, since there is no such process to be read.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

# All that the watchers would import one by one.
import psutil  # noqa: F401
import requests  # noqa: F401
from msgspec.structs import replace

from tests.waiting import AMPLE_S
from tray_app.core.config.settings import Settings
from tray_app.core.model import readings
from tray_app.core.model.process_finding import Evidence, EvidenceKind
from tray_app.core.model.readings import MIB, ProcessReading, ProcessRow, Role, Target, TempUsage
from tray_app.core.model.server_address import parse_address
from tray_app.core.monitor.events import Event, Sampled
from tray_app.core.monitor.sample import Sample
from tray_app.core.monitor.state import State, begin
from tray_app.core.presentation import summary_text
from tray_app.core.server.target_override import NO_OVERRIDE, TargetOverride
from tray_app.runtime import clock
from tray_app.runtime.sampler import Sampler
from tray_app.sources.api.client import ApiClient
from tray_app.views.terminal.json_record import json_line

INTERVAL_S = 0.5
PATIENCE_S = 1.0
PROCESS_MB = 340.0
CERTIFICATE = str(Path(__file__).parents[1] / "data" / "localhost.pem")


@dataclass(frozen=True, slots=True)
class Seen:
    """One sample, and what the watching process held when it was made.

    ``record`` is the line of ``--json``. ``waited_s`` is how long the process has been kept from
    running, by the kernel's account: what a busy machine takes is not the program's doing.
    """

    at_s: float
    number: int
    record: dict[str, Any]
    tooltip: str
    rss_bytes: int
    descriptors: int
    threads: int
    waited_s: float

    @property
    def reason(self) -> str | None:
        """``api.error`` of the record."""
        error: str | None = self.record["api"]["error"]
        return error

    @property
    def is_well(self) -> bool:
        """Whether the API's last answer was good, and is not overdue."""
        return self.record["api"]["state"] == "ok"


@dataclass
class _Server:
    """Stands in for the probe: the server's one process."""

    reading: ProcessReading = field(
        default_factory=lambda: ProcessReading(
            0.0,
            None,
            Target(7, 1.0, "uvicorn", ("uvicorn", "main:app"), None, Evidence(EvidenceKind.CHOSEN)),
            (ProcessRow(7, "uvicorn", Role.TARGET, round(PROCESS_MB * MIB), 1.0),),
            worker_count=1,
        )
    )

    def read(
        self, now_s: float, others: bool = False, override: TargetOverride = NO_OVERRIDE
    ) -> ProcessReading:
        return replace(self.reading, taken_s=now_s)

    def make_poller(
        self, _floor_bytes: int, _with_new_children: bool
    ) -> Callable[[], readings.PollReading]:
        return lambda: readings.PollReading(self.reading.rss_bytes)

    def forget(self) -> None:
        pass

    def close(self) -> None:
        pass


class _NoWalker:
    """No directory to be walked."""

    usage: TempUsage | None = None

    def watch(self, path: str | None, *, lively: bool = False) -> None:
        pass

    def close(self) -> None:
        pass


def _kept_waiting_s() -> float:
    """How long this process's threads were ready to run and did not, and the host's share."""
    waited_ns = 0
    for task in os.listdir("/proc/self/task"):  # noqa: PTH208 - cheap, in the sampler's thread
        waited_ns += int(Path(f"/proc/self/task/{task}/schedstat").read_text().split()[1])
    stolen = int(Path("/proc/stat").read_text().split("\n", 1)[0].split()[8])
    return waited_ns / 1e9 + stolen / os.sysconf("SC_CLK_TCK")


def _seen(sample: Sample) -> Seen:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return Seen(
        at_s=sample.at.mono_s,
        number=sample.number,
        record=json.loads(json_line(sample, "desk")),
        tooltip=summary_text.tooltip(sample, demo=False, paused=False),
        rss_bytes=pages * os.sysconf("SC_PAGE_SIZE"),
        descriptors=len(os.listdir("/proc/self/fd")),  # noqa: PTH208
        threads=threading.active_count(),
        waited_s=_kept_waiting_s(),
    )


def watch(name: str, url: str) -> None:
    """Tell of every sample on standard output, for ever."""
    samples: queue.SimpleQueue[Seen] = queue.SimpleQueue()

    def outlet(_: State, events: tuple[Event, ...]) -> None:
        for event in events:
            if isinstance(event, Sampled):
                samples.put(_seen(event.sample))

    settings = replace(
        Settings(),
        address=parse_address(url),
        interval_s=INTERVAL_S,
        patience_s=PATIENCE_S,
        patience_busy_s=PATIENCE_S,
    )
    state = begin(settings, settings, clock.now(), local=True)
    engine = Sampler(state, clock=clock.now, jitter=lambda: 0.5, outlets=(outlet,))
    client = ApiClient(url, engine.post, clock.mono_s, verify=CERTIFICATE)
    engine.start(_Server())
    engine.add((client, _NoWalker(), None))
    while True:
        line = json.dumps([name, asdict(samples.get())]) + "\n"
        os.write(1, line.encode())  # whole: a pipe takes up to 4096 bytes at once


def main() -> None:
    """Fork a watcher for each line, and end them all at the end of the input."""
    watchers = []
    for line in sys.stdin:
        name, url = line.rstrip("\n").rsplit(" ", 1)
        if pid := os.fork():
            watchers.append(pid)
        else:
            watch(name, url)
    for pid in watchers:
        os.kill(pid, signal.SIGKILL)


class Watchers:
    """The other end: starts watchers and gathers what they see, by name."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.samples: dict[str, list[Seen]] = defaultdict(list)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.stories.watching"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
            cwd=Path(__file__).parents[2],
            env=environment,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def check(self) -> None:
        """Raises when the watching program has ended."""
        if self._process.poll() is not None:
            raise RuntimeError(f"the watchers ended with {self._process.returncode}")

    def watch(self, name: str, url: str) -> None:
        """Start one more."""
        assert self._process.stdin
        self._process.stdin.write(f"{name} {url}\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(AMPLE_S)
        self._reader.join(AMPLE_S)
        self._process.stdout.close()

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            name, sample = json.loads(line)
            self.samples[name].append(Seen(**sample))


if __name__ == "__main__":
    main()
