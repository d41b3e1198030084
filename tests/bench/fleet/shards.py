"""More than one Prometheus: two agents, each of which scrapes the half that ``hashmod`` gives it,
write to a third one, which has the rules. And what is lost when one of them is killed."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import yaml

from tests.bench.fleet.engine import Prometheus, Servers, config, prometheus, servers
from tests.bench.fleet.losses import longest_gap_s, missing, moments
from tests.bench.fleet.scale import WARM_UP_S, cpu_of, of_a_core
from tests.bench.measuring import MB, rss_and_pss_bytes
from tests.bench.table import Effort, Figure, Part, run
from tests.fleet.engine import FLEET
from tests.ports import free_port

SHARDS = 2
AWAY_S = 30.0
EDGE_S = 5.0


def shard(number: int, of: int = SHARDS) -> list[dict[str, Any]]:
    """The ``relabel_configs`` of one of ``of`` shards. All simulated servers share few
    addresses, so their paths count, too; for real exporters ``__address__`` is enough."""
    labels = ["__address__", "__metrics_path__"]
    return [
        {"source_labels": labels, "modulus": of, "target_label": "__tmp_hash", "action": "hashmod"},
        {"source_labels": ["__tmp_hash"], "regex": str(number), "action": "keep"},
    ]


def scraping(number: int) -> list[dict[str, Any]]:
    """The ``scrape_configs`` of this shard."""
    (job,) = yaml.safe_load((FLEET / "prometheus.yml").read_text("utf-8"))["scrape_configs"]
    job["file_sd_configs"] = [{"files": ["targets.json"]}]
    return [job | {"relabel_configs": shard(number)}]


@contextlib.contextmanager
def receiver(folder: Path, port: int) -> Iterator[Prometheus]:
    """The one with the rules."""
    with prometheus(folder, "--web.enable-remote-write-receiver", port=port) as engine:
        yield engine


@contextlib.contextmanager
def agent(folder: Path, port: int) -> Iterator[Prometheus]:
    """One that only scrapes and sends."""
    with prometheus(folder, "--enable-feature=agent", port=port, storage="storage.agent") as engine:
        yield engine


def at(fleet: Servers, count: int, effort: Effort) -> Iterator[Figure]:
    """The column for ``count`` servers."""
    where, ports = f"{count:,} servers", [free_port() for _ in range(SHARDS + 1)]
    targets = fleet.targets(count)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        config(folder / "all", [], alerting=None, scrape_configs=[])
        write_to = [{"url": f"http://127.0.0.1:{ports[0]}/api/v1/write"}]
        for number in range(SHARDS):
            config(
                folder / str(number),
                targets,
                alerting=None,
                rule_files=None,
                scrape_configs=scraping(number),
                remote_write=write_to,
            )
        running = stack.enter_context(contextlib.ExitStack())
        whole = running.enter_context(receiver(folder / "all", ports[0]))
        first = stack.enter_context(contextlib.ExitStack())
        agents = [first.enter_context(agent(folder / "0", ports[1]))]
        agents.append(stack.enter_context(agent(folder / "1", ports[2])))
        whole.wait_for_up(count)
        time.sleep(WARM_UP_S)
        pids = [whole.pid, *(each.pid for each in agents)]
        spent = cpu_of(pids, effort)
        rss = [rss_and_pss_bytes(pid)[0] / MB for pid in pids]
        sent = [each.own() for each in agents]
        sent_bytes, sent_samples = (
            sum(each[f"prometheus_remote_storage_{what}_total"] for each in sent)
            for what in ("bytes", "samples")
        )
        smallest = min(scraped(each) for each in agents)
        yield Figure("the smaller shard's servers", where, f"{smallest:.0f}")
        yield Figure("the receiver's CPU", where, of_a_core(median(each[0] for each in spent)))
        yield Figure("the receiver's RSS", where, f"{rss[0]:,.0f} MB")
        yield Figure("an agent's CPU", where, of_a_core(median(sum(e[1:]) / SHARDS for e in spent)))
        yield Figure("an agent's RSS", where, f"{sum(rss[1:]) / SHARDS:,.0f} MB")
        yield Figure("sent, bytes per sample", where, f"{sent_bytes / sent_samples:.1f}")

        known = moments(whole, 60)
        killed_s = time.monotonic()
        first.close()
        first.enter_context(agent(folder / "0", ports[1]))
        whole.wait_for_up(count)
        time.sleep(WARM_UP_S)
        found = moments(whole, time.monotonic() - killed_s + 60 + EDGE_S)
        gaps = [longest_gap_s(each) for each in found.values()]
        lost = missing(known, found)
        yield Figure("agent killed, samples lost", where, f"{lost}", "", "0", lost == 0)
        yield Figure("… longest gap of a server", where, f"{max(gaps):.0f} s")

        known = moments(whole, 20)
        killed_s = time.monotonic()
        running.close()
        time.sleep(AWAY_S)
        again = stack.enter_context(receiver(folder / "all", ports[0]))
        again.wait_for_up(count)
        time.sleep(WARM_UP_S)
        found = moments(again, time.monotonic() - killed_s + 20 + EDGE_S)
        gaps = [longest_gap_s(each) for each in found.values()]
        lost = missing(known, found)
        yield Figure("receiver away 30 s, samples lost", where, f"{lost}", "", "0", lost == 0)
        yield Figure("… longest gap then", where, f"{max(gaps):.0f} s")


def scraped(engine: Prometheus) -> float:
    """How many targets it scrapes."""
    return engine.own()["prometheus_target_scrape_pool_targets"]


def measure(effort: Effort) -> Iterator[Figure]:
    """One size after another."""
    with servers(max(effort.servers)) as fleet:
        for count in effort.servers:
            yield from at(fleet, count, effort)


PART = Part("fleet-shards", "Two agents that write to one Prometheus", measure, by_name_only=True)

if __name__ == "__main__":
    raise SystemExit(run(PART))
