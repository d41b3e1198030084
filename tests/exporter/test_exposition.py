"""The text that Prometheus reads, read by its own parsers and checked by its own tool."""

from __future__ import annotations

import math
import subprocess
import time

import pytest
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from tests.exporter.made import MadeExporter
from tests.needs import path_of
from tests.views.terminal.test_json_record import FULL
from tray_app import __version__
from tray_app.core.analysis.jobs import Job
from tray_app.core.model.readings import MIB, Now
from tray_app.core.monitor.events import JobEnded

OPENMETRICS = "application/openmetrics-text; version=1.0.0"
SCRAPE_S = 0.002


@pytest.fixture
def exporter() -> MadeExporter:
    """With everything that a server can have."""
    made = MadeExporter()
    made.publish(JobEnded(Job(1, Now(0, 0), peak_bytes=700 * MIB), FULL), sample=FULL)
    return made


def test_the_client_chooses_the_format(exporter: MadeExporter) -> None:
    """OpenMetrics for who asks for it, else text; both parsers read the same points."""
    kind, body = exporter.exposition.page(OPENMETRICS)
    assert kind.startswith("application/openmetrics-text")
    modern = list(openmetrics.text_string_to_metric_families(body.decode()))
    kind, body = exporter.exposition.page("text/plain")
    assert kind.startswith("text/plain; version=0.0.4")
    plain = list(text_string_to_metric_families(body.decode()))
    assert len(modern) == len(plain) > 30
    points = {(point.name, tuple(point.labels.items())) for each in plain for point in each.samples}
    others = {
        (point.name, tuple(point.labels.items())) for each in modern for point in each.samples
    }
    assert points == others
    assert ("runanalyze_build_info", (("version", __version__),)) in points


def test_no_value_is_nan(exporter: MadeExporter) -> None:
    """What is unknown has no line."""
    exporter.publish(sample=None)
    for family in text_string_to_metric_families(exporter.exposition.page("")[1].decode()):
        assert all(math.isfinite(point.value) for point in family.samples), family.name


def test_a_histogram_is_whole(exporter: MadeExporter) -> None:
    """Its last bucket, its count and its sum agree."""
    text = exporter.exposition.page("")[1].decode()
    (family,) = (
        each
        for each in text_string_to_metric_families(text)
        if each.name == "runanalyze_job_peak_bytes"
    )
    last = {point.name.rpartition("_")[2]: point.value for point in family.samples}
    assert last == {"bucket": 1, "count": 1, "sum": 700 * MIB}


def test_the_tool_has_nothing_to_say() -> None:
    """``promtool check metrics`` finds no fault, with figures and without."""
    promtool = path_of("promtool")
    for sample in (FULL, None):
        made = MadeExporter("http://localhost:8000", "http://gpu-box:8000")
        made.publish(sample=sample)
        made.publish(sample=sample, url="http://gpu-box:8000")
        checked = subprocess.run(
            [promtool, "check", "metrics"],
            input=made.exposition.page("")[1],
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert (checked.returncode, checked.stdout + checked.stderr) == (0, b"")


def test_a_scrape_costs_little_cpu(exporter: MadeExporter) -> None:
    """Less than 2 ms: it reads the last state. The best of many, as other programs run, too."""
    costs = []
    for _ in range(50):
        begun = time.thread_time()
        exporter.exposition.page("text/plain")
        costs.append(time.thread_time() - begun)
    assert min(costs) < SCRAPE_S


def test_two_servers_are_told_apart() -> None:
    """By the label; each family has its head once."""
    made = MadeExporter("http://localhost:8000", "http://gpu-box:8000")
    made.publish(sample=FULL)
    made.publish(sample=FULL, url="http://gpu-box:8000")
    families = list(text_string_to_metric_families(made.exposition.page("")[1].decode()))
    memory = next(each for each in families if each.name == "runanalyze_memory_bytes")
    assert {point.labels["server"] for point in memory.samples} == {
        "localhost:8000",
        "gpu-box:8000",
    }
    assert len({each.name for each in families}) == len(families)
