"""The walk of the temp directory, beside os.walk with getsize over the same tree."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import mean, median

from tests.bench.table import Effort, Figure, Part, milliseconds, run
from tray_app.core.model.readings import TempUsage
from tray_app.runtime import clock
from tray_app.sources.background.scheduler import BackgroundScheduler, rest_after_s
from tray_app.sources.background.temp_dir import (
    INTERVAL_S,
    LIST_AGAIN_S,
    STILL_MAX,
    TempTree,
    TempWalker,
)

FIRST, AGAIN, AVERAGE = "first walk", "each later walk", "average of a minute"
REFERENCE, LEAST = "os.walk and getsize", "scandir and stat, no more"
GOAL = 0.65
FILES_PER_USER = 100
# The smaller the tree, the oftener it is walked in one round.
FILES_PER_ROUND = 5000
OLD_S = 3600.0
SETTLE_S = 2.1  # a directory's time stamp says nothing before
WALK_LIMIT_S = 60.0
ROUNDS_MIN, MANY_FILES = 25, 10_000  # of more files than that a fifth of the rounds will do


def plant(top: str, files: int) -> None:
    """New files as the server's jobs leave them: two in the user's directory, one below it.

    With ``top`` in a directory of /tmp they lie as deep as in /srv/runanalyze/tmp.
    """
    for first in range(0, files, FILES_PER_USER):
        user = Path(top, f"u{first // FILES_PER_USER + 1}")
        processed = user / "processed"
        processed.mkdir(parents=True)
        for number in range(first, min(first + FILES_PER_USER, files)):
            job = f"20261123_{number // 3:06}"
            video = f"{job}_person_1080p_10s.mp4"
            file = (
                user / video,
                user / f"thumbnail_{job}.jpg",
                processed / f"processed_{video}",
            )[number % 3]
            file.write_bytes(b"x")


def grow_old(top: str) -> None:
    """As if nothing had happened there for an hour."""
    at_s = time.time() - OLD_S
    for folder, _, names in os.walk(top):
        for name in (*names, "."):
            os.utime(Path(folder, name), (at_s, at_s))


def reference(top: str) -> int:
    """Files and their sizes by os.walk, as such a loop is written."""
    size = count = 0
    for folder, _, names in os.walk(top):
        for name in names:
            size += os.path.getsize(os.path.join(folder, name))  # noqa: PTH118, PTH202 - that is it
            count += 1
    assert size
    return count


def least(top: str) -> int:
    """Files, asking only what must be asked: what a walk in Python costs at the very least."""
    blocks = count = 0
    waiting = [os.open(top, os.O_RDONLY | os.O_DIRECTORY)]
    while waiting:
        place = waiting.pop()
        with os.scandir(place) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
                    waiting.append(os.open(entry.name, flags, dir_fd=place))
                else:
                    blocks += entry.stat(follow_symlinks=False).st_blocks
                    count += 1
        os.close(place)
    return count


def walks(tree: TempTree, later_s: float = 0.0) -> int:
    """Files as the app's walk counts them; as if it were later, for the tree's memory."""
    now = clock.now()
    usage = tree.measure(now.mono_s + later_s, now.wall_s, lambda: True)
    assert usage
    return usage.file_count


def cpu_s(walk: Callable[[], int], times: int, files: int) -> float:
    """This thread's CPU for one walk; it must find all files."""
    began_s = time.thread_time()
    for _ in range(times):
        assert walk() == files
    return (time.thread_time() - began_s) / times


def average_s(top: str, files: int) -> float:
    """CPU of one of the walks of a minute in which nothing happens, the first one included.

    They rest as the app's do; after this minute it lists all again.
    """
    tree, at_s = TempTree(top), 0.0
    spent_s: list[float] = []
    while at_s < LIST_AGAIN_S:
        spent_s.append(cpu_s(partial(walks, tree, at_s), 1, files))
        at_s += max(STILL_MAX * INTERVAL_S, rest_after_s(spent_s[-1], INTERVAL_S))
    return mean(spent_s)


def compare(
    top: str, files: int, rounds: int, kind: str, goal: float | None = None
) -> Iterator[Figure]:
    """The app's walks and others over the same tree, in turns."""
    times = max(1, FILES_PER_ROUND // files)
    known = TempTree(top)
    ways: dict[str, Callable[[], int]] = {
        FIRST: lambda: walks(TempTree(top)),
        AGAIN: lambda: walks(known),
        REFERENCE: lambda: reference(top),
        LEAST: lambda: least(top),
    }
    for warm in ways.values():
        warm()
    spent_s = []
    turn = deque(ways)
    for _ in range(rounds):
        spent_s.append({name: cpu_s(ways[name], times, files) for name in turn})
        spent_s[-1][AVERAGE] = mean(average_s(top, files) for _ in range(max(1, times // 8)))
        turn.rotate()  # nobody has always the same one before it
    for name in (FIRST, AGAIN, AVERAGE, REFERENCE, LEAST):
        ratio = median(each[name] / each[REFERENCE] for each in spent_s)
        is_judged = goal is not None and name in (FIRST, AGAIN, AVERAGE)
        yield Figure(
            f"{name}{kind}",
            f"{files:,} files",
            milliseconds(median(each[name] for each in spent_s)),
            f"{ratio:.2f}" if name != REFERENCE else "",
            f"≤ {goal}" if is_judged else "",
            ratio <= goal if goal is not None and is_judged else None,
        )


def asking(top: str, files: int) -> Figure:
    """What the sampling thread pays for a walk: it only asks for it, another thread walks."""
    walked_by: list[threading.Thread] = []
    reported = threading.Event()

    def report(usage: TempUsage | None) -> None:
        walked_by.append(threading.current_thread())
        if usage:
            reported.set()

    walker = TempWalker(report, BackgroundScheduler(clock.mono_s), clock.now)
    began_s = time.thread_time()
    walker.watch(top)
    took_s = time.thread_time() - began_s
    assert reported.wait(WALK_LIMIT_S)
    walker.close()
    elsewhere = threading.current_thread() not in walked_by
    text = milliseconds(took_s) if elsewhere else "walks itself"
    return Figure(
        "on the sampling thread", f"{files:,} files", text, "", "another walks", elsewhere
    )


def measure(effort: Effort) -> Iterator[Figure]:
    """The worst case, all files written just now; the same grown old, as most are; who walks."""
    for files in effort.files:
        rounds = max(ROUNDS_MIN if files <= MANY_FILES else ROUNDS_MIN // 5, effort.rounds)
        with tempfile.TemporaryDirectory() as parent:
            top = str(Path(parent, "tmp"))
            plant(top, files)
            time.sleep(SETTLE_S)
            new = list(compare(top, files, rounds, " (new files)"))
            grow_old(top)
            yield from compare(top, files, rounds, "", GOAL)
            yield from new
            yield asking(top, files)


PART = Part("walk", "CPU of a walk of the temp directory (ratio to os.walk)", measure)

if __name__ == "__main__":
    raise SystemExit(run(PART))
