"""The simulated servers of `tests.bench.fleet`, and what Prometheus is configured with."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from tests.bench.fleet import above, disk, lives, losses, scale, shards
from tests.bench.fleet.engine import Servers, config
from tests.bench.fleet.generator import CRITICAL_MB, Fleet, host, serve
from tests.bench.fleet.lives import Life, joined, life
from tests.bench.traces import KINDS, Trace, recorded
from tests.needs import path_of
from tests.ports import free_port
from tray_app.core.model.readings import MIB
from tray_app.core.presentation.metrics import BUILD, CLOCK, OFFERS

ROOT = Path(__file__).parents[2]
SHORT_S = 60.0


@pytest.fixture(scope="module")
def job() -> Life:
    """Of a recorded job."""
    return life(recorded(0))


def read(page: bytes) -> dict[str, Metric]:
    """The families of an OpenMetrics page, by its own strict parser."""
    return {each.name: each for each in text_string_to_metric_families(page.decode())}


def value(page: bytes, family: str) -> float:
    """That of its first point."""
    return float(read(page)[family].samples[0].value)


def test_a_page_is_an_exporters(job: Life) -> None:
    """It has the program's metrics and no other, nearly all of them; names, server and clock are
    of the moment at which it is asked for."""
    told = read(job.page("gpu-7:8000", 40.0, 1_795_000_000.25))
    offered = {offer.metric.name for offer in OFFERS}
    assert set(told) <= offered | {CLOCK.name, BUILD.name}
    assert len(told) > 0.9 * len(offered)
    servers = {point.labels.get("server") for each in told.values() for point in each.samples}
    assert servers == {"gpu-7:8000", None}
    (clock,) = told[CLOCK.name].samples
    assert clock.value == 1_795_000_000.25


def test_a_life_begins_again_after_its_end(job: Life) -> None:
    """Counters grow until then, and count from zero afterwards, as after a restart."""
    samples = "runanalyze_samples"
    first, last, again = (
        value(job.page("gpu-1:8000", at_s, 0.0), samples)
        for at_s in (4.0, job.lasts_s - 1.0, job.lasts_s + 4.0)
    )
    assert first == again < last
    ended = "runanalyze_jobs"
    assert value(job.page("gpu-1:8000", job.lasts_s - 1.0, 0.0), ended) == 1
    assert value(job.page("gpu-1:8000", job.lasts_s + 4.0, 0.0), ended) == 0


def test_a_server_dies_and_comes_back() -> None:
    """In a life made of deaths, at the times of the trace."""
    trace = joined(KINDS["death and return"][0], Random(1), 600.0)
    dies_s, back_s = trace.absent[0]
    seen = life(trace)
    up = [
        value(seen.page("gpu-1:8000", at_s, 0.0), "runanalyze_server_up")
        for at_s in (dies_s - 4.0, back_s - 1.0, back_s + 6.0)
    ]
    assert up == [1, 0, 1]


def test_joined_traces_have_no_steps_between_them() -> None:
    """Memory goes from the end of one to the beginning of the next at rest, in 20 s. Jobs and
    deaths keep their places."""

    def level(_: Random, number: int) -> Trace:
        return Trace("", 0, 30.0, lambda _: 100.0 + 50.0 * (number % 2), jobs=((5.0, 10.0),))

    trace = joined(level, Random(3), 900.0)
    assert len(trace.jobs) > 2
    assert {round(end_s - start_s, 6) for start_s, end_s in trace.jobs} == {5.0}
    levels = {trace.memory_mb(start_s) for start_s, _ in trace.jobs}
    assert levels == {100.0, 150.0}
    for second in range(round(trace.lasts_s)):
        step_mb = abs(trace.memory_mb(second + 1.0) - trace.memory_mb(float(second)))
        assert step_mb < 1.01 * 50.0 / lives.JOINT_S, second


def test_lives_are_always_the_same() -> None:
    """Twenty, most of them calm; any ten in a row are of more than one kind."""
    made = lives.lives(SHORT_S)
    assert len(made) == 20
    assert [each.pages for each in made] == [each.pages for each in lives.lives(SHORT_S)]
    assert all(len(set(map(id, made[at : at + 10]))) == 10 for at in range(10))


def body(answer: bytes | None) -> bytes:
    """That of an answer which says that it is one."""
    assert answer is not None
    head, _, rest = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert f"Content-Length: {len(rest)}\r\n".encode() in head
    return rest


def test_each_server_has_its_page_and_takes_orders(job: Life) -> None:
    """It plays what it is told, or is away, and later lives on; others do not notice."""
    clock_s = [1_795_000_000.0]
    fleet = Fleet(3, [job], lambda: clock_s[0])

    def memory(number: int) -> float:
        return value(body(fleet.answer(f"/{number}/metrics")), "runanalyze_memory_bytes")

    usual = [memory(number) for number in range(3)]
    assert f'server="{host(2)}:8000"'.encode() in body(fleet.answer("/2/metrics"))
    clock_s[0] += 0.01
    assert json.loads(body(fleet.answer("/1/play/critical"))) == clock_s[0]
    assert memory(1) == pytest.approx(CRITICAL_MB * MIB, rel=0.01)
    fleet.answer("/1/play/away")
    assert fleet.answer("/1/metrics") is None
    assert [memory(0), memory(2)] == [usual[0], usual[2]]
    fleet.answer("/1/play/usual")
    assert memory(1) == usual[1]
    for nothing in ("/3/metrics", "/x/metrics", "/1/play/golf", "/"):
        answer = fleet.answer(nothing)
        assert answer is not None
        assert answer.startswith(b"HTTP/1.1 404 ")


@pytest.mark.skipif(sys.platform != "linux", reason="only there is all of 127.0.0.0/8 the machine")
def test_it_serves_over_http(job: Life) -> None:
    """At the addresses that Prometheus gets; one that is away says nothing."""
    targets: list[str] = []

    async def ask(address: str, path: str) -> bytes:
        place, _, port = address.partition(":")
        reader, writer = await asyncio.open_connection(place, int(port))
        writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        answer = await reader.read()
        writer.close()
        return answer

    async def talk() -> tuple[bytes, bytes]:
        started: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        fleet = Fleet(2, [job])
        serving = asyncio.create_task(serve(fleet, started.set_result, free_port()))
        made = Servers(2, port=await started).targets(2)
        targets.extend(target for each in made for target in each["targets"])
        fleet.answer("/0/play/away")
        path = made[1]["labels"]["__metrics_path__"]
        answers = await ask(targets[0], "/0/metrics"), await ask(targets[1], path)
        serving.cancel()
        await asyncio.wait((serving,))
        return answers

    nothing, page = asyncio.run(talk())
    assert nothing == b""
    assert value(body(page), "runanalyze_memory_bytes") > 0
    assert len(set(targets)) == 2


def test_each_target_is_a_server_of_its_own() -> None:
    """By instance and path."""
    made = [each["labels"] for each in Servers(30, port=1).targets(30)]
    assert len({labels["instance"] for labels in made}) == 30
    assert len({labels["__metrics_path__"] for labels in made}) == 30


def test_points_of_a_block_have_their_moment(job: Life) -> None:
    """As the tool that makes blocks reads them."""
    fleet = Fleet(1, [job], lambda: 1_795_000_000.0)
    lines = disk.timed(fleet.answer("/0/metrics") or b"", b'instance="a"', 1_795_000_000).decode()
    told = body(fleet.answer("/0/metrics")).decode()
    points = [line for line in told.splitlines() if not line.startswith("#")]
    assert len(lines.splitlines()) == len(points)
    assert 'runanalyze_exporter_time_seconds{instance="a"} 1795000000.0 1795000000\n' in lines
    assert f'runanalyze_busy{{server="{host(0)}:8000",instance="a"}}' in lines


def test_figures_of_a_run() -> None:
    """The nearest rank, the longest gap, and what is missing."""
    assert scale.percentile([3.0, 1.0, 2.0, 4.0], 0.5) == 2.0
    assert scale.percentile(list(map(float, range(1, 101))), 0.95) == 95.0
    assert scale.of_a_core(0.004) == "0.4 %"
    assert scale.of_a_core(0.37) == "37 %"
    assert losses.longest_gap_s([0.0, 15.0, 60.0, 75.0]) == 45.0
    assert losses.longest_gap_s([]) == 0.0
    known = {"a": [1.0, 2.0], "b": [1.0]}
    assert losses.missing(known, {"a": [2.0, 3.0]}) == 2
    assert losses.missing(known, known) == 0


@pytest.mark.parametrize("number", range(shards.SHARDS))
def test_prometheus_takes_the_configurations(tmp_path: Path, number: int) -> None:
    """Its own tool finds no fault: not in the whole one, nor in that of a shard in agent mode."""
    promtool, targets = path_of("promtool"), Servers(3, port=1).targets(3)
    whole = config(tmp_path / "whole", targets)
    part = config(
        tmp_path / "part",
        targets,
        alerting=None,
        rule_files=None,
        scrape_configs=shards.scraping(number),
        remote_write=[{"url": "http://127.0.0.1:1/api/v1/write"}],
    )
    for path, flags in ((whole, ()), (part, ("--agent",))):
        command = [promtool, "check", "config", *flags, path.name]
        done = subprocess.run(
            command, cwd=path.parent, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


def examples() -> list[dict[str, Any]]:
    """The YAML in the documentation."""
    text = (ROOT / "docs" / "fleet.md").read_text("utf-8")
    found = re.findall(r"^```yaml\n(.+?)^```", text, re.DOTALL | re.MULTILINE)
    return [yaml.safe_load(block) for block in found]


def test_the_documentation_shows_what_was_measured() -> None:
    """Shards by hash, the series for the one above, and what that one reads."""
    relabelling = [
        each["scrape_configs"][0]["relabel_configs"]
        for each in examples()
        if "relabel_configs" in each.get("scrape_configs", [{}])[0]
    ]
    (first, second) = shards.shard(0, 20)
    assert relabelling == [[first | {"source_labels": ["__address__"]}, second]]
    rules = [each["groups"][0]["rules"] for each in examples() if "groups" in each]
    assert rules == [yaml.safe_load(above.RULES)["groups"][0]["rules"]]
    (measured,) = above.federating([1, 2])
    (shown,) = (
        each["scrape_configs"][0]
        for each in examples()
        if each.get("scrape_configs", [{}])[0].get("metrics_path") == "/federate"
    )
    for one in (measured, shown):
        del one["job_name"], one["static_configs"]
    assert shown == measured


def test_prometheus_takes_the_documentations_examples(tmp_path: Path) -> None:
    """Each by its own tool."""
    promtool = path_of("promtool")
    (tmp_path / "targets.yml").write_text("- targets: []\n")
    for number, example in enumerate(examples()):
        kind = "rules" if "groups" in example else "config"
        file = tmp_path / f"{number}.yml"
        file.write_text(yaml.safe_dump(example))
        done = subprocess.run(
            [promtool, "check", kind, file.name],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
