"""The server of live pages: what it answers, and to whom."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest

from tests.waiting import AMPLE_S, wait_for
from tray_app.http_talk import CONNECTIONS_MAX, REQUEST_BYTES
from tray_app.page_server.server import CLOSED, HOST, Page, PageServer


def answer(name: str, query: str) -> Page | None:
    """Two pages, and a defect."""
    if name == "defect":
        raise ValueError("a secret")
    known = {"": "<p>page</p>", "data": f"after {query}"}
    return Page("text/html; charset=utf-8", known[name].encode()) if name in known else None


@contextmanager
def talking(server: PageServer) -> Iterator[socket.socket]:
    """A bare connection to it."""
    parts = urlsplit(server.address())
    assert parts.port
    with socket.create_connection((HOST, parts.port), timeout=AMPLE_S) as connection:
        yield connection


def get(
    address: str, method: str = "GET", **headers: str
) -> tuple[int, http.client.HTTPMessage, bytes]:
    """Status, headers and body of an answer."""
    parts = urlsplit(address)
    assert parts.port
    connection = http.client.HTTPConnection(HOST, parts.port, timeout=AMPLE_S)
    try:
        place = f"{parts.path}?{parts.query}" if parts.query else parts.path
        connection.request(method, place, headers=headers)
        told = connection.getresponse()
        return told.status, told.headers, told.read()
    finally:
        connection.close()


@pytest.fixture
def server() -> PageServer:
    """One that is open for longer than a test, and closes some time after it."""
    return PageServer(answer, idle_s=AMPLE_S / 2)


def test_whoever_knows_the_address_gets_the_page(server: PageServer) -> None:
    """And what it asks for; nothing may be stored, framed or guessed of it."""
    status, headers, body = get(server.address())
    assert (status, body) == (200, b"<p>page</p>")
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "Access-Control-Allow-Origin" not in headers
    assert "Server" not in headers
    assert get(f"{server.address('data')}?after=17")[2] == b"after after=17"
    assert get(server.address("other"))[0] == 404


def test_it_listens_on_the_loopback_address_alone(server: PageServer) -> None:
    """On a port of the system's choice, with an address that nobody guesses."""
    parts = urlsplit(server.address())
    assert parts.hostname == HOST
    assert len(parts.path) > 32
    assert server.address() == server.address()
    assert urlsplit(PageServer(answer)._token).path != parts.path.strip("/")


@pytest.mark.parametrize(
    ("host", "status"),
    [("evil.example", 403), ("localhost:{port}", 403), ("", 403), ("127.0.0.1", 403)],
)
def test_another_name_leads_nowhere(server: PageServer, host: str, status: int) -> None:
    """A page of a stranger whose name is this machine's address cannot read the history."""
    port = urlsplit(server.address()).port
    assert get(server.address(), Host=host.format(port=port))[0] == status


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "HEAD", "OPTIONS", "CONNECT"])
def test_it_answers_get_alone(server: PageServer, method: str) -> None:
    """It changes nothing, whatever it is asked."""
    assert get(server.address(), method)[0] == 405


@pytest.mark.parametrize("place", ["", "x", "/x/", "/../", "/{token}", "/{token}x/", "/%2e%2e/"])
def test_without_the_token_there_is_nothing(server: PageServer, place: str) -> None:
    """Nor with half of it."""
    parts = urlsplit(server.address())
    token = parts.path.strip("/")
    found = get(f"http://{HOST}:{parts.port}/{place.format(token=token).removeprefix('/')}")
    assert found[0] == 404
    assert token.encode() not in found[2]


def test_a_request_that_is_too_long_is_refused(server: PageServer) -> None:
    """Before it is read whole."""
    with talking(server) as connection:
        connection.sendall(b"GET /" + b"x" * 2 * REQUEST_BYTES + b" HTTP/1.1\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize("noise", [b"\r\n\r\n", b"\x00\xff\xfe\r\n\r\n", b"GET\r\n\r\n"])
def test_noise_ends_nothing(server: PageServer, noise: bytes) -> None:
    """It is refused, and the next request is answered."""
    with talking(server) as connection:
        connection.sendall(noise)
        assert connection.recv(100).startswith(b"HTTP/1.1 4")
    assert get(server.address())[0] == 200


def test_slow_clients_delay_no_other(server: PageServer) -> None:
    """One that says nothing, and one that reads nothing."""
    with talking(server) as silent, talking(server) as slow:
        slow.sendall(b"GET / HTTP/1.1\r\n")
        assert get(server.address())[0] == 200
        silent.shutdown(socket.SHUT_WR)
        assert silent.recv(100) == b""


def test_too_many_connections_at_once_are_closed(server: PageServer) -> None:
    """Those that are there go on."""
    parts = urlsplit(server.address())
    assert parts.port
    many = [
        socket.create_connection((HOST, parts.port), timeout=AMPLE_S)
        for _ in range(CONNECTIONS_MAX + 1)
    ]
    assert many[-1].recv(100) == b""
    for each in many:
        each.close()
    wait_for(lambda: get_or_none(server) == 200, "it answers again")


def get_or_none(server: PageServer) -> int | None:
    """The status of an answer; None while it takes no connection."""
    try:
        return get(server.address())[0]
    except (OSError, http.client.HTTPException):
        return None


def test_a_defect_is_a_failure_of_that_page_alone(server: PageServer) -> None:
    """Its reason is in the log, and not in the answer."""
    status, _, body = get(server.address("defect"))
    assert status == 500
    assert b"secret" not in body
    assert get(server.address())[0] == 200


def test_it_is_there_only_while_a_page_is_open() -> None:
    """Some time after the last request it closes, with its thread; the next click opens another."""
    server = PageServer(answer, idle_s=0.3)
    assert not server.is_open
    others = threads()
    for _ in range(2):
        wait_for(lambda: get_or_none(server) == 200, "it answers")
        wait_for(lambda: not server.is_open, "the server is closed")
        wait_for(lambda: not threads() - others, "its thread has ended")


def test_it_closes_sooner_once_its_pages_are_closed() -> None:
    """Each of them says so; one that is shown again by the browser counts again."""
    pages = {"": b"page", "data": b"rows"}
    server = PageServer(
        lambda name, _: Page("text/plain", pages[name], live=True), idle_s=3600.0, closed_s=6.0
    )
    open_pages = []
    for name in ("", "", CLOSED, CLOSED, CLOSED, "data", "data", CLOSED):
        assert get(server.address(name))[0] == 200
        open_pages.append(server._pages)
    assert open_pages == [1, 2, 1, 0, 0, 1, 1, 0]
    wait_for(lambda: not server.is_open, "the server is closed")


def threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name == "live page"}


def test_strangers_do_not_keep_it_open() -> None:
    """A request without the token does not count."""
    server = PageServer(answer, idle_s=0.6)
    address = server.address().replace(server._token, "x")

    def closes() -> bool:
        try:
            get(address)
        except (OSError, http.client.HTTPException):
            return True
        return not server.is_open

    wait_for(closes, "the server is closed")
