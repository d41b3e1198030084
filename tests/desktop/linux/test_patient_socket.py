"""A bus connection while the other side does not read."""

from __future__ import annotations

import asyncio
import select
import signal
import socket
import threading
from types import SimpleNamespace

import pytest
from dbus_fast.aio import MessageBus

from tests.desktop.session import DesktopSession
from tests.waiting import AMPLE_S, wait_for
from tray_app.desktop.linux.patient_socket import PatientSocket, be_patient
from tray_app.desktop.linux.session_bus import DBUS, SessionBus, bus_call


class Full:
    """A socket in which there is room for so many bytes."""

    def __init__(self, room: int) -> None:
        self.room = room

    def send(self, data: bytes) -> int:
        if not self.room:
            raise BlockingIOError
        sent = min(self.room, len(data))
        self.room -= sent
        return sent

    def fileno(self) -> int:
        return 7


def test_a_full_socket_takes_nothing_and_is_no_error() -> None:
    """What is left over is sent when there is room again."""
    patient = PatientSocket(Full(3))
    assert [patient.send(b"abcd"), patient.send(b"d")] == [3, 0]


def test_a_broken_connection_is_an_error() -> None:
    """Only the lack of room is waited for."""
    one, other = socket.socketpair()
    with one:
        other.close()
        with pytest.raises(BrokenPipeError):
            PatientSocket(one).send(b"a")


def test_all_else_is_the_sockets() -> None:
    """The event loop asks for its number, say."""
    assert PatientSocket(Full(0)).fileno() == 7


def test_a_bus_of_another_make_is_left_as_it_is(caplog: pytest.LogCaptureFixture) -> None:
    """And the log says what that means for the icon."""
    be_patient(object())
    assert "a slow panel may make the icon vanish" in caplog.text


def test_the_writer_of_a_bus_becomes_patient() -> None:
    """In place, before anything is sent."""
    bus = SimpleNamespace(_writer=SimpleNamespace(sock=Full(0)))
    be_patient(bus)
    assert bus._writer.sock.send(b"a") == 0


def is_writable(bus: SessionBus) -> bool:
    assert bus._bus
    return bool(select.select([], [bus._bus._sock], [], 0)[1])


@pytest.mark.desktop
def test_a_bus_that_does_not_read_is_not_left(session_bus: DesktopSession) -> None:
    """On a machine at its limit messages wait until they are taken, and none is lost."""
    bus = SessionBus(session_bus.bus_address)
    assert bus.connect()
    thread = threading.Thread(target=bus.run)
    thread.start()
    names = [f"org.example.n{'x' * 200}{number}" for number in range(2000)]
    owned: list[bool] = []

    async def ask_all(connection: MessageBus) -> None:
        calls = [
            bus_call(connection, DBUS, "/org/freedesktop/DBus", DBUS, "NameHasOwner", "s", name)
            for name in names
        ]
        owned.extend(answer for (answer,) in await asyncio.gather(*calls))

    daemon = session_bus.bus_process
    daemon.send_signal(signal.SIGSTOP)
    asking = threading.Thread(target=lambda: bus.start(ask_all).result(AMPLE_S))
    asking.start()
    try:
        wait_for(lambda: not is_writable(bus), "there is no room for more")
    finally:
        daemon.send_signal(signal.SIGCONT)
    asking.join(AMPLE_S)
    bus.stop()
    thread.join(AMPLE_S)
    assert owned == [False] * len(names)
