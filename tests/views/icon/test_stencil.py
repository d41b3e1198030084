"""Shapes as coverages."""

from __future__ import annotations

import pytest

from tray_app.views.icon.stencil import Stencil, blank, lay, tile, within, without


def covered(image: object) -> float:
    """Pixels, counted by how much of each is covered."""
    return sum(image.tobytes()) / 255  # type: ignore[attr-defined]


def test_whole_pixels_are_crisp_and_halves_are_half() -> None:
    """A box covers its area."""
    cut = Stencil(16)
    cut.box(2, 3, 6, 8)
    assert set(cut.coverage().tobytes()) == {0, 255}
    assert covered(cut.coverage()) == 20
    half = Stencil(16)
    half.box(2, 3, 6.5, 8)
    assert covered(half.coverage()) == pytest.approx(22.5, abs=0.1)


def test_inside_and_outside_make_the_whole() -> None:
    """Of a tile and a hole in it."""
    whole, hole = tile(24, 0), tile(24, 4, 5.0)
    inside, outside = within(whole, hole), without(whole, hole)
    assert covered(inside) + covered(outside) == pytest.approx(covered(whole), rel=0.01)
    assert whole.getpixel((0, 0)) == 0


def test_colour_goes_where_the_coverage_is() -> None:
    """And nowhere else."""
    image, cut = blank(16), Stencil(16)
    cut.box(4, 4, 12, 12)
    lay(image, (10, 20, 30), cut.coverage())
    assert image.getpixel((8, 8)) == (10, 20, 30, 255)
    assert image.getpixel((0, 0))[3] == 0  # type: ignore[index]
