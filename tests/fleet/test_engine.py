"""Exporter, Prometheus, Alertmanager and receiver together: all of them are the real programs.

A test waits for what it expects.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.core.made import TARGET, tree_reading
from tests.fleet.engine import (
    LIMIT_S,
    Receiver,
    SteadyExporter,
    alertmanager,
    ask,
    prometheus,
)
from tests.needs import path_of
from tests.views.terminal.test_json_record import FULL
from tests.waiting import wait_for
from tools.make_dashboard import ROWS, VARIABLES
from tray_app import __version__
from tray_app.core.alerts.job_leak import RetainedMemory
from tray_app.core.alerts.levels import LevelReached
from tray_app.core.alerts.limits import Level
from tray_app.core.analysis.activity import Activity
from tray_app.core.analysis.jobs import Job
from tray_app.core.model.metrics import Kind
from tray_app.core.model.readings import MIB, Now, OwnUse
from tray_app.core.monitor.events import JobEnded, Sampled
from tray_app.core.monitor.sample import Sample
from tray_app.core.monitor.state import Health
from tray_app.core.presentation.metrics import OFFERS
from tray_app.core.source_choice.circuit_breaker import ApiCondition, ApiState

pytestmark = pytest.mark.xdist_group("fleet")

KNOWN = replace(
    FULL,
    stale=False,
    target=TARGET,
    hung=None,
    api=ApiCondition(ApiState.OK, age_s=0.1, latency_s=0.004),
)


def with_memory(memory_mb: float, *, busy: bool = True) -> Sample:
    """A sample of a server that has this much."""
    level = Level.CRITICAL if memory_mb > 3000 else Level.NONE
    activity = Activity.PROCESSING if busy else Activity.IDLE
    memory_bytes = round(memory_mb * MIB)
    return replace(KNOWN, memory_bytes=memory_bytes, level=level, activity=activity)


class Engine:
    """The programs, and two exporters: ``shown`` for the dashboard, ``told`` for alerts."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        for name in ("prometheus", "prometheus-alertmanager"):
            path_of(name)
        self.receiver = Receiver()
        stack.callback(self.receiver.close)
        self.shown = SteadyExporter("http://one:8000", "http://two:8000")
        self.told = SteadyExporter("http://gpu-1:8000", "http://gpu-2:8000", "http://desk:8000")
        self.shown_at = str(stack.enter_context(self.shown.served()))
        self.leaves = ExitStack()
        stack.callback(self.leaves.close)
        self.told_at = str(self.leaves.enter_context(self.told.served()))
        self.manager = stack.enter_context(alertmanager(folder, self.receiver))
        targets = [self.shown_at, self.told_at]
        self.url = stack.enter_context(prometheus(folder, targets, self.manager))

    def query(self, expression: str) -> list[dict[str, Any]]:
        """What Prometheus answers; a query that it does not understand is a failure."""
        answer = ask(f"{self.url}/api/v1/query", query=expression)
        assert answer, f"refused: {expression}"
        assert answer["status"] == "success"
        found: list[dict[str, Any]] = answer["data"]["result"]
        return found

    def brings(self, expression: str, labels: set[str]) -> bool:
        """Whether it has series, with known values, and these labels' values among them."""
        series = self.query(expression)
        seen = {value for each in series for value in each["metric"].values()}
        known = all(math.isfinite(float(each["value"][1])) for each in series)
        return bool(series) and known and labels <= seen

    def states(self, alertname: str) -> dict[str, str]:
        """The state of each server's alert in Alertmanager: active or suppressed."""
        url = f"{self.manager}/api/v2/alerts"
        alerts = ask(url, filter=f'alertname="{alertname}"') or []
        return {
            each["labels"].get("server", each["labels"]["instance"]): each["status"]["state"]
            for each in alerts
        }


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with ExitStack() as stack:
        yield Engine(stack, tmp_path_factory.mktemp("engine"))


def publish(exporter: SteadyExporter, host: str, sample: Sample, *events: Any) -> None:
    process = replace(tree_reading(500, 0.0), cpu_used_s=10.0)
    health = Health(OwnUse(40 * MIB, 1.0), Now(0, 0), 1, 0)
    url = f"http://{host}:8000"
    exporter.publish(*events, url=url, sample=sample, process=process, health=health)


def test_every_metric_arrives(engine: Engine) -> None:
    """With its server; what was published is what Prometheus has."""
    job = RetainedMemory(Job(1, Now(0, 0)), 0, 50 * MIB)
    publish(engine.shown, "one", replace(with_memory(2500), kept=job))
    publish(engine.shown, "two", with_memory(500, busy=False))
    memory = wait_for(
        lambda: (
            len(found := engine.query(f'runanalyze_memory_bytes{{instance="{engine.shown_at}"}}'))
            == 2
            and found
        ),
        "both servers are scraped",
        LIMIT_S,
    )
    assert memory
    values = {each["metric"]["server"]: float(each["value"][1]) for each in memory}
    assert values == {"one:8000": 2500 * MIB, "two:8000": 500 * MIB}
    series = engine.query('count by (__name__) ({__name__=~"runanalyze_.+"})')
    names = {each["metric"]["__name__"] for each in series}
    ends = {Kind.COUNTER: "_total", Kind.HISTOGRAM: "_bucket"}
    metrics = [offer.metric for offer in OFFERS]
    assert {metric.name + ends.get(metric.kind, "") for metric in metrics} <= names


SERVERS = {"one:8000", "two:8000"}
EXPECTED: dict[str, set[str]] = {
    "Servers": set(),
    "Worst first": SERVERS,
    "Alerts that fire": {"one:8000"},
    "The ten nearest to critical": SERVERS,
    "Jobs of an hour": {"ended", "lost"},
    "Peaks of an hour": {"+Inf", "5.36870912e+08"},
    "9 of 10 jobs of a day stay below": set(),
    "Alerts of an hour": {"critical"},
    "Versions": {__version__},
}
"""Labels of a panel's series, at least; where a panel is not here, the one server. Empty: there is
one series, without labels."""


def filled_in(expression: str, engine: Engine) -> str:
    """With what is chosen in the dashboard: one server of one exporter."""
    values = {"$instance": engine.shown_at, "$server": "one:8000", "$__rate_interval": "1m"}
    for name, value in values.items():
        expression = expression.replace(name, value)
    assert "$" not in expression
    return expression


def test_every_query_of_the_dashboard_brings_its_series(engine: Engine) -> None:
    """A job ends, an alert comes, and memory climbs all the while."""
    queries = [
        (panel, query.expr)
        for panels in ROWS.values()
        for panel in panels
        for query in panel.queries
    ]
    job = Job(1, Now(0, 0), peak_bytes=700 * MIB)
    kept = RetainedMemory(job, 0, 50 * MIB)
    found = (LevelReached(Level.CRITICAL, 3000.0),)
    step = [0]

    def publish_more() -> None:
        step[0] += 1
        sample = replace(with_memory(2100 + step[0] / 10), kept=kept)
        publish(engine.shown, "one", sample, JobEnded(job, sample), Sampled(sample, (), found))
        publish(engine.shown, "two", with_memory(500, busy=False))

    for panel, expression in queries:
        wanted = EXPECTED.get(panel.title, {"one:8000"})
        if panel.title in ("Age of the last sample", "Clock's error"):
            wanted = {engine.shown_at}
        query = filled_in(expression, engine)

        def complete(query: str = query, wanted: set[str] = wanted) -> bool:
            publish_more()
            return engine.brings(query, wanted)

        wait_for(complete, f"{panel.title}: {query} brings {wanted}", LIMIT_S)
    for query in VARIABLES.values():
        inside = query.removeprefix("label_values(").rpartition(",")[0]
        assert engine.query(filled_in(inside, engine))


def test_alerts_come_grouped_inhibited_and_resolved(engine: Engine) -> None:
    """Two servers that are critical are one notification, without their lower levels. A host that
    is down is one alert, and silences its servers."""
    told, receiver = engine.told, engine.receiver
    for host, memory_mb in (("gpu-1", 4000), ("gpu-2", 4100), ("desk", 500)):
        publish(told, host, with_memory(memory_mb, busy=False))
    both = {"gpu-1:8000", "gpu-2:8000"}
    wait_for(
        lambda: receiver.servers("RunAnalyzeCritical") >= both, "both are one message", LIMIT_S
    )
    for lower in ("RunAnalyzeHigh", "RunAnalyzeRaised"):
        wait_for(
            lambda lower=lower: (
                {server for server, state in engine.states(lower).items() if state == "suppressed"}
                >= both
            ),
            f"{lower} is inhibited",
            LIMIT_S,
        )
        assert not receiver.servers(lower) & both
    for host in ("gpu-1", "gpu-2"):
        publish(told, host, with_memory(500, busy=False))
    wait_for(
        lambda: receiver.servers("RunAnalyzeCritical", "resolved") >= both,
        "both are resolved",
        LIMIT_S,
    )
    engine.leaves.close()
    wait_for(
        lambda: engine.told_at in receiver.servers("RunAnalyzeExporterAway"),
        "the host is away",
        LIMIT_S,
    )
    hung = {"alertname": "RunAnalyzeServerHung", "severity": "critical", "server": "desk:8000"}
    alert = {"labels": hung | {"instance": engine.told_at, "job": "runanalyze"}}
    ask(f"{engine.manager}/api/v2/alerts", body=[alert])
    wait_for(
        lambda: engine.states("RunAnalyzeServerHung").get("desk:8000") == "suppressed",
        "its servers are silenced",
        LIMIT_S,
    )
    assert not receiver.of("RunAnalyzeServerHung")
