"""The icon's content as a value. Two equal pictures need no redraw.

Rule of the room: pure; `views.icon` decides how a picture looks.
"""

from __future__ import annotations

from msgspec import Struct

from tray_app.core.analysis import course
from tray_app.core.analysis.bands import Band
from tray_app.core.analysis.course import Course
from tray_app.core.model.icon_options import Palette, Style, Theme
from tray_app.core.model.readings import GIB


class Picture(Struct, frozen=True):
    """Everything that the icon shows.

    ``figure`` is the memory in GB as ``figure_of`` writes it ("" draws a dash). ``hung`` means that
    the server neither answers nor works, ``machine_short`` that the machine, not the server, is
    short of memory, ``no_room`` that the next video would not fit. ``colour`` (red, green, blue,
    each 0 to 255) is the user's own instead of the palette's. ``columns`` are the heights that
    ``columns_of`` makes, for the style GRAPH alone. ``severe`` is how many of several servers are
    orange or red; 0: one at most.
    """

    band: Band
    figure: str = ""
    process_source: bool = False
    paused: bool = False
    muted: bool = False
    undelivered: bool = False
    machine_short: bool = False
    style: Style = Style.NUMBER
    palette: Palette = Palette.STANDARD
    theme: Theme = Theme.AUTO
    colour: tuple[int, int, int] | None = None
    hung: bool = False
    no_room: bool = False
    columns: tuple[int, ...] = ()
    severe: int = 0


COLUMNS = 12
"""Parts of the last 10 min, each a column: 50 s."""
STEPS = 10
"""A column's heights: few, so that the picture seldom changes."""


def columns_of(past: Course, now_s: float, full_bytes: float) -> tuple[int, ...]:
    """The most memory of each part of the last 10 min as a height from 1 to STEPS, newest last; 0
    where nothing is known.

    A column is full at ``full_bytes``, or at the highest one if that is more.
    """
    parts = course.cells(past, now_s, COLUMNS)
    known = (part.most_bytes for part in parts if part)
    top = max(full_bytes, *known, 1)
    return tuple(max(1, round(STEPS * part.most_bytes / top)) if part else 0 for part in parts)


def figure_of(memory_bytes: int | None) -> str:
    """Memory in GB of 1024³ bytes in at most two digits: ".3", "1.5", "12"; None is "".

    Halves round up, and the rounded value chooses the form: 0.97 GB is "1.0", never ".10".
    From 98.5 GB on it stays "99".
    """
    if memory_bytes is None:
        return ""
    tenths = (memory_bytes * 20 + GIB) // (2 * GIB)
    if tenths < 100:
        return f"{tenths // 10 or ''}.{tenths % 10}"
    return str(min(99, (memory_bytes * 2 + GIB) // (2 * GIB)))
