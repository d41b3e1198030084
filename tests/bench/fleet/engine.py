"""Prometheus and Alertmanager with the files of ``assets/fleet``, and the servers they scrape."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.bench.fleet.generator import address, host
from tests.bench.fleet.lives import LASTS_S
from tests.fleet.engine import FLEET, ask, program
from tests.ports import free_port
from tests.waiting import wait_for

READY_S = 300.0
Labels = dict[str, str]


@dataclass
class Servers:
    """The generator's process. It may be killed and started again at the same port."""

    count: int
    lasts_s: float = LASTS_S
    port: int = 0
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        """Return when it serves."""
        command = [sys.executable, "-m", "tests.bench.fleet.generator"]
        command += [f"{value:g}" for value in (self.count, self.lasts_s, self.port)]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe)
        assert self.process.stdout
        self.port = json.loads(self.process.stdout.readline())["port"]

    def kill(self) -> None:
        """At once, as a machine's power does."""
        assert self.process
        self.process.kill()
        self.process.communicate()

    @property
    def pid(self) -> int:
        assert self.process
        return self.process.pid

    def play(self, number: int, what: str) -> float:
        """Order a server; the Unix time from which on it does."""
        url = f"http://{address(number, self.port)}/{number}/play/{what}"
        moment: float = wait_for(lambda: ask(url), f"server {number} plays {what}")
        return moment

    def targets(self, count: int) -> list[dict[str, Any]]:
        """As for ``file_sd_configs``: one for each of the first ``count``."""
        return [
            {
                "targets": [address(number, self.port)],
                "labels": {
                    "__metrics_path__": f"/{number}/metrics",
                    "instance": f"{host(number)}:9435",
                    "team": ("video", "audio", "lab")[number % 3],
                },
            }
            for number in range(count)
        ]


@contextlib.contextmanager
def servers(count: int, lasts_s: float = LASTS_S) -> Iterator[Servers]:
    """So many, until the end of the block."""
    made = Servers(count, lasts_s)
    made.start()
    try:
        yield made
    finally:
        made.kill()


@dataclass(frozen=True)
class Prometheus:
    """A running one."""

    url: str
    pid: int
    folder: Path

    def query(self, expression: str, **more: str) -> list[dict[str, Any]]:
        """What it answers; a query that it refuses is a failure."""
        answer = ask(f"{self.url}/api/v1/query", query=expression, **more)
        assert answer, f"no answer: {expression}"
        assert answer["status"] == "success", answer
        found: list[dict[str, Any]] = answer["data"]["result"]
        return found

    def number(self, expression: str) -> float:
        """The value of a query with one series; 0 without any."""
        found = self.query(expression)
        return float(found[0]["value"][1]) if found else 0.0

    def own(self) -> dict[str, float]:
        """Its own metrics, each summed over its series."""
        totals: dict[str, float] = {}
        for family in text_string_to_metric_families(ask(f"{self.url}/metrics")):
            for point in family.samples:
                totals[point.name] = totals.get(point.name, 0.0) + point.value
        return totals

    def wait_for_up(self, count: int) -> None:
        """Return when ``count`` servers answer."""
        wait_for(
            lambda: self._is_ready() and self.number("count(up == 1)") == count,
            f"{count} servers are scraped",
            READY_S,
        )

    def _is_ready(self) -> bool:
        time.sleep(0.2)  # a query costs what is measured
        return ask(f"{self.url}/-/ready") is not None


def config(folder: Path, targets: list[dict[str, Any]], **changes: Any) -> Path:
    """The project's configuration in this folder, with these targets, and other sections where
    ``changes`` say so; None leaves one out."""
    folder.mkdir(parents=True, exist_ok=True)
    made = yaml.safe_load((FLEET / "prometheus.yml").read_text("utf-8"))
    made["scrape_configs"][0]["file_sd_configs"] = [{"files": ["targets.json"]}]
    (folder / "targets.json").write_text(json.dumps(targets))
    (folder / "rules.yml").write_text((FLEET / "rules.yml").read_text("utf-8"))
    for name, value in changes.items():
        if value is None:
            del made[name]
        else:
            made[name] = value
    path = folder / "prometheus.yml"
    path.write_text(yaml.safe_dump(made))
    return path


def alerting(url: str) -> dict[str, Any]:
    """The section that names this Alertmanager."""
    return {"alertmanagers": [{"static_configs": [{"targets": [url.removeprefix("http://")]}]}]}


@contextlib.contextmanager
def prometheus(
    folder: Path, *flags: str, port: int = 0, storage: str = "storage.tsdb"
) -> Iterator[Prometheus]:
    """Run it with the configuration of this folder; killed at the end, as SIGKILL does."""
    port = port or free_port()
    at = f"127.0.0.1:{port}"
    given = (
        "--config.file=prometheus.yml",
        f"--{storage}.path={folder / 'data'}",
        f"--web.listen-address={at}",
        "--log.level=warn",
        *flags,
    )
    with program(folder, "prometheus", *given) as process:
        made = Prometheus(f"http://{at}", process.pid, folder)
        wait_for(lambda: made._is_ready(), "Prometheus is ready", READY_S)
        yield made
