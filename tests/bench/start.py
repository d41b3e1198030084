"""Time from the start of the process until a first figure can be read, beside the plain loop."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from statistics import median

from tests.bench.measuring import population
from tests.bench.scene import ROOT, desktop, server, start_app
from tests.bench.table import Effort, Figure, Part, milliseconds, run
from tests.waiting import wait_for

GOAL = 0.5
# As such a loop is written: a pass over all processes, then its line.
LOOP = """
import psutil, time
while True:
    rss = 0
    for process in psutil.process_iter(["pid", "name", "cmdline", "memory_info", "cpu_percent"]):
        info = process.info
        if "python" in (info["name"] or "") and info["memory_info"]:
            rss += info["memory_info"].rss
    print(f"python processes: {rss / 1024**2:.0f} MB", flush=True)
    time.sleep(2)
"""


def first_line_s(*command: str) -> float:
    """Seconds until a Python program has printed its first line."""
    began_s = time.monotonic()
    with subprocess.Popen(
        [sys.executable, *command], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout
        assert process.stdout.readline(), f"{command} printed nothing"
        took_s = time.monotonic() - began_s
        process.kill()
    return took_s


def at(processes: int, times: int) -> Iterator[Figure]:
    """Medians over starts in turn; one start of each before does not count."""
    with (
        population(processes) as count,
        server() as watched,
        desktop() as (session, panel),
    ):

        def tray_s() -> float:
            known = len(panel.figures_at_s)
            began_s = time.monotonic()
            app = start_app(session, watched.url)
            wait_for(lambda: len(panel.figures_at_s) > known, "a figure in the tooltip")
            session.stop(app)
            return panel.figures_at_s[known] - began_s

        app = ("-m", "tray_app", "--url", watched.url)
        ways: dict[str, Callable[[], float]] = {
            "psutil.process_iter loop, first line": lambda: first_line_s("-c", LOOP),
            "--json, first line": lambda: first_line_s(*app, "--json"),
            "--console, first line": lambda: first_line_s(*app, "--console"),
            "tray, first tooltip with a figure": tray_s,
            "Python alone": lambda: first_line_s("-c", "print()"),
        }
        for take in ways.values():
            take()
        took_s = [{name: take() for name, take in ways.items()} for _ in range(times)]
    loop, *_ = ways
    for name in ways:
        ratio = median(each[name] / each[loop] for each in took_s)
        judged = name not in (loop, "Python alone")
        yield Figure(
            name,
            f"{count} processes",
            milliseconds(median(each[name] for each in took_s)),
            f"{ratio:.2f}" if name != loop else "",
            f"≤ {GOAL}" if judged else "",
            ratio <= GOAL if judged else None,
        )


def measure(effort: Effort) -> Iterator[Figure]:
    """With the fewest processes, which suits the loop best, and with the most."""
    for processes in sorted({min(effort.processes), max(effort.processes)}):
        yield from at(processes, effort.times)


PART = Part("start", "From start to the first figure (ratio to the loop)", measure)

if __name__ == "__main__":
    raise SystemExit(run(PART))
