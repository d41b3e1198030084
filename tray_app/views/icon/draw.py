"""Draws the icon: a picture and a size in, an RGBA image out.

Rule of the room: it knows the value that it draws, nothing else of the program. `palette` has the
colours, `glyphs` the figure, `marks` the signs in the corners, `stencil` the shapes.
"""

from __future__ import annotations

from msgspec.structs import replace

from tray_app.core.analysis.bands import Band
from tray_app.core.model.icon_options import Palette, Style, Theme
from tray_app.core.presentation.icon import Picture
from tray_app.views.icon.glyphs import (
    GRIDS,
    Grid,
    bars,
    columns,
    margin,
    pips,
    under_graph,
    window,
    write,
)
from tray_app.views.icon.marks import Mark, count, marks_of, side_of, sign
from tray_app.views.icon.palette import (
    BLACK,
    CALM,
    COLOURS,
    EMPTY_BAR,
    HOLLOW,
    RIM,
    WHITE,
    Colour,
    ink_on,
    shade,
    window_for,
)
from tray_app.views.icon.stencil import Image, Stencil, blank, checks, lay, tile, within, without

RIMLESS_PX = 24
"""Up to this size the rim under a figure has the tile's colour: it is the figure's air."""
LEVEL = {Band.GREEN: 1, Band.YELLOW: 2, Band.ORANGE: 3, Band.RED: 4}  # UNKNOWN: 0


def draw(picture: Picture, size: int) -> Image:
    """The picture as a square RGBA image, ``size`` pixels wide; its corner pixels are clear.

    The band is shown three times: by colour, by the pips or bars, and by the silhouette (red is
    an octagon, unknown a hollow tile with "?"). Raises KeyError for a size not in SIZES.
    """
    grid = under_graph(GRIDS[size]) if picture.style is Style.GRAPH else GRIDS[size]
    level = LEVEL.get(picture.band, 0)
    octagon = grid.octagon if level == 4 else 0.0
    calm = picture.style is Style.CALM and level in (1, 2)
    own = picture.colour or COLOURS[picture.palette][picture.band]
    ground = CALM[picture.theme] if calm else own
    ink = ground

    image = blank(size)
    whole = tile(size, 0, octagon)
    inner = tile(size, grid.rim, octagon)
    if not level:
        ink = shade(ground, HOLLOW[picture.theme])
        lay(image, ink, without(whole, tile(size, grid.rim + 1)))
    elif not calm or picture.theme is Theme.AUTO:
        ink = ink_on(ground)
        lay(image, shade(ground, _rim(picture, size)), whole)
        lay(image, ground, inner)
    if picture.machine_short:
        lay(image, BLACK, without(whole, inner))
        lay(image, WHITE, within(without(whole, inner), checks(size)))

    left, right = marks_of(picture)
    left_side, right_side = side_of(left, grid), side_of(right, grid)
    if level and picture.style is Style.GRAPH:
        _graph(image, picture, ground, inner, grid)
        cut = Stencil(size)
        _pips(cut, level, left_side, right_side, grid)
    elif level and picture.style is Style.BARS:
        cut = _bars(image, level, ground, inner, max(left_side, right_side))
    else:
        cut = _figure(picture, size, left_side, right_side)
    lay(image, ink, within(cut.coverage(), whole))

    _signs(image, left, right, grid, picture.severe)
    return image


def _signs(image: Image, left: Mark | None, right: Mark | None, grid: Grid, severe: int) -> None:
    """The marks in the lower corners."""
    if left is Mark.COUNT:
        count(image, severe, 0, side_of(left, grid))
    elif left:
        sign(image, left, 0, side_of(left, grid))
    if right:
        side = side_of(right, grid)
        sign(image, right, image.width - side, side)


def _bars(image: Image, level: int, ground: Colour, limit: Image, mark_side: int) -> Stencil:
    """The full bars, for the ink; the empty ones are shown in a darker ground."""
    size = image.width
    bottom = size - max(mark_side, margin(size))
    empty, full = Stencil(size), Stencil(size)
    bars(empty, range(level, 4), bottom)
    lay(image, shade(ground, EMPTY_BAR), within(empty.coverage(), limit))
    bars(full, range(level), bottom)
    return full


def _rim(picture: Picture, size: int) -> float:
    """The brightness of the tile's rim; a graph has none, for its window has an edge."""
    if picture.style is Style.BARS or (picture.style is not Style.GRAPH and size > RIMLESS_PX):
        return RIM[picture.theme]
    return 1.0


def _graph(image: Image, picture: Picture, colour: Colour, limit: Image, grid: Grid) -> None:
    """The columns in the tile's colour, in a window that is all of the tile above the pips."""
    size = image.width
    left, right, bottom = window(size, grid)
    cut = Stencil(size)
    cut.box(left, left, right, bottom)
    opened = within(cut.coverage(), limit)
    lay(image, window_for(colour), opened)
    graph = Stencil(size)
    columns(graph, picture.columns, grid)
    lay(image, colour, within(graph.coverage(), opened))


def _figure(picture: Picture, size: int, left_side: int, right_side: int) -> Stencil:
    """The figure over its pips, between two marks; "?" alone in the middle."""
    cut, grid = Stencil(size), GRIDS[size]
    level = LEVEL.get(picture.band, 0)
    if not level:
        write(cut, "?", replace(grid, top=(size - grid.cap) // 2))
        return cut
    write(cut, picture.figure or "-", grid)
    _pips(cut, level, left_side, right_side, grid)
    return cut


def _pips(cut: Stencil, level: int, left_side: int, right_side: int, grid: Grid) -> None:
    """The band's pips, between two marks."""
    edge = 2 * grid.rim
    pips(cut, level, left_side or edge, cut.size - (right_side or edge), grid)


def emblem(size: int) -> Image:
    """The program's own mark for notifications and launchers: four running bars, no number."""
    image = blank(size)
    for inset, colour in ((0, (74, 82, 97)), (size / 40, (36, 41, 51))):
        cut = Stencil(size)
        cut.box(inset, inset, size - inset, size - inset, size * 0.22 - inset)
        lay(image, colour, cut.coverage())
    width, gap, bottom, lean = size * 0.125, size * 0.055, size * 0.79, 0.16
    left = size * 0.13
    for band, level in LEVEL.items():
        height = size * (0.12 + 0.115 * level)
        cut = Stencil(size)
        shift = lean * height
        cut.slant(bottom - height, left + shift, left + shift + width, bottom, left, left + width)
        lay(image, COLOURS[Palette.STANDARD][band], cut.coverage())
        left += width + gap
    return image
