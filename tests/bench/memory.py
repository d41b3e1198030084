"""Resident memory of the whole app, beside a process that only imports its libraries."""

from __future__ import annotations

import time
from collections.abc import Iterator

from tests.bench.measuring import MB, python, rss_and_pss_bytes
from tests.bench.scene import ANSWERS, PROCESS_ONLY, watching
from tests.bench.table import Effort, Figure, Part, run

LIBRARIES = """
import sys
import pystray, PIL.Image, psutil, requests, plyer, dbus_fast
print("ready", flush=True)
sys.stdin.read()
"""
RATIO_GOAL = 1.1
PROCESS_ONLY_GOAL_MB = 35


def measure(effort: Effort) -> Iterator[Figure]:
    """RSS, and PSS: what is left of it where other Python processes share pages."""
    with (
        watching(ANSWERS) as healthy,
        watching(PROCESS_ONLY) as without_api,
        python(LIBRARIES, PYSTRAY_BACKEND="dummy") as libraries,
    ):
        time.sleep(effort.age_s)
        sizes = {
            name: rss_and_pss_bytes(pid)
            for name, pid in (
                (ANSWERS.name, healthy.pid),
                (PROCESS_ONLY.name, without_api.pid),
                ("importing the libraries", libraries),
            )
        }
    reference = sizes["importing the libraries"]
    for name, size in sizes.items():
        for column, own, theirs in zip(("RSS", "PSS"), size, reference, strict=True):
            goal, reached = "", None
            if column == "RSS" and name == ANSWERS.name:
                goal, reached = f"≤ {RATIO_GOAL}", own <= RATIO_GOAL * theirs
            elif column == "RSS" and name == PROCESS_ONLY.name:
                goal, reached = f"≤ {PROCESS_ONLY_GOAL_MB} MB", own <= PROCESS_ONLY_GOAL_MB * MB
            ratio = f"{own / theirs:.2f}" if own is not theirs else ""
            yield Figure(name, column, f"{own / MB:.1f} MB", ratio, goal, reached)


PART = Part("memory", "Memory (MB of 10⁶ bytes)", measure)

if __name__ == "__main__":
    raise SystemExit(run(PART))
