"""What systemd hears, at a socket of the test's."""

from __future__ import annotations

import logging
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tray_app.runtime.service_manager import ServiceManager

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="datagrams between processes")

PID = 4711


@pytest.fixture
def listening(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as made:
        made.bind(str(tmp_path / "notify"))
        made.settimeout(0)
        yield made


def heard(listening: socket.socket) -> list[str]:
    """All messages so far."""
    found = []
    while True:
        try:
            found.append(listening.recv(1000).decode())
        except BlockingIOError:
            return found


def test_it_is_ready_alive_and_ends(listening: socket.socket) -> None:
    """Each in one message."""
    service = ServiceManager(
        {"NOTIFY_SOCKET": listening.getsockname(), "WATCHDOG_USEC": "60000000"}, PID
    )
    service.ready(2.0)
    service.alive()
    service.stopping()
    assert heard(listening) == ["READY=1", "WATCHDOG=1", "STOPPING=1"]


def test_the_watchdog_waits_for_some_samples(listening: socket.socket) -> None:
    """Where the interval is longer than its time."""
    service = ServiceManager(
        {"NOTIFY_SOCKET": listening.getsockname(), "WATCHDOG_USEC": "60000000"}, PID
    )
    service.ready(60.0)
    assert heard(listening) == ["READY=1", "WATCHDOG_USEC=180000000"]


@pytest.mark.parametrize(
    "watchdog", [{}, {"WATCHDOG_USEC": "soon"}, {"WATCHDOG_USEC": "1", "WATCHDOG_PID": "1"}]
)
def test_without_a_watchdog_there_are_no_signs_of_life(
    listening: socket.socket, watchdog: dict[str, str]
) -> None:
    """Nor with one for another process."""
    service = ServiceManager({"NOTIFY_SOCKET": listening.getsockname()} | watchdog, PID)
    service.ready(60.0)
    service.alive()
    assert heard(listening) == ["READY=1"]


@pytest.mark.skipif(sys.platform != "linux", reason="Linux's abstract names")
def test_an_abstract_name(tmp_path: Path) -> None:
    """Begins with @."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as made:
        name = str(tmp_path).replace("/", "-")
        made.bind(f"\0{name}")
        ServiceManager({"NOTIFY_SOCKET": f"@{name}"}, PID).stopping()
        made.settimeout(30)
        assert made.recv(100) == b"STOPPING=1"


def test_without_systemd_it_says_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """And with one that has gone, one line in the log."""
    ServiceManager({}, PID).ready(1.0)
    assert not caplog.records
    with caplog.at_level(logging.WARNING):
        service = ServiceManager({"NOTIFY_SOCKET": "/no/such/socket"}, PID)
        service.ready(1.0)
        service.stopping()
    assert len(caplog.records) == 1
