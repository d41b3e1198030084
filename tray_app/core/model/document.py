"""The texts that a person can open from the menu."""

from __future__ import annotations

from enum import StrEnum


class Document(StrEnum):
    """SETTINGS and LIMITS are one file, LIMITS where the alerts' limits stand in it."""

    SETTINGS = "settings"
    LIMITS = "limits"
    LOG = "log"
    HELP = "help"
    REPORT = "report"
