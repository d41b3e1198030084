"""Memory of the last 10 min in a line: a sparkline, its least and its most."""

from __future__ import annotations

from tray_app.core.analysis import course
from tray_app.core.analysis.course import Course
from tray_app.core.model.readings import MIB
from tray_app.core.presentation.format import UNKNOWN, duration, size

BLOCKS = "▁▂▃▄▅▆▇█"
GAP = "·"
TOOLTIP_CELLS = 20
MENU_CELLS = 12
# A smaller change is drawn as a flat line: less than this, or than this part of the most.
FLAT_BYTES = 256 * MIB
FLAT_PART = 0.25
# One or two parts have no course.
SHOWN_FROM_CELLS = 3


def sparkline(past: Course, now_s: float, cells: int) -> str:
    """``▂▂▃▅▇▇▆▃``: the most of each part of the last 10 min, at most ``cells`` of them.

    The lowest block is the least of them all. Parts before the first figure are left out, later
    ones without a figure are a dot. Empty while too little is known.
    """
    parts = course.cells(past, now_s, cells)
    first = next((at for at, part in enumerate(parts) if part), len(parts))
    shown = parts[first:]
    known = [part.most_bytes for part in shown if part]
    if len(known) < SHOWN_FROM_CELLS:
        return ""
    base = min(known)
    span = max(max(known) - base, FLAT_BYTES, FLAT_PART * max(known))
    top = len(BLOCKS) - 1
    return "".join(
        BLOCKS[round(top * (part.most_bytes - base) / span)] if part else GAP for part in shown
    )


def extent(past: Course, now_s: float) -> str:
    """``Last 10 min: 342 MB to 2.44 GB``."""
    found = course.extent(past, now_s)
    if found is None:
        return f"Last {duration(course.SPAN_S)}: {UNKNOWN}"
    least, most = size(found.least_bytes), size(found.most_bytes)
    figures = most if least == most else f"{least} to {most}"
    return f"Last {duration(_rounded(found.known_s))}: {figures}"


def tooltip_line(past: Course, now_s: float) -> str:
    """``▂▂▃▅▇▇▆▃ 342 MB to 2.44 GB in 10 min``; empty while too little is known."""
    drawn, found = sparkline(past, now_s, TOOLTIP_CELLS), course.extent(past, now_s)
    if not drawn or found is None:
        return ""
    least, most = size(found.least_bytes), size(found.most_bytes)
    figures = f"{least} to {most}" if least != most else most
    return f"{drawn} {figures} in {duration(_rounded(found.known_s))}"


def label(text: str, past: Course, now_s: float) -> str:
    """A menu row's text with the sparkline behind it."""
    drawn = sparkline(past, now_s, MENU_CELLS)
    return f"{text}  {drawn}" if drawn else text


def _rounded(known_s: float) -> float:
    """In minutes from one on: the time would change at every sample."""
    return known_s if known_s < 60.0 else 60.0 * round(known_s / 60.0)
