"""What the app costs beside the app of another commit, both in the same windows.

Ratios to anything else differ between machines; what a change costs is told by its own commit
before. The other source tree runs with the packages that are installed here.
"""

from __future__ import annotations

import compileall
import contextlib
import io
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from tests.bench.measuring import INTERVAL_S, MB, cpu_s, rss_and_pss_bytes
from tests.bench.scene import (
    ANSWERS,
    HANGS,
    NO_SERVER,
    PROCESS_ONLY,
    REFUSES,
    ROOT,
    desktop,
    server,
    start_app,
    watching,
)
from tests.bench.table import Effort, Figure, Part, milliseconds, run
from tests.waiting import wait_for

WARM_UP_S = 8.0
STATES = (ANSWERS, PROCESS_ONLY, REFUSES, HANGS, NO_SERVER)
OTHER, THIS = "that commit", "here"


@contextlib.contextmanager
def tree_of(commit: str) -> Iterator[Path]:
    """The source tree of a commit, in a directory that ends with the block."""
    command = ("git", "archive", "--format=tar", commit)
    packed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout
    with tempfile.TemporaryDirectory(prefix="beside-") as folder:
        with tarfile.open(fileobj=io.BytesIO(packed)) as tree:
            tree.extractall(folder, filter="data")
        yield Path(folder)


def at_rest(roots: dict[str, Path], effort: Effort) -> Iterator[Figure]:
    """CPU and RSS of both, in each state of the API."""
    with contextlib.ExitStack() as stack:
        watches = {
            (state.name, name): stack.enter_context(watching(state, root=root))
            for state in STATES
            for name, root in roots.items()
        }
        time.sleep(WARM_UP_S)
        spent_s = []
        for _ in range(effort.rounds):
            before_s = {key: cpu_s(watch.pid) for key, watch in watches.items()}
            time.sleep(effort.window_s)
            spent_s.append(
                {key: cpu_s(watch.pid) - before_s[key] for key, watch in watches.items()}
            )
        for watch in watches.values():
            watch.wait_for_state()
        rss_bytes = {key: rss_and_pss_bytes(watch.pid)[0] for key, watch in watches.items()}
    for state in STATES:
        other, this = (state.name, OTHER), (state.name, THIS)
        per_interval = INTERVAL_S / effort.window_s
        ratio = median(each[this] / each[other] for each in spent_s)
        what = f"CPU, {state.name}"
        yield Figure(what, OTHER, milliseconds(median(s[other] for s in spent_s) * per_interval))
        value = milliseconds(median(s[this] for s in spent_s) * per_interval)
        yield Figure(what, THIS, value, f"{ratio:.2f}")
    for state in STATES:
        other, this = (state.name, OTHER), (state.name, THIS)
        more = f"{(rss_bytes[this] - rss_bytes[other]) / MB:+.1f} MB"
        what = f"RSS, {state.name}"
        yield Figure(what, OTHER, f"{rss_bytes[other] / MB:.1f} MB")
        yield Figure(what, THIS, f"{rss_bytes[this] / MB:.1f} MB", more)


def started(roots: dict[str, Path], effort: Effort) -> Iterator[Figure]:
    """Time to the first figure in the tooltip; one start of each before does not count."""
    took_s: dict[str, list[float]] = {name: [] for name in roots}
    with server() as watched, desktop() as (session, panel):
        for number in range(effort.times + 1):
            for name, root in roots.items():
                known = len(panel.figures_at_s)
                began_s = time.monotonic()
                app = start_app(session, watched.url, root=root)
                wait_for(lambda known=known: len(panel.figures_at_s) > known, "a first figure")
                session.stop(app)
                if number:
                    took_s[name].append(panel.figures_at_s[known] - began_s)
    other_s, this_s = (median(took_s[name]) for name in (OTHER, THIS))
    yield Figure("first figure in the tray", OTHER, milliseconds(other_s))
    more = f"{(this_s - other_s) * 1000:+.0f} ms"
    yield Figure("first figure in the tray", THIS, milliseconds(this_s), more)


def measure(effort: Effort) -> Iterator[Figure]:
    """At rest, then starts."""
    with tree_of(effort.commit) as other:
        roots = {OTHER: other, THIS: ROOT}
        for root in roots.values():  # a first start without bytecode takes 3 MB more
            compileall.compile_dir(root / "tray_app", quiet=1)
        yield from at_rest(roots, effort)
        yield from started(roots, effort)


PART = Part("beside", "beside another commit", measure, by_name_only=True)

if __name__ == "__main__":
    raise SystemExit(run(PART))
