"""The files for Prometheus and Alertmanager, checked by their own tools."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.fleet.engine import FLEET
from tests.needs import path_of
from tray_app.core.model.metrics import Kind
from tray_app.core.presentation.metrics import CLOCK, OFFERS

UNIT_TESTS = Path(__file__).with_name("rules_test.yml")
RULES: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((FLEET / "rules.yml").read_text("utf-8"))["groups"]
    for rule in group["rules"]
]
ALERTS = {rule["alert"]: rule for rule in RULES if "alert" in rule}


def said(*command: str) -> str:
    """What the tool prints; it must have no complaint."""
    done = subprocess.run(
        [path_of(command[0]), *command[1:]],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_prometheus_takes_its_files() -> None:
    """With their rules."""
    assert "rules found" in said("promtool", "check", "config", str(FLEET / "prometheus.yml"))


def test_the_rules_are_clean() -> None:
    """With every check that the tool has."""
    found = said("promtool", "check", "rules", "--lint=all", str(FLEET / "rules.yml"))
    assert f"{len(RULES)} rules found" in found


def test_alertmanager_takes_its_file() -> None:
    """And sends each severity to somebody."""
    path = str(FLEET / "alertmanager.yml")
    assert "SUCCESS" in said("amtool", "check-config", path)
    for severity in ("critical", "warning", "info"):
        route = ("config", "routes", "test", f"--config.file={path}", f"severity={severity}")
        assert said("amtool", *route).strip() == "team"


def test_each_rule_does_what_its_unit_test_says() -> None:
    """It fires, does not flap, and resolves."""
    assert "SUCCESS" in said("promtool", "test", "rules", str(UNIT_TESTS))


def test_each_rule_has_a_unit_test() -> None:
    """That sees it both firing and not."""
    tests = yaml.safe_load(UNIT_TESTS.read_text("utf-8"))["tests"]
    seen: dict[str, set[bool]] = {}
    for case in (case for test in tests for case in test.get("alert_rule_test", ())):
        seen.setdefault(case["alertname"], set()).add(bool(case["exp_alerts"]))
    assert seen == {name: {True, False} for name in ALERTS}
    text = UNIT_TESTS.read_text("utf-8")
    assert [rule for rule in RULES if "record" in rule and rule["record"] not in text] == [
        rule for rule in RULES if rule.get("record") == "server:runanalyze_memory_bytes:predicted"
    ]  # seen by the alert that is made from it


@pytest.mark.parametrize("name", ALERTS)
def test_each_alert_says_what_to_do(name: str) -> None:
    """How bad it is, in which words, and the next step. It goes on a little, so as not to flap."""
    rule = ALERTS[name]
    assert rule["labels"]["severity"] in ("critical", "warning", "info")
    assert set(rule["annotations"]) == {"summary", "description", "runbook"}
    assert all(text and "\n" not in text for text in rule["annotations"].values())
    assert "keep_firing_for" in rule or name == "RunAnalyzeNoExporters"


def test_rules_name_only_metrics_that_there_are() -> None:
    """As the exporter writes them."""
    known = {CLOCK.name}
    for metric in (offer.metric for offer in OFFERS):
        known.add(metric.name + ("_total" if metric.kind is Kind.COUNTER else ""))
    used = {
        name for rule in RULES for name in re.findall(r"(?<![:\w])runanalyze_\w+", rule["expr"])
    }
    assert used <= known


def test_the_papers_name_each_alert() -> None:
    """With what it means."""
    text = (FLEET.parents[1] / "docs" / "fleet.md").read_text("utf-8")
    assert set(re.findall(r"`(RunAnalyze\w+)`", text)) >= set(ALERTS)


def test_docker_gets_files_that_exist() -> None:
    """Docker itself is not run here."""
    services = yaml.safe_load((FLEET / "docker-compose.yml").read_text("utf-8"))["services"]
    mounts = [mount for each in services.values() for mount in each["volumes"]]
    files = [mount.split(":")[0] for mount in mounts if mount.startswith("./")]
    assert len(files) == 7
    assert all((FLEET / name).is_file() for name in files)
