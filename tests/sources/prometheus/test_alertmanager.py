"""Making and ending silences: what is sent, and what comes of each answer."""

from __future__ import annotations

import json
import queue
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.ports import free_port
from tests.sources.fault_server import Exchange, FaultServer, Script, answer, hang
from tests.waiting import AMPLE_S
from tray_app.core.model.label_selector import parse_selector
from tray_app.core.presentation.api_failure_text import problem_text
from tray_app.core.prometheus import alertmanager
from tray_app.core.prometheus.silences import EndSilence, MakeSilence, SilenceResult, SilenceScope
from tray_app.core.prometheus.values import Silence, SilenceState
from tray_app.sources.api.errors import ApiError
from tray_app.sources.prometheus.alertmanager import SilenceCalls, SilenceWorker

NOW_S = 1795766400.0
ORDER = MakeSilence(
    SilenceScope(parse_selector('instance="gpu-1:9435"').matchers, "gpu-1"),
    author="ana@desk",
    comment="from the tray",
    asked_s=NOW_S,
    ends_s=NOW_S + 3600,
)
MADE = answer(b'{"silenceID":"5c1f"}')
KNOWN = Silence("5c1f", ORDER.scope.matchers, "ana@desk", "", NOW_S, NOW_S + 3600)


def as_known(**fields: Any) -> Script:
    """The new silence, as Alertmanager has it."""
    written = json.loads(alertmanager.new_silence(ORDER)) | {
        "id": "5c1f",
        "startsAt": "2026-11-27T08:00:00.000Z",
        "status": {"state": "active"},
    }
    return answer(json.dumps(written | fields).encode())


def by_method(**scripts: Script) -> Script:
    def script(exchange: Exchange) -> None:
        scripts[exchange.method](exchange)

    return script


@contextmanager
def calls_to(url: str, **more: Any) -> Iterator[SilenceCalls]:
    calls = SilenceCalls(url, time.monotonic, **more)
    try:
        yield calls
    finally:
        calls.close()
        calls.hang_up()


def failure(call: Callable[[], object]) -> str:
    with pytest.raises(ApiError) as caught:
        call()
    return problem_text(caught.value.problem)


def test_a_silence_is_made_and_read_back() -> None:
    """One POST, with the token that is set; what Alertmanager has counts."""
    ends = "2026-11-27T12:00:00.000+03:00"
    with FaultServer(by_method(POST=MADE, GET=as_known(endsAt=ends))) as server:
        token = [("Authorization", "Bearer secret")]
        with calls_to(f"{server.url}/am", headers=token) as calls:
            made = calls.make(ORDER, AMPLE_S)
    assert (made.id, made.ends_s, made.state) == ("5c1f", NOW_S + 3600, SilenceState.ACTIVE)
    post, get = server.exchanges
    assert (post.method, post.path) == ("POST", "/am/api/v2/silences")
    assert (get.method, get.path) == ("GET", "/am/api/v2/silence/5c1f")
    assert json.loads(post.body)["createdBy"] == "ana@desk"
    assert "Authorization: Bearer secret\r\n" in post.head


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (
            answer(
                b'"Failed to create silence: end time can\'t be in the past"', "400 Bad Request"
            ),
            "HTTP 400: Failed to create silence: end time can't be in the past",
        ),
        (
            answer(b'{"code":601,"message":"startsAt in body is required"}', "422 Unprocessable"),
            "HTTP 422: startsAt in body is required",
        ),
        (answer(b"Unauthorized", "401 Unauthorized"), "HTTP 401: Unauthorized"),
        (
            answer(b"<html>", "503 Service Unavailable", "Retry-After: 30"),
            "HTTP 503, asks to wait 30 s: Service Unavailable",
        ),
        (answer(b"", "302 Found", "Location: /login"), "HTTP 302: redirects to /login"),
        (answer(b"ok"), "answer is not JSON"),
        (
            answer(b"{}"),
            "answer is not understood: Object missing required field `silenceID`",
        ),
    ],
)
def test_a_silence_that_was_not_made(script: Script, expected: str) -> None:
    """Is a failure with a reason, and the request is not repeated."""
    with FaultServer(script) as server, calls_to(server.url) as calls:
        assert failure(lambda: calls.make(ORDER, AMPLE_S)) == expected
        assert [each.method for each in server.exchanges] == ["POST"]


def test_no_answer_comes() -> None:
    """The person waits no longer than that, and nothing is sent a second time."""
    with FaultServer(hang) as server, calls_to(server.url) as calls:
        assert failure(lambda: calls.make(ORDER, 0.3)).startswith("no ")
        assert len(server.exchanges) <= 1


def test_nobody_listens() -> None:
    """The reason is the network's."""
    with calls_to(f"http://127.0.0.1:{free_port()}") as calls:
        assert failure(lambda: calls.make(ORDER, AMPLE_S)) == "connection refused"


def test_a_token_is_not_in_a_reason() -> None:
    """A proxy may echo it."""
    echo = answer(b'"bad token hunter22"', "403 Forbidden")
    with FaultServer(echo) as server:
        token = [("Authorization", "Bearer hunter22")]
        with calls_to(server.url, headers=token) as calls:
            assert failure(lambda: calls.make(ORDER, AMPLE_S)) == "HTTP 403: bad token …"


def test_a_silence_that_cannot_be_read_back_was_made() -> None:
    """Its own answer said so; another Alertmanager of a cluster may not know it yet."""
    missing = answer(b"", "404 Not Found")
    with FaultServer(by_method(POST=MADE, GET=missing)) as server, calls_to(server.url) as calls:
        made = calls.make(ORDER, AMPLE_S)
    assert (made.id, made.ends_s) == ("5c1f", ORDER.ends_s)


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (
            # Before version 0.22 Alertmanager reads ``!=`` as ``=``.
            {"matchers": [{"name": "instance", "value": "gpu-2:9435", "isRegex": False}]},
            "the new silence has other matchers",
        ),
        ({"status": {"state": "pending"}}, "its clock is more than a day behind"),
        ({"status": {"state": "expired"}}, "the new silence is over already"),
    ],
)
def test_a_silence_that_does_not_do_what_was_asked_for(made: Any, expected: str) -> None:
    """Is ended, and it is a failure."""
    script = by_method(POST=MADE, GET=as_known(**made), DELETE=answer(b""))
    with FaultServer(script) as server, calls_to(server.url) as calls:
        assert failure(lambda: calls.make(ORDER, AMPLE_S)).endswith(expected)
        assert server.exchanges[-1].method == "DELETE"


def test_a_silence_is_ended() -> None:
    """One DELETE."""
    with FaultServer(answer(b"")) as server, calls_to(server.url) as calls:
        assert calls.end(KNOWN, AMPLE_S).state is SilenceState.EXPIRED
    assert [(each.method, each.path) for each in server.exchanges] == [
        ("DELETE", "/api/v2/silence/5c1f")
    ]


@pytest.mark.parametrize(
    "gone",
    [answer(b"", "404 Not Found"), answer(b'"silence not found"', "500 Internal Server Error")],
)
def test_a_silence_that_is_not_known_has_ended(gone: Script) -> None:
    """By another person, or with the data of an Alertmanager."""
    with FaultServer(gone) as server, calls_to(server.url) as calls:
        assert calls.end(KNOWN, AMPLE_S).state is SilenceState.EXPIRED


def test_a_silence_that_could_not_be_ended() -> None:
    """Holds; any other error says nothing of it."""
    with FaultServer(answer(b'"disk"', "500 Oh")) as server, calls_to(server.url) as calls:
        assert failure(lambda: calls.end(KNOWN, AMPLE_S)) == "HTTP 500: disk"


@pytest.mark.parametrize(
    ("order", "script", "expected"),
    [
        (ORDER, by_method(POST=MADE, GET=as_known()), ""),
        (EndSilence(KNOWN), answer(b""), ""),
        (ORDER, answer(b'"no"', "400 Bad Request"), "HTTP 400: no"),
    ],
)
def test_a_worker_reports_once(order: Any, script: Script, expected: str) -> None:
    """A silence or a problem, from a thread of its own."""
    results: queue.SimpleQueue[SilenceResult] = queue.SimpleQueue()
    with FaultServer(script) as server:
        SilenceWorker(order, SilenceCalls(server.url, time.monotonic), results.put).start()
        result = results.get(timeout=AMPLE_S)
    assert result.order == order
    assert (problem_text(result.problem) if result.problem else "") == expected
    assert (result.silence is None) == bool(expected)


def test_a_worker_that_is_closed_reports_nothing() -> None:
    """The end of the program does not wait for an Alertmanager that hangs."""
    results: list[SilenceResult] = []
    with FaultServer(hang) as server:
        worker = SilenceWorker(ORDER, SilenceCalls(server.url, time.monotonic), results.append)
        worker.start()
        began_s = time.monotonic()
        worker.close()
        assert time.monotonic() - began_s < AMPLE_S / 2
    assert results == []


def test_an_order_without_a_thread_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else no other could be given."""

    def refused(_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("tray_app.worker_thread.WorkerThread.start", refused)
    results: list[SilenceResult] = []
    with calls_to("http://127.0.0.1:9") as calls:
        SilenceWorker(ORDER, calls, results.append).start()
    (result,) = results
    assert result.silence is None
    assert result.problem is not None
    assert problem_text(result.problem) == "this machine has no room for a thread"
