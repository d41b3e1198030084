"""The picture of a notification, in pixels."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tray_app.core.analysis.bands import Band
from tray_app.core.model.icon_options import Palette, Theme
from tray_app.core.presentation.chart import FULL, Chart
from tray_app.core.presentation.icon import Picture
from tray_app.views.icon import chart as charts
from tray_app.views.icon.palette import BLACK, COLOURS, PAPER, WHITE, shade
from tray_app.views.icon.stencil import Image

SIZES = (48, 64, 96, 192)
RED = COLOURS[Palette.STANDARD][Band.RED]
ORANGE = COLOURS[Palette.STANDARD][Band.ORANGE]
GREY = COLOURS[Palette.STANDARD][Band.UNKNOWN]
CLIMB = Chart(Picture(Band.ORANGE), tuple(range(50, 800, 25)), limit=900)


def column(image: Image, part: float) -> list[tuple[int, ...]]:
    """The pixels of one column, from top to bottom."""
    x = round(image.width * part)
    return [image.getpixel((x, y))[:3] for y in range(image.height)]  # type: ignore[index]


@pytest.mark.parametrize("size", SIZES)
def test_it_is_drawn_in_any_size(size: int) -> None:
    """RGBA, square, with clear corners."""
    image = charts.draw(CLIMB, size)
    assert (image.mode, image.size) == ("RGBA", (size, size))
    assert image.getchannel("A").getpixel((0, 0)) == 0


@pytest.mark.parametrize("size", SIZES)
def test_the_newest_is_right(size: int) -> None:
    """Heights are those of the values, give or take a pixel."""
    image = charts.draw(CLIMB, size)
    for part, height in ((0.2, 0.18), (0.5, 0.4), (0.9, 0.71)):
        filled = column(image, part).count(ORANGE) / size
        assert filled == pytest.approx(height, abs=0.08)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("theme", "ground", "ink"), [(Theme.DARK, BLACK, WHITE), (Theme.LIGHT, PAPER, BLACK)]
)
def test_the_limit_is_a_dashed_line(
    size: int, theme: Theme, ground: tuple[int, ...], ink: tuple[int, ...]
) -> None:
    """In an ink that reads on the ground of a dark and of a light desktop."""
    image = charts.draw(replace(CLIMB, tile=Picture(Band.ORANGE, theme=theme)), size)
    rows = [
        [image.getpixel((x, y))[:3] for x in range(size // 4, 3 * size // 4)]  # type: ignore[index]
        for y in range(size)
    ]
    dashed = [y for y, row in enumerate(rows) if row.count(ink) > len(row) / 2]
    assert dashed
    assert max(dashed) < 0.2 * size
    assert all(ground in rows[y] for y in dashed)


def test_the_forecast_is_paler_and_apart() -> None:
    """Behind a gap in the colour of the ground."""
    image = charts.draw(replace(CLIMB, ahead=(850, 900, 900, 900, 900, 900)), 96)
    row = [image.getpixel((x, 80))[:3] for x in range(96)]  # type: ignore[index]
    assert row.count(ORANGE) > 60
    ahead = row[row.index(BLACK, 40) + 2 : 93]
    assert len(set(ahead)) == 1
    assert ahead[0] not in (ORANGE, BLACK)


def test_an_end_is_grey_with_a_cross() -> None:
    """Whatever the band was before."""
    image = charts.draw(Chart(Picture(Band.RED), CLIMB.past, ended=True), 96)
    colours = {colour[:3] for _, colour in image.getcolors(96 * 96) or ()}  # type: ignore[index]
    assert GREY in colours
    assert WHITE in colours
    assert RED not in colours


def test_a_limit_beyond_the_edge_and_an_empty_chart_are_drawn() -> None:
    """Nothing fails."""
    for chart in (Chart(Picture(Band.GREEN), (), limit=2 * FULL), Chart(Picture(Band.GREEN), (0,))):
        assert charts.draw(chart, 48).size == (48, 48)


def test_jobs_stand_apart() -> None:
    """Between them the ground is seen."""
    image = charts.draw(Chart(Picture(Band.YELLOW), (500, 800, 1000), apart=True), 96)
    row = [image.getpixel((x, 80))[:3] for x in range(4, 92)]  # type: ignore[index]
    assert row.count(BLACK) >= 4


def test_a_light_desktop_gets_stronger_colours() -> None:
    """Yellow would be pale on paper."""
    image = charts.draw(Chart(Picture(Band.YELLOW, theme=Theme.LIGHT), (500,) * 9), 96)
    assert shade(COLOURS[Palette.STANDARD][Band.YELLOW], 0.85) in column(image, 0.5)
