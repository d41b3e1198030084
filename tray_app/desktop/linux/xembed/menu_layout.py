"""Where each row of a menu is: ``layout(rows, metrics)`` gives rectangles. Pure.

Coordinates are pixels from the corner of the menu's window, before it is scrolled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from msgspec import Struct

from tray_app.core.presentation.menu_row import Row
from tray_app.desktop.linux.xembed.geometry import Box


class Metrics(Struct, frozen=True):
    """Sizes in pixels. ``measure`` gives the width of a text.

    ``mark`` is the room for a check or radio mark before the text, ``arrow`` for a submenu's arrow
    behind it, ``edge`` what stays free at the left and right, ``border`` around all rows.
    """

    row: int
    separator: int
    mark: int
    arrow: int
    edge: int
    border: int
    measure: Callable[[str], int]


class PlacedRow(Struct, frozen=True):
    """A row, its rectangle, and where its text begins."""

    row: Row
    box: Box
    text_left: int


class Layout(Struct, frozen=True):
    """All rows that are shown, and the size of the whole."""

    rows: tuple[PlacedRow, ...]
    width: int
    height: int

    def at(self, x: int, y: int) -> PlacedRow | None:
        """The row at this point."""
        return next((placed for placed in self.rows if placed.box.holds(x, y)), None)

    def of(self, key: str | None) -> PlacedRow | None:
        """The row with this key."""
        return next((placed for placed in self.rows if placed.row.key == key), None)


def shown(rows: Sequence[Row]) -> tuple[Row, ...]:
    """Those that are not hidden, without separators at an end or beside another."""
    visible = [row for row in rows if row.separator or row.text]
    kept = [
        row
        for before, row in pairwise([None, *visible])
        if row is not None and not (row.separator and (before is None or before.separator))
    ]
    if kept and kept[-1].separator:
        kept.pop()
    return tuple(kept)


def layout(rows: Sequence[Row], metrics: Metrics, least_width: int, most_width: int) -> Layout:
    """Rows below each other, as wide as the widest needs, within the two limits."""
    wanted = shown(rows)
    left, behind = _columns(wanted, metrics)
    texts = max((metrics.measure(row.text) for row in wanted if not row.separator), default=0)
    width = max(least_width, min(most_width, left + texts + behind))
    placed = tuple(_place(wanted, metrics, left, width))
    bottom = placed[-1].box.bottom if placed else metrics.border
    return Layout(placed, width, bottom + metrics.border)


def text_room(placed: PlacedRow, metrics: Metrics) -> int:
    """For how many pixels of text a row has room."""
    arrow = metrics.arrow if placed.row.children else 0
    return placed.box.right - metrics.edge - arrow - placed.text_left


def _columns(rows: Sequence[Row], metrics: Metrics) -> tuple[int, int]:
    mark = metrics.mark if any(row.checked is not None for row in rows) else 0
    arrow = metrics.arrow if any(row.children for row in rows) else 0
    return metrics.border + metrics.edge + mark, arrow + metrics.edge + metrics.border


def _place(
    rows: Sequence[Row], metrics: Metrics, text_left: int, width: int
) -> Iterator[PlacedRow]:
    top = metrics.border
    for row in rows:
        bottom = top + (metrics.separator if row.separator else metrics.row)
        yield PlacedRow(row, Box(metrics.border, top, width - metrics.border, bottom), text_left)
        top = bottom


def clamp_scroll(scroll: int, layout_height: int, window_height: int) -> int:
    """How far a menu is scrolled, within what there is to scroll."""
    return max(0, min(scroll, layout_height - window_height))


def scroll_to(box: Box, scroll: int, window_height: int, margin: int) -> int:
    """The smallest change of ``scroll`` that shows a row beyond the arrows at both ends."""
    if box.top - scroll < margin:
        return box.top - margin
    if box.bottom - scroll > window_height - margin:
        return box.bottom + margin - window_height
    return scroll
