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
    """Whether the answer itself is still to come. We request no other protocol (101)."""
    return 100 <= status < 200 and status != _SWITCHING_PROTOCOLS


def repeated_length(text: str | None) -> int | None:
    """The length in ``120, 120``; None if it is not repeated, or differs."""
    first, *others = (part.strip() for part in (text or "").split(","))
    is_repeated = others and all(each == first for each in others)
    return int(first) if is_repeated and re.fullmatch("[0-9]{1,18}", first) else None


def is_known_encoding(encoding: str) -> bool:
    """Whether requests decodes a Content-Encoding on every system."""
    return encoding.strip().lower() in ("", "identity", *_PACKED)


def retry_after_s(text: str | None, date: str | None) -> float | None:
    """Retry-After in seconds from now; None if missing or invalid.

    A date is compared with the answer's own ``date``, because the server's clock may be wrong;
    without one with our clock.
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
    from email.utils import parsedate_to_datetime  # rarely needed

    try:
        then = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return then if then.tzinfo else then.replace(tzinfo=UTC)
