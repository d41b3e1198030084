"""Where windows go on the screen, in pixels. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

# What is taller is no bar.
LEAST_BARS_IN_AREA = 4


class Box(Struct, frozen=True):
    """A rectangle; ``right`` and ``bottom`` lie outside."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def height(self) -> int:
        return self.bottom - self.top

    @property
    def centre(self) -> tuple[int, int]:
        return (self.left + self.right) // 2, (self.top + self.bottom) // 2

    def holds(self, x: int, y: int) -> bool:
        """Whether this point is inside."""
        return self.left <= x < self.right and self.top <= y < self.bottom

    def moved(self, x: int, y: int) -> Box:
        """The same rectangle, so many pixels further right and down."""
        return Box(self.left + x, self.top + y, self.right + x, self.bottom + y)


def box_at(left: int, top: int, width: int, height: int) -> Box:
    """A rectangle by its corner and size."""
    return Box(left, top, left + width, top + height)


def monitor_of(monitors: Sequence[Box], anchor: Box) -> Box:
    """The monitor that has the anchor's centre, else the nearest one."""
    x, y = anchor.centre

    def distance(monitor: Box) -> int:
        across = max(monitor.left - x, 0, x - monitor.right + 1)
        down = max(monitor.top - y, 0, y - monitor.bottom + 1)
        return across + down

    return min(monitors, key=distance)


def beyond_panel(icon: Box, panel: Box, area: Box) -> Box:
    """What a window is to stand beside: the icon, made as tall as its panel, if that is a bar."""
    is_bar = panel.height * LEAST_BARS_IN_AREA <= area.height
    if not is_bar or not panel.holds(*icon.centre):
        return icon
    return Box(icon.left, min(panel.top, icon.top), icon.right, max(panel.bottom, icon.bottom))


def beside_icon(icon: Box, width: int, height: int, area: Box, *, centred: bool = False) -> Box:
    """A window below an icon in the upper half of the area, else above it; wholly in the area.

    Its left edge is the icon's, or its middle is (``centred``). Where it is as tall as the area,
    it covers the icon.
    """
    left = icon.centre[0] - width // 2 if centred else icon.left
    is_upper = icon.centre[1] < area.centre[1]
    top = icon.bottom if is_upper else icon.top - height
    return _inside(left, top, width, height, area)


def beside_row(row: Box, width: int, height: int, area: Box, *, overlap: int = 0) -> Box:
    """A submenu to the right of its row, or to the left where the right has no room for it.

    ``row`` spans the whole width of its menu. Its first row is level with it if the area lets it.
    """
    right = row.right - overlap
    left = row.left - width + overlap
    fits_right = right + width <= area.right
    is_roomier = area.right - row.right >= row.left - area.left
    goes_right = fits_right or (left < area.left and is_roomier)
    return _inside(right if goes_right else left, row.top, width, height, area)


def _inside(left: int, top: int, width: int, height: int, area: Box) -> Box:
    width, height = min(width, area.width), min(height, area.height)
    left = max(area.left, min(left, area.right - width))
    top = max(area.top, min(top, area.bottom - height))
    return box_at(left, top, width, height)
