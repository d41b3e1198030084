"""A signal that waits while the menu is open."""

from __future__ import annotations

import asyncio

import pytest

from tests.waiting import AMPLE_S
from tray_app.desktop.linux import held_signal
from tray_app.desktop.linux.held_signal import HeldSignal


def test_it_is_sent_at_once_where_nothing_holds_it() -> None:
    """Each time."""

    async def look() -> None:
        sent: list[str] = []
        signal = HeldSignal(lambda: sent.append("told"))
        signal.send()
        signal.send()
        assert sent == ["told", "told"]
        signal.hold(False)
        assert len(sent) == 2

    asyncio.run(look())


def test_several_that_were_held_are_sent_once() -> None:
    """When the hold ends; a hold without a signal sends none."""

    async def look() -> None:
        sent: list[str] = []
        signal = HeldSignal(lambda: sent.append("told"))
        signal.hold(True)
        signal.send()
        signal.send()
        assert sent == []
        signal.hold(False)
        assert sent == ["told"]
        signal.hold(True)
        signal.hold(False)
        assert sent == ["told"]

    asyncio.run(look())


def test_a_hold_that_nobody_ends_ends_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """A panel that never reports the menu as closed keeps its tooltip."""
    monkeypatch.setattr(held_signal, "HELD_AT_MOST_S", 0.01)

    async def look() -> None:
        told = asyncio.Event()
        signal = HeldSignal(told.set)
        signal.hold(True)
        signal.hold(True)
        signal.send()
        async with asyncio.timeout(AMPLE_S):
            await told.wait()
        told.clear()
        signal.send()
        assert told.is_set()

    asyncio.run(look())
