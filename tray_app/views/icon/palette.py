"""The icon's colours, and which ink reads on them."""

from __future__ import annotations

from tray_app.core.analysis.bands import Band
from tray_app.core.model.icon_options import Palette, Theme

Colour = tuple[int, int, int]
WHITE: Colour = (255, 255, 255)
BLACK: Colour = (16, 18, 22)
PAPER: Colour = (248, 249, 250)

# Tried at 16 to 48 px on dark and light panels: easy to tell apart.
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
COLOURS = {Palette.STANDARD: _STANDARD, Palette.OKABE_ITO: _OKABE_ITO}

# Calm ink on a known panel; on an unknown one a tile of this middle grey carries white ink.
CALM: dict[Theme, Colour] = {
    Theme.AUTO: (118, 126, 137),
    Theme.DARK: (222, 226, 231),
    Theme.LIGHT: (62, 67, 76),
}
# Brightness of the tile's rim against the tile, and of the hollow form: a yellow tile needs a
# darker edge to end on a light panel, on a dark one a darker edge only makes it smaller.
RIM = {Theme.AUTO: 0.72, Theme.DARK: 1.0, Theme.LIGHT: 0.6}
HOLLOW = {Theme.AUTO: 0.85, Theme.DARK: 1.0, Theme.LIGHT: 0.65}
EMPTY_BAR = 0.78
CLEAR = 3.0


def shade(colour: Colour, brightness: float) -> Colour:
    red, green, blue = (round(part * brightness) for part in colour)
    return red, green, blue


def blend(colour: Colour, ground: Colour, part: float) -> Colour:
    """So much of the colour on the ground."""
    red, green, blue = (
        round(part * own + (1 - part) * under) for own, under in zip(colour, ground, strict=True)
    )
    return red, green, blue


def ink_on(ground: Colour) -> Colour:
    """White where it keeps 3:1 (WCAG 2.1, 1.4.11: graphics), else black."""
    return WHITE if _contrast(WHITE, ground) >= CLEAR else BLACK


def window_for(columns: Colour) -> Colour:
    """What is behind columns of this colour: black where it keeps 3:1, else white."""
    return BLACK if _contrast(columns, BLACK) >= CLEAR else WHITE


def _contrast(lighter: Colour, darker: Colour) -> float:
    return (_luminance(lighter) + 0.05) / (_luminance(darker) + 0.05)


def _luminance(colour: Colour) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (channel / 255 for channel in colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
