"""The lines of the menu."""

from __future__ import annotations

from tray_app.core.model.readings import Now
from tray_app.core.monitor.delivery_log import Delivery
from tray_app.core.presentation.menu_text import counted, fate

GOOD = Delivery(Now(10, 1e9), "High: 2.10 GB", "notification service")
BAD = Delivery(Now(20, 1e9 + 10), "Test notification", None, "notification service: not running")


def test_deliveries_are_counted() -> None:
    """What got through, and what did not."""
    assert counted(()) == "0 delivered, 0 failed"
    assert counted((GOOD, BAD, GOOD)) == "2 delivered, 1 failed"


def test_a_fate_is_said_in_one_line() -> None:
    """By which means and when, or why not."""
    now = Now(28, 1e9 + 18)
    assert fate(GOOD, now) == "High: 2.10 GB · just now, by notification service"
    assert fate(BAD, now) == (
        "Test notification · just now, not delivered: notification service: not running"
    )
    later = Now(250, 1e9 + 240)
    assert fate(GOOD, later) == "High: 2.10 GB · 4 min ago, by notification service"
