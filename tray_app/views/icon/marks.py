"""Marks in the icon's lower corners: problems of the reading or the notifications."""

from __future__ import annotations

from enum import Enum, auto

from tray_app.core.presentation.icon import Picture
from tray_app.views.icon.glyphs import Grid, digit
from tray_app.views.icon.palette import BLACK, WHITE
from tray_app.views.icon.stencil import Image, Stencil, lay, tile, within

DIGIT_MIN_PX = 5
"""A digit of fewer rows is no digit."""
SMALL_PX = 20
"""Up to this size a digit stands on the tile's lowest row."""


class Mark(Enum):
    PROCESS = auto()  # a dot
    NO_ROOM = auto()  # a bar, as on the road sign "no entry"
    HUNG = auto()  # a cross
    PAUSED = auto()  # two bars
    MUTED = auto()  # a slash
    UNDELIVERED = auto()  # an exclamation mark
    COUNT = auto()  # a digit: so many servers are orange or red


def marks_of(picture: Picture) -> tuple[Mark | None, Mark | None]:
    """Lower left: the notifications, or else how many servers are orange or red. Lower right: the
    reading. The worse of two is shown."""
    notifications = Mark.COUNT if picture.severe else None
    if picture.undelivered or picture.muted:
        notifications = Mark.UNDELIVERED if picture.undelivered else Mark.MUTED
    if picture.paused:
        return notifications, Mark.PAUSED
    if picture.hung:
        return notifications, Mark.HUNG
    reading = Mark.PROCESS if picture.process_source else None
    return notifications, Mark.NO_ROOM if picture.no_room else reading


def side_of(mark: Mark | None, grid: Grid) -> int:
    """The width of a mark at the lower edge; the dot, which may stay for days, takes less."""
    if mark is None:
        return 0
    return max(5, grid.mark * 7 // 8) if mark is Mark.PROCESS else grid.mark


def count(image: Image, number: int, left: int, side: int) -> None:
    """A number as a sign, 9 at most: as wide as others, and as high as its digit needs."""
    size, digit_px = image.width, max(DIGIT_MIN_PX, side - 2)
    top = size - digit_px - (1 if size > SMALL_PX else 0)
    width = 3 if digit_px == DIGIT_MIN_PX else side - 4
    block, white = Stencil(size), Stencil(size)
    block.box(left, top - 1, left + side, size, side * 0.25)
    x = left + (side - width) // 2
    digit(white, str(min(9, number)), (x, top), (width, digit_px))
    whole = tile(size, 0)
    lay(image, BLACK, within(block.coverage(), whole))
    lay(image, WHITE, within(white.coverage(), whole))


def sign(image: Image, mark: Mark, left: int, side: int) -> None:
    """A white sign on a black block, in a lower corner: it reads on every tile and panel."""
    size, top = image.width, image.height - side
    edge = max(1, size // 20)
    room = side - 2 * edge
    third = (room + 1) // 3
    x, y, right, bottom = left + edge, top + edge, left + edge + room, size - edge

    block, white = Stencil(size), Stencil(size)
    block.box(left, top, left + side, size, side * (0.4 if mark is Mark.PROCESS else 0.25))
    match mark:
        case Mark.PROCESS:
            white.box(x, y, right, bottom, room / 2 if room > 3 else 0.6)
        case Mark.HUNG:  # row by row, for slanted edges would be a blur
            stroke = max(1, room * 3 // 10)
            for row in range(room):
                shift = row * (room - stroke) // (room - 1)
                for column in (x + shift, right - shift - stroke):
                    white.box(column, y + row, column + stroke, y + row + 1)
        case Mark.NO_ROOM:
            white.box(x, y + third, right, bottom - third)
        case Mark.PAUSED:
            white.box(x, y, x + third, bottom)
            white.box(right - third, y, right, bottom)
        case Mark.MUTED:  # likewise, and from the upper left: the tile's corner is below
            stroke = max(2, room * 3 // 10)
            for row in range(room):
                column = x + row - (stroke - 1) // 2
                white.box(max(x, column), y + row, min(right, column + stroke), y + row + 1)
        case Mark.UNDELIVERED:
            stroke = third + (room - third) % 2
            middle = x + (room - stroke) // 2
            foot = bottom if room > 4 else size  # a small one needs the last row
            dot, gap = (room + 2) // 4, (room + 4) // 5
            white.box(middle, y, middle + stroke, foot - dot - gap)
            white.box(middle, foot - dot, middle + stroke, foot)
    whole = tile(size, 0)
    lay(image, BLACK, within(block.coverage(), whole))
    lay(image, WHITE, within(white.coverage(), whole))
