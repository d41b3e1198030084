"""A small Prometheus above two whole ones that share the servers by ``hashmod``: it reads from them
only the worst servers, and how many there are of each band."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

from tests.bench.fleet.engine import Prometheus, Servers, config, prometheus, servers
from tests.bench.fleet.generator import host
from tests.bench.fleet.scale import WARM_UP_S, cpu_of, of_a_core
from tests.bench.fleet.shards import SHARDS, scraping
from tests.bench.measuring import MB, rss_and_pss_bytes
from tests.bench.table import Effort, Figure, Part, run
from tests.fleet.engine import LIMIT_S, ask
from tests.ports import free_port
from tests.waiting import wait_for

SERIES = "server:runanalyze_memory_bytes:by_band"
WORST = "server:runanalyze_memory_bytes:worst"
COUNTS = "band:runanalyze_servers:count"
RULES = f"""
groups:
  - name: runanalyze-above
    rules:
      - record: {WORST}
        expr: |
          topk(50, {SERIES}{{band="red"}})
            or topk(50, {SERIES}{{band="orange"}})
            or topk(50, {SERIES}{{band!~"red|orange|yellow|green"}})
      - record: {COUNTS}
        expr: count by (band) ({SERIES})
"""
MATCHES = [WORST, COUNTS]
EVERY = {"scrape_interval": "15s", "evaluation_interval": "15s"}
CROSSING = 0
"""The server that becomes critical."""


def federating(ports: list[int]) -> list[dict[str, Any]]:
    """The ``scrape_configs`` of the one above. Without the time stamps of those below: a series
    that has one, and ends there, would go on here for five minutes."""
    return [
        {
            "job_name": "above",
            "honor_labels": True,
            "honor_timestamps": False,
            "metrics_path": "/federate",
            "params": {"match[]": MATCHES},
            "static_configs": [{"targets": [f"127.0.0.1:{port}" for port in ports]}],
            "metric_relabel_configs": [
                {
                    "source_labels": ["__name__"],
                    "regex": WORST,
                    "target_label": "__name__",
                    "replacement": SERIES,
                }
            ],
        }
    ]


def seconds_until(condition: Callable[[], bool], what: str) -> float:
    """How long it takes."""
    began_s = time.monotonic()
    wait_for(condition, what, LIMIT_S)
    return time.monotonic() - began_s


def is_red(engine: Prometheus) -> bool:
    """Whether the server that crosses is there, in red."""
    time.sleep(0.2)
    server = f"{host(CROSSING)}:8000"
    return bool(engine.query(f'{SERIES}{{server="{server}",band="red"}}'))


def at(fleet: Servers, count: int, effort: Effort) -> Iterator[Figure]:
    """The column for ``count`` servers."""
    where, ports = f"{count:,} servers", [free_port() for _ in range(SHARDS + 1)]
    targets = fleet.targets(count)
    fleet.play(CROSSING, "calm")
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        below = []
        for number in range(SHARDS):
            place = folder / str(number)
            config(
                place,
                targets,
                alerting=None,
                rule_files=["rules.yml", "above.yml"],
                scrape_configs=scraping(number),
                **{"global": EVERY | {"external_labels": {"shard": str(number)}}},
            )
            (place / "above.yml").write_text(RULES)
            below.append(stack.enter_context(prometheus(place, port=ports[number])))
        config(
            folder / "above",
            [],
            alerting=None,
            rule_files=None,
            scrape_configs=federating(ports[:SHARDS]),
        )
        above = stack.enter_context(prometheus(folder / "above", port=ports[SHARDS]))
        wait_for(lambda: counted(above) == count, "all servers are counted above", LIMIT_S)
        time.sleep(WARM_UP_S)
        pids = [above.pid, *(each.pid for each in below)]
        spent = cpu_of(pids, effort)
        rss = [rss_and_pss_bytes(pid)[0] / MB for pid in pids]
        pages = [ask(f"{each.url}/federate", **{"match[]": MATCHES[0]}) for each in below]
        fleet.play(CROSSING, "critical")
        red_s = seconds_until(lambda: is_red(above), "it is red above")
        fleet.play(CROSSING, "calm")
        green_s = seconds_until(lambda: not is_red(above), "it is green again above")
        fleet.play(CROSSING, "usual")
    half = [sum(each[1:]) / SHARDS for each in spent]
    yield Figure("CPU of one below", where, of_a_core(median(half)))
    yield Figure("RSS of one below", where, f"{sum(rss[1:]) / SHARDS:,.0f} MB")
    yield Figure("CPU of the one above", where, of_a_core(median(each[0] for each in spent)))
    yield Figure("RSS of the one above", where, f"{rss[0]:,.0f} MB")
    yield Figure("bytes that it reads", where, f"{sum(len(page or '') for page in pages):,}")
    yield Figure("critical until red above", where, f"{red_s:.0f} s")
    yield Figure("calm until green above", where, f"{green_s:.0f} s")


def counted(engine: Prometheus) -> int:
    """How many servers the one above knows of."""
    time.sleep(0.2)
    return round(engine.number(f"sum({COUNTS})"))


def measure(effort: Effort) -> Iterator[Figure]:
    """One size after another."""
    with servers(max(effort.servers)) as fleet:
        for count in effort.servers:
            yield from at(fleet, count, effort)


PART = Part("fleet-above", "One Prometheus above two", measure, by_name_only=True)

if __name__ == "__main__":
    raise SystemExit(run(PART))
