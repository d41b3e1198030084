"""What the tray app costs and how fast it is, as one table: ``python -m tests.bench.cost``.

Rule: a figure is compared with another of the same run on the same machine, because absolute
times are the machine's. Linux only; nothing but a private bus and processes of its own is used.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import queue
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.desktop.recorder import WATCHER, NotificationRecorder, Watcher
from tests.desktop.session import ITEM, MENU, DesktopSession
from tests.desktop.wire import Heard, Peer
from tests.server.starting import RunAnalyzeServer
from tests.waiting import wait_for

ROOT = Path(__file__).parents[2]
MIB = 1024**2
INTERVAL_S = 2.0
WARM_UP_S = 8.0

LOOP = f"""
import psutil, time
next_s = time.monotonic()
while True:
    for process in psutil.process_iter(["pid", "name", "cmdline", "memory_info", "cpu_percent"]):
        process.info
    next_s += {INTERVAL_S}
    time.sleep(max(0.0, next_s - time.monotonic()))
"""
LIBRARIES = """
import sys
import pystray, PIL.Image, psutil, requests, plyer, dbus_fast
print("ready", flush=True)
sys.stdin.read()
"""
# All read the one pipe that this program holds, and end when it does.
IDLE_PROCESSES = """
import os, sys
for _ in range(int(sys.argv[1])):
    if os.fork() == 0:
        os.read(0, 1)
        os._exit(0)
print("ready", flush=True)
os.read(0, 1)
while True:
    try:
        os.wait()
    except ChildProcessError:
        break
"""
# Appended to the server: a way to its memory that is open while its event loop hangs.
BACK_DOOR = """
def obey() -> None:
    orders = os.open("orders", os.O_RDWR)
    while True:
        mb = int(os.read(orders, 16))
        allocate(mb, False) if mb else free()


threading.Thread(target=obey, daemon=True).start()
"""
# Low limits, so that a step is small and therefore sudden: 200 MiB are written in under 0.1 s.
STEP_MB = 200
LIMITS = f"""
[alerts]
elevated_mb = {STEP_MB}
"""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table: ``ratio`` is the app's figure to the reference's."""

    what: str
    app: str
    reference: str
    ratio: str
    goal: str
    reached: bool

    def text(self) -> str:
        mark = "yes" if self.reached else "NO"
        return (
            f"{self.what:<42} {self.app:>16} {self.reference:>12} {self.ratio:>8} "
            f"{self.goal:>16} {mark:>8}"
        )


HEADING = f"{'':<42} {'app':>16} {'reference':>12} {'ratio':>8} {'goal':>16} {'reached':>8}"


class Panel(Watcher):
    """A watcher with a panel that reads all properties at each of the item's signals.

    ``registered_at_s`` holds the monotonic time of each registration.
    """

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self.registered_at_s: list[float] = []
        self.reads = 0
        self._signals: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, args=(address,), daemon=True)

    def start(self) -> None:
        """As a watcher; and from now on items are read."""
        super().start()
        self.peer.listen(self._changed, interface=ITEM)
        self.peer.listen(self._registered, interface=WATCHER, member="StatusNotifierItemRegistered")
        self._reader.start()

    def stop(self) -> None:
        """As a watcher."""
        self._signals.put(None)
        self._reader.join()
        super().stop()

    def _registered(self, signal: Heard) -> None:
        self.registered_at_s.append(time.monotonic())
        self._signals.put(signal.body[0].partition("/")[0])

    def _changed(self, signal: Heard) -> None:
        self._signals.put(signal.sender)

    def _read(self, address: str) -> None:
        known: set[str] = set()
        with Peer(address) as peer:
            while item := self._signals.get():
                # The app may be gone by now.
                with contextlib.suppress(Exception):
                    properties = peer.get_all(item, "/StatusNotifierItem", ITEM)
                    self.reads += 1
                    if item not in known:
                        known.add(item)
                        peer.call(item, properties["Menu"], MENU, "GetLayout", "iias", 0, -1, [])


def cpu_s(pid: int) -> float:
    """User and system time of a process with all its threads, those that ended included."""
    # As clock_getcpuclockid(3) does: nanoseconds, where /proc/PID/stat counts in 10 ms.
    return time.clock_gettime(~pid << 3 | 2)


def rss_bytes(pid: int) -> int:
    """Resident memory of a process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def process_count() -> int:
    return sum(entry.name.isdecimal() for entry in Path("/proc").iterdir())


@contextlib.contextmanager
def python(source: str, *arguments: str, ready: bool = True) -> Iterator[int]:
    """A Python process that runs this source, ended with the block by closing its input."""
    with subprocess.Popen(
        [sys.executable, "-c", source, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE if ready else subprocess.DEVNULL,
        env=os.environ | {"PYSTRAY_BACKEND": "dummy"},
    ) as process:
        if process.stdout:
            process.stdout.readline()
        try:
            yield process.pid
        finally:
            if not ready:
                process.kill()


@contextlib.contextmanager
def population(total: int) -> Iterator[int]:
    """About ``total`` processes on this machine, those that are here anyway included."""
    with python(IDLE_PROCESSES, str(max(0, total - process_count()))):
        yield process_count()


@contextlib.contextmanager
def server() -> Iterator[RunAnalyzeServer]:
    """A real server, which also obeys `order`."""
    with tempfile.TemporaryDirectory() as folder:
        started = RunAnalyzeServer(Path(folder, "server"))
        os.mkfifo(started.folder / "orders")
        main = started.folder / "main.py"
        entry, guard, tail = main.read_text().rpartition('\nif __name__ == "__main__":')
        main.write_text(entry + BACK_DOOR + guard + tail)
        try:
            started.start()
            yield started
        finally:
            started.stop()


def order(target: RunAnalyzeServer, mb: int) -> None:
    """Have the server hold ``mb`` MiB more, or none (0), also while its event loop hangs."""
    (target.folder / "orders").write_text(str(mb))


@contextlib.contextmanager
def desktop() -> Iterator[tuple[DesktopSession, Panel]]:
    """A private bus with a panel on it."""
    with DesktopSession(bus_only=True) as session, Panel(session.bus_address) as panel:
        yield session, panel


def wait_for_more(heard: Sequence[object], count: int, what: str) -> None:
    wait_for(lambda: len(heard) > count, what)


def start_app(session: DesktopSession, url: str, *options: str) -> subprocess.Popen[bytes]:
    command = (sys.executable, "-m", "tray_app", "--url", url, *options)
    return session.start("app", *command, cwd=ROOT)


def resting(processes: int, goal: float, rounds: int, window_s: float) -> Iterator[Line]:
    """CPU per sample and memory of the app with a healthy API, beside the plain loop."""
    samples = window_s / INTERVAL_S
    with (
        population(processes) as count,
        server() as watched,
        desktop() as (session, panel),
        python(LOOP, ready=False) as loop,
        python(LIBRARIES) as libraries,
    ):
        app = start_app(session, watched.url).pid
        wait_for(lambda: panel.registered_at_s, "the icon is registered")
        began_s = time.monotonic()
        time.sleep(WARM_UP_S)
        spent: list[tuple[float, float]] = []
        for _ in range(rounds):
            before = cpu_s(app), cpu_s(loop)
            time.sleep(window_s)
            spent.append((cpu_s(app) - before[0], cpu_s(loop) - before[1]))
        app_ms, loop_ms = (median(each) / samples * 1000 for each in zip(*spent, strict=True))
        ratio = median(ours / theirs for ours, theirs in spent)
        yield Line(
            f"CPU per sample, {count} processes",
            f"{app_ms:.2f} ms",
            f"{loop_ms:.1f} ms",
            f"1/{1 / ratio:.0f}",
            f"<= 1/{1 / goal:.0f}",
            ratio <= goal,
        )
        ours, theirs = rss_bytes(app), rss_bytes(libraries)
        yield Line(
            f"RSS after {time.monotonic() - began_s:.0f} s",
            f"{ours / MIB:.1f} MiB",
            f"{theirs / MIB:.1f} MiB",
            f"{ours / theirs:.2f}",
            "<= 45 MiB",
            ours <= 45 * MIB,
        )


def starting(starts: int) -> Iterator[Line]:
    """Time from the start of the process until the panel has the icon."""
    took_s: list[float] = []
    with server() as watched, desktop() as (session, panel):
        for number in range(starts + 1):
            began_s = time.monotonic()
            app = start_app(session, watched.url)
            wait_for_more(panel.registered_at_s, number, "the icon is registered")
            if number:  # the first one reads the disk and may write the byte code
                took_s.append(panel.registered_at_s[-1] - began_s)
            session.stop(app)
    yield Line(
        f"start to icon, median of {starts}",
        f"{median(took_s):.2f} s",
        "",
        "",
        "<= 0.7 s",
        median(took_s) <= 0.7,
    )
    yield Line(
        f"start to icon, longest of {starts}",
        f"{max(took_s):.2f} s",
        "",
        "",
        "<= 0.7 s",
        max(took_s) <= 0.7,
    )


def alerting(repetitions: int, *, hanging: bool) -> Iterator[Line]:
    """Delay from the order to allocate until the notification arrives; phases are random."""
    chance = random.Random(7)
    delays_s: list[float] = []
    with (
        server() as watched,
        desktop() as (session, panel),
        NotificationRecorder(session.bus_address) as recorder,
    ):
        config = session.home / "limits.toml"
        config.write_text(LIMITS)
        start_app(session, watched.url, "--config", str(config))
        wait_for(lambda: panel.registered_at_s, "the icon is registered")
        time.sleep(WARM_UP_S / 2)
        for _ in range(repetitions):
            if hanging:
                hang_s = 3 * INTERVAL_S
                watched.hang(hang_s)
                awake_s = time.monotonic() + hang_s
            time.sleep(chance.uniform(0.0, INTERVAL_S))
            heard = len(recorder.notices)
            began_s = time.monotonic()
            order(watched, STEP_MB)
            wait_for_more(recorder.notices, heard, "the alert")
            delays_s.append(recorder.notices[heard].at_s - began_s)
            order(watched, 0)
            wait_for_more(recorder.notices, heard + 1, "the recovery")
            if hanging:
                time.sleep(max(0.0, awake_s - time.monotonic()) + 0.5)
    api = "hangs" if hanging else "answers"
    goal_s = INTERVAL_S + 0.25
    for what, value_s in (("median", median(delays_s)), ("longest", max(delays_s))):
        yield Line(
            f"step to alert, API {api}, {what} of {repetitions}",
            f"{value_s:.2f} s",
            f"{INTERVAL_S:.0f} s",
            f"{value_s / INTERVAL_S:.2f}",
            f"<= {goal_s:.2f} s",
            value_s <= goal_s,
        )


def main() -> int:
    """Run the chosen parts; the exit status is 1 when a goal was missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.cost", description=__doc__)
    parser.add_argument("parts", nargs="*", help="150, 2000, start, delay, hang (default: all)")
    parser.add_argument("--rounds", type=int, default=3, help="windows per CPU figure")
    parser.add_argument("--window", type=float, default=30.0, help="seconds of each (default 30)")
    parser.add_argument("--times", type=int, default=10, help="starts, and steps in memory")
    given = parser.parse_args()
    parts: dict[str, Callable[[], Iterator[Line]]] = {
        "150": lambda: resting(150, 1 / 5, given.rounds, given.window),
        "2000": lambda: resting(2000, 1 / 40, given.rounds, given.window),
        "start": lambda: starting(given.times),
        "delay": lambda: alerting(given.times, hanging=False),
        "hang": lambda: alerting(given.times, hanging=True),
    }
    if unknown := set(given.parts) - set(parts):
        parser.error(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(parts)}")
    print(HEADING)
    reached = True
    for name in given.parts or parts:
        for line in parts[name]():
            print(line.text(), flush=True)
            reached &= line.reached
    return 0 if reached else 1


if __name__ == "__main__":
    raise SystemExit(main())
