"""CPU and memory of one tray that watches ten servers, beside one that watches one.

Ten are five of this machine and five that count as another machine's: their processes are not read.
Those are reached over loopback, too, by a name that this program is made to take for a foreign one.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

from tests.bench.measuring import INTERVAL_S, MB, cpu_s, rss_and_pss_bytes
from tests.bench.scene import ROOT, Server, desktop, server
from tests.bench.table import Effort, Figure, Part, milliseconds, run
from tests.waiting import wait_for

WARM_UP_S = 12.0
LOCAL = REMOTE = 5
ONE, ONE_REMOTE, TEN = "one server", "one remote server", "five local and five remote servers"
CPU_GOAL = 4.0
RSS_GOAL_MB = 6.0
FOREIGN = "localhost"
APP = f"""
import sys
from tray_app.sources.processes import host
host.is_this_machine = lambda name: name != {FOREIGN!r}
from tray_app.__main__ import main
sys.exit(main())
"""


def config_of(local: Sequence[Server], remote: Sequence[Server]) -> str:
    """A config file that lists these servers."""
    urls = [("local", each.url) for each in local]
    urls += [("remote", f"http://{FOREIGN}:{each.port}") for each in remote]
    return "".join(
        f'[[servers]]\nname = "{kind}-{number}"\nurl = "{url}"\n\n'
        for number, (kind, url) in enumerate(urls)
    )


@contextlib.contextmanager
def watching(config: str, *, root: Path = ROOT) -> Iterator[int]:
    """The app in a tray of its own, once it has a figure of each server; gives its pid."""
    count = config.count("[[servers]]")
    with desktop() as (session, panel):
        file = session.home / "config.toml"
        file.write_text(config)
        app = session.start("app", sys.executable, "-c", APP, "--config", str(file), cwd=root)

        def all_are_read() -> bool:
            text = panel.tooltip
            return text.count(" MB") >= min(count, 5) and "no reading" not in text

        try:
            wait_for(all_are_read, "a figure of each server", 30.0)
        except AssertionError as error:
            error.add_note(f"{panel.tooltip}\n{session.log('app')}")
            raise
        yield app.pid


def threads_of(pid: int) -> int:
    """How many threads a process has."""
    return sum(1 for _ in Path(f"/proc/{pid}/task").iterdir())


def wake_ups(pid: int) -> int:
    """How often the threads of a process have waited so far, those that ended left out."""
    told = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):  # it has ended
            status = (task / "status").read_text()
            told += int(status.partition("\nvoluntary_ctxt_switches:")[2].split(None, 1)[0])
    return told


def measure(effort: Effort) -> Iterator[Figure]:
    """All three in the same windows."""
    with contextlib.ExitStack() as stack:
        local = [stack.enter_context(server()) for _ in range(LOCAL)]
        remote = [stack.enter_context(server()) for _ in range(REMOTE)]
        configs = {
            ONE: config_of(local[:1], ()),
            ONE_REMOTE: config_of((), remote[:1]),
            TEN: config_of(local, remote),
        }
        pids = {name: stack.enter_context(watching(each)) for name, each in configs.items()}
        time.sleep(WARM_UP_S)
        spent_s, woken = [], []
        for _ in range(effort.rounds):
            before_s = {name: cpu_s(pid) for name, pid in pids.items()}
            before = {name: wake_ups(pid) for name, pid in pids.items()}
            time.sleep(effort.window_s)
            spent_s.append({name: cpu_s(pid) - before_s[name] for name, pid in pids.items()})
            woken.append({name: wake_ups(pid) - before[name] for name, pid in pids.items()})
        rss_bytes = {name: rss_and_pss_bytes(pid)[0] for name, pid in pids.items()}
        threads = {name: threads_of(pid) for name, pid in pids.items()}
    per_interval = INTERVAL_S / effort.window_s
    for name in pids:
        is_all = name == TEN
        value_s = median(each[name] for each in spent_s) * per_interval
        ratio = median(each[name] / each[ONE] for each in spent_s)
        yield Figure(
            name,
            f"CPU per {INTERVAL_S:g} s",
            milliseconds(value_s),
            f"{ratio:.2f}" if name != ONE else "",
            f"≤ {CPU_GOAL:g}" if is_all else "",
            ratio <= CPU_GOAL if is_all else None,
        )
        more_mb = (rss_bytes[name] - rss_bytes[ONE]) / MB
        yield Figure(
            name,
            "RSS",
            f"{rss_bytes[name] / MB:.1f} MB",
            f"{more_mb:+.1f} MB" if name != ONE else "",
            f"≤ +{RSS_GOAL_MB:g} MB" if is_all else "",
            more_mb <= RSS_GOAL_MB if is_all else None,
        )
        yield Figure(name, "threads", str(threads[name]))
        wakes = median(each[name] for each in woken) * per_interval
        yield Figure(name, f"waits per {INTERVAL_S:g} s", f"{wakes:.0f}")


PART = Part("servers", "Several servers in one tray (ratio to one)", measure)

if __name__ == "__main__":
    raise SystemExit(run(PART))
