"""The session bus as the app uses it: from other threads, and while it is being left."""

from __future__ import annotations

import asyncio
import select
import signal
import threading

import pytest
from dbus_fast.aio import MessageBus

from tests.desktop.session import DesktopSession
from tests.waiting import wait_for
from tray_app.desktop.linux.session_bus import DBUS, SessionBus, bus_call

pytestmark = pytest.mark.desktop


def test_what_comes_while_leaving(session_bus: DesktopSession) -> None:
    """What is handed in after `stop` does not run: a signal on a closed connection would raise."""
    bus = SessionBus(session_bus.bus_address)
    assert bus.connect()
    done: list[str] = []

    def ready() -> None:
        bus.soon(lambda: done.append("in time"))
        bus.soon(bus.stop)
        bus.soon(lambda: bus.soon(lambda: done.append("too late")))

    thread = threading.Thread(target=bus.run, args=(ready,))
    thread.start()
    thread.join(10)
    assert not thread.is_alive()
    bus.soon(lambda: done.append("much too late"))
    assert done == ["in time"]


def is_writable(bus: SessionBus) -> bool:
    assert bus._bus
    return bool(select.select([], [bus._bus._sock], [], 0)[1])


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
    asking = threading.Thread(target=lambda: bus.start(ask_all).result(20.0))
    asking.start()
    try:
        wait_for(lambda: not is_writable(bus), "there is no room for more")
    finally:
        daemon.send_signal(signal.SIGCONT)
    asking.join(20)
    bus.stop()
    thread.join(10)
    assert owned == [False] * len(names)
