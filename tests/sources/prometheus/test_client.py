"""An engine is asked within limits of time and size, and each failure is a value."""

from __future__ import annotations

import queue
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.ports import free_port
from tests.sources.fault_server import (
    FaultServer,
    Script,
    answer,
    drip,
    hang,
    head_of,
    in_turn,
    raw,
)
from tests.waiting import AMPLE_S, wait_for
from tray_app.core.model.api_failure import ApiFailureKind, ApiProblem
from tray_app.core.prometheus import answers
from tray_app.core.prometheus.values import EngineOutcome, Part, ReadFailed, ServersRead
from tray_app.sources.prometheus import client as clients
from tray_app.sources.prometheus.client import PartClient

EMPTY = b'{"status":"success","data":{"resultType":"vector","result":[]}}'
SECRET = "a-secret-of-many-characters"
PATIENCE_S = 0.3


class Asking:
    """A client, and what it has brought."""

    def __init__(self, url: str) -> None:
        self.outcomes: queue.SimpleQueue[EngineOutcome] = queue.SimpleQueue()
        self.client = PartClient(
            *(Part.SERVERS, url, "/api/v1/query?query=up", answers.servers, self.outcomes.put),
            clock=time.monotonic,
            headers=[("Authorization", f"Bearer {SECRET}")],
        )

    def ask(self, patience_s: float = AMPLE_S) -> EngineOutcome:
        wait_for(lambda: self.client.ask(patience_s), "the last request is over", AMPLE_S)
        return self.outcomes.get(timeout=AMPLE_S)

    def problem(self, patience_s: float = AMPLE_S) -> ApiProblem:
        failed = self.ask(patience_s)
        assert isinstance(failed, ReadFailed)
        assert failed.part is Part.SERVERS
        return failed.problem


@contextmanager
def asking(script: Script) -> Iterator[tuple[Asking, FaultServer]]:
    with FaultServer(script) as server:
        it = Asking(server.url)
        try:
            yield it, server
        finally:
            it.client.close()


def test_an_answer_is_a_value() -> None:
    """The token goes along, and the connection is kept."""
    with asking(answer(EMPTY)) as (it, server):
        assert it.ask() == ServersRead(())
        first = it.ask()
        assert it.ask() is first  # said the same again
        assert server.connections == 1
        assert server.paths == ["/api/v1/query?query=up"] * 3
        assert f"Authorization: Bearer {SECRET}" in server.exchanges[0].head


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        (answer(b'{"status":"error","error":"bad"}', "422 X"), ApiFailureKind.STATUS),
        (answer(b"no", "401 Unauthorized"), ApiFailureKind.STATUS),
        (answer(b"", "503 Service Unavailable"), ApiFailureKind.STATUS),
        (answer(b"", "302 Found", "Location: /login"), ApiFailureKind.REDIRECT),
        (answer(b"<html>a login page</html>"), ApiFailureKind.NOT_JSON),
        (answer(b'{"status":"success","data":{}}'), ApiFailureKind.NOT_UNDERSTOOD),
        (answer(b""), ApiFailureKind.EMPTY),
        (raw(b"SSH-2.0-x\r\n"), ApiFailureKind.NOT_HTTP),
        (raw(head_of(99) + b"{"), ApiFailureKind.BROKEN_OFF),
    ],
)
def test_a_wrong_answer_is_a_problem(script: Script, kind: ApiFailureKind) -> None:
    """And the next good one is read again."""
    with asking(in_turn(script, answer(EMPTY))) as (it, _):
        assert it.problem().kind is kind
        assert it.ask() == ServersRead(())


@pytest.mark.parametrize("script", [hang, drip(head_of(None), b" ")])
def test_a_slow_answer_ends_in_time(script: Script) -> None:
    """However it stretches; meanwhile nothing else is asked."""
    with asking(script) as (it, _):
        late = (ApiFailureKind.NO_ANSWER, ApiFailureKind.NO_CONNECTION)
        assert it.problem(PATIENCE_S).kind in late
        wait_for(lambda: it.client.ask(AMPLE_S), "the late request is over")
        assert not it.client.ask(AMPLE_S)


def test_a_huge_answer_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before it is read whole."""
    monkeypatch.setattr(clients, "MAX_BODY_BYTES", 1000)
    with asking(answer(b" " * 100_000)) as (it, _):
        assert it.problem().kind is ApiFailureKind.TOO_LARGE


def test_nobody_listens() -> None:
    """A port without a server."""
    it = Asking(f"http://127.0.0.1:{free_port()}")
    assert it.problem().kind is ApiFailureKind.REFUSED
    it.client.close()


def test_no_problem_has_a_secret() -> None:
    """Also where the engine repeats the request."""
    echo = b'{"status":"error","error":"bad token ' + SECRET.encode() + b'"}'
    with asking(answer(echo, "401 Unauthorized")) as (it, _):
        problem = it.problem()
        assert problem.status == 401
        assert SECRET not in repr(problem)
        assert "bad token" in problem.detail


def test_a_closed_client_is_silent() -> None:
    """The request under way is cut."""
    with asking(hang) as (it, server):
        assert it.client.ask(AMPLE_S)
        wait_for(lambda: server.exchanges, "the request has come")
        it.client.close()
        assert not it.client.ask(AMPLE_S)
        assert it.outcomes.empty()
