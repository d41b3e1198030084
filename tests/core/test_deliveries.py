"""The record of notifications."""

from __future__ import annotations

from tray_app.core.deliveries import TEST_TITLE, Delivery, counted, fate, last_test
from tray_app.core.readings import Now

GOOD = Delivery(Now(10, 1e9), "High: 2.10 GB", "notification service")
BAD = Delivery(Now(20, 1e9 + 10), TEST_TITLE, None, "notification service: not running")


def test_deliveries_are_counted() -> None:
    """What got through, and what did not."""
    assert counted(()) == "0 delivered, 0 failed"
    assert counted((GOOD, BAD, GOOD)) == "2 delivered, 1 failed"


def test_a_fate_is_said_in_one_line() -> None:
    """By which means and when, or why not."""
    now = Now(28, 1e9 + 18)
    assert fate(GOOD, now) == "High: 2.10 GB: delivered by notification service, 18 s ago"
    assert fate(BAD, now) == (
        f"{TEST_TITLE}: not delivered, 8 s ago: notification service: not running"
    )


def test_the_newest_test_is_found() -> None:
    """Among all others that were sent meanwhile."""
    newer = Delivery(Now(30, 1e9), TEST_TITLE, "plyer")
    assert last_test((BAD, GOOD, newer, GOOD)) == newer
    assert last_test((GOOD,)) is None
