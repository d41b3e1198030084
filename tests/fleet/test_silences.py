"""Silences in a real Alertmanager: made, seen, ended, and what is left of one that dies."""

from __future__ import annotations

import signal
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.fleet.engine import (
    LIMIT_S,
    Receiver,
    alertmanager,
    alertmanager_process,
    ask,
    silence_elsewhere,
)
from tests.needs import path_of
from tests.ports import free_port
from tests.waiting import AMPLE_S, wait_for
from tray_app.core.model.label_selector import Selector, parse_selector
from tray_app.core.model.silence_length import SilenceLength, ends_s
from tray_app.core.presentation.api_failure_text import problem_text
from tray_app.core.prometheus import alertmanager as bodies
from tray_app.core.prometheus.silences import MakeSilence, SilenceResult, SilenceScope
from tray_app.core.prometheus.values import AlertStatus, EngineAlert, Silence, SilenceState
from tray_app.sources.api.errors import ApiError
from tray_app.sources.prometheus.alertmanager import SilenceCalls

pytestmark = pytest.mark.xdist_group("fleet")

VIDEO = parse_selector('team="video"')
ONE = SilenceScope(parse_selector('instance="gpu-1:9435"').matchers, "gpu-1:8000")


@pytest.fixture(scope="module")
def manager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of an Alertmanager with an alert of two servers."""
    path_of("prometheus-alertmanager")
    receiver = Receiver()
    with alertmanager(tmp_path_factory.mktemp("alertmanager"), receiver) as url:
        fire(url)
        yield url
    receiver.close()


def fire(url: str) -> None:
    alerts = [
        {
            "labels": {
                "alertname": "RunAnalyzeHigh",
                "instance": f"{host}:9435",
                "server": "localhost:8000",
                "severity": "warning",
                "team": "video",
            },
            "annotations": {"summary": f"High: {host}"},
        }
        for host in ("gpu-1", "gpu-2")
    ]
    assert ask(f"{url}/api/v2/alerts", alerts) is not None


def get(url: str) -> bytes:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(url, timeout=30) as answer:
        body: bytes = answer.read()
    return body


def alert_of(url: str, host: str) -> EngineAlert:
    alerts = bodies.alerts(get(url + bodies.alerts_path(VIDEO))).alerts
    return next(each for each in alerts if each.instance == f"{host}:9435")


def holding(url: str) -> dict[str, Silence]:
    return {each.id: each for each in bodies.silences(get(url + bodies.SILENCES_PATH)).silences}


def order(scope: SilenceScope = ONE, **times: float) -> MakeSilence:
    now_s = times.get("asked_s", time.time())
    until_s = times.get("ends_s", ends_s(SilenceLength.MORNING, now_s))
    return MakeSilence(scope, "ana@desk", "from a test", now_s, until_s)


@contextmanager
def calls_to(url: str) -> Iterator[SilenceCalls]:
    calls = SilenceCalls(url, time.monotonic)
    try:
        yield calls
    finally:
        calls.close()
        calls.hang_up()


def failure(calls: SilenceCalls, asked: MakeSilence, patience_s: float = AMPLE_S) -> str:
    with pytest.raises(ApiError) as caught:
        calls.make(asked, patience_s)
    return problem_text(caught.value.problem)


def test_a_silence_is_made_seen_and_ended(manager: str) -> None:
    """With author, comment and an end that is right to the millisecond; the alert of the other
    server still fires."""
    asked = order()
    with calls_to(manager) as calls:
        made = calls.make(asked, AMPLE_S)
        assert made == holding(manager)[made.id]
        assert (made.author, made.comment) == ("ana@desk", "from a test")
        assert made.ends_s == pytest.approx(asked.ends_s, abs=0.001)
        assert abs(SilenceResult(asked, made).skew_s) < AMPLE_S
        wait_for(
            lambda: alert_of(manager, "gpu-1").status is AlertStatus.SILENCED,
            "the alert is silenced",
            LIMIT_S,
        )
        assert alert_of(manager, "gpu-1").silences == (made.id,)
        assert alert_of(manager, "gpu-2").status is AlertStatus.FIRING
        assert calls.end(made, AMPLE_S).state is SilenceState.EXPIRED
        assert calls.end(made, AMPLE_S).state is SilenceState.EXPIRED  # a second click
    assert made.id not in holding(manager)
    wait_for(
        lambda: alert_of(manager, "gpu-1").status is AlertStatus.FIRING,
        "the alert fires again",
        LIMIT_S,
    )


def test_a_silence_of_the_selector_holds_back_all(manager: str) -> None:
    """Of its servers, and nothing else."""
    with calls_to(manager) as calls:
        made = calls.make(order(SilenceScope(VIDEO.matchers)), AMPLE_S)
        for host in ("gpu-1", "gpu-2"):
            assert alert_of(manager, host).silences == (made.id,)
        calls.end(made, AMPLE_S)


def test_every_kind_of_matcher_is_understood(manager: str) -> None:
    """As it is meant, quotes and line ends included."""
    text = r'instance!="gpu-1:9435", server=~"local.+:8000", team="vi\"d\neo", site!~"lab|x"'
    with calls_to(manager) as calls:
        made = calls.make(order(SilenceScope(parse_selector(text).matchers)), AMPLE_S)
        assert set(made.matchers) == set(parse_selector(text).matchers)
        calls.end(made, AMPLE_S)


def test_a_silence_made_elsewhere_is_seen(manager: str) -> None:
    """By amtool: who, until when, and why; and it can be ended here."""
    silence_id = silence_elsewhere(manager, "instance=gpu-2:9435")
    silence = holding(manager)[silence_id]
    assert (silence.author, silence.comment) == ("bob", "new disk")
    assert silence.ends_s - silence.starts_s == pytest.approx(7200, abs=AMPLE_S)
    assert alert_of(manager, "gpu-2").silences == (silence.id,)
    with calls_to(manager) as calls:
        calls.end(silence, AMPLE_S)
    assert silence.id not in holding(manager)


def test_what_alertmanager_refuses_is_not_made(manager: str) -> None:
    """An end that has passed by its clock, and a matcher that matches everything."""
    before = holding(manager)
    day_s = 86_400.0
    with calls_to(manager) as calls:
        past = order(asked_s=time.time() - day_s, ends_s=time.time() - 60)
        assert failure(calls, past) == (
            "HTTP 400: Failed to create silence: end time can't be in the past"
        )
        all_of_them = SilenceScope(parse_selector('site=""').matchers)
        assert failure(calls, order(all_of_them)).startswith("HTTP 400: ")
    assert holding(manager) == before


def test_a_fast_clock_here_delays_no_silence(manager: str) -> None:
    """It begins at once, by Alertmanager's clock, and the difference is known."""
    ahead_s = 3 * 3600.0
    asked = order(asked_s=time.time() + ahead_s)
    with calls_to(manager) as calls:
        made = calls.make(asked, AMPLE_S)
        assert made.state is SilenceState.ACTIVE
        assert SilenceResult(asked, made).skew_s == pytest.approx(-ahead_s, abs=AMPLE_S)
        calls.end(made, AMPLE_S)


def test_a_clock_here_that_is_days_ahead_makes_no_silence(manager: str) -> None:
    """It would begin later: it is taken back, and that is said."""
    before = holding(manager)
    with calls_to(manager) as calls:
        far = order(asked_s=time.time() + 3 * 86_400.0)
        assert "more than a day behind" in failure(calls, far)
    assert holding(manager) == before


def test_alertmanager_dies_while_it_is_asked(tmp_path: Path) -> None:
    """The person hears that it failed; a restart has the silences from before, and makes new
    ones."""
    path_of("prometheus-alertmanager")
    receiver, port = Receiver(), free_port()
    with alertmanager_process(tmp_path, receiver, port) as (url, process), calls_to(url) as calls:
        kept = calls.make(order(), AMPLE_S)
        # It writes its silences when it ends in the ordinary way, and every 15 min.
        process.terminate()
        process.wait(LIMIT_S)
    with alertmanager_process(tmp_path, receiver, port) as (url, process), calls_to(url) as calls:
        assert holding(url) == {kept.id: kept}
        process.send_signal(signal.SIGSTOP)
        threading.Timer(0.5, process.kill).start()
        assert failure(calls, order()) in (
            "connection closed without an answer",
            "connection reset",
        )
        process.wait(LIMIT_S)
        assert failure(calls, order()) == "connection refused"
    with alertmanager_process(tmp_path, receiver, port) as (url, _), calls_to(url) as calls:
        assert holding(url) == {kept.id: kept}
        made = calls.make(order(), AMPLE_S)
        assert set(holding(url)) == {kept.id, made.id}
    receiver.close()


def test_nothing_is_chosen_without_a_selector(manager: str) -> None:
    """All alerts of Alertmanager come."""
    alerts = bodies.alerts(get(manager + bodies.alerts_path(Selector()))).alerts
    assert {each.instance for each in alerts} == {"gpu-1:9435", "gpu-2:9435"}
