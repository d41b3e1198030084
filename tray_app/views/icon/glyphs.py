"""The figure, its pips and the bars, cut by hand for each size that panels ask for."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct, convert
from msgspec.structs import replace

from tray_app.core.presentation.icon import COLUMNS, STEPS
from tray_app.views.icon.stencil import Stencil


class Grid(Struct, frozen=True):
    """Whole pixels for one size, so that every stem, bar and pip is crisp (hinting by hand)."""

    rim: int
    octagon: float  # its cut: as much as the corner of a figure leaves
    top: int  # first row of the figure
    cap: int  # height of a digit, about 10/16 of the tile
    stem: int  # vertical strokes
    bar: int  # horizontal strokes; cap - 3 * bar is even, so that both halves of an 8 are alike
    narrow: int  # width of a digit in "1.5"
    wide: int  # width of a digit in ".3" and "12"
    point: int
    gap: int  # between glyphs
    pip: int
    pip_gap: int
    pip_top: int
    pip_height: int
    mark: int  # side of a corner mark


_TABLE = """
size | rim octagon top cap stem bar narrow wide point gap | pip pip_gap pip_top pip_height | mark
  16 |   1     3.1   1  10    2   2      5    6     2   1 |   2       2      12          2 |    5
  20 |   1     3.5   2  12    2   2      7    7     2   1 |   2       2      15          3 |    6
  22 |   1     4.5   3  13    3   3      8    8     2   1 |   4       2      17          3 |    6
  24 |   1     4.5   3  15    3   3      8    9     3   1 |   4       2      19          3 |    6
  32 |   2     5.5   3  20    4   4     11   12     4   1 |   4       3      25          4 |    9
  40 |   2     7.5   5  25    5   5     14   15     5   1 |   6       4      31          5 |   10
  44 |   2     8.5   6  27    5   5     15   17     6   2 |   6       4      34          6 |   11
  48 |   2     8.5   5  31    6   5     17   18     6   1 |   6       5      38          6 |   12
  64 |   3    11.5   7  41    8   7     23   24     8   1 |   8       6      50          8 |   16
  96 |   4    16.5  10  62   12  10     34   36    12   2 |  12      10      76         12 |   24
"""
_NAMES, *_ROWS = (line.replace("|", " ").split() for line in _TABLE.strip().splitlines())
GRIDS = {
    int(size): convert(dict(zip(_NAMES[1:], cells, strict=True)), Grid, strict=False)
    for size, *cells in _ROWS
}

SIZES = tuple(GRIDS)
"""The sizes in pixels that panels ask for, each drawn natively."""


def write(cut: Stencil, figure: str, grid: Grid) -> None:
    """The figure, in the middle of the width."""
    digit = grid.narrow if len(figure) == 3 else grid.wide
    special = {".": grid.point, "1": digit - (digit - grid.stem) // 3}
    widths = [special.get(char, digit) for char in figure]
    x = (cut.size - sum(widths) - grid.gap * (len(figure) - 1)) // 2
    for char, width in zip(figure, widths, strict=True):
        _glyph(cut, char, x, width, grid)
        x += width + grid.gap


_SMALLEST = {
    "1": ".#. ##. .#. .#. ###",
    "2": "##. ..# .#. #.. ###",
    "3": "##. ..# ##. ..# ##.",
    "4": "#.# #.# ### ..# ..#",
    "5": "### #.. ##. ..# ##.",
    "6": ".## #.. ### #.# ###",
    "7": "### ..# ..# .#. .#.",
    "8": "### #.# ### #.# ###",
    "9": "### #.# ### ..# ##.",
}
"""Digits of three by five pixels, row by row: so small ones are set, not drawn."""


def digit(cut: Stencil, char: str, place: tuple[int, int], size: tuple[int, int]) -> None:
    """One small digit from 1 to 9 at this place, of this width and height."""
    (x, top), (width, cap) = place, size
    rows = _SMALLEST[char].split()
    if cap == len(rows):
        for y, row in enumerate(rows, top):
            for column, ink in enumerate(row, x):
                if ink == "#":
                    cut.box(column, y, column + 1, y + 1)
        return
    stem = max(1, width // 3)
    bar = max(1, cap // 6)
    bar -= (cap - 3 * bar) % 2 if bar > 1 else 0
    small = replace(GRIDS[16], top=top, cap=cap, stem=stem, bar=bar)
    _glyph(cut, char, x, width, small)


def _glyph(  # noqa: C901, PLR0915 - a plain match: one case for each sign
    cut: Stencil, char: str, x: int, width: int, grid: Grid
) -> None:
    """One glyph, bold and condensed, from column ``x``; an unknown one is a dash."""
    y, stem, bar = grid.top, grid.stem, grid.bar
    right, bottom = x + width, y + grid.cap
    waist = y + (grid.cap - bar) // 2  # the middle bar: waist to belt
    belt = waist + bar
    corner = (1.15 if grid.cap >= 20 else 0.9) * stem  # larger ones may look rounder
    inner = corner - 0.75 * min(stem, bar)
    # How far an open end hooks, above and below: not at all where an 8, 6 and 9 would then differ
    # by a pixel or two.
    lip = y + bar + (max(0, waist - y - bar - 2) + 1) // 3
    low_lip = bottom - (lip - y)

    def ring(top: int, end: int) -> None:
        cut.box(x, top, right, end, corner)
        cut.box(x + stem, top + bar, right - stem, end - bar, inner, ink=0)

    def clear(left: int, top: int, end: int) -> None:
        cut.box(left, top, left + stem, end, ink=0)

    match char:
        case "0":
            ring(y, bottom)
        case "1":
            cut.box(right - stem, y, right, bottom)
            cut.slant(y, right - stem, right, y + bar, x, right)
            cut.box(x, y + bar, right, y + 2 * bar)
        case "2":
            ring(y, bottom)
            cut.box(x, lip, right - stem, bottom, ink=0)
            cut.box(x, waist, right, bottom, ink=0)
            cut.slant(waist, right - stem, right, bottom - bar, x, x + 1.2 * stem)
            cut.box(x, bottom - bar, right, bottom)
        case "3":
            ring(y, belt)
            ring(waist, bottom)
            clear(x, lip, low_lip)
        case "4":
            low = bottom - bar - (bar + 1) // 2
            if width - 2 * stem < 3:  # a closed one would clog
                cut.box(x, y, x + stem, low)
            else:
                cut.slant(y, right - 1.6 * stem, right, low - bar, x, x + 0.9 * stem)
            cut.box(x, low - bar, right, low)
            cut.box(right - stem, y, right, bottom)
        case "5":
            ring(waist, bottom)
            clear(x, belt, low_lip)
            cut.box(x, y, right, y + bar)
            cut.box(x, y, x + stem, belt)
        case "6":
            ring(y, bottom)
            clear(right - stem, lip, waist)
            ring(waist, bottom)
        case "7":
            cut.box(x, y, right, y + bar)
            cut.slant(y + bar, right - stem, right, bottom, x + 1, x + 1 + stem)
        case "8":
            ring(y, belt)
            ring(waist, bottom)
        case "9":
            ring(y, bottom)
            clear(x, belt, low_lip)
            ring(y, belt)
        case ".":
            cut.box(x, bottom - grid.point, right, bottom, grid.point / 8)
        case "?":
            ring(y, bottom)
            cut.box(x, lip, right - stem, bottom, ink=0)
            cut.box(x, waist, right, bottom, ink=0)
            middle = x + (width - stem) // 2
            cut.slant(waist, right - stem, right, belt, middle, middle + stem)
            cut.box(middle, bottom - bar, middle + stem, bottom)
        case _:
            cut.box(x, waist, right, belt)


def pips(cut: Stencil, level: int, left: int, right: int, grid: Grid) -> None:
    """One, two, three pips, then a bar that fills the room between two columns.

    Three pips and four are hard to tell apart at 16 px; three pips and a bar are not.
    """
    room, gap = right - left, grid.pip_gap
    if room < 3 * grid.pip + 2 * gap:
        gap = max(1, gap // 2)
    pip = min(grid.pip, (room - 2 * gap) // 3)
    width, count = (room, 1) if level == 4 else (pip, level)
    x = left + (room - count * width - (count - 1) * gap) // 2
    for _ in range(count):
        cut.box(x, grid.pip_top, x + width, grid.pip_top + grid.pip_height, pip / 6)
        x += width + gap


def under_graph(grid: Grid) -> Grid:
    """With higher pips: the ink of a figure does not tell the bands apart there."""
    return replace(grid, pip_top=grid.pip_top - grid.rim, pip_height=grid.pip_height + grid.rim)


def window(size: int, grid: Grid) -> tuple[int, int, int]:
    """Left (also the top), right and bottom of the graph."""
    return grid.rim, size - grid.rim, grid.pip_top - max(1, size // 20)


def columns(cut: Stencil, heights: Sequence[int], grid: Grid) -> None:
    """Columns side by side that fill the graph's window, newest right; of whole pixels each."""
    left, right, bottom = window(cut.size, grid)
    edges = [left + (right - left) * number // COLUMNS for number in range(COLUMNS + 1)]
    for height, start, end in zip(heights, edges, edges[1:], strict=False):
        cut.box(start, bottom - round((bottom - left) * height / STEPS), end, bottom)


def margin(size: int) -> int:
    """The margin around the bars."""
    return max(2, round(size * 0.15))


def bars(cut: Stencil, numbers: range, bottom: int) -> None:
    """Some of four bars (0 to 3), each taller than the one before, standing on ``bottom``."""
    edge = margin(cut.size)
    room = cut.size - 2 * edge
    width = (room - 3 * max(1, cut.size // 16)) // 4
    gap = (room - 4 * width) // 3
    x = (cut.size - 4 * width - 3 * gap) // 2
    for number in numbers:
        left = x + (width + gap) * number
        height = round((bottom - edge) * (number + 2) / 5)
        cut.box(left, bottom - height, left + width, bottom, width / 6)
