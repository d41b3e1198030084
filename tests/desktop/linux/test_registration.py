"""How attempts to register end; what a real bus shows of them is in `test_sni`."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest
from dbus_fast import Message
from dbus_fast.aio import MessageBus

from tests.waiting import AMPLE_S
from tray_app.desktop.linux.registration import Registration


class Line:
    """A connection whose calls are answered by hand."""

    unique_name = ":1.7"

    def __init__(self) -> None:
        self.answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self.calls = 0

    async def call(self, _message: Message) -> Message:
        self.calls += 1
        return await self.answer


@pytest.mark.parametrize("turns", range(6))
def test_the_end_ends_the_attempts_whatever_comes_with_it(turns: int) -> None:
    """The connection that is left ends the call with an error, at any moment of the end."""

    async def leave() -> None:
        line = Line()
        registration = Registration(
            cast("MessageBus", line),
            "/item",
            on_host=lambda _present: None,
            wanted=lambda: True,
            tried=lambda: None,
        )
        others = asyncio.all_tasks()
        registration.begin()
        (attempts,) = asyncio.all_tasks() - others
        while not line.calls:
            await asyncio.sleep(0)
        line.answer.set_exception(EOFError())
        for _ in range(turns):
            await asyncio.sleep(0)
        attempts.cancel()
        await asyncio.wait({attempts}, timeout=AMPLE_S)
        assert attempts.cancelled()

    asyncio.run(leave())
