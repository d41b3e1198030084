"""The door to requests: what has a deadline, and what is never sent."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.sources.fault_server import FaultServer, answer, drip, hang, head_of
from tests.waiting import AMPLE_S, wait_for
from tray_app.core.model.api_failure import ApiFailureKind
from tray_app.sources.api.errors import ApiError
from tray_app.sources.api.session import MAX_BODY_BYTES, ApiSession

PATIENCE_S = 0.2


@contextmanager
def opened(url: str) -> Iterator[ApiSession]:
    session = ApiSession(url, {}, True, time.monotonic)
    try:
        yield session
    finally:
        session.cut()
        session.hang_up()


def is_busy(session: ApiSession) -> bool:
    """Whether an exchange, perhaps an abandoned one, has not ended."""
    return session._current is not None


class SlowNames:
    """Stands in for the system's resolver: it answers when it is let."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.answers = threading.Event()
        self._ask = socket.getaddrinfo
        monkeypatch.setattr(socket, "getaddrinfo", self._wait)

    def _wait(self, *arguments: Any, **named: Any) -> Any:
        self.answers.wait(AMPLE_S)
        return self._ask(*arguments, **named)


def failure(session: ApiSession, method: str = "get") -> ApiFailureKind:
    with pytest.raises(ApiError) as caught:
        getattr(session, method)("/x", PATIENCE_S)
    return caught.value.problem.kind


def test_a_slow_lookup_is_late_on_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing can end it: the session is busy until it ends, and works after that."""
    with FaultServer(answer(b"{}")) as server, opened(server.url) as session:
        names = SlowNames(monkeypatch)
        began_s = time.monotonic()
        assert failure(session) is ApiFailureKind.NO_CONNECTION
        assert time.monotonic() - began_s < AMPLE_S / 2
        assert is_busy(session)
        assert failure(session) is ApiFailureKind.BUSY
        names.answers.set()
        wait_for(lambda: not is_busy(session), "the lookup's end")
        assert session.get("/x", AMPLE_S) == b"{}"


def test_what_was_given_up_is_not_sent_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """A person was told that it failed: it must not be done after all."""
    with FaultServer(answer(b"{}")) as server, opened(server.url) as session:
        names = SlowNames(monkeypatch)
        assert failure(session, "post") is ApiFailureKind.NO_CONNECTION
        names.answers.set()
        wait_for(lambda: not is_busy(session), "the lookup's end")
        assert server.paths == []


@pytest.mark.parametrize("first", [b"", b"HTTP/1.1 200 OK\r\nX-A: ", head_of(None)])
def test_a_drip_ends_with_its_connection(first: bytes) -> None:
    """Be it in the head or the body: the next exchange need not wait for it."""
    with FaultServer(drip(first, b"x")) as server, opened(server.url) as session:
        assert failure(session) is ApiFailureKind.NO_ANSWER
        assert not is_busy(session)
        server.script = answer(b"{}")
        assert session.get("/x", AMPLE_S) == b"{}"
        assert server.connections == 2


def test_a_cut_wakes_whoever_waits() -> None:
    """At once, and nothing begins after it."""
    with FaultServer(hang) as server, opened(server.url) as session:
        threading.Timer(0.05, session.cut).start()
        with pytest.raises(OSError):
            session.get("/x", AMPLE_S)
        with pytest.raises(ConnectionAbortedError):
            session.get("/x", AMPLE_S)
        assert len(server.paths) <= 1


def test_a_body_is_sent_as_json_and_once() -> None:
    """Neither it nor a deletion is kept: each is made once, with words of its own."""
    with FaultServer(answer(b"{}")) as server, opened(server.url) as session:
        assert session.post("/made", AMPLE_S, b'{"a":1}') == b"{}"
        assert session.delete("/made/1", AMPLE_S) == b"{}"
        assert session._prepared == {}
    sent, gone = server.exchanges
    assert (sent.method, sent.path, sent.body) == ("POST", "/made", b'{"a":1}')
    assert "Content-Type: application/json\r\n" in sent.head
    assert (gone.method, gone.path, gone.body) == ("DELETE", "/made/1", b"")


def test_a_body_has_the_size_that_its_asker_allows() -> None:
    """A list of a thousand servers is larger than one server's status."""
    body = b"x" * (MAX_BODY_BYTES + 1)
    with FaultServer(answer(body)) as server:
        session = ApiSession(server.url, {}, True, time.monotonic, max_body_bytes=len(body))
        try:
            assert session.get("/x", AMPLE_S) == body
        finally:
            session.cut()
            session.hang_up()
