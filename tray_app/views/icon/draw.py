"""The only drawer: a picture and a size in, an RGBA image out.

Rule of the room: it knows the value it draws and Pillow's Image, nothing else. ImageDraw and
ImageFont stay out: with Pillow 13 they load FreeType (1.6 MB of RSS) and would want a font
file, and no font is hinted for three glyphs on a tile of 16 px.
"""

from __future__ import annotations

from enum import Enum, auto
from math import sqrt

from msgspec import Struct
from msgspec.structs import replace
from PIL import Image

from tray_app.core.analysis.bands import Band
from tray_app.core.presentation.icon import Palette, Picture, Style, Theme

Colour = tuple[int, int, int]

WHITE: Colour = (255, 255, 255)
BLACK: Colour = (16, 18, 22)

# Tried at 16 to 48 px on dark and light panels: kept apart there at a glance.
_STANDARD: dict[Band, Colour] = {
    Band.GREEN: (46, 160, 67),
    Band.YELLOW: (234, 179, 8),
    Band.ORANGE: (234, 111, 18),
    Band.RED: (218, 54, 51),
    Band.UNKNOWN: (140, 149, 159),
}
# Okabe & Ito, "Color Universal Design" (2008): bluish green, yellow, orange, vermillion.
_OKABE_ITO: dict[Band, Colour] = {
    Band.GREEN: (0, 158, 115),
    Band.YELLOW: (240, 228, 66),
    Band.ORANGE: (230, 159, 0),
    Band.RED: (213, 94, 0),
    Band.UNKNOWN: (140, 149, 159),
}
_COLOURS = {Palette.STANDARD: _STANDARD, Palette.OKABE_ITO: _OKABE_ITO}
# Calm ink on a known panel; on an unknown one a tile of this middle grey carries white ink.
_CALM: dict[Theme, Colour] = {
    Theme.AUTO: (118, 126, 137),
    Theme.DARK: (222, 226, 231),
    Theme.LIGHT: (62, 67, 76),
}
# Brightness of the tile's rim against the tile, and of the hollow form: a yellow tile needs a
# darker edge to end on a light panel, on a dark one a darker edge only makes it smaller.
_RIM = {Theme.AUTO: 0.72, Theme.DARK: 1.0, Theme.LIGHT: 0.6}
_HOLLOW = {Theme.AUTO: 0.85, Theme.DARK: 1.0, Theme.LIGHT: 0.65}
_EMPTY_BAR = 0.78

_LEVEL = {Band.GREEN: 1, Band.YELLOW: 2, Band.ORANGE: 3, Band.RED: 4}  # UNKNOWN: 0


class _Grid(Struct, frozen=True):
    """Whole pixels for one size, so that every stem, bar and pip is crisp (hinting by hand)."""

    rim: int
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


# fmt: off
_GRIDS = {  # rim top cap stem bar narrow wide point gap | pip gap top height | mark
    16: _Grid(1, 1, 10, 2, 2,  5,  6, 2, 1,   2, 2, 12, 2,    5),
    20: _Grid(1, 2, 12, 2, 2,  7,  7, 2, 1,   2, 2, 15, 3,    6),
    22: _Grid(1, 2, 13, 3, 3,  8,  8, 2, 1,   4, 2, 17, 3,    8),
    24: _Grid(1, 2, 15, 3, 3,  8,  9, 3, 1,   4, 2, 19, 3,    8),
    32: _Grid(2, 3, 20, 4, 4, 11, 12, 4, 1,   4, 3, 25, 4,   10),
    40: _Grid(2, 4, 25, 5, 5, 14, 15, 5, 1,   6, 4, 31, 5,   12),
    44: _Grid(2, 4, 27, 5, 5, 15, 17, 6, 2,   6, 4, 34, 6,   13),
    48: _Grid(2, 5, 31, 6, 5, 17, 18, 6, 1,   6, 5, 38, 6,   14),
    64: _Grid(3, 6, 41, 8, 7, 23, 24, 8, 1,   8, 6, 50, 8,   19),
}
# fmt: on

SIZES = tuple(_GRIDS)
"""The sizes in pixels that panels ask for, each drawn natively."""


def draw(picture: Picture, size: int) -> Image.Image:
    """The picture as a square RGBA image, ``size`` pixels wide; its corner pixels are clear.

    The band is told three times: by colour, by the pips or bars, and by the silhouette (red is
    an octagon, unknown a hollow tile with "?"). Raises KeyError for a size not in SIZES.
    """
    grid = _GRIDS[size]
    level = _LEVEL.get(picture.band, 0)
    octagon = level == 4
    calm = picture.style is Style.CALM and level in (1, 2)
    own = picture.colour or _COLOURS[picture.palette][picture.band]
    ground = _CALM[picture.theme] if calm else own
    ink = ground

    image = Image.new("RGBA", (size, size))
    whole = _tile(size, 0, octagon=octagon)
    inner = _tile(size, grid.rim, octagon=octagon)
    if not level:
        ink = _shade(ground, _HOLLOW[picture.theme])
        _lay(image, ink, _without(whole, _tile(size, grid.rim + 1, octagon=False)))
    elif not calm or picture.theme is Theme.AUTO:
        ink = _ink_on(ground)
        _lay(image, _shade(ground, _RIM[picture.theme]), whole)
        _lay(image, ground, inner)
    if picture.machine_short:
        _lay(image, BLACK, _without(whole, inner))
        _lay(image, WHITE, _within(_without(whole, inner), _checks(size)))

    left, right = _marks(picture)
    left_side, right_side = _side(left, grid), _side(right, grid)
    cut = _Stencil(size)
    if not level:
        _write(cut, "?", replace(grid, top=(size - grid.cap) // 2))
    elif picture.style is Style.BARS:
        bottom = size - max(left_side, right_side, _margin(size))
        empty = _Stencil(size)
        _bars(empty, range(level, 4), bottom)
        _lay(image, _shade(ground, _EMPTY_BAR), _within(empty.coverage(), inner))
        _bars(cut, range(level), bottom)
    else:
        _write(cut, picture.figure or "-", grid)
        edge = 2 * grid.rim
        _pips(cut, level, left_side or edge, size - (right_side or edge), grid)
    _lay(image, ink, _within(cut.coverage(), inner))

    if left:
        _sign(image, left, 0, left_side)
    if right:
        _sign(image, right, size - right_side, right_side)
    return image


def emblem(size: int) -> Image.Image:
    """The program's own mark for notifications and launchers: four running bars, no number."""
    image = Image.new("RGBA", (size, size))
    for inset, colour in ((0, (74, 82, 97)), (size / 40, (36, 41, 51))):
        cut = _Stencil(size)
        cut.box(inset, inset, size - inset, size - inset, size * 0.22 - inset)
        _lay(image, colour, cut.coverage())
    width, gap, bottom, lean = size * 0.125, size * 0.055, size * 0.79, 0.16
    left = size * 0.13
    for band, level in _LEVEL.items():
        height = size * (0.12 + 0.115 * level)
        cut = _Stencil(size)
        shift = lean * height
        cut.slant(bottom - height, left + shift, left + shift + width, bottom, left, left + width)
        _lay(image, _STANDARD[band], cut.coverage())
        left += width + gap
    return image


class _Stencil:
    """Where one colour goes, cut in sub-pixels: whole-pixel edges stay crisp, curves smooth."""

    __slots__ = ("_image", "size")

    SUB = 4  # sub-pixels per pixel side; 8 looks the same and costs twice the time

    def __init__(self, size: int) -> None:
        self.size = size
        self._image = Image.new("L", (size * self.SUB, size * self.SUB))

    def _span(self, row: int, rows: int, left: float, right: float, ink: int) -> None:
        first, last = round(left * self.SUB), round(right * self.SUB)
        if first < last and rows > 0:
            self._image.paste(ink, (first, row, last, row + rows))

    def box(
        self,
        left: float,
        top: float,
        right: float,
        bottom: float,
        corner: float = 0.0,
        *,
        chamfer: bool = False,
        ink: int = 255,
    ) -> None:
        """A rectangle in pixels, its corners rounded by a radius or (chamfer) cut straight."""
        corner = max(0.0, min(corner, (right - left) / 2, (bottom - top) / 2))
        first, last, rows = (round(part * self.SUB) for part in (top, bottom, corner))
        self._span(first + rows, last - first - 2 * rows, left, right, ink)
        for row in range(rows):
            depth = corner - (row + 0.5) / self.SUB
            inset = depth if chamfer else corner - sqrt(corner * corner - depth * depth)
            self._span(first + row, 1, left + inset, right - inset, ink)
            self._span(last - 1 - row, 1, left + inset, right - inset, ink)

    def slant(
        self,
        top: float,
        left: float,
        right: float,
        bottom: float,
        low_left: float,
        low_right: float,
    ) -> None:
        """A stroke from ``left`` .. ``right`` at the top to the ``low_`` ones at the bottom."""
        first, last = round(top * self.SUB), round(bottom * self.SUB)
        for row in range(first, last):
            way = (row + 0.5 - first) / (last - first)
            self._span(
                row, 1, left + (low_left - left) * way, right + (low_right - right) * way, 255
            )

    def coverage(self) -> Image.Image:
        """How much of each pixel is covered: mode L, 0 to 255."""
        return self._image.reduce(self.SUB)


def _lay(image: Image.Image, colour: Colour, coverage: Image.Image) -> None:
    layer = Image.new("RGBA", image.size, (*colour, 255))
    layer.putalpha(coverage)
    image.alpha_composite(layer)


def _within(coverage: Image.Image, limit: Image.Image) -> Image.Image:
    inside = Image.new("L", coverage.size)
    inside.paste(coverage, mask=limit)
    return inside


def _without(coverage: Image.Image, hole: Image.Image) -> Image.Image:
    rest = coverage.copy()
    rest.paste(0, mask=hole)
    return rest


def _shade(colour: Colour, brightness: float) -> Colour:
    red, green, blue = (round(part * brightness) for part in colour)
    return red, green, blue


def _ink_on(ground: Colour) -> Colour:
    """White where it keeps 3:1 (WCAG 2.1, 1.4.11: graphics), else black."""
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (channel / 255 for channel in ground)
    )
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return WHITE if 1.05 / (luminance + 0.05) >= 3 else BLACK


def _tile(size: int, inset: int, *, octagon: bool) -> Image.Image:
    """The silhouette: a rounded tile, or the eight corners of a stop sign."""
    cut = _Stencil(size)
    # 0.586 = 2 - sqrt(2): the octagon's rim is as wide at its cuts.
    corner = size * 0.22 - inset * 0.586 if octagon else max(3, size * 0.16) - inset
    cut.box(inset, inset, size - inset, size - inset, corner, chamfer=octagon)
    return cut.coverage()


def _checks(size: int) -> Image.Image:
    """A chequered field: of a black and white frame something shows on any panel and tile."""
    cut = _Stencil(size)
    step = size // 8
    for top in range(0, size, step):
        for left in range(top // step % 2 * step, size, 2 * step):
            cut.box(left, top, left + step, top + step)
    return cut.coverage()


def _write(cut: _Stencil, figure: str, grid: _Grid) -> None:
    """The figure, in the middle of the width."""
    digit = grid.narrow if len(figure) == 3 else grid.wide
    special = {".": grid.point, "1": digit - (digit - grid.stem) // 3}
    widths = [special.get(char, digit) for char in figure]
    x = (cut.size - sum(widths) - grid.gap * (len(figure) - 1)) // 2
    for char, width in zip(figure, widths, strict=True):
        _glyph(cut, char, x, width, grid)
        x += width + grid.gap


def _glyph(cut: _Stencil, char: str, x: int, width: int, grid: _Grid) -> None:
    """One glyph, bold and condensed, from column ``x``; what is not known is a dash."""
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


def _pips(cut: _Stencil, level: int, left: int, right: int, grid: _Grid) -> None:
    """One, two, three pips, then a whole bar, between two columns.

    Three pips and four are hard to tell apart at 16 px; three pips and a bar are not.
    """
    room, gap = right - left, grid.pip_gap
    if room < 3 * grid.pip + 2 * gap:
        gap = max(1, gap // 2)
    pip = min(grid.pip, (room - 2 * gap) // 3)
    width, count = (3 * pip + 2 * gap, 1) if level == 4 else (pip, level)
    x = left + (room - count * width - (count - 1) * gap) // 2
    for _ in range(count):
        cut.box(x, grid.pip_top, x + width, grid.pip_top + grid.pip_height, pip / 6)
        x += width + gap


def _margin(size: int) -> int:
    return max(2, round(size * 0.15))


def _bars(cut: _Stencil, numbers: range, bottom: int) -> None:
    """Some of four bars (0 to 3), each taller than the one before, standing on ``bottom``."""
    margin = _margin(cut.size)
    room = cut.size - 2 * margin
    width = (room - 3 * max(1, cut.size // 16)) // 4
    gap = (room - 4 * width) // 3
    x = (cut.size - 4 * width - 3 * gap) // 2
    for number in numbers:
        left = x + (width + gap) * number
        height = round((bottom - margin) * (number + 2) / 5)
        cut.box(left, bottom - height, left + width, bottom, width / 6)


class _Mark(Enum):
    PROCESS = auto()  # a dot
    HUNG = auto()  # a cross
    PAUSED = auto()  # two bars
    MUTED = auto()  # a slash
    UNDELIVERED = auto()  # an exclamation mark


def _marks(picture: Picture) -> tuple[_Mark | None, _Mark | None]:
    """Lower left: the notifications. Lower right: the reading. The worse of two is shown."""
    notifications = (
        _Mark.UNDELIVERED if picture.undelivered else _Mark.MUTED if picture.muted else None
    )
    if picture.paused:
        return notifications, _Mark.PAUSED
    reading = _Mark.PROCESS if picture.process_source else None
    return notifications, _Mark.HUNG if picture.hung else reading


def _side(mark: _Mark | None, grid: _Grid) -> int:
    """What a mark takes of the lower edge; the dot, which may stay for days, takes less."""
    if mark is None:
        return 0
    return max(5, grid.mark * 3 // 4) if mark is _Mark.PROCESS else grid.mark


def _sign(image: Image.Image, mark: _Mark, left: int, side: int) -> None:
    """A white sign on a black block, in a lower corner: it reads on every tile and panel."""
    size, top = image.width, image.height - side
    edge = max(1, size // 20)
    room = side - 2 * edge
    third = (room + 1) // 3
    x, y, right, bottom = left + edge, top + edge, left + edge + room, size - edge

    block, sign = _Stencil(size), _Stencil(size)
    block.box(left, top, left + side, size, side * (0.4 if mark is _Mark.PROCESS else 0.25))
    match mark:
        case _Mark.PROCESS:
            sign.box(x, y, right, bottom, room / 2 if room > 3 else 0.6)
        case _Mark.HUNG:  # row by row, for slanted edges would be a blur
            stroke = max(1, room * 3 // 10)
            for row in range(room):
                shift = row * (room - stroke) // (room - 1)
                for column in (x + shift, right - shift - stroke):
                    sign.box(column, y + row, column + stroke, y + row + 1)
        case _Mark.PAUSED:
            sign.box(x, y, x + third, bottom)
            sign.box(right - third, y, right, bottom)
        case _Mark.MUTED:
            sign.slant(y, right - third * 1.3, right, bottom, x, x + third * 1.3)
        case _Mark.UNDELIVERED:
            stroke = third + (room - third) % 2
            middle = x + (room - stroke) // 2
            foot = bottom if room > 3 else size  # at 16 px it needs the fourth row
            dot, gap = (room + 2) // 4, (room + 3) // 6
            sign.box(middle, y, middle + stroke, foot - dot - gap)
            sign.box(middle, foot - dot, middle + stroke, foot)
    tile = _tile(size, 0, octagon=False)
    _lay(image, BLACK, _within(block.coverage(), tile))
    _lay(image, WHITE, _within(sign.coverage(), tile))
