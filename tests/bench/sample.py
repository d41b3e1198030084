"""CPU of one reading of the server's processes, hot: the target, three children, the system.

Beside it the same figures in psutil's idiom, and a `process_iter` pass, which looking for the
server would otherwise need.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

import psutil

from tests.bench.measuring import INTERVAL_S, population
from tests.bench.table import Effort, Figure, Part, run
from tests.sources.running import SUPERVISOR, free_port, spawner
from tray_app.sources.machine import process_table
from tray_app.sources.probe import ServerProbe

CHILDREN = 3
# A minute of samples, with all that is done only now and then (who listens, and so on).
BATCH = 30
BATCHES = 40
NEW_PIDS = 20
PASSES = 5
GOAL_MS = 0.1
GROWTH_GOAL = 1.1

OWN = "one reading"
IDIOM = "the same with psutil"
NEW = "one reading, a new pid"
SEARCH = "no server yet, a new pid"
PASS = "a psutil.process_iter pass"


def cpu_ms(work: Callable[[], object]) -> float:
    """This thread's CPU for ``work``, in milliseconds."""
    began_ns = time.thread_time_ns()
    work()
    return (time.thread_time_ns() - began_ns) / 1e6


@contextlib.contextmanager
def probing(port: int) -> Iterator[Callable[[], int]]:
    """Gives a reading, each 2 s after the last on the sampler's clock; it tells the tree's size."""
    probe = ServerProbe(process_table(), "127.0.0.1", port, os.getpid(), time.monotonic)
    times_s = itertools.count(time.monotonic(), INTERVAL_S)
    try:
        yield lambda: len(probe.read(next(times_s)).rows)
    finally:
        probe.close()


def psutil_reading(pid: int) -> int:
    """The figures of one reading, as psutil's documentation has them read."""
    process = psutil.Process(pid)
    tree = [process, *process.children(recursive=True)]
    for each in tree:
        with each.oneshot():
            each.name()
            each.memory_info()
            each.cpu_times()
    psutil.virtual_memory()
    return len(tree)


def process_pass() -> None:
    """What finding a server takes without a memory of what was seen."""
    for process in psutil.process_iter(["pid", "name", "cmdline"]):
        _ = process.info


def after_a_birth(read: Callable[[], int]) -> float:
    """CPU of a reading just after a process has started."""
    with subprocess.Popen(["sleep", "60"]) as new:
        took_ms = cpu_ms(read)
        new.kill()
    return took_ms


def at(processes: int) -> tuple[int, dict[str, float]]:
    """The number of processes, and the CPU of each kind of reading in ms."""

    def batch() -> None:
        for _ in range(BATCH):
            read()

    with (
        population(processes) as count,
        tempfile.TemporaryDirectory() as folder,
        spawner(Path(folder)) as spawn,
    ):
        port = free_port()
        target = spawn(SUPERVISOR, port, CHILDREN, name="main.py").pid
        with probing(port) as read, probing(free_port()) as search:
            assert read() == psutil_reading(target) == CHILDREN + 1
            for warm in (batch, search, search, process_pass):
                warm()
            return count, {
                OWN: median(cpu_ms(batch) / BATCH for _ in range(BATCHES)),
                IDIOM: median(cpu_ms(lambda: psutil_reading(target)) for _ in range(PASSES)),
                NEW: median(after_a_birth(read) for _ in range(NEW_PIDS)),
                SEARCH: median(after_a_birth(search) for _ in range(NEW_PIDS)),
                PASS: median(cpu_ms(process_pass) for _ in range(PASSES)),
            }


def measure(effort: Effort) -> Iterator[Figure]:
    """The numbers of processes take turns; ratios are to the fewest in the same turn."""
    turns = [[at(processes) for processes in effort.processes] for _ in range(effort.rounds)]
    for place in range(len(effort.processes)):
        column = f"{turns[0][place][0]} processes"
        for name in (OWN, IDIOM, NEW, SEARCH, PASS):
            value_ms = median(turn[place][1][name] for turn in turns)
            growth = median(turn[place][1][name] / turn[0][1][name] for turn in turns)
            goal, reached = "", None
            if name == OWN:
                goal = f"≤ {GROWTH_GOAL}" if place else f"≤ {GOAL_MS} ms"
                reached = value_ms <= GOAL_MS and (not place or growth <= GROWTH_GOAL)
            shown = f"{value_ms:.3f} ms" if value_ms < 1 else f"{value_ms:.1f} ms"
            yield Figure(name, column, shown, f"{growth:.2f}" if place else "", goal, reached)


PART = Part("sample", "CPU of one reading, hot (ratio to the fewest processes)", measure)

if __name__ == "__main__":
    raise SystemExit(run(PART))
