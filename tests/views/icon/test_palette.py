"""The icon's colours."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tray_app.core.analysis.bands import Band
from tray_app.core.presentation.icon import Palette, Theme
from tray_app.views.icon.palette import BLACK, CALM, COLOURS, WHITE, Colour, ink_on, shade

CHANNEL = st.integers(0, 255)


def luminance(colour: Colour) -> float:
    """As WCAG 2.1 defines it."""
    parts = [channel / 255 for channel in colour]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: Colour, other: Colour) -> float:
    """From 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@given(st.tuples(CHANNEL, CHANNEL, CHANNEL))
def test_ink_reads_on_any_ground(ground: Colour) -> None:
    """3:1 or more, white where it can be."""
    ink = ink_on(ground)
    assert contrast(ink, ground) >= 3
    assert (ink == WHITE) is (contrast(WHITE, ground) >= 3)


def test_each_palette_has_a_colour_of_its_own_for_each_band() -> None:
    """And each theme a calm one."""
    for palette in Palette:
        assert set(COLOURS[palette]) == set(Band)
        assert len(set(COLOURS[palette].values())) == len(Band)
    assert set(CALM) == set(Theme)


def test_a_shade_is_darker() -> None:
    """In all channels."""
    assert shade((100, 200, 40), 0.5) == (50, 100, 20)
    assert shade(BLACK, 1.0) == BLACK
