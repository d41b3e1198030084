"""Draws the menu and the tooltip.

With `fonts` and `picture` the room's door to Pillow. It loads FreeType (1.6 MB), so it is imported
when a window is first opened.
"""

from __future__ import annotations

from typing import Any

import PIL.Image
import PIL.ImageDraw
from msgspec import Struct

from tray_app.core.model.icon_options import Theme
from tray_app.desktop.linux.xembed.fonts import Typeface
from tray_app.desktop.linux.xembed.geometry import Box
from tray_app.desktop.linux.xembed.menu_layout import Layout, Metrics, PlacedRow, text_room

Colour = tuple[int, int, int]

POINTS = 10.0
POINTS_PER_INCH, DPI = 72, 96
# Shapes are drawn so many times larger and shrunk: the edges are smooth.
SUB = 4


class Colours(Struct, frozen=True):
    """A window's colours. ``dim`` is the ink of rows that cannot be clicked."""

    ground: Colour
    ink: Colour
    dim: Colour
    line: Colour
    edge: Colour
    chosen: Colour
    chosen_ink: Colour


COLOURS = {
    Theme.DARK: Colours(
        ground=(43, 46, 51),
        ink=(238, 240, 242),
        dim=(170, 176, 184),
        line=(74, 79, 87),
        edge=(92, 98, 107),
        chosen=(43, 98, 176),
        chosen_ink=(255, 255, 255),
    ),
    Theme.LIGHT: Colours(
        ground=(250, 250, 251),
        ink=(28, 31, 36),
        dim=(94, 100, 110),
        line=(216, 219, 224),
        edge=(176, 181, 189),
        chosen=(30, 92, 179),
        chosen_ink=(255, 255, 255),
    ),
}


class Painter:
    """Draws in one theme and at one scale."""

    def __init__(self, theme: Theme, scale: float) -> None:
        self._colours = COLOURS[theme]
        self._scale = scale
        # In whole pixels, letters are evenly spaced.
        self._face = Typeface(round(POINTS / POINTS_PER_INCH * DPI * scale))
        self.metrics = self._metrics()

    def px(self, length: float) -> int:
        """A length at scale 1 in pixels."""
        return max(1, round(length * self._scale))

    def _metrics(self) -> Metrics:
        line = self._face.line_px
        return Metrics(
            row=line + self.px(8),
            separator=self.px(4) * 2 + self.px(1),
            mark=line + self.px(2),
            arrow=line,
            edge=self.px(10),
            border=self.px(1) + self.px(3),
            measure=self._face.measure,
        )

    def tooltip(self, text: str, most_width: int) -> PIL.Image.Image:
        """The text, line by line."""
        lines = text.split("\n")
        across, down = self.px(9), self.px(7)
        room = most_width - 2 * across
        fitted = [self._face.fit(line, room) for line in lines]
        width = max(map(self._face.measure, fitted)) + 2 * across
        gap = self.px(2)
        height = len(fitted) * (self._face.line_px + gap) - gap + 2 * down
        image, draw = self._blank(width, height)
        for number, line in enumerate(fitted):
            top = down + number * (self._face.line_px + gap)
            self._face.write(draw, across, top, line, self._colours.ink)
        return image

    def menu(
        self, layout: Layout, height: int, scroll: int, selected: str | None
    ) -> PIL.Image.Image:
        """The rows of a window so high, scrolled so far; arrows where more rows are."""
        image, draw = self._blank(layout.width, height)
        border = self.metrics.border
        for placed in layout.rows:
            box = placed.box.moved(0, -scroll)
            if box.bottom > border and box.top < height - border:
                self._row(image, draw, placed, box, is_selected=placed.row.key == selected)
        self._frame(draw, layout.width, height)
        if layout.height > height:
            self._ends(image, draw, layout, height, scroll)
        return image

    def _blank(self, width: int, height: int) -> tuple[PIL.Image.Image, Any]:
        image = PIL.Image.new("RGB", (width, height), self._colours.ground)
        draw = PIL.ImageDraw.Draw(image)
        self._frame(draw, width, height)
        return image, draw

    def _frame(self, draw: Any, width: int, height: int) -> None:
        line, border = self.px(1), self.metrics.border if hasattr(self, "metrics") else 0
        if border:  # what scrolls must not be seen there
            draw.rectangle((0, 0, width - 1, border - 1), fill=self._colours.ground)
            draw.rectangle((0, height - border, width - 1, height - 1), fill=self._colours.ground)
        box = (0, 0, width - 1, height - 1)
        draw.rectangle(box, outline=self._colours.edge, width=line)

    def _row(
        self, image: PIL.Image.Image, draw: Any, placed: PlacedRow, box: Box, *, is_selected: bool
    ) -> None:
        colours, row = self._colours, placed.row
        if row.separator:
            top = box.top + self.px(4)
            across = (box.left + self.px(6), top, box.right - self.px(6) - 1, top + self.px(1) - 1)
            draw.rectangle(across, fill=colours.line)
            return
        ink = colours.ink if row.enabled else colours.dim
        if is_selected:
            ink = colours.chosen_ink
            whole = (box.left, box.top, box.right - 1, box.bottom - 1)
            draw.rounded_rectangle(whole, self.px(3), fill=colours.chosen)
        top = box.top + (box.height - self._face.line_px) // 2
        text = self._face.fit(row.text, text_room(placed, self.metrics))
        self._face.write(draw, placed.text_left, top, text, ink)
        side = self._face.line_px * 3 // 4
        middle = (box.top + box.bottom) // 2
        if row.checked is not None:
            left = placed.text_left - self.metrics.mark
            self._mark(image, left, middle - side // 2, side, ink, row.checked, is_radio=row.radio)
        if row.children:
            right = box.right - self.metrics.edge + self.px(2)
            self._arrow(image, right - side, middle - side // 2, side, ink, ">")

    def _mark(
        self,
        image: PIL.Image.Image,
        left: int,
        top: int,
        side: int,
        ink: Colour,
        checked: bool,
        *,
        is_radio: bool,
    ) -> None:
        whole = side * SUB
        mask, draw = _stencil(side)
        stroke = max(SUB, round(whole * 0.1))
        if is_radio:
            draw.ellipse((0, 0, whole - 1, whole - 1), outline=255, width=stroke)
            if checked:
                inset = whole * 0.28
                draw.ellipse((inset, inset, whole - 1 - inset, whole - 1 - inset), fill=255)
        else:
            corner = round(whole * 0.16)
            draw.rounded_rectangle((0, 0, whole - 1, whole - 1), corner, outline=255, width=stroke)
            if checked:
                tick = [(0.22, 0.52), (0.43, 0.73), (0.79, 0.27)]
                points = [(x * whole, y * whole) for x, y in tick]
                draw.line(points, fill=255, width=round(whole * 0.14), joint="curve")
        _lay(image, left, top, mask, ink)

    def _arrow(
        self, image: PIL.Image.Image, left: int, top: int, side: int, ink: Colour, way: str
    ) -> None:
        points = {
            ">": [(0.38, 0.22), (0.68, 0.5), (0.38, 0.78)],
            "^": [(0.2, 0.65), (0.5, 0.35), (0.8, 0.65)],
            "v": [(0.2, 0.35), (0.5, 0.65), (0.8, 0.35)],
        }[way]
        whole = side * SUB
        mask, draw = _stencil(side)
        scaled = [(x * whole, y * whole) for x, y in points]
        draw.line(scaled, fill=255, width=round(whole * 0.12), joint="curve")
        _lay(image, left, top, mask, ink)

    def _ends(
        self, image: PIL.Image.Image, draw: Any, layout: Layout, height: int, scroll: int
    ) -> None:
        colours, line, end = self._colours, self.px(1), scroll_end(self.metrics)
        side = self._face.line_px * 3 // 4
        left, middle = (layout.width - side) // 2, (end - side) // 2
        for way, top, is_there in (
            ("^", 0, scroll > 0),
            ("v", height - end, scroll < layout.height - height),
        ):
            if is_there:
                inside = (line, top + line, layout.width - 1 - line, top + end - 1 - line)
                draw.rectangle(inside, fill=colours.ground)
                self._arrow(image, left, top + middle, side, colours.ink, way)


def scroll_end(metrics: Metrics) -> int:
    """How high the arrow is at each end of a menu that scrolls."""
    return metrics.row


def _stencil(side: int) -> tuple[PIL.Image.Image, Any]:
    mask = PIL.Image.new("L", (side * SUB, side * SUB))
    return mask, PIL.ImageDraw.Draw(mask)


def _lay(image: PIL.Image.Image, left: int, top: int, mask: PIL.Image.Image, ink: Colour) -> None:
    image.paste(ink, (left, top), mask.reduce(SUB))
