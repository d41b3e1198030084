"""Who gets the metrics, and over what."""

from __future__ import annotations

import base64
import socket
import ssl
import threading
import urllib.request
from pathlib import Path

import pytest

from tests.exporter.made import MadeExporter, get
from tests.waiting import wait_for
from tray_app.core.model.listen_address import ListenAddress
from tray_app.exporter.server import Guard, MetricsServer

CERTIFICATE = Path(__file__).parents[1] / "data" / "localhost.pem"
TOKEN = "a secret"


@pytest.fixture
def exporter() -> MadeExporter:
    made = MadeExporter()
    made.publish()
    return made


def test_the_metrics_are_at_one_path(exporter: MadeExporter) -> None:
    """The home page says where; nothing may be stored."""
    with exporter.served() as address:
        status, headers, body = get(address)
        assert status == 200
        assert headers["Cache-Control"] == "no-store"
        assert "runanalyze_memory_bytes{" in body
        assert get(address, "/metrics?name[]=x")[0] == 200
        assert "/metrics" in get(address, "/")[2]
        assert get(address, "/other")[0] == 404


def basic(user: str, password: str) -> str:
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        (f"Bearer {TOKEN}", 200),
        (f"bearer {TOKEN}", 200),
        (basic("prometheus", TOKEN), 200),
        (basic("", TOKEN), 200),
        ("", 401),
        ("Bearer", 401),
        (f"Bearer {TOKEN}x", 401),
        (basic(TOKEN, ""), 401),
        ("Basic not-base64!", 401),
        ("Basic //79", 401),
        (f"Digest {TOKEN}", 401),
    ],
)
def test_a_token_lets_in(exporter: MadeExporter, authorization: str, status: int) -> None:
    """As Prometheus sends it, by either of its settings; nothing else does, at no path."""
    with exporter.served(Guard(token=TOKEN)) as address:
        for place in ("/metrics", "/"):
            found = get(address, place, Authorization=authorization)
            assert found[0] == status
            assert TOKEN not in found[2]
        if status == 401:
            assert found[1]["WWW-Authenticate"].startswith("Basic ")


def test_who_is_let_in_stays_a_secret() -> None:
    """In a log and in an error."""
    assert TOKEN not in repr(Guard(token=TOKEN))


@pytest.mark.parametrize(
    ("guard", "is_open"),
    [
        (Guard(), True),
        (Guard(token=TOKEN), False),
        (Guard(cert_file=CERTIFICATE), True),
        (Guard(cert_file=CERTIFICATE, client_ca_file=CERTIFICATE), False),
        (Guard(client_ca_file=CERTIFICATE), True),
    ],
)
def test_a_guard_is_open_or_not(guard: Guard, is_open: bool) -> None:
    """Encryption alone keeps nobody out."""
    assert guard.is_open is is_open


def test_over_https(exporter: MadeExporter) -> None:
    """Its certificate is checked as any other; plain HTTP gets no answer."""
    with exporter.served(Guard(cert_file=CERTIFICATE)) as address:
        trusting = ssl.create_default_context(cafile=str(CERTIFICATE))
        url = f"https://localhost:{address.port}/metrics"
        with urllib.request.urlopen(url, context=trusting, timeout=30) as answer:
            assert b"runanalyze_memory_bytes" in answer.read()
        with pytest.raises(OSError):
            get(address)


def test_only_with_a_certificate_of_the_client(exporter: MadeExporter) -> None:
    """Of the given CA."""
    guard = Guard(cert_file=CERTIFICATE, client_ca_file=CERTIFICATE)
    with exporter.served(guard) as address:
        url = f"https://localhost:{address.port}/metrics"
        trusting = ssl.create_default_context(cafile=str(CERTIFICATE))
        with pytest.raises(OSError):
            urllib.request.urlopen(url, context=trusting, timeout=30).read()
        trusting.load_cert_chain(CERTIFICATE)
        with urllib.request.urlopen(url, context=trusting, timeout=30) as answer:
            assert answer.status == 200


def test_a_port_that_is_taken_or_a_file_that_is_missing_is_an_error() -> None:
    """When it is started, so that it can be reported."""
    page = MadeExporter().exposition.page
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError):
        MetricsServer(ListenAddress(*taken.getsockname()), page).start()
    missing = Guard(cert_file=Path("/no/such/file"))
    with pytest.raises(OSError):
        MetricsServer(ListenAddress("127.0.0.1", 0), page, missing).start()


def test_a_scraper_that_is_slow_delays_no_other(exporter: MadeExporter) -> None:
    """Nor does one that says nothing."""
    with (
        exporter.served() as address,
        socket.create_connection((address.host, address.port), timeout=30) as slow,
    ):
        slow.sendall(b"GET /metrics HTTP/1.1\r\n")
        assert get(address)[0] == 200


def test_closing_ends_the_thread(exporter: MadeExporter) -> None:
    """And frees the port."""
    with exporter.served() as address:
        assert get(address)[0] == 200
    wait_for(lambda: not is_open(address), "the port is free", 60)
    wait_for(lambda: "exporter" not in names(), "the thread has ended", 60)


def names() -> list[str]:
    return [thread.name for thread in threading.enumerate()]


def is_open(address: ListenAddress) -> bool:
    try:
        socket.create_connection((address.host, address.port), timeout=30).close()
    except OSError:
        return False
    return True
