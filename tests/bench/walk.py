"""The walk of the temp directory, beside os.walk with getsize over the same tree."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

from tests.bench.table import Effort, Figure, Part, milliseconds, run
from tray_app.core.readings import TempUsage
from tray_app.runtime import clock
from tray_app.sources.tempdir import TempTree, TempWalker

FIRST, AGAIN = "first walk", "each later walk"
REFERENCE, LEAST = "os.walk and getsize", "scandir and stat, no more"
GOAL = 0.65
FILES_PER_DIRECTORY = 100
# The smaller the tree, the oftener it is walked in one round.
FILES_PER_ROUND = 5000
OLD_S = 3600.0
START_LIMIT_S = 60.0


def plant(top: Path, files: int, age_s: float) -> None:
    """Files in directories two levels deep, as the server makes them, all of this age."""
    at_s = time.time() - age_s
    for first in range(0, files, FILES_PER_DIRECTORY):
        folder = top / f"user{first // FILES_PER_DIRECTORY}" / "frames"
        folder.mkdir(parents=True)
        for number in range(first, min(first + FILES_PER_DIRECTORY, files)):
            path = folder / f"processed_{number:06}.jpg"
            path.write_bytes(b"x")
            os.utime(path, (at_s, at_s))
        for directory in (folder, folder.parent, top):
            os.utime(directory, (at_s, at_s))


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


def walks(tree: TempTree) -> int:
    """Files as the app's walk counts them."""
    now = clock.now()
    usage = tree.measure(now.mono_s, now.wall_s, lambda: True)
    assert usage
    return usage.file_count


def cpu_s(walk: Callable[[], int], times: int, files: int) -> float:
    """This thread's CPU for one walk; it must find all files."""
    began_s = time.thread_time()
    for _ in range(times):
        assert walk() == files
    return (time.thread_time() - began_s) / times


def planted(files: int, effort: Effort, age_s: float) -> Iterator[tuple[str, float, float]]:
    """Kind of walk, CPU seconds, and ratio to os.walk in the same round."""
    times = max(1, FILES_PER_ROUND // files)
    with tempfile.TemporaryDirectory() as top:
        plant(Path(top), files, age_s)
        known = TempTree(top)
        reference(top)
        walks(known)
        rounds = []
        for _ in range(max(5, effort.rounds)):
            ways = {
                FIRST: lambda: walks(TempTree(top)),
                AGAIN: lambda: walks(known),
                REFERENCE: lambda: reference(top),
                LEAST: lambda: least(top),
            }
            rounds.append({name: cpu_s(walk, times, files) for name, walk in ways.items()})
        for name in rounds[0]:
            value_s = median(each[name] for each in rounds)
            yield name, value_s, median(each[name] / each[REFERENCE] for each in rounds)


def measure(effort: Effort) -> Iterator[Figure]:
    """Old files, as most are; the worst case, all written just now; and who walks."""
    for files in effort.files:
        column = f"{files:,} files"
        for age_s, kind in ((OLD_S, ""), (0.0, " (new files)")):
            for name, value_s, ratio in planted(files, effort, age_s):
                judged = name in (FIRST, AGAIN) and age_s == OLD_S
                yield Figure(
                    f"{name}{kind}",
                    column,
                    milliseconds(value_s),
                    f"{ratio:.2f}" if name != REFERENCE else "",
                    f"≤ {GOAL}" if judged else "",
                    ratio <= GOAL if judged else None,
                )
        yield asking(files)


def asking(files: int) -> Figure:
    """What the sampling thread pays for a walk: it only asks for it, another thread walks."""
    walked_by: list[threading.Thread] = []
    reported = threading.Event()

    def report(usage: TempUsage | None) -> None:
        walked_by.append(threading.current_thread())
        if usage:
            reported.set()

    with tempfile.TemporaryDirectory() as top:
        plant(Path(top), files, OLD_S)
        walker = TempWalker(report, clock.now)
        began_s = time.thread_time()
        walker.watch(top)
        took_s = time.thread_time() - began_s
        assert reported.wait(START_LIMIT_S)
        walker.close()
    elsewhere = threading.current_thread() not in walked_by
    text = milliseconds(took_s) if elsewhere else "walks itself"
    return Figure(
        "on the sampling thread", f"{files:,} files", text, "", "another walks", elsewhere
    )


PART = Part("walk", "CPU of a walk of the temp directory (ratio to os.walk)", measure)

if __name__ == "__main__":
    raise SystemExit(run(PART))
