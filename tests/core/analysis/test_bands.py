"""The four colours."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.made import mb
from tray_app.core.analysis.bands import Band, BandLimits, BandState, update

LIMITS = BandLimits()
ORDER = [Band.GREEN, Band.YELLOW, Band.ORANGE, Band.RED]


def bands_of(*memory_mb: float | None) -> list[Band]:
    """The bands shown for these readings in a row, from the start."""
    state, bands = BandState(), []
    for figure in memory_mb:
        state = update(state, None if figure is None else mb(figure), LIMITS)
        bands.append(state.band)
    return bands


@pytest.mark.parametrize(
    ("memory_bytes", "band"),
    [
        (0, Band.GREEN),
        (mb(500) - 1, Band.GREEN),
        (mb(500), Band.YELLOW),
        (mb(1000) - 1, Band.YELLOW),
        (mb(1000), Band.ORANGE),
        (mb(2000), Band.ORANGE),
        (mb(2000) + 1, Band.RED),
        (mb(10**6), Band.RED),
    ],
)
def test_limits_are_in_megabytes_of_1024_squared(memory_bytes: int, band: Band) -> None:
    """Green below 500, yellow from 500, orange from 1000, red above 2000."""
    assert LIMITS.band(memory_bytes) is band


def test_a_band_rises_at_once() -> None:
    """One reading is enough, also over several bands."""
    assert bands_of(100, 600, 2500) == [Band.GREEN, Band.YELLOW, Band.RED]


def test_a_band_falls_after_two_readings_just_below_it() -> None:
    """The first reading below keeps the colour, the second one gives its own."""
    assert bands_of(2500, 1900, 1900) == [Band.RED, Band.RED, Band.ORANGE]
    assert bands_of(2500, 1900, 100) == [Band.RED, Band.RED, Band.GREEN]


def test_a_band_falls_at_once_where_memory_is_a_tenth_below_it() -> None:
    """The figure is another then, and the colour changes with it."""
    assert bands_of(1200, 800) == [Band.ORANGE, Band.YELLOW]
    assert bands_of(2500, 1799) == [Band.RED, Band.ORANGE]
    assert bands_of(2500, 1800) == [Band.RED, Band.RED]
    assert bands_of(600, 449) == [Band.YELLOW, Band.GREEN]


def test_the_two_readings_must_be_in_a_row() -> None:
    """A reading at the band itself restarts the count."""
    assert bands_of(600, 460, 600, 460, 600, 460) == [Band.YELLOW] * 6


def test_no_reading_is_unknown_at_once() -> None:
    """And the reading after it is shown as it is, without the memory of what was before."""
    assert bands_of(2500, None, 100) == [Band.RED, Band.UNKNOWN, Band.GREEN]


def test_limits_can_be_set() -> None:
    """The user's limits replace the defaults."""
    limits = BandLimits(yellow_mb=10, orange_mb=20, red_mb=30)
    assert [limits.band(mb(figure)) for figure in (9, 10, 20, 31)] == ORDER


@given(st.lists(st.integers(0, mb(5000)), min_size=1))
def test_the_band_shown_is_never_lower_than_the_readings(readings: list[int]) -> None:
    """Whatever comes, danger is never shown too low, and two equal readings settle it."""
    state = BandState()
    for reading in readings:
        state = update(state, reading, LIMITS)
        assert ORDER.index(state.band) >= ORDER.index(LIMITS.band(reading))
    for _ in range(2):
        state = update(state, readings[-1], LIMITS)
    assert state.band is LIMITS.band(readings[-1])
