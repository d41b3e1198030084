"""The one-slot mailbox."""

from __future__ import annotations

import threading

from tray_app.runtime.mailbox import Mailbox


def test_latest_value_wins() -> None:
    """A reader that comes late finds the newest value only."""
    box: Mailbox[int] = Mailbox()
    box.put(1)
    box.put(2)
    box.close()
    assert [box.take(), box.take()] == [2, None]


def test_closing_lets_a_waiting_reader_go() -> None:
    """A reader that waits for a value gets None when the mailbox is closed."""
    box: Mailbox[int] = Mailbox()
    seen: list[int | None] = []
    reader = threading.Thread(target=lambda: seen.append(box.take()))
    reader.start()
    box.close()
    reader.join(5)
    assert seen == [None]
