"""What the history costs: CPU of a sample, memory, and the start, with it on and off.

Each round is a process of its own that takes an hour of samples, as the tray's recorder takes them,
and writes them every 5 s as the writer does, one after the other so that all of it is counted.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from msgspec.structs import replace

from tests.bench.measuring import MB, rss_and_pss_bytes
from tests.bench.table import Effort, Figure, Part, milliseconds, run

SAMPLES = 1800
INTERVAL_S = 2.0
PER_COMMIT = 3  # 5 s of samples
BEGAN_S = 1_795_700_000.0
CPU_GOAL_S = 0.0002
RSS_GOAL_BYTES = 3 * MB
CPU, RSS, START = "CPU of a sample", "RSS after an hour", "CPU of the start"


def child(file: str) -> dict[str, float]:
    """The figures of one process; without a ``file`` nothing is recorded."""
    import os

    from tests.core.presentation.samples import HEALTHY
    from tray_app.app import tray
    from tray_app.app.history import HistoryRecorder
    from tray_app.core.config.settings import Settings
    from tray_app.core.model.readings import Now
    from tray_app.core.monitor.events import Sampled
    from tray_app.core.monitor.state import begin

    assert tray  # the program's other parts are loaded in both
    clock = [BEGAN_S]
    recorder = HistoryRecorder()
    state = begin(Settings(), Settings(), Now(0.0, BEGAN_S), local=True)
    began_s = time.process_time()
    writer: Any = None
    if file:
        from tray_app.history.writer import HistoryWriter

        writer = HistoryWriter(Path(file), clock=lambda: clock[0])
        recorder._writer = writer
    start_s = time.process_time() - began_s
    samples = [
        replace(
            HEALTHY,
            at=Now(INTERVAL_S * n, BEGAN_S + INTERVAL_S * n),
            memory_bytes=(400 + n % 300) * MB,
            interval_s=INTERVAL_S,
        )
        for n in range(SAMPLES)
    ]
    began_s = time.process_time()
    for number, sample in enumerate(samples):
        clock[0] = sample.at.wall_s
        if not writer:
            continue
        recorder.publish(state, (Sampled(sample),))
        if number % PER_COMMIT == 0:
            writer._queue.put(None)
            writer._collect(5.0)
            writer._write()
    took_s = time.process_time() - began_s
    return {CPU: took_s / SAMPLES, RSS: rss_and_pss_bytes(os.getpid())[0], START: start_s}


def once(file: str) -> dict[str, float]:
    """The same from a process of its own."""
    command = [sys.executable, "-m", "tests.bench.history", "--child", file]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    figures: dict[str, float] = json.loads(told)
    return figures


def measure(effort: Effort) -> Iterator[Figure]:
    """On and off take turns."""
    told: dict[str, list[dict[str, float]]] = {"off": [], "on": []}
    for _ in range(max(3, effort.rounds)):
        told["off"].append(once(""))
        with tempfile.TemporaryDirectory() as folder:
            told["on"].append(once(str(Path(folder, "history.sqlite3"))))
    middle = {
        at: {what: median(each[what] for each in rounds) for what in (CPU, RSS, START)}
        for at, rounds in told.items()
    }
    off, on = middle["off"], middle["on"]
    cpu_s, rss_bytes = on[CPU] - off[CPU], on[RSS] - off[RSS]
    for at, figures in middle.items():
        yield Figure(CPU, at, milliseconds(figures[CPU]))
        yield Figure(RSS, at, f"{figures[RSS] / MB:.1f} MB")
        yield Figure(START, at, milliseconds(figures[START]))
    yield Figure(CPU, "more", milliseconds(cpu_s), "", "≤ 0.2 ms", cpu_s <= CPU_GOAL_S)
    more = f"{rss_bytes / MB:.1f} MB"
    yield Figure(RSS, "more", more, "", "≤ 3 MB", rss_bytes <= RSS_GOAL_BYTES)
    yield Figure(START, "more", milliseconds(on[START] - off[START]))


PART = Part("history", "The history", measure)

if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        print(json.dumps(child(sys.argv[2])))
    else:
        raise SystemExit(run(PART))
