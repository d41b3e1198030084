"""The platforms' limits for an icon's text, and how a longer one is cut."""

from __future__ import annotations

import sys

from msgspec import Struct

# A shorter piece of a tooltip line says nothing.
SHORTEST_LINE = 24


class TextLimits(Struct, frozen=True):
    """The longest tooltip, and the longest text and title of a notification, in UTF-16 units."""

    tooltip: int = sys.maxsize
    text: int = sys.maxsize
    title: int = sys.maxsize


NO_LIMITS = TextLimits()
WINDOWS = TextLimits(tooltip=127, text=255, title=63)
"""NOTIFYICONDATA's fields less their terminating zero; pystray cuts nothing."""


def cut_utf16(text: str, limit: int) -> str:
    """At most ``limit`` UTF-16 units, with an ellipsis where something was cut."""
    raw = text.encode("utf-16-le")
    if len(raw) <= 2 * limit:
        return text
    return raw[: 2 * (limit - 1)].decode("utf-16-le", "ignore") + "…"


def fit_lines(text: str, limit: int) -> str:
    """At most ``limit`` UTF-16 units: the second line, which may give reasons, gives way first."""
    first, *rest = text.split("\n")
    excess = len(text.encode("utf-16-le")) // 2 - limit
    if excess > 0 and rest:
        room = max(SHORTEST_LINE, len(rest[0].encode("utf-16-le")) // 2 - excess)
        rest[0] = cut_utf16(rest[0], room)
    return cut_utf16("\n".join((first, *rest)), limit)
