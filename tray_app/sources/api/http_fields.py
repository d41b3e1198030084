"""Reads an answer's header fields: how its body is packed, and when to ask again.

Rule of the room: pure functions that trust no byte, as in `payload`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

_PACKED = ("gzip", "x-gzip", "deflate")


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
