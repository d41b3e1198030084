"""Formats figures: sizes, rates, times, percentages.

MB and GB are 1024² and 1024³ bytes, as the server counts. A figure has only the digits that a
reader can act on: hidden digits cannot flicker.
"""

from __future__ import annotations

import math
from datetime import datetime

from tray_app.core.analysis.rate import STEADY_BYTES_S
from tray_app.core.model.readings import GIB, MIB

UNKNOWN = "–"
NAME_CHARS = 24
"""Of a server's name, where a figure follows."""


def size(size_bytes: float | None) -> str:
    """``342 MB``, ``1.52 GB``, ``12.3 GB``: three significant digits from 1 GB on."""
    if size_bytes is None:
        return UNKNOWN
    if size_bytes < 0.9995 * GIB:
        return f"{size_bytes / MIB:.0f} MB"
    gigabytes = size_bytes / GIB
    return f"{gigabytes:.2f} GB" if gigabytes < 9.995 else f"{gigabytes:.1f} GB"


def rough_size(size_bytes: int) -> str:
    """``1.4 GB``: with one digit, for what is known no better."""
    return size(size_bytes) if size_bytes < GIB else f"{size_bytes / GIB:.1f} GB"


def rate(bytes_s: float | None) -> str:
    """``+12 MB/s``, ``−3 MB/s``, ``steady``; empty while there is no trend."""
    if bytes_s is None:
        return ""
    if abs(bytes_s) < STEADY_BYTES_S:
        return "steady"
    sign = "+" if bytes_s > 0 else "−"
    megabytes = abs(bytes_s) / MIB
    return f"{sign}{megabytes:.0f} MB/s" if megabytes >= 9.5 else f"{sign}{megabytes:.1f} MB/s"


def duration(seconds: float) -> str:
    """``8 s``, ``4 min``, ``2 h 5 min``, ``8 h``."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 100:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def spacing(seconds: float) -> str:
    """``0.3 s``, ``2 s``: the time between two events, which is never none."""
    return f"{max(0.1, seconds):.1f} s" if seconds < 0.95 else duration(seconds)


def ago(seconds: float) -> str:
    """``just now``, ``40 s ago``, ``4 min ago``: an age, in coarse steps."""
    if seconds < 10:
        return "just now"
    step = 10 if seconds < 90 else 60
    return f"{duration(step * round(seconds / step))} ago"


def remaining(seconds: float) -> str:
    """``28 min``, ``7 h 40 min``: the rest of a set time, in minutes; from an hour on in tens of
    them."""
    minutes = math.ceil(seconds / 60)
    return f"{minutes} min" if minutes < 100 else duration(600 * math.ceil(minutes / 10))


def about(seconds: float) -> str:
    """``about 40 s``: in steps as coarse as a forecast is exact, so that it does not flicker."""
    return f"about {duration(max(5.0, 5.0 * round(seconds / 5.0)) if seconds < 100 else seconds)}"


def megabytes(size_bytes: float) -> str:
    """``140``: in MB, for lists with one unit."""
    return f"{size_bytes / MIB:.0f}"


def latency(seconds: float) -> str:
    """``370 ms``, ``1.2 s``."""
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def percent(value: float | None) -> str:
    """``38 %``."""
    return UNKNOWN if value is None else f"{value:.0f} %"


def counted(count: int, what: str) -> str:
    """``1 sample``, ``2 samples``."""
    return f"1 {what}" if count == 1 else f"{count} {what}s"


def hour(wall_s: float) -> str:
    """``14:03``: the local time of a moment in Unix time."""
    return datetime.fromtimestamp(wall_s).strftime("%H:%M")


def capitalised(text: str) -> str:
    """``No answer for 5 s``: with a capital first letter, and the others unchanged."""
    return text[:1].upper() + text[1:]


def shortened(name: str) -> str:
    """``gpu-17.eu-w…nternal:8000``: a long name without its middle, so that what follows has
    room. Host and port are at its ends."""
    if len(name) <= NAME_CHARS:
        return name
    end = NAME_CHARS // 2
    return f"{name[: NAME_CHARS - end - 1]}…{name[-end:]}"


def joined(*parts: str) -> str:
    """``API · 4 s old``: those that say something."""
    return " · ".join(filter(None, parts))


def sentences(*parts: str) -> str:
    """Sentences in a row, those that say something."""
    return " ".join(filter(None, parts))
