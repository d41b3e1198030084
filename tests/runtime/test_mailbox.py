"""Handing things from thread to thread."""

from __future__ import annotations

import threading
from itertools import islice

from tests.waiting import AMPLE_S
from tray_app.runtime.mailbox import Inbox, Mailbox, WakeSignal

LONG_S = 30.0


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
    reader.join(AMPLE_S)
    assert seen == [None]


def test_rings_that_nobody_heard_are_one() -> None:
    """Who listens later hears them once."""
    bell = WakeSignal()
    assert not bell.wait(0.0)
    bell.ring()
    bell.ring()
    assert [bell.wait(0.0), bell.wait(0.0)] == [True, False]


def test_an_inbox_loses_nothing() -> None:
    """Many writers, one reader: all comes, and of each writer in order."""
    inbox: Inbox[tuple[int, int]] = Inbox()
    writers, each = 4, 500

    def write(writer: int) -> None:
        for number in range(each):
            inbox.put((writer, number))

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(writers)]
    for thread in threads:
        thread.start()
    # At most every second wait finds nothing.
    items = (inbox.get(LONG_S) for _ in range(2 * writers * each))
    seen = list(islice((item for item in items if item is not None), writers * each))
    for thread in threads:
        thread.join(LONG_S)
    assert inbox.get(0.0) is None
    for writer in range(writers):
        assert [number for who, number in seen if who == writer] == list(range(each))


def test_an_item_ends_the_wait() -> None:
    """However long it was to be."""
    inbox: Inbox[str] = Inbox()
    threading.Timer(0.05, inbox.put, ["news"]).start()
    assert inbox.get(LONG_S) == "news"
