"""What makes an incident, and what is known of a past one where it is only listed."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Cause(StrEnum):
    """Memory entered critical; the server is gone; it hangs; jobs leak."""

    CRITICAL = "critical"
    GONE = "gone"
    HUNG = "hung"
    LEAK = "leak"


class PastIncident(Struct, frozen=True):
    """When it began (Unix time), and what happened, in the order of its causes."""

    opened_s: float
    causes: tuple[Cause, ...]
    title: str = ""
