"""Draws the picture of a notification: a chart of some minutes, native in any size from 32 px."""

from __future__ import annotations

from collections.abc import Sequence

from tray_app.core.analysis.bands import Band
from tray_app.core.model.icon_options import Theme
from tray_app.core.presentation.chart import FULL, Chart
from tray_app.views.icon.palette import BLACK, COLOURS, PAPER, WHITE, blend, shade
from tray_app.views.icon.stencil import Image, Stencil, blank, lay, tile, within

# The parts of the room that the future takes, and the sign of an end.
AHEAD_PART = 0.2
ENDED_PART = 0.32
FORESEEN = 0.5
# A yellow column would be pale on paper.
ON_PAPER = 0.85


def draw(chart: Chart, size: int) -> Image:
    """The chart as a square RGBA image, ``size`` pixels wide, on a ground of its own: columns in
    the band's colour, the forecast paler behind a gap, the limit as a dashed line."""
    stroke = max(1, round(size / 40))
    picture = chart.tile
    band = Band.UNKNOWN if chart.ended else picture.band
    colour = picture.colour or COLOURS[picture.palette][band]
    ground, ink = BLACK, WHITE
    if picture.theme is Theme.LIGHT:
        ground, ink, colour = PAPER, BLACK, shade(colour, ON_PAPER)

    image = blank(size)
    octagon = size * 0.17 if band is Band.RED else 0.0
    lay(image, colour, tile(size, 0, octagon))
    room = tile(size, stroke, octagon)
    lay(image, ground, room)

    left, right, top, bottom = stroke, size - stroke, 2 * stroke, size - stroke
    part = ENDED_PART if chart.ended else AHEAD_PART if chart.ahead else 0.0
    now = right - round((right - left) * part)
    past = _columns(size, chart.past, (left, now, top, bottom), gap=stroke if chart.apart else 0)
    lay(image, colour, within(past.coverage(), room))
    if chart.ahead:
        ahead = _columns(size, chart.ahead, (now + stroke, right, top, bottom))
        lay(image, blend(colour, ground, FORESEEN), within(ahead.coverage(), room))
    if chart.limit is not None:
        line = _dashes(size, bottom - round((bottom - top) * chart.limit / FULL), stroke)
        lay(image, ink, within(line.coverage(), room))
    if chart.ended:
        lay(image, ink, _cross(size, now + 2 * stroke, right - stroke, 2 * stroke).coverage())
    return image


def _columns(
    size: int, heights: Sequence[int], box: tuple[int, int, int, int], gap: int = 0
) -> Stencil:
    """Columns of whole pixels that fill the box from left to right; of those that share a pixel
    the highest is seen."""
    left, right, top, bottom = box
    cut = Stencil(size)
    count = max(1, len(heights))
    for number, height in enumerate(heights):
        start = left + (right - left) * number // count
        end = max(start + 1, left + (right - left) * (number + 1) // count - gap)
        cut.box(start, bottom - round((bottom - top) * height / FULL), end, bottom)
    return cut


def _dashes(size: int, y: int, stroke: int) -> Stencil:
    cut = Stencil(size)
    for x in range(0, size, 4 * stroke):
        cut.box(x, y - stroke, x + 3 * stroke, y)
    return cut


def _cross(size: int, left: int, right: int, stroke: int) -> Stencil:
    """A cross in the middle of the height."""
    cut = Stencil(size)
    side = right - left
    top = (size - side) // 2
    cut.slant(top, left, left + stroke, top + side, right - stroke, right)
    cut.slant(top, right - stroke, right, top + side, left, left + stroke)
    return cut
