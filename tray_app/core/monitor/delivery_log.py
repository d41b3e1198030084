"""What became of the last notifications: the record that menu and health show."""

from __future__ import annotations

from msgspec import Struct

from tray_app.core.model.readings import Now
from tray_app.core.presentation.format import ago

KEPT = 20
TEST_TITLE = "Test notification"


class Delivery(Struct, frozen=True):
    """A notification, and the ``means`` that took it at this time; else the ``problem``."""

    at: Now
    title: str
    means: str | None
    problem: str | None = None


def counted(deliveries: tuple[Delivery, ...]) -> str:
    """``12 delivered, 1 failed``: of those that are kept."""
    failed = sum(each.problem is not None for each in deliveries)
    return f"{len(deliveries) - failed} delivered, {failed} failed"


def fate(value: Delivery, now: Now) -> str:
    """``High: 2.10 GB · 4 min ago, by notification service``, or the problem."""
    when = ago(now.mono_s - value.at.mono_s)
    if value.problem is not None:
        return f"{value.title} · {when}, not delivered: {value.problem}"
    return f"{value.title} · {when}, by {value.means or 'this desktop'}"
