"""The session bus as the app uses it: from other threads, and while it is being left."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any, cast

import pytest
from dbus_fast import Message
from dbus_fast.aio import MessageBus

from tests.desktop.linux.served import Rest, serving
from tests.desktop.session import DesktopSession
from tests.desktop.wire import DBUS, Heard, Peer, Reply
from tests.waiting import AMPLE_S, wait_for
from tray_app.desktop.linux.session_bus import SessionBus, add_match, bus_call, heed, watch_owner

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
    thread.join(AMPLE_S)
    assert not thread.is_alive()
    bus.soon(lambda: done.append("much too late"))
    assert done == ["in time"]


NAME, PATH = "org.example.Service", "/service"


def test_a_signal_is_heeded_after_the_reply_before_it(session_bus: DesktopSession) -> None:
    """Also where both are read at once: the newer one has the last word."""
    told: list[str] = []
    rests: list[Rest] = []

    def answer(_call: Heard) -> Reply:
        rests.append(Rest(bus))
        service.emit(PATH, NAME, "Changed", "s", "new")
        return Reply("s", ("old",))

    async def ask(line: MessageBus) -> None:
        def heard(signal: Message) -> None:
            if signal.interface == NAME:
                told.append(signal.body[0])

        heed(line, heard)
        await add_match(line, interface=NAME)
        told.extend(await bus_call(line, NAME, PATH, NAME, "Ask", ""))

    with (
        Peer(session_bus.bus_address) as service,
        serving(SessionBus(session_bus.bus_address)) as bus,
    ):
        service.serve(PATH, NAME, {"Ask": answer})
        service.own(NAME)
        asked = bus.start(ask)
        wait_for(lambda: rests, "the service answers")
        service.call(*DBUS, "GetId")  # after the answer and the signal
        rests[0].end()
        asked.result(AMPLE_S)
        wait_for(lambda: len(told) == 2, "both are told")
    assert told == ["old", "new"]


class Line:
    """The connection ``line``; ``meanwhile`` runs in its loop once a question was sent, so that
    nothing is read before that is done."""

    def __init__(self, line: MessageBus, question: str, meanwhile: Callable[[], None]) -> None:
        self._line = line
        self._question = question
        self._meanwhile = meanwhile

    def __getattr__(self, name: str) -> Any:
        return getattr(self._line, name)

    async def call(self, message: Message) -> Any:
        if message.member == self._question:
            asyncio.get_running_loop().call_soon(self._meanwhile)
        return await self._line.call(message)


def test_an_owner_that_comes_at_the_first_question_is_seen(session_bus: DesktopSession) -> None:
    """The bus' answer that nobody owns the name is older than the news, and read with it."""
    told: list[bool] = []

    async def watch(line: MessageBus) -> None:
        asking = Line(line, "NameHasOwner", lambda: service.own(NAME))
        await watch_owner(cast("MessageBus", asking), NAME, told.append)

    with (
        Peer(session_bus.bus_address) as service,
        serving(SessionBus(session_bus.bus_address)) as bus,
    ):
        bus.start(watch).result(AMPLE_S)
        wait_for(lambda: len(told) == 2, "the answer and the news are told")
    assert told[-1]
