"""The API client against servers that answer, and against all the others."""

from __future__ import annotations

import base64
import errno
import os
import queue
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.needs import not_on_wine
from tests.ports import free_port
from tests.sources.fault_server import (
    CERTIFICATE,
    LONG_S,
    Exchange,
    FaultServer,
    Script,
    answer,
    by_path,
    close,
    drip,
    hang,
    head_of,
    in_turn,
    raw,
    reset,
    tls,
)
from tests.sources.faults import BIG, ENDLESS, PAYLOADS, RSS_MB, STATUS, UNUSUAL, WRONG, check_plain
from tests.waiting import AMPLE_S, wait_for
from tray_app.core.model.api_failure import ApiFailureKind, FailureClass
from tray_app.core.model.readings import (
    MIB,
    ApiFailure,
    ApiOutcome,
    ApiReading,
    StageMark,
)
from tray_app.core.presentation.api_failure_text import problem_text
from tray_app.sources.api.client import ApiClient

HISTORY = (PAYLOADS / "memory-history.after-limit1.json").read_bytes()

REFUSED, TIMEOUT, ERROR = FailureClass

PATIENCE_S = 0.3
"""For what answers at once: a starved machine must not turn it into a time-out."""


class Connected:
    """A client, and its outcomes one by one."""

    def __init__(self, url: str, **options: Any) -> None:
        self.outcomes: queue.Queue[ApiOutcome] = queue.Queue()
        self.client = ApiClient(url, self.outcomes.put, time.monotonic, **options)

    def outcome(self, patience_s: float = AMPLE_S, with_stage: bool = False) -> ApiOutcome:
        assert self.client.ask(patience_s, with_stage)
        return self.outcomes.get(timeout=AMPLE_S)

    def reading(self, with_stage: bool = False) -> ApiReading:
        outcome = self.outcome(with_stage=with_stage)
        assert isinstance(outcome, ApiReading), outcome
        return outcome

    def failure(self, patience_s: float = AMPLE_S) -> tuple[FailureClass, str]:
        outcome = self.outcome(patience_s)
        assert isinstance(outcome, ApiFailure), outcome
        return outcome.problem.failure_class, problem_text(outcome.problem)


@contextmanager
def connected(url: str, **options: Any) -> Iterator[Connected]:
    it = Connected(url, **options)
    try:
        yield it
    finally:
        it.client.close()


# What is asked


def test_a_reading() -> None:
    """A good answer is a reading, taken between the question and now, on one connection."""
    with FaultServer(answer(STATUS)) as server, connected(server.url) as api:
        before_s = time.monotonic()
        reading = api.reading()
        assert reading.rss_bytes == round(RSS_MB * MIB)
        assert before_s <= reading.taken_s - reading.latency_s <= reading.taken_s
        assert reading.taken_s <= time.monotonic()
        assert reading.stage is None
        api.reading()
        assert server.paths == ["/memory-status/"] * 2
        assert server.connections == 1


def test_the_request() -> None:
    """The request asks for plain JSON below the URL's path and carries the given headers."""
    with (
        FaultServer(answer(STATUS)) as server,
        connected(f"{server.url}/proxy/run/", headers=[("X-Key", "k 1")]) as api,
    ):
        api.reading()
        request, *headers = server.exchanges[0].head.lower().split("\r\n")
    assert request == "get /proxy/run/memory-status/ http/1.1"
    assert {"accept-encoding: identity", "x-key: k 1", "user-agent: runanalyze-tray"} < {*headers}
    assert not any(header.startswith(("authorization", "cookie")) for header in headers)


def test_the_stage() -> None:
    """With a stage asked for, the reading carries the history's newest entry."""
    script = by_path(answer(STATUS), answer(HISTORY))
    with FaultServer(script) as server, connected(server.url) as api:
        stage = api.reading(with_stage=True).stage
        assert stage == StageMark("AFTER_FINAL_GC", "2026-11-23T21:55:31.429424")
        assert server.paths == ["/memory-status/", "/memory-history/?limit=1"]
        assert server.connections == 1


def test_a_summary_that_has_changed_brings_its_stage() -> None:
    """In the same exchange, unasked; one that stays as it was, or is emptied, does not."""
    idle, early, late = (
        answer((PAYLOADS / f"memory-status.{name}.json").read_bytes())
        for name in ("idle", "processing-early", "processing")
    )
    script = by_path(in_turn(early, early, late, late, idle), answer(HISTORY))
    with FaultServer(script) as server, connected(server.url) as api:
        stages = [api.reading().stage is not None for _ in range(5)]
        assert stages == [False, False, True, False, False]
        assert server.paths.count("/memory-history/?limit=1") == 1


@pytest.mark.parametrize(
    "history",
    [answer(b"{", "500 Oops"), answer(b"{"), close, reset, drip(head_of(None), b" "), hang],
    ids=["500", "not JSON", "close", "reset", "drip", "hang"],
)
def test_a_failing_stage(history: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever happens to the stage, the reading is good, and so is the next one."""
    monkeypatch.setattr("tray_app.sources.api.client.STAGE_PATIENCE_S", 0.1)
    with FaultServer(by_path(answer(STATUS), history)) as server, connected(server.url) as api:
        assert api.reading(with_stage=True).stage is None
        assert api.reading().rss_bytes


def test_no_stage_after_a_failure() -> None:
    """The stage of a server whose status is bad is not asked for."""
    with FaultServer(answer(b"{}")) as server, connected(server.url) as api:
        assert isinstance(api.outcome(with_stage=True), ApiFailure)
        assert server.paths == ["/memory-status/"]


def test_one_in_flight() -> None:
    """While a request is in flight another is refused at once, and one outcome comes."""
    gate = threading.Event()

    def waits(exchange: Exchange) -> None:
        gate.wait(LONG_S)
        answer(STATUS)(exchange)

    with FaultServer(waits) as server, connected(server.url) as api:
        assert api.client.ask(AMPLE_S)
        assert not api.client.ask(AMPLE_S)
        gate.set()
        assert isinstance(api.outcomes.get(timeout=AMPLE_S), ApiReading)
        assert api.outcomes.empty()
        assert len(server.paths) == 1


def test_the_report_may_ask() -> None:
    """By the time an outcome is reported the next request can be started."""
    asked = queue.Queue[bool]()
    with FaultServer(answer(STATUS)) as server:
        client = ApiClient(server.url, lambda _: asked.put(client.ask(AMPLE_S)), time.monotonic)
        client.ask(AMPLE_S)
        assert [asked.get(timeout=AMPLE_S) for _ in range(3)] == [True] * 3
        client.close()


def test_a_receiver_that_fails(caplog: pytest.LogCaptureFixture) -> None:
    """A report that raises is logged and does not end the worker."""
    taken = queue.Queue[ApiOutcome]()

    def report(outcome: ApiOutcome) -> None:
        taken.put(outcome)
        raise LookupError("in the receiver")

    with FaultServer(answer(STATUS)) as server:
        client = ApiClient(server.url, report, time.monotonic)
        for _ in range(2):
            wait_for(lambda: client.ask(AMPLE_S), "the client's consent")
            assert isinstance(taken.get(timeout=AMPLE_S), ApiReading)
        wait_for(lambda: "in the receiver" in caplog.text, "a line of the log")
        client.close()


def test_nothing_early() -> None:
    """Making a client imports no requests and starts no thread: that is for the first question."""
    code = """
import sys, threading
from tray_app.sources.api.client import ApiClient
ApiClient("http://127.0.0.1:9", print, float).close()
assert threading.active_count() == 1
assert not {"requests", "urllib3", "http.client", "ssl"} & {*sys.modules}
"""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment, timeout=AMPLE_S)


# Waiting has an end


@pytest.mark.parametrize("script", ENDLESS.values(), ids=ENDLESS)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_time_out(script: Script, scheme: str) -> None:
    """However slowly something comes, one patience is for all of it together."""
    with (
        FaultServer(script, tls() if scheme == "https" else None) as server,
        connected(server.url, verify=CERTIFICATE) as api,
    ):
        assert api.failure(PATIENCE_S) == (TIMEOUT, "no answer for 0.3 s")


def test_a_dripping_error() -> None:
    """An error whose text does not come in time is still that error."""
    script = drip(head_of(1000, "503 Service Unavailable"), b"x")
    with FaultServer(script) as server, connected(server.url) as api:
        assert api.failure(3.0) == (ERROR, "HTTP 503: Service Unavailable")


def test_a_proxy_tells_that_the_server_does_not_answer() -> None:
    """That is the server's silence, and not an answer of its own."""
    script = answer(b"<html>", "504 Gateway Time-out")
    with FaultServer(script) as server, connected(server.url) as api:
        assert api.failure() == (TIMEOUT, "HTTP 504: Gateway Time-out")


def test_recovery_after_a_hang() -> None:
    """The request after a time-out gets its answer, on a new connection."""
    script = in_turn(answer(STATUS), hang, answer(STATUS))
    with FaultServer(script) as server, connected(server.url) as api:
        api.reading()
        assert api.failure(PATIENCE_S)[0] is TIMEOUT
        api.reading()
        assert server.connections == 2


@pytest.fixture
def full_port() -> Iterator[int]:
    """A port whose queue is full, where Linux lets a connection attempt wait."""
    if sys.platform != "linux":
        pytest.skip("a full queue refuses elsewhere")
    waiting = []
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        for _ in range(4):
            sock = socket.socket()
            sock.setblocking(False)
            sock.connect_ex(listener.getsockname())
            waiting.append(sock)
        yield listener.getsockname()[1]
        for sock in waiting:
            sock.close()


def addresses(monkeypatch: pytest.MonkeyPatch, *ports: int) -> None:
    """Let every host name mean these ports of 127.0.0.1, in this order."""
    found = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", port)) for port in ports]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)


def test_connecting_takes_too_long(full_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """All addresses of a host share one patience with connecting."""
    addresses(monkeypatch, *[full_port] * 100)
    with connected(f"http://server.invalid:{full_port}") as api:
        assert api.failure(PATIENCE_S) == (TIMEOUT, "no connection for 0.3 s")


def test_the_address_that_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of several addresses (localhost is ::1, too) the one that answers is used."""
    with FaultServer(answer(STATUS)) as server, connected(f"http://localhost:{server.port}") as api:
        addresses(monkeypatch, free_port(), server.port)
        api.reading()


# Nobody there


def test_refused() -> None:
    """Where nobody listens the connection is refused; a server that starts is found."""
    port = free_port()
    with connected(f"http://127.0.0.1:{port}") as api:
        assert api.failure() == (REFUSED, "connection refused")
        assert api.failure() == (REFUSED, "connection refused")


@pytest.mark.parametrize(
    ("where", "error", "expected"),
    [
        ("socket.getaddrinfo", socket.gaierror(-2, "no"), (REFUSED, "host not found")),
        (
            "socket.socket.connect",
            OSError(errno.EHOSTUNREACH, "no"),
            (REFUSED, "no route to the host"),
        ),
        ("socket.socket.connect", OSError(errno.EPERM, "Not permitted"), (ERROR, "Not permitted")),
        (
            "tray_app.sources.api.client.decode_status",
            ZeroDivisionError("x"),
            (ERROR, "unexpected error (see the log)"),
        ),
    ],
    ids=["no name", "no route", "no permission", "own mistake"],
)
def test_errors_on_the_way(
    where: str,
    error: Exception,
    expected: tuple[FailureClass, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An error is told in plain words, one that nobody expected as just that."""

    def fail(*_: object, **__: object) -> None:
        raise error

    with FaultServer(answer(STATUS)) as server, connected(server.url) as api:
        with monkeypatch.context() as patch:
            patch.setattr(where, fail)
            assert api.failure() == expected
        api.reading()


def test_an_unexpected_error_is_logged_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What cannot be told in plain words is logged the first time, and again after a success."""

    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    with FaultServer(answer(STATUS)) as server, connected(server.url) as api:
        for _ in range(2):
            with monkeypatch.context() as patch:
                patch.setattr("tray_app.sources.api.client.decode_status", fail)
                api.failure()
                api.failure()
            api.reading()
    assert caplog.text.count("unexpected error in a") == 2


@pytest.mark.parametrize("host", ["a..b", f"{'x' * 64}.example"])
def test_a_host_name_that_cannot_be(host: str) -> None:
    """A name with a label that is empty or too long belongs to no host."""
    with connected(f"http://{host}:8000") as api:
        assert api.failure() == (REFUSED, "host not found")


@pytest.mark.parametrize("url", ["http://[::1", "http://", "ftp://x"])
def test_a_bad_url(url: str) -> None:
    """A URL that cannot be asked is an error each time, not an exception."""
    with connected(url) as api:
        assert api.failure()[0] is ERROR
        assert api.failure()[0] is ERROR


# Wrong answers


@pytest.mark.parametrize(("script", "expected"), WRONG.values(), ids=WRONG)
def test_wrong_answer(script: Script, expected: str) -> None:
    """A wrong answer is an error in plain words, asked for once, read no further than needed."""
    with FaultServer(script) as server, connected(server.url) as api:
        assert api.failure() == (ERROR, expected)
        assert len(server.paths) == 1
        assert server.exchanges[0].bytes_sent < BIG / 4
        server.script = answer(STATUS)
        api.reading()


@pytest.mark.parametrize("script", UNUSUAL.values(), ids=UNUSUAL)
def test_unusual_but_good(script: Script) -> None:
    """What can be decoded within its limits is a reading, whatever its wrapping."""
    with FaultServer(script) as server, connected(server.url) as api:
        assert api.reading().rss_bytes == round(RSS_MB * MIB)
        assert api.reading().rss_bytes == round(RSS_MB * MIB)
        assert not any("ookie" in exchange.head for exchange in server.exchanges)


@pytest.mark.parametrize(
    ("status", "fields", "wait_s", "words"),
    [
        (
            "429 Too Many Requests",
            ("Retry-After: 120",),
            120.0,
            "HTTP 429, asks to wait 2 min: Too Many Requests",
        ),
        ("503 Busy", ("Retry-After:  7 ",), 7.0, "HTTP 503, asks to wait 7 s: Busy"),
        (
            "503 Busy",
            (
                "Date: Thu, 26 Nov 2020 10:00:00 GMT",
                "Retry-After: Thu, 26 Nov 2020 10:01:30 GMT",
            ),
            90.0,
            "HTTP 503, asks to wait 90 s: Busy",
        ),
        ("503 Busy", ("Retry-After: Thu, 26 Nov 2020 10:01:30 GMT",), 0.0, "HTTP 503: Busy"),
        ("503 Busy", ("Retry-After: soon",), None, "HTTP 503: Busy"),
        ("503 Busy", ("Retry-After: -5",), None, "HTTP 503: Busy"),
        ("503 Busy", (), None, "HTTP 503: Busy"),
    ],
)
def test_retry_after(
    status: str, fields: tuple[str, ...], wait_s: float | None, words: str
) -> None:
    """In seconds, or as a moment by the server's own clock; it is told with the reason."""
    with FaultServer(answer(b"", status, *fields)) as server, connected(server.url) as api:
        outcome = api.outcome()
        assert isinstance(outcome, ApiFailure)
        problem = outcome.problem
        assert (problem_text(problem), problem.retry_after_s) == (words, wait_s)


def test_retry_after_for_the_stage() -> None:
    """The stage is not asked for until then; the reading is good all the same."""
    script = by_path(answer(STATUS), answer(b"", "429 Slow down", "Retry-After: 60"))
    with FaultServer(script) as server, connected(server.url) as api:
        for _ in range(3):
            assert api.reading(with_stage=True).stage is None
        assert server.paths.count("/memory-history/?limit=1") == 1


_lines = st.sampled_from(
    [
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.0 500 Oops\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 302 Found\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Content-Length: 5\r\n",
        b"Content-Length: -1, 1e9\r\n",
        b"Content-Encoding: gzip\r\n",
        b"Location: //\xff\r\n",
        b"Connection: close\r\n",
        b" folded\r\n",
        b"\r\n",
        b"5\r\n",
        b"-1\r\n",
        b"0\r\n\r\n",
        STATUS,
        b"[" * 5000,
    ]
)


@settings(max_examples=150)
@given(st.lists(_lines | st.binary(max_size=30), max_size=12).map(b"".join))
def test_whatever_comes(sent: bytes) -> None:
    """Whatever a server sends before it closes: a reading or a plain reason, and no waiting."""
    with FaultServer(raw(sent)) as server, connected(server.url) as api:
        outcome = api.outcome()
        if isinstance(outcome, ApiFailure):
            assert outcome.problem.failure_class is ERROR
            check_plain(problem_text(outcome.problem))
            assert outcome.problem.kind is not ApiFailureKind.UNEXPECTED


def test_redirects_are_not_followed() -> None:
    """Neither a loop nor another host is followed: one request, and the error says where to."""
    with FaultServer(answer(STATUS)) as other, FaultServer(close) as server:
        for location in (f"{server.url}/memory-status/", f"{other.url}/memory-status/"):
            server.script = answer(b"", "307 Temporary Redirect", f"Location: {location}")
            with connected(server.url) as api:
                assert api.failure() == (ERROR, f"HTTP 307: redirects to {location}")
        assert server.paths == ["/memory-status/"] * 2
        assert other.paths == []


# Connections


@pytest.mark.parametrize("header", [(), ("Connection: keep-alive",)], ids=["usual", "unusual"])
@pytest.mark.parametrize("cut", [5, -len(STATUS) - 2, -len(STATUS), -3])
def test_an_answer_in_two_parts(cut: int, header: tuple[str, ...]) -> None:
    """Wherever an answer is cut in two, it is the same reading, and the connection is kept."""
    whole = head_of(len(STATUS), "200 OK", *header) + STATUS

    def script(exchange: Exchange) -> None:
        exchange.send(whole[:cut])
        exchange.wait(0.02)  # so that the parts come apart
        exchange.send(whole[cut:])

    with FaultServer(script) as server, connected(server.url) as api:
        for _ in range(2):
            assert api.reading().rss_bytes == round(RSS_MB * MIB)
        assert server.connections == 1


@pytest.mark.parametrize("end", [close, reset], ids=["close", "reset"])
def test_a_stale_connection(end: Script) -> None:
    """A kept connection that the server closes at the next request is replaced unseen."""
    script = in_turn(answer(STATUS), end, answer(STATUS))
    with FaultServer(script) as server, connected(server.url) as api:
        api.reading()
        api.reading()
        assert (len(server.paths), server.connections) == (3, 2)


def test_a_stale_connection_after_an_error() -> None:
    """A connection that was kept after an error's answer is replaced unseen, too."""
    script = in_turn(answer(b"", "500 Oops"), close, answer(STATUS))
    with FaultServer(script) as server, connected(server.url) as api:
        assert api.failure() == (ERROR, "HTTP 500: Oops")
        api.reading()
        assert (len(server.paths), server.connections) == (3, 2)


def test_a_server_that_closes_after_each_answer() -> None:
    """A kept connection that was closed in between is replaced before it is used."""
    with FaultServer(raw(head_of(len(STATUS)) + STATUS)) as server, connected(server.url) as api:
        for _ in range(3):
            api.reading()
        assert server.connections == 3


def test_a_stale_connection_is_replaced_once() -> None:
    """A server that also closes the fresh connection is reported, not asked for ever."""
    with FaultServer(in_turn(answer(STATUS), close)) as server, connected(server.url) as api:
        api.reading()
        assert api.failure() == (ERROR, "connection closed without an answer")
        assert len(server.paths) == 3


def test_a_server_that_went_away() -> None:
    """A server that ended between two requests is gone: refused, not reset."""
    with FaultServer(answer(STATUS)) as server:
        api = Connected(server.url)
        api.reading()
    assert api.failure() == (REFUSED, "connection refused")
    api.client.close()


def test_the_environment_is_ignored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Proxies and .netrc of the environment have no say."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login joe password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    with FaultServer(answer(STATUS)) as server, connected(server.url) as api:
        api.reading()
        assert "uthorization" not in server.exchanges[0].head


def test_userinfo_is_sent_and_never_shown() -> None:
    """User and password of the URL are sent, and in no reason, whatever the server echoes."""
    echo = answer(
        b'{"detail":"joe with s3cret!, or s3cret%21, in http://joe:s3cret%21@x"}', "401 No"
    )
    moved = answer(b"", "301 Moved", "Location: //joe:s3cret%21@x/joe/")
    with (
        FaultServer(in_turn(echo, moved, close)) as server,
        connected(f"http://joe:s3cret%21@127.0.0.1:{server.port}") as api,
    ):
        reasons = [api.failure()[1] for _ in range(3)]
        assert f"Basic {base64.b64encode(b'joe:s3cret!').decode()}" in server.exchanges[0].head
    assert reasons[:2] == [
        "HTTP 401: … with …, or …, in http://…:…@x",
        "HTTP 301: redirects to //x/…/",
    ]
    assert not [reason for reason in reasons if "joe" in reason or "s3cret" in reason]


# TLS


def test_headers_are_never_shown(caplog: pytest.LogCaptureFixture) -> None:
    """A token is sent, and in no reason nor log line, with or without the word before it."""
    sent = [("Authorization", "Bearer t0psecret"), ("X-Key", "k3y5"), ("X-Version", "5")]
    echo = answer(b"{}", "500 Bearer t0psecret, t0psecret and k3y5")
    with FaultServer(echo) as server, connected(server.url, headers=sent) as api:
        outcome = api.outcome()
        assert "authorization: bearer t0psecret" in server.exchanges[0].head.lower()
    assert isinstance(outcome, ApiFailure)
    reason = problem_text(outcome.problem)
    assert "500" in reason  # the version is no secret
    assert not re.search("t0psecret|k3y5", reason + caplog.text)


def test_a_puzzle_in_the_log_has_no_secret(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What goes wrong in an unforeseen way is logged whole, less what was sent in secret."""

    def decode(*_: object, **__: object) -> None:
        raise RuntimeError("no idea about joe, s3cret and t0psecret")

    monkeypatch.setattr("tray_app.sources.api.client.decode_status", decode)
    with FaultServer(answer(STATUS)) as server:
        url = server.url.replace("://", "://joe:s3cret@")
        with connected(url, headers=[("X-Key", "t0psecret")]) as api:
            outcome = api.outcome()
    assert isinstance(outcome, ApiFailure)
    assert "RuntimeError" in caplog.text
    assert not re.search("joe|s3cret|t0psecret", problem_text(outcome.problem) + caplog.text)


def test_a_missing_ca_file_is_named(tmp_path: Path) -> None:
    """Nothing is sent, and nothing is trusted in its place."""
    with (
        FaultServer(answer(STATUS), tls()) as server,
        connected(server.url, verify=str(tmp_path / "ca.pem")) as api,
    ):
        outcome = api.outcome()
        assert server.exchanges == []
    assert isinstance(outcome, ApiFailure)
    assert problem_text(outcome.problem) == "CA file not found: ca.pem"


def test_tls() -> None:
    """An https server whose certificate is trusted gives readings on one connection."""
    with (
        FaultServer(answer(STATUS), tls()) as server,
        connected(server.url, verify=CERTIFICATE) as api,
    ):
        api.reading()
        api.reading()
        assert server.connections == 1


def test_tls_unverified() -> None:
    """Without verification any certificate will do, without a warning."""
    with FaultServer(answer(STATUS), tls()) as server, connected(server.url, verify=False) as api:
        api.reading()


def test_tls_not_trusted() -> None:
    """A certificate that nobody vouches for is an error that says so."""
    with FaultServer(answer(STATUS), tls()) as server, connected(server.url) as api:
        kind, reason = api.failure()
        assert (kind, reason.split(":")[0]) == (ERROR, "certificate is not trusted")
        assert server.paths == []


def test_tls_to_a_plain_port() -> None:
    """https:// to a server without TLS is an error that says so."""
    with (
        FaultServer(raw(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as server,
        connected(f"https://127.0.0.1:{server.port}") as api,
    ):
        assert api.failure() == (
            ERROR,
            "this port does not use TLS: try http:// instead of https://",
        )


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (close, "TLS failed: unexpected eof while reading"),
        pytest.param(reset, "connection reset", marks=not_on_wine("a reset is a close")),
        (
            raw(b"SSH-2.0-OpenSSH_9.2\r\n"),
            "this port does not use TLS: try http:// instead of https://",
        ),
        (raw(b"\x15\x03\x03\x00\x02\x02\x28"), "TLS failed: sslv3 alert handshake failure"),
    ],
    ids=["close", "reset", "SSH", "alert"],
)
def test_tls_handshake_fails(script: Script, expected: str) -> None:
    """What becomes of a handshake is told in words, not in OpenSSL's constants."""
    with FaultServer(script) as server, connected(f"https://127.0.0.1:{server.port}") as api:
        kind, reason = api.failure()
        assert kind is ERROR
        assert reason.lower().replace("ssl/tls", "sslv3") == expected.lower()


def test_plain_http_to_a_tls_port() -> None:
    """http:// to a server with TLS, which ends the connection, is an error in plain words."""
    with (
        FaultServer(answer(STATUS), tls()) as server,
        connected(f"http://127.0.0.1:{server.port}") as api,
    ):
        assert api.failure()[1] in {
            "connection reset",
            "connection closed without an answer",
            "this port uses TLS: try https:// instead of http://",
        }


def test_tls_handshake_hangs() -> None:
    """A TLS handshake is part of the patience."""
    with FaultServer(hang) as server, connected(f"https://127.0.0.1:{server.port}") as api:
        assert api.failure(PATIENCE_S) == (TIMEOUT, "no answer for 0.3 s")


# The end


def worker_of(client: ApiClient, patience_s: float = LONG_S) -> threading.Thread:
    """Start a request and return the thread that was started for it."""
    before = {*threading.enumerate()}
    assert client.ask(patience_s)
    (worker,) = (new for new in {*threading.enumerate()} - before if new.name == "api")
    return worker


@pytest.mark.parametrize("script", [hang, drip(head_of(None), b" ")], ids=["hang", "drip"])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_close_cuts_the_request(script: Script, scheme: str) -> None:
    """Closing ends the worker in the middle of a request, and nothing is reported any more."""
    with FaultServer(script, tls() if scheme == "https" else None) as server:
        api = Connected(server.url, verify=CERTIFICATE)
        worker = worker_of(api.client)
        wait_for(lambda: server.paths, "a request")
        api.client.close()
        wait_for(lambda: not worker.is_alive(), "the worker's end")
        assert api.outcomes.empty()
        assert not api.client.ask(LONG_S)
        api.client.close()


def test_close_while_connecting(full_port: int) -> None:
    """Closing does not wait for the attempt, which ends with its patience and is not reported."""
    taken = queue.Queue[ApiOutcome]()
    client = ApiClient(f"http://127.0.0.1:{full_port}", taken.put, time.monotonic)
    worker = worker_of(client, PATIENCE_S)
    client.close()
    wait_for(lambda: not worker.is_alive(), "the worker's end")
    assert taken.empty()


def test_close_from_the_report() -> None:
    """The report may close the client."""
    closed = threading.Event()

    def report(_: ApiOutcome) -> None:
        client.close()
        closed.set()

    with FaultServer(answer(STATUS)) as server:
        client = ApiClient(server.url, report, time.monotonic)
        client.ask(AMPLE_S)
        assert closed.wait(AMPLE_S)
        assert not client.ask(AMPLE_S)
