"""The calls of the user's actions, one by one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.ports import free_port
from tests.sources.fault_server import (
    FaultServer,
    answer,
    hang,
)
from tests.sources.faults import PAYLOADS, RSS_MB, STATUS
from tests.waiting import AMPLE_S
from tray_app.core.model.api_failure import ApiFailureKind, ApiProblem
from tray_app.core.model.readings import MIB
from tray_app.core.presentation.api_failure_text import problem_text
from tray_app.sources.api.actions import ServerCalls
from tray_app.sources.api.errors import ApiError

FREED = (PAYLOADS / "optimize-memory.after.json").read_bytes()
CLEANED = (PAYLOADS / "cleanup-old-files.idle.json").read_bytes()
CLEANUP = "/cleanup-old-files/?max_age_hours="


@pytest.fixture
def calls() -> Iterator[Callable[[str], ServerCalls]]:
    """Makes calls to a URL; their connections are closed afterwards."""
    made: list[ServerCalls] = []

    def make(url: str, **more: Any) -> ServerCalls:
        made.append(ServerCalls(url, time.monotonic, **more))
        return made[-1]

    yield make
    for each in made:
        each.hang_up()


MakeCalls = Callable[..., ServerCalls]


def failure(call: Callable[[], object]) -> ApiProblem:
    with pytest.raises(ApiError) as caught:
        call()
    return caught.value.problem


@pytest.mark.parametrize("hours", [0, -1, 2])
def test_files_younger_than_an_hour_are_never_asked_away(hours: int) -> None:
    """With 0 the real server deleted a running job's files, and the job failed."""
    calls = ServerCalls("http://localhost:8000", time.monotonic)
    with pytest.raises(ValueError, match="a job may need"):
        calls.clean_up(hours, AMPLE_S)


def test_the_figures_are_those_of_the_servers_api(calls: MakeCalls) -> None:
    """As a sample has them, with the time that the answer took."""
    with FaultServer(answer(STATUS)) as server:
        before_s = time.monotonic()
        reading = calls(server.url).status(AMPLE_S)
        assert server.paths == ["/memory-status/"]
    assert reading.rss_bytes == round(RSS_MB * MIB)
    # Windows' clock ticks every 16 ms.
    assert before_s <= reading.taken_s - reading.latency_s <= reading.taken_s <= time.monotonic()


def test_an_action_is_one_post(calls: MakeCalls) -> None:
    """On one connection, with the headers that are set."""
    with FaultServer(answer(FREED)) as server:
        made = calls(server.url, headers=[("X-Api-Key", "k3y")])
        made.free_memory(AMPLE_S)
        made.clean_up(24, AMPLE_S)
        made.clean_up(1, AMPLE_S)
        assert server.paths == ["/optimize-memory/", f"{CLEANUP}24", f"{CLEANUP}1"]
        for exchange in server.exchanges:
            assert exchange.head.startswith("POST ")
            assert "X-Api-Key: k3y" in exchange.head
        assert server.connections == 1


@pytest.mark.parametrize(
    ("status", "has_root"), [("200 OK", True), ("307 Temporary Redirect", None), ("404 No", False)]
)
def test_only_a_404_says_that_there_is_no_page(
    calls: MakeCalls, status: str, has_root: bool | None
) -> None:
    """Any other failure is one."""
    with FaultServer(answer(b"<html>", status)) as server:
        made = calls(f"{server.url}/api")
        if has_root is None:
            assert failure(lambda: made.has_root(AMPLE_S)).status == 307
        else:
            assert made.has_root(AMPLE_S) is has_root
        assert server.paths == ["/api/"]


def test_a_failure_has_its_kind(calls: MakeCalls) -> None:
    """Silence, a refused connection, and an error inside a good answer."""
    with FaultServer(hang) as server:
        problem = failure(lambda: calls(server.url).free_memory(0.2))
        assert (problem.kind, problem.waited_s) == (ApiFailureKind.NO_ANSWER, 0.2)
    nobody = calls(f"http://127.0.0.1:{free_port()}")
    assert failure(lambda: nobody.status(AMPLE_S)).kind is ApiFailureKind.REFUSED
    with FaultServer(answer(b'{"error": "no can do"}')) as server:
        problem = failure(lambda: calls(server.url).clean_up(1, AMPLE_S))
        assert (problem.kind, problem.detail) == (ApiFailureKind.SERVER_ERROR, "no can do")


def test_a_closed_connection_refuses_calls(calls: MakeCalls) -> None:
    """The program ends: nothing new is sent."""
    with FaultServer(answer(STATUS)) as server:
        made = calls(server.url)
        made.status(AMPLE_S)
        made.close()
        failure(lambda: made.free_memory(AMPLE_S))
        assert server.paths == ["/memory-status/"]


def test_no_password_is_told() -> None:
    """A server may echo what it was sent."""
    echo = answer(b'{"error": "no such user: bob, s3cret"}')
    with FaultServer(echo) as server:
        url = server.url.replace("://", "://bob:s3cret@")
        calls = ServerCalls(url, time.monotonic)
        with pytest.raises(ApiError) as caught:
            calls.free_memory(AMPLE_S)
        calls.hang_up()
        assert (
            problem_text(caught.value.problem) == "the server reports an error: no such user: …, …"
        )
        assert "Authorization: Basic" in server.exchanges[0].head
