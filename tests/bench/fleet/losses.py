"""What is lost when a part of the set-up is killed with SIGKILL and started again."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

from tests.bench.fleet.engine import Prometheus, Servers, alerting, config, prometheus, servers
from tests.bench.fleet.generator import host
from tests.bench.fleet.scale import INTERVAL_S, WARM_UP_S
from tests.bench.table import Effort, Figure, Part, run
from tests.fleet.engine import LIMIT_S, Receiver, alertmanager, ask
from tests.ports import free_port
from tests.waiting import wait_for

READ = "runanalyze_samples_total"
"""Each scrape brings one point of it for each server."""
CRITICAL = 0
SERVER = f"{host(CRITICAL)}:8000"
"""The server that is above critical all the time."""
Moments = dict[str, list[float]]


def moments(engine: Prometheus, last_s: float) -> Moments:
    """When each server was read, of the last ``last_s`` seconds."""
    found = engine.query(f"{READ}[{round(last_s)}s]")
    return {
        each["metric"]["instance"]: [float(at_s) for at_s, _ in each["values"]] for each in found
    }


def longest_gap_s(moments_s: list[float]) -> float:
    """Between two that follow each other; 0 without."""
    return max((after - before for before, after in pairwise(moments_s)), default=0.0)


def is_firing(engine: Prometheus) -> bool:
    """Whether the alert of the critical server fires by this program's own evaluation."""
    time.sleep(0.2)
    listed = ask(f"{engine.url}/api/v1/alerts")
    return any(
        _is_critical(each) for each in (listed or {"data": {"alerts": ()}})["data"]["alerts"]
    )


def _is_critical(alert: dict[str, Any]) -> bool:
    labels = alert["labels"]
    is_it = labels["alertname"] == "RunAnalyzeCritical" and labels["server"] == SERVER
    return is_it and alert["state"] == "firing"


def at(fleet: Servers, count: int) -> Iterator[Figure]:
    """The column for ``count`` servers."""
    where, receiver, port = f"{count:,} servers", Receiver(), free_port()
    with contextlib.ExitStack() as stack:
        stack.callback(receiver.close)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        manager = stack.enter_context(alertmanager(folder, receiver))
        config(folder, fleet.targets(count), alerting=alerting(manager))
        running = stack.enter_context(contextlib.ExitStack())
        engine = running.enter_context(prometheus(folder, port=port))
        engine.wait_for_up(count)
        fleet.play(CRITICAL, "critical")
        wait_for(lambda: is_firing(engine), "critical fires", LIMIT_S)
        time.sleep(WARM_UP_S)

        killed_s = time.monotonic()
        fleet.kill()
        fleet.start()
        away_s = time.monotonic() - killed_s
        fleet.play(CRITICAL, "critical")
        engine.wait_for_up(count)
        took_s = time.monotonic() - killed_s
        gaps = [longest_gap_s(each) for each in moments(engine, took_s + 60).values()]
        yield Figure("exporters killed, away for", where, f"{away_s:.0f} s")
        yield Figure("… longest gap, median", where, f"{median(gaps):.0f} s")
        yield Figure("… longest gap, at most", where, f"{max(gaps):.0f} s")

        time.sleep(WARM_UP_S)
        known = moments(engine, 120)
        killed_s = time.monotonic()
        running.close()
        again = stack.enter_context(prometheus(folder, port=port))
        ready_s = time.monotonic() - killed_s
        lost = missing(known, moments(again, time.monotonic() - killed_s + 130))
        wait_for(lambda: is_firing(again), "critical fires again", LIMIT_S)
        fires_s = time.monotonic() - killed_s
        again.wait_for_up(count)
        time.sleep(2 * INTERVAL_S)
        gaps = [
            longest_gap_s(each)
            for each in moments(again, time.monotonic() - killed_s + 20).values()
        ]
        ended = sum(
            alert["labels"].get("server") == SERVER and alert["status"] == "resolved"
            for told in receiver.of("RunAnalyzeCritical", "resolved")
            for alert in told["alerts"]
        )
        yield Figure("Prometheus killed, ready after", where, f"{ready_s:.1f} s")
        yield Figure("… samples lost that it had", where, f"{lost}", "", "0", lost == 0)
        yield Figure("… gap then, median", where, f"{median(gaps):.0f} s")
        yield Figure("… gap then, at most", where, f"{max(gaps):.0f} s")
        yield Figure("… critical fires again after", where, f"{fires_s:.0f} s")
        yield Figure("… notified as resolved meanwhile", where, f"{ended} times")


def missing(known: Moments, found: Moments) -> int:
    """How many of the known moments are not among those found."""
    return sum(len(set(known[name]) - set(found.get(name, ()))) for name in known)


def measure(effort: Effort) -> Iterator[Figure]:
    """One size after another."""
    with servers(max(effort.servers)) as fleet:
        for count in effort.servers:
            yield from at(fleet, count)


PART = Part("fleet-losses", "Killed and started again", measure, by_name_only=True)

if __name__ == "__main__":
    raise SystemExit(run(PART))
