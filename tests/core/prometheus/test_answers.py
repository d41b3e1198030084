"""An engine's answers become values; what is not understood is a problem."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.core.made import mb
from tests.core.prometheus.made import vector
from tray_app.core.fleet.rank import Rank
from tray_app.core.model.api_failure import ApiFailureKind
from tray_app.core.model.label_selector import Selector, parse_selector
from tray_app.core.prometheus import answers
from tray_app.core.prometheus.answers import NotUnderstoodError
from tray_app.core.prometheus.values import AlertsRead

LABELS = {"alertname": "RunAnalyzeCritical", "severity": "critical", "instance": "a:1"}


def alert_list(*alerts: dict[str, Any]) -> bytes:
    return json.dumps({"status": "success", "data": {"alerts": alerts}}).encode()


def firing(**more: Any) -> dict[str, Any]:
    return {"labels": LABELS, "state": "firing", "annotations": {}, "value": "1e+00"} | more


@pytest.mark.parametrize(
    ("band", "rank", "memory_bytes"),
    [
        ("green", Rank.GREEN, mb(300)),
        ("yellow", Rank.YELLOW, mb(300)),
        ("orange", Rank.ORANGE, mb(300)),
        ("red", Rank.RED, mb(300)),
        ("gone", Rank.NOT_THERE, None),
        ("paused", Rank.PAUSED, None),
        ("unknown", Rank.LOST, None),
        ("lost", Rank.LOST, None),
        ("a band of later years", Rank.LOST, None),
        ("", Rank.LOST, None),
    ],
)
def test_the_band_is_the_engines(band: str, rank: Rank, memory_bytes: int | None) -> None:
    """A band that nobody knows is not green; without a figure there is none, not 0."""
    (found,) = answers.servers(vector(("a:1", "b:2", band, str(mb(300))))).servers
    assert (found.rank, found.memory_bytes) == (rank, memory_bytes)
    assert (found.instance, found.server, found.name) == ("a:1", "b:2", "b:2")


@pytest.mark.parametrize("value", ["NaN", "+Inf", "-Inf", "-1", "1e300", "much"])
def test_a_figure_that_is_none_is_left_out(value: str) -> None:
    """The band stays, but is not green: nobody knows the figure."""
    (found,) = answers.servers(vector(("a:1", "b:2", "red", value))).servers
    assert (found.rank, found.memory_bytes) == (Rank.RED, None)
    (found,) = answers.servers(vector(("a:1", "b:2", "green", value))).servers
    assert (found.rank, found.memory_bytes) == (Rank.LOST, None)


def test_old_figures_are_not_green() -> None:
    """The last one is kept, for it is the last that is known."""
    rows = ("a:1", "b:2", "green", "1000"), ("a:1", "b:2", "old", "170")
    for order in (rows, rows[::-1]):
        (found,) = answers.servers(vector(*order)).servers
        assert (found.rank, found.memory_bytes) == (Rank.LOST, 1000)


def test_a_server_of_which_only_its_age_is_known_is_lost() -> None:
    """It is not left out."""
    rows = ("a:1", "b:2", "old", "170"), ("c:1", "b:2", "green", "1000")
    assert {each.instance: each.rank for each in answers.servers(vector(*rows)).servers} == {
        "a:1": Rank.LOST,
        "c:1": Rank.GREEN,
    }


def test_alerts_may_be_null_and_have_warnings() -> None:
    """As Thanos writes that there are none, and that a store does not answer."""
    body = b'{"status":"success","data":{"alerts":null},"warnings":["no ruler"]}'
    assert answers.alerts(body, Selector()) == AlertsRead((), warning="no ruler")


def test_the_worst_of_two_replicas_counts() -> None:
    """They may know different bands of one server."""
    rows = ("a:1", "b:2", "red", "2000"), ("a:1", "b:2", "green", "1000")
    for order in (rows, rows[::-1]):
        (found,) = answers.servers(vector(*order)).servers
        assert (found.rank, found.memory_bytes) == (Rank.RED, 2000)


def test_no_series_are_no_servers() -> None:
    """That is an answer; a warning says that some may be missing."""
    assert answers.servers(vector()).servers == ()
    found = answers.servers(vector(warnings=["store 10.0.0.1 is away"]))
    assert found.warning == "store 10.0.0.1 is away"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", ApiFailureKind.EMPTY),
        (b"<html>", ApiFailureKind.NOT_JSON),
        (b"\xff\xfe", ApiFailureKind.NOT_JSON),
        (b"[]", ApiFailureKind.NOT_UNDERSTOOD),
        (b"{}", ApiFailureKind.NOT_UNDERSTOOD),
        (b'{"status": "error", "error": "x"}', ApiFailureKind.NOT_UNDERSTOOD),
        (b'{"status": "success"}', ApiFailureKind.NOT_UNDERSTOOD),
        (b'{"status": "success", "data": null}', ApiFailureKind.NOT_UNDERSTOOD),
        (
            b'{"status": "success", "data": {"resultType": "matrix", "result": []}}',
            ApiFailureKind.NOT_UNDERSTOOD,
        ),
        (vector().replace(b"[]", b'[{"metric": {}}]'), ApiFailureKind.NOT_UNDERSTOOD),
        (
            vector().replace(b"[]", b'[{"metric": {"a": 1}, "value": [1, "1"]}]'),
            ApiFailureKind.NOT_UNDERSTOOD,
        ),
        (b'{"x":' + b"[" * 100_000, ApiFailureKind.NESTED_TOO_DEEPLY),
    ],
)
def test_what_is_not_understood_is_no_empty_list(body: bytes, kind: ApiFailureKind) -> None:
    """Neither of servers nor of alerts."""
    with pytest.raises(NotUnderstoodError) as servers:
        answers.servers(body)
    with pytest.raises(NotUnderstoodError):
        answers.alerts(body, Selector())
    assert servers.value.problem.kind is kind


def test_too_many_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to do: a part of them would look like all of them."""
    monkeypatch.setattr(answers, "SERIES_MAX", 2)
    with pytest.raises(NotUnderstoodError) as refused:
        answers.servers(vector(*[(f"{n}:1", "b:2", "green", "1") for n in range(3)]))
    assert "more than 2 series" in refused.value.problem.detail


def test_long_labels_are_cut() -> None:
    """And shown without what controls a screen."""
    (found,) = answers.servers(vector(("a\x1b" * 9999, "b" * 9999, "green", "1"))).servers
    assert len(found.instance) <= answers.VALUE_CHARS
    assert found.instance.isprintable()
    assert len(found.name) <= 2 * answers.VALUE_CHARS + 3


def test_an_alert_has_its_rules_words() -> None:
    """On one line; and its place, severity and beginning."""
    annotations = {"summary": "Critical:\n gpu-1", "description": "Much.", "runbook": "Do it."}
    labels = LABELS | {"server": "b:2"}
    body = alert_list(
        firing(labels=labels, annotations=annotations, activeAt="2023-11-14T22:13:20.5Z")
    )
    (found,) = answers.alerts(body, Selector()).alerts
    assert (found.name, found.instance, found.server) == ("RunAnalyzeCritical", "a:1", "b:2")
    assert (found.title, found.description, found.runbook) == (
        *("Critical: gpu-1", "Much.", "Do it."),
    )
    assert found.rank is Rank.RED
    assert found.begun_s == 1_700_000_000.5
    assert dict(found.labels) == labels


@pytest.mark.parametrize(
    ("severity", "rank"),
    [
        ("critical", Rank.RED),
        ("Page", Rank.RED),
        ("warning", Rank.ORANGE),
        ("info", Rank.YELLOW),
        ("none", Rank.YELLOW),
        ("sev-2", Rank.ORANGE),
        ("", Rank.ORANGE),
    ],
)
def test_a_severity_is_never_green(severity: str, rank: Rank) -> None:
    """One that nobody knows counts as a warning."""
    body = alert_list(firing(labels={"alertname": "Odd", "severity": severity}))
    (found,) = answers.alerts(body, Selector()).alerts
    assert (found.rank, found.title) == (rank, "Odd")


def test_only_alerts_that_fire_and_are_chosen_count() -> None:
    """One that is pending is none yet."""
    body = alert_list(
        firing(),
        firing(state="pending"),
        firing(labels=LABELS | {"team": "video"}),
        firing(labels={}),
    )
    assert len(answers.alerts(body, Selector()).alerts) == 3
    (one,) = answers.alerts(body, parse_selector('team="video"')).alerts
    assert dict(one.labels)["team"] == "video"


def test_the_same_labels_are_the_same_alert() -> None:
    """In any order."""
    one, other = dict(LABELS), dict(reversed(LABELS.items()))
    assert answers.alert(one, {}).key == answers.alert(other, {}).key
    assert answers.alert(one, {}).key != answers.alert(one | {"a": "b"}, {}).key
    assert answers.alert(one, {}, key="f00").key == "f00"


def test_labels_that_are_too_long_are_in_no_silence() -> None:
    """A cut one would choose other alerts."""
    assert answers.alert(LABELS | {"long": "x" * 999}, {}).labels == ()
    assert answers.alert(LABELS | {f"l{n}": "x" for n in range(99)}, {}).labels == ()


@pytest.mark.parametrize("text", ["", "today", "0001-01-01T00:00:00Z", "2023-11-14T22:13:20"])
def test_a_moment_that_is_none_is_not_known(text: str) -> None:
    """Go's zero time is none either."""
    assert answers.moment_s(text) is None
