"""The app's connection to a bus, served beside a test."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.waiting import AMPLE_S
from tray_app.desktop.linux.session_bus import SessionBus


@contextmanager
def serving(bus: SessionBus) -> Iterator[SessionBus]:
    """A thread that serves it, once it is connected."""
    assert bus.connect()
    ready = threading.Event()
    thread = threading.Thread(target=bus.run, args=(ready.set,))
    thread.start()
    try:
        assert ready.wait(AMPLE_S)
        yield bus
    finally:
        bus.stop()
        thread.join(AMPLE_S)
    assert not thread.is_alive()


class Rest:
    """Keeps the loop of a connection from reading until `end`: what comes meanwhile is read
    together."""

    def __init__(self, bus: SessionBus) -> None:
        self._rests, self._over = threading.Event(), threading.Event()
        bus.soon(self._pause)
        assert self._rests.wait(AMPLE_S)

    def _pause(self) -> None:
        self._rests.set()
        self._over.wait(AMPLE_S)

    def end(self) -> None:
        self._over.set()
