"""The record of the latest notifications and their delivery, for the menu."""

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
