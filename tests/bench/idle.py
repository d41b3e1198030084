"""CPU of the whole app at rest in the tray, beside other monitors, all in the same windows."""

from __future__ import annotations

import contextlib
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from tests.bench.measuring import INTERVAL_S, cpu_s, population, running
from tests.bench.scene import ANSWERS, HANGS, NO_SERVER, PROCESS_ONLY, REFUSES, watching
from tests.bench.table import Effort, Figure, Part, milliseconds, part_of, remark, run

WARM_UP_S = 8.0
STATES = (ANSWERS, PROCESS_ONLY, REFUSES, HANGS, NO_SERVER)
GOALS = {
    (ANSWERS.name, 150): 1 / 8,
    (ANSWERS.name, 2000): 1 / 100,
    (PROCESS_ONLY.name, 150): 1 / 15,
    (PROCESS_ONLY.name, 2000): 1 / 200,
}

LOOP_NAME = "psutil.process_iter loop"
LOOP = f"""
import psutil, time
next_s = time.monotonic()
while True:
    for process in psutil.process_iter(["pid", "name", "cmdline", "memory_info", "cpu_percent"]):
        process.info
    next_s += {INTERVAL_S}
    time.sleep(max(0.0, next_s - time.monotonic()))
"""
# What it costs on this machine to be woken as often as the app looks, and do nothing.
WAKING_NAME = "time.sleep(0.25) alone"
WAKING = "import time\nwhile True: time.sleep(0.25)"


def others(pid: int) -> dict[str, list[str]]:
    """Other monitors at the same interval, each at its leanest; ``pid`` for those of one process.

    glances without its screen, and of its plug-ins only those that read memory and processes.
    """
    every = f"{INTERVAL_S:g}"
    recording = ["psrecord", str(pid), "--interval", every, "--log", "/dev/null"]
    reading = "mem,processcount,processlist"
    glances = ["glances", "--quiet", "--time", every, "--disable-check-update"]
    return {
        "psrecord (one process)": recording,
        "psrecord --include-children": [*recording, "--include-children"],
        "glances --quiet": [
            *glances, "--disable-history", "--disable-plugin", "all", "--enable-plugin", reading
        ],
        "top -b": ["top", "-b", "-d", every],
    }  # fmt: skip


def find(program: str) -> str | None:
    """Its path: beside this Python, else wherever the shell finds it."""
    beside = shutil.which(program, path=str(Path(sys.executable).parent))
    return beside or shutil.which(program)


def installed(pid: int) -> dict[str, list[str]]:
    """Those of `others` that are here, by path."""
    commands = others(pid).items()
    return {name: [path, *rest] for name, (first, *rest) in commands if (path := find(first))}


def at(processes: int, effort: Effort) -> Iterator[Figure]:
    """CPU per interval of the app in each state and of the others, with so many processes."""
    with contextlib.ExitStack() as stack:
        watches = [stack.enter_context(watching(state)) for state in STATES]
        pids = {watch.state.name: watch.pid for watch in watches}
        healthy = watches[0].server
        assert healthy
        commands = {
            LOOP_NAME: [sys.executable, "-c", LOOP],
            **installed(healthy.pid),
            WAKING_NAME: [sys.executable, "-c", WAKING],
        }
        for name, command in commands.items():
            pids[name] = stack.enter_context(running(command))
        count = stack.enter_context(population(processes))
        time.sleep(WARM_UP_S)
        spent_s = []
        for _ in range(effort.rounds):
            before_s = {name: cpu_s(pid) for name, pid in pids.items()}
            time.sleep(effort.window_s)
            spent_s.append({name: cpu_s(pid) - before_s[name] for name, pid in pids.items()})
        for watch in watches:
            watch.wait_for_state()
    for name in pids:
        value = median(each[name] for each in spent_s) * INTERVAL_S / effort.window_s
        ratio = median(each[name] / each[LOOP_NAME] for each in spent_s)
        goal = GOALS.get((name, processes))
        yield Figure(
            name,
            f"{count} processes",
            milliseconds(value),
            part_of(ratio) if name != LOOP_NAME else "",
            f"≤ {part_of(goal)}" if goal else "",
            ratio <= goal if goal else None,
        )


def measure(effort: Effort) -> Iterator[Figure]:
    """For each number of processes."""
    if missing := {command[0] for command in others(0).values() if not find(command[0])}:
        remark(f"not installed, so left out: {', '.join(sorted(missing))} (the extra bench)")
    for processes in effort.processes:
        yield from at(processes, effort)


PART = Part("idle", f"CPU per {INTERVAL_S:g} s (ratio to the loop)", measure)

if __name__ == "__main__":
    raise SystemExit(run(PART))
