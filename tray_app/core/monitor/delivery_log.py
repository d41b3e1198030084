"""The record of the latest notifications and their delivery, for the menu."""

from __future__ import annotations

from msgspec import Struct

from tray_app.core.model.readings import Now

KEPT = 20


class Delivery(Struct, frozen=True):
    """A notification, its time, and the ``means`` that delivered it, or the ``problem``.

    ``is_alert``: nobody has asked for it."""

    at: Now
    title: str
    means: str | None
    problem: str | None = None
    is_alert: bool = False
