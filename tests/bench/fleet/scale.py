"""What Prometheus takes for a number of servers, with the files of ``assets/fleet``."""

from __future__ import annotations

import contextlib
import math
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.bench.fleet.engine import Prometheus, Servers, alerting, config, prometheus, servers
from tests.bench.measuring import MB, cpu_s, rss_and_pss_bytes
from tests.bench.table import Effort, Figure, Part, milliseconds
from tests.fleet.engine import Receiver, alertmanager

INTERVAL_S = 15.0
"""Of scrapes and rules, in ``assets/fleet/prometheus.yml``."""
WARM_UP_S = 2 * INTERVAL_S
APPENDED = "prometheus_tsdb_head_samples_appended_total"


def percentile(values: Sequence[float], share: float) -> float:
    """The nearest rank: so large a share of them is at most as large."""
    return sorted(values)[math.ceil(share * len(values)) - 1]


@dataclass(frozen=True)
class Window:
    """What one window brought: shares of a core, and seconds."""

    prometheus_cpu: float
    servers_cpu: float
    samples_s: float
    rules_s: tuple[float, ...]
    scrapes_s: tuple[float, ...]


@contextlib.contextmanager
def watched(folder: Path, fleet: Servers, count: int) -> Iterator[tuple[Prometheus, str]]:
    """Prometheus and Alertmanager over ``count`` of these servers, once all are scraped. Gives the
    one and the other's URL."""
    receiver = Receiver()
    with contextlib.ExitStack() as stack:
        stack.callback(receiver.close)
        manager = stack.enter_context(alertmanager(folder, receiver))
        config(folder, fleet.targets(count), alerting=alerting(manager))
        made = stack.enter_context(prometheus(folder))
        made.wait_for_up(count)
        yield made, manager


def window(engine: Prometheus, fleet: Servers, lasts_s: float) -> Window:
    """Let it work for ``lasts_s``."""
    before, cpus = engine.own(), (cpu_s(engine.pid), cpu_s(fleet.pid))
    began_s = time.monotonic()
    rules_s = []
    for _ in range(max(1, round(lasts_s / INTERVAL_S))):
        time.sleep(min(lasts_s, INTERVAL_S))
        rules_s.append(engine.own()["prometheus_rule_group_last_duration_seconds"])
    took_s = time.monotonic() - began_s
    spent = [cpu_s(pid) - cpu for pid, cpu in zip((engine.pid, fleet.pid), cpus, strict=True)]
    after = engine.own()
    scrapes = engine.query(f'scrape_duration_seconds{{job="runanalyze"}}[{round(lasts_s)}s]')
    return Window(
        prometheus_cpu=spent[0] / took_s,
        servers_cpu=spent[1] / took_s,
        samples_s=(after[APPENDED] - before[APPENDED]) / took_s,
        rules_s=tuple(rules_s),
        scrapes_s=tuple(float(value) for each in scrapes for _, value in each["values"]),
    )


def at(fleet: Servers, count: int, effort: Effort) -> Iterator[Figure]:
    """The column for ``count`` servers."""
    where = f"{count:,} servers"
    with tempfile.TemporaryDirectory() as name, watched(Path(name), fleet, count) as (engine, _):
        time.sleep(WARM_UP_S)
        windows = [window(engine, fleet, effort.window_s) for _ in range(effort.rounds)]
        own = engine.own()
        rss_bytes = rss_and_pss_bytes(engine.pid)[0]
        wal_bytes = sum(path.stat().st_size for path in Path(name, "data", "wal").iterdir())
    scrapes_s = [scrape_s for each in windows for scrape_s in each.scrapes_s]
    rules_s = [rule_s for each in windows for rule_s in each.rules_s]
    series = own["prometheus_tsdb_head_series"]
    samples = own[APPENDED]

    def middle(name: str) -> float:
        return median(getattr(each, name) for each in windows)

    yield Figure("series per server", where, f"{series / count:.1f}")
    yield Figure("samples a second", where, f"{middle('samples_s'):,.0f}")
    yield Figure("a scrape, median", where, milliseconds(median(scrapes_s)))
    yield Figure("a scrape, 95 %", where, milliseconds(percentile(scrapes_s, 0.95)))
    yield Figure("all rules once, median", where, milliseconds(median(rules_s)))
    yield Figure("all rules once, fastest", where, milliseconds(min(rules_s)))
    yield Figure("Prometheus' CPU", where, of_a_core(middle("prometheus_cpu")))
    yield Figure("Prometheus' RSS", where, f"{rss_bytes / MB:,.0f} MB")
    yield Figure("… for each series", where, f"{rss_bytes / series / 1000:.1f} kB")
    yield Figure("WAL, bytes per sample", where, f"{wal_bytes / samples:.1f}")
    yield Figure("the simulated servers' CPU", where, of_a_core(middle("servers_cpu")))


def cpu_of(pids: Sequence[int], effort: Effort) -> list[list[float]]:
    """What these processes take in each window: shares of a core."""
    spent = []
    for _ in range(effort.rounds):
        before, began_s = [cpu_s(pid) for pid in pids], time.monotonic()
        time.sleep(effort.window_s)
        took_s = time.monotonic() - began_s
        after = [cpu_s(pid) for pid in pids]
        spent.append([(b - a) / took_s for a, b in zip(before, after, strict=True)])
    return spent


def of_a_core(share: float) -> str:
    """``0.4 %``, ``37 %``."""
    percent = 100 * share
    return f"{percent:.{1 if percent < 10 else 0}f} %"


def measure(effort: Effort) -> Iterator[Figure]:
    """One size after another, with the same simulated servers."""
    with servers(max(effort.servers)) as fleet:
        for count in effort.servers:
            yield from at(fleet, count, effort)


PART = Part("fleet", "Many servers under Prometheus", measure, by_name_only=True)
