"""The figure, its pips and the bars, on whole pixels."""

from __future__ import annotations

import pytest

from tray_app.views.icon.glyphs import GRIDS, SIZES, bars, margin, pips, write
from tray_app.views.icon.stencil import Stencil, tile, without

FIGURES = (".1", ".9", "1.0", "1.5", "8.8", "12", "99", "-", "?")


def inked(cut: Stencil) -> tuple[int, int, int, int]:
    """The box of the inked pixels: left, top, right, bottom."""
    box = cut.coverage().getbbox()
    assert box is not None
    return box


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("figure", FIGURES)
def test_a_figure_stays_within_its_tile(figure: str, size: int) -> None:
    """In the middle of the width, a pixel or more from the tile's edge, and above the pips."""
    cut, grid = Stencil(size), GRIDS[size]
    write(cut, figure, grid)
    left, top, right, bottom = inked(cut)
    assert left >= 1
    assert right <= size - 1
    assert top >= grid.top >= 1
    assert bottom <= grid.top + grid.cap < grid.pip_top
    assert abs(left - (size - right)) <= grid.stem + 1


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("figure", ["2.4", "4.7", "5.5", "7.1", "8.8", "12", "48", "77"])
def test_the_octagon_cuts_no_digit(figure: str, size: int) -> None:
    """It takes half a pixel at most off a figure; at 16 px, one and a half off a square "5.5"."""
    cut, grid = Stencil(size), GRIDS[size]
    write(cut, figure, grid)
    lost = sum(without(cut.coverage(), tile(size, 0, grid.octagon)).tobytes()) / 255
    assert lost <= (1.5 if size == 16 else 0.5)


@pytest.mark.parametrize("size", SIZES)
def test_a_mark_covers_no_foot(size: int) -> None:
    """The figure ends above the marks in the lower corners."""
    grid = GRIDS[size]
    assert grid.top + grid.cap <= size - grid.mark


@pytest.mark.parametrize("size", SIZES)
def test_both_halves_of_an_8_are_alike(size: int) -> None:
    """The grid leaves an even number of rows for the two rings."""
    grid = GRIDS[size]
    assert (grid.cap - 3 * grid.bar) % 2 == 0


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("level", [1, 2, 3, 4])
def test_pips_stand_in_the_middle(level: int, size: int) -> None:
    """One to three pips, then a bar."""
    cut, grid = Stencil(size), GRIDS[size]
    pips(cut, level, grid.rim, size - grid.rim, grid)
    left, top, right, bottom = inked(cut)
    assert (top, bottom) == (grid.pip_top, grid.pip_top + grid.pip_height)
    assert abs(left - (size - right)) <= 1
    row = cut.coverage().crop((0, top, size, top + grid.pip_height // 2 + 1)).resize((size, 1))
    solid = [row.getpixel((x, 0)) for x in range(size)]
    pieces = sum(1 for x in range(1, size) if solid[x] and not solid[x - 1])
    assert pieces == (1 if level == 4 else level)


@pytest.mark.parametrize("size", SIZES)
def test_each_bar_is_taller_than_the_one_before(size: int) -> None:
    """They stand on one line, inside the margin, without touching."""
    bottom = size - margin(size)
    tops, rights = [], []
    for number in range(4):
        cut = Stencil(size)
        bars(cut, range(number, number + 1), bottom)
        left, top, right, low = inked(cut)
        assert low == bottom
        assert not rights or left >= rights[-1]
        tops.append(top)
        rights.append(right)
    assert tops == sorted(tops, reverse=True)
    assert len(set(tops)) == 4
    assert rights[-1] <= size - margin(size) + 1
