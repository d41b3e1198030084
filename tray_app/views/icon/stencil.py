"""Shapes as coverages of pixels, and painting through them.

Rule of the room: its only importer of Pillow, and of its Image alone. ImageDraw and ImageFont stay
out: with Pillow 13 they load FreeType (1.6 MB of RSS) and would want a font file, and no font is
hinted for three glyphs on a tile of 16 px.
"""

from __future__ import annotations

from math import sqrt

import PIL.Image

from tray_app.views.icon.palette import Colour

Image = PIL.Image.Image


class Stencil:
    """Where one colour goes, cut in sub-pixels: whole-pixel edges stay crisp, curves smooth."""

    __slots__ = ("_image", "size")

    SUB = 4  # sub-pixels per pixel side; 8 looks the same and costs twice the time

    def __init__(self, size: int) -> None:
        self.size = size
        self._image = PIL.Image.new("L", (size * self.SUB, size * self.SUB))

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

    def coverage(self) -> Image:
        """How much of each pixel is covered: mode L, 0 to 255."""
        return self._image.reduce(self.SUB)


def blank(size: int) -> Image:
    """A clear square to draw on."""
    return PIL.Image.new("RGBA", (size, size))


def lay(image: Image, colour: Colour, coverage: Image) -> None:
    """Paint with one colour, where the coverage is."""
    layer = PIL.Image.new("RGBA", image.size, (*colour, 255))
    layer.putalpha(coverage)
    image.alpha_composite(layer)


def within(coverage: Image, limit: Image) -> Image:
    """The coverage inside a limit."""
    inside = PIL.Image.new("L", coverage.size)
    inside.paste(coverage, mask=limit)
    return inside


def without(coverage: Image, hole: Image) -> Image:
    """The coverage outside a hole."""
    rest = coverage.copy()
    rest.paste(0, mask=hole)
    return rest


def tile(size: int, inset: int, octagon: float = 0.0) -> Image:
    """The silhouette: a rounded tile, or a stop sign that is cut by ``octagon`` pixels."""
    cut = Stencil(size)
    # 0.586 = 2 - sqrt(2): the octagon's rim is as wide at its cuts.
    corner = octagon - inset * 0.586 if octagon else max(3, size * 0.16) - inset
    cut.box(inset, inset, size - inset, size - inset, corner, chamfer=bool(octagon))
    return cut.coverage()


def checks(size: int) -> Image:
    """A chequered field: of a black and white frame something shows on any panel and tile."""
    cut = Stencil(size)
    step = size // 8
    for top in range(0, size, step):
        for left in range(top // step % 2 * step, size, 2 * step):
            cut.box(left, top, left + step, top + step)
    return cut.coverage()
