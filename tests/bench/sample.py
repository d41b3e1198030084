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
from statistics import fmean, median

import psutil

from tests.bench.measuring import INTERVAL_S, population
from tests.bench.table import Effort, Figure, Part, milliseconds, run
from tests.ports import free_port
from tests.sources.running import SUPERVISOR, spawner
from tray_app.sources.processes.host import process_table
from tray_app.sources.processes.probe import ServerProbe

CHILDREN = 3
# Five minutes of samples, with all that is done only now and then (who listens, and so on).
READINGS = 150
NEW_PIDS = 10
PASSES = 3
# A ratio near 1 needs many turns on any machine.
TURNS_PER_ROUND = 3
GOAL_S = 0.0001
GROWTH_GOAL = 1.1

OWN = "one reading"
AVERAGE = "average of five minutes"
IDIOM = "the same with psutil"
NEW = "one reading, a new pid"
SEARCH = "no server yet, a new pid"
PASS = "a psutil.process_iter pass"


def cpu_s(work: Callable[[], object]) -> float:
    """This thread's CPU for ``work``."""
    began_s = time.thread_time()
    work()
    return time.thread_time() - began_s


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


def after_a_start(read: Callable[[], int]) -> float:
    """CPU of a reading just after a process has started."""
    with subprocess.Popen(["sleep", "60"]) as new:
        took_s = cpu_s(read)
        new.kill()
    return took_s


def at(processes: int) -> tuple[int, dict[str, float]]:
    """The number of processes, and the CPU seconds of each kind of reading."""
    with (
        population(processes) as count,
        tempfile.TemporaryDirectory() as folder,
        spawner(Path(folder)) as spawn,
    ):
        port = free_port()
        target = spawn(SUPERVISOR, port, CHILDREN, name="main.py").pid
        with probing(port) as read, probing(free_port()) as search:
            assert read() == psutil_reading(target) == CHILDREN + 1
            for warm in (read, read, search, search, process_pass):
                warm()
            readings_s = [cpu_s(read) for _ in range(READINGS)]
            return count, {
                OWN: median(readings_s),
                AVERAGE: fmean(readings_s),
                IDIOM: median(cpu_s(lambda: psutil_reading(target)) for _ in range(PASSES)),
                NEW: median(after_a_start(read) for _ in range(NEW_PIDS)),
                SEARCH: median(after_a_start(search) for _ in range(NEW_PIDS)),
                PASS: median(cpu_s(process_pass) for _ in range(PASSES)),
            }


def measure(effort: Effort) -> Iterator[Figure]:
    """The numbers of processes take turns; ratios are to the fewest in the same turn."""
    count = TURNS_PER_ROUND * effort.rounds
    turns = [[at(processes) for processes in effort.processes] for _ in range(count)]
    for place in range(len(effort.processes)):
        column = f"{turns[0][place][0]} processes"
        for name in (OWN, AVERAGE, IDIOM, NEW, SEARCH, PASS):
            value_s = median(turn[place][1][name] for turn in turns)
            growth = median(turn[place][1][name] / turn[0][1][name] for turn in turns)
            goal, reached = "", None
            if name == OWN:
                goal = f"≤ {GROWTH_GOAL}" if place else f"≤ {GOAL_S * 1000:g} ms"
                reached = value_s <= GOAL_S and (not place or growth <= GROWTH_GOAL)
            ratio = f"{growth:.2f}" if place else ""
            yield Figure(name, column, milliseconds(value_s), ratio, goal, reached)


PART = Part("sample", "CPU of one reading, hot (ratio to the fewest processes)", measure)

if __name__ == "__main__":
    raise SystemExit(run(PART))
