"""Alertmanager's bodies, as recorded from version 0.25 and as nobody sends them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from tests.sources.any_json import ANY_JSON
from tray_app.core.fleet.rank import Rank
from tray_app.core.model.label_selector import Selector, parse_selector
from tray_app.core.presentation.api_failure_text import problem_text
from tray_app.core.prometheus import alertmanager
from tray_app.core.prometheus.answers import NotUnderstoodError
from tray_app.core.prometheus.silences import MakeSilence, SilenceScope
from tray_app.core.prometheus.values import AlertStatus, Silence, SilenceState

RECORDED = Path(__file__).parents[2] / "data" / "alertmanager"
ALERTS = (RECORDED / "alerts.json").read_bytes()
SILENCES = (RECORDED / "silences.json").read_bytes()


def changed(body: bytes, **fields: Any) -> bytes:
    """The recorded list with other fields in its first part; ``...`` removes one."""
    parts = json.loads(body)
    parts[0] = {key: value for key, value in (parts[0] | fields).items() if value is not ...}
    return json.dumps(parts).encode()


def refused(call: Callable[[bytes], object], body: bytes) -> str:
    with pytest.raises(NotUnderstoodError) as caught:
        call(body)
    return problem_text(caught.value.problem)


def test_recorded_alerts() -> None:
    """Each with its status: inhibition and silence are Alertmanager's to decide."""
    critical, high, silenced, away = alertmanager.alerts(ALERTS).alerts
    assert (critical.name, critical.rank, critical.status) == (
        "RunAnalyzeCritical",
        Rank.RED,
        AlertStatus.FIRING,
    )
    assert (critical.instance, critical.server) == ("gpu-2:9435", "localhost:8000")
    assert critical.key == "45e3c6124844e9b3"
    assert high.status is AlertStatus.INHIBITED
    assert silenced.status is AlertStatus.SILENCED
    assert silenced.silences == ("1098c79b-5834-4f94-810c-974b2e38c82e",)
    assert (silenced.summary, silenced.runbook) == (
        "High: localhost:8000 on gpu-1:9435",
        "See which job runs.",
    )
    assert (away.server, away.title) == ("", "RunAnalyzeExporterAway")


def test_an_alert_that_waits_fires() -> None:
    """Whether somebody hears of it is not decided yet: better once too often."""
    body = changed(ALERTS, status={"state": "unprocessed", "silencedBy": [], "inhibitedBy": []})
    assert alertmanager.alerts(body).alerts[0].status is AlertStatus.FIRING


def test_recorded_silences() -> None:
    """Those that hold; one that is over or begins later holds nothing back."""
    assert alertmanager.silences(SILENCES).silences == (
        Silence(
            "1098c79b-5834-4f94-810c-974b2e38c82e",
            parse_selector('instance="gpu-1:9435", alertname=~"RunAnalyze.+"').matchers,
            author="ana@desk",
            comment="new disk",
            starts_s=1795767279.738,
            ends_s=1795774479.733,
        ),
    )


def test_a_time_has_its_offset() -> None:
    """The end is a moment, in whatever time zone it is written."""
    zulu, _ = (
        alertmanager.silences(changed(SILENCES, endsAt=text)).silences[0].ends_s
        for text in ("2026-11-27T08:00:00Z", "2026-11-27T10:00:00.000+02:00")
    )
    assert zulu == _ == 1795766400.0


def test_others_words_are_shown_on_one_line() -> None:
    """Author and comment are anybody's text."""
    body = changed(SILENCES, createdBy="an\na\x1b[2J", comment="x" * 5000)
    (silence,) = alertmanager.silences(body).silences
    assert silence.author == r"an a\x1b[2J"
    assert len(silence.comment) <= 300


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", "answer is empty"),
        (b"<html>", "answer is not JSON"),
        (b"{}", "answer is not understood: Expected `array`, got `object`"),
        (
            changed(ALERTS, status=...),
            "answer is not understood: Object missing required field `status` - at `$[0]`",
        ),
        (
            changed(ALERTS, status={"state": "asleep"}),
            "answer is not understood: Invalid enum value 'asleep' - at `$[0].status.state`",
        ),
    ],
)
def test_alerts_that_are_not_understood(body: bytes, expected: str) -> None:
    """The whole answer is refused, in one line: what is left out might be what counts."""
    assert refused(alertmanager.alerts, body) == expected[:79] + "…" * (len(expected) > 80)


def test_a_silence_without_an_end_is_refused() -> None:
    """Nobody could say until when it holds."""
    assert refused(alertmanager.silences, changed(SILENCES, endsAt="soon")).startswith(
        "answer is not understood: silence 1098c79b-"
    )


def test_unknown_fields_are_ignored() -> None:
    """A newer version may say more."""
    assert alertmanager.alerts(changed(ALERTS, mutedBy=["a"])) == alertmanager.alerts(ALERTS)
    annotated = changed(SILENCES, annotations={"ticket": "7"})
    assert alertmanager.silences(annotated) == alertmanager.silences(SILENCES)


def test_the_path_has_a_filter_for_each_matcher() -> None:
    """Alertmanager chooses; quotes and signs are escaped."""
    assert alertmanager.alerts_path(Selector()) == (
        "/api/v2/alerts?active=true&silenced=true&inhibited=true&unprocessed=true"
    )
    path = alertmanager.alerts_path(parse_selector('team="a&b", site!~"x|y"'))
    assert path.endswith("&filter=team%3D%22a%26b%22&filter=site%21~%22x%7Cy%22")


def test_a_new_silence_says_who_until_when_and_what() -> None:
    """It begins in the past, so that a fast clock here cannot delay it."""
    scope = SilenceScope(parse_selector('a="1", b!="2", c=~"3", d!~"4"').matchers, "gpu-1")
    order = MakeSilence(scope, "ana@desk", "from the tray", 1795766400.0, 1795770000.5)
    assert json.loads(alertmanager.new_silence(order)) == {
        "matchers": [
            {"name": "a", "value": "1", "isRegex": False, "isEqual": True},
            {"name": "b", "value": "2", "isRegex": False, "isEqual": False},
            {"name": "c", "value": "3", "isRegex": True, "isEqual": True},
            {"name": "d", "value": "4", "isRegex": True, "isEqual": False},
        ],
        "startsAt": "2026-11-26T08:00:00.000+00:00",
        "endsAt": "2026-11-27T09:00:00.500+00:00",
        "createdBy": "ana@desk",
        "comment": "from the tray",
    }


def test_what_is_written_is_read_back() -> None:
    """And a version that knows no ``!=`` is found out by what it says."""
    scope = SilenceScope(parse_selector('team="video", site!="lab"').matchers)
    order = MakeSilence(scope, "ana", "", 1795766400.0, 1795770000.0)
    written = json.loads(alertmanager.new_silence(order))
    body = written | {"id": "s", "status": {"state": "pending"}}
    made = alertmanager.silence(json.dumps(body).encode())
    assert alertmanager.is_as_asked(made, order)
    assert made.state is SilenceState.PENDING
    for matcher in written["matchers"]:
        del matcher["isEqual"]
    old = alertmanager.silence(json.dumps(body).encode())
    assert not alertmanager.is_as_asked(old, order)


def test_the_identifier_of_a_new_silence() -> None:
    """Without one it was not made, whatever the status says."""
    assert alertmanager.made_id(b'{"silenceID":"s"}') == "s"
    assert "no identifier" in refused(alertmanager.made_id, b'{"silenceID":""}')
    assert "silenceID" in refused(alertmanager.made_id, b"{}")
    assert alertmanager.silence_path("../x?y") == "/api/v2/silence/..%2Fx%3Fy"


@given(ANY_JSON)
def test_any_json_is_read_or_refused(body: Any) -> None:
    """Nothing but a known failure comes out."""
    data = json.dumps(body).encode()
    for read in (alertmanager.alerts, alertmanager.silences, alertmanager.silence):
        try:
            read(data)
        except NotUnderstoodError as error:
            problem_text(error.problem)
