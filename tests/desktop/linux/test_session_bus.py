"""The session bus as the app uses it: from other threads, and while it is being left."""

from __future__ import annotations

import threading

import pytest

from tests.desktop.session import DesktopSession
from tray_app.desktop.linux.session_bus import SessionBus

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
