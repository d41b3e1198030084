"""The menu's and the tooltip's looks."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from PIL.Image import Image

from tray_app.core.model.icon_options import Theme
from tray_app.core.monitor.commands import Quit
from tray_app.core.presentation.menu_row import Row
from tray_app.desktop.linux.xembed.geometry import Box
from tray_app.desktop.linux.xembed.menu_layout import layout
from tray_app.desktop.linux.xembed.paint import COLOURS, Colour, Painter, scroll_end

THEMES = (Theme.DARK, Theme.LIGHT)


def luminance(colour: Colour) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (channel / 255 for channel in colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: Colour, other: Colour) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", THEMES)
def test_every_text_has_contrast(theme: Theme) -> None:
    """At least 4.5:1 (WCAG 2.1, 1.4.3), rows that only inform and the selected one, too."""
    colours = COLOURS[theme]
    assert contrast(colours.ink, colours.ground) >= 7
    assert contrast(colours.dim, colours.ground) >= 4.5
    assert contrast(colours.chosen_ink, colours.chosen) >= 4.5


@pytest.mark.parametrize(("theme", "scale"), list(product(THEMES, (1.0, 1.25, 2.0))))
def test_a_menu_shows_what_is_in_it(theme: Theme, scale: float) -> None:
    """Each row, mark and arrow has ink of its own; the selected row has another ground."""
    painter = Painter(theme, scale)
    rows = (
        Row("text", "Text", Quit()),
        Row("on", "On", Quit(), True),
        Row("more", "More", children=(Row("child", "Child"),)),
        Row("line", separator=True),
        Row("quit", "Quit", Quit()),
    )
    found = layout(rows, painter.metrics, 0, 999)
    image = painter.menu(found, found.height, 0, "quit")
    assert image.size == (found.width, found.height)
    colours = COLOURS[theme]
    grounds = {"line": colours.line, "quit": colours.chosen}
    for placed in found.rows:
        box, key = placed.box, placed.row.key
        inks = inks_in(image, box)
        assert grounds.get(key, colours.ground) in inks
        assert len(inks) > (1 if placed.row.separator else 4), key


def inks_in(image: Image, box: Box) -> set[Any]:
    """The colours inside a rectangle."""
    found = image.crop((box.left, box.top, box.right, box.bottom)).getcolors(9999)
    return {colour for _, colour in found or ()}


def test_a_menu_that_scrolls_says_so() -> None:
    """An arrow stands at each end behind which there are rows."""
    painter = Painter(Theme.DARK, 1.0)
    rows = [Row("wide", "x" * 30, Quit()), *(Row(str(n), "x", Quit()) for n in range(30))]
    found = layout(rows, painter.metrics, 0, 999)
    height, end = 200, scroll_end(painter.metrics)
    # Where an arrow stands no text does, but the first row's.
    middle = Box(found.width // 2 - 4, 3, found.width // 2 + 4, end - 3)
    seen = []
    for scroll in (painter.metrics.row, 100, found.height - height):
        image = painter.menu(found, height, scroll, None)
        both = (middle, middle.moved(0, height - end))
        seen.append([len(inks_in(image, box)) > 1 for box in both])
    assert seen == [[True, True], [True, True], [True, False]]
    image = painter.menu(found, height, 0, None)
    assert len(inks_in(image, middle.moved(0, height - end))) > 1


def test_a_tooltip_has_all_lines() -> None:
    """Each line takes its room; a line wider than the monitor is cut."""
    painter = Painter(Theme.DARK, 1.0)
    one, three = (painter.tooltip("\n".join(["RunAnalyze"] * n), 500) for n in (1, 3))
    assert three.width == one.width
    assert three.height > 2 * one.height
    assert painter.tooltip("x" * 999, 300).width <= 300
