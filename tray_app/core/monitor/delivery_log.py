"""What became of the last notifications: the record that menu and health show."""

from __future__ import annotations

from msgspec import Struct

from tray_app.core.model.readings import Now

KEPT = 20


class Delivery(Struct, frozen=True):
    """A notification, and the ``means`` that took it at this time; else the ``problem``."""

    at: Now
    title: str
    means: str | None
    problem: str | None = None
