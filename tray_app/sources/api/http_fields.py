"""Reads an answer's head: whether another one follows, the body's length and packing, and when to
ask again.

Rule of the room: pure functions that trust no byte, as in `payload`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

_SWITCHING_PROTOCOLS = 101
_PACKED = ("gzip", "x-gzip", "deflate")


def is_interim(status: int) -> bool:
    """Whether the answer itself is still to come. Nobody asked for another protocol (101)."""
    return 100 <= status < 200 and status != _SWITCHING_PROTOCOLS


def repeated_length(text: str | None) -> int | None:
    """The length in ``120, 120``; None for one that is told once, or not the same each time."""
    first, *others = (part.strip() for part in (text or "").split(","))
    is_repeated = others and all(each == first for each in others)
    return int(first) if is_repeated and re.fullmatch("[0-9]{1,18}", first) else None


def is_known_encoding(encoding: str) -> bool:
    """Whether requests undoes a Content-Encoding, wherever it runs."""
    return encoding.strip().lower() in ("", "identity", *_PACKED)


def retry_after_s(text: str | None, date: str | None) -> float | None:
    """Retry-After in seconds from now; None when it is not told, or not understood.

    It may be a moment, too, which is compared with the answer's own ``date``, so that a server's
    clock may be wrong; without one with the clock here.
    """
    if text is None:
        return None
    if re.fullmatch(r"\s*[0-9]{1,9}\s*", text):
        return float(text)
    then = _moment(text)
    if then is None:
        return None
    return max(0.0, (then - (_moment(date or "") or datetime.now(UTC))).total_seconds())


def _moment(text: str) -> datetime | None:
    from email.utils import parsedate_to_datetime  # seldom of use

    try:
        then = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return then if then.tzinfo else then.replace(tzinfo=UTC)
