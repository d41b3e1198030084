"""The rate of change."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.made import mb
from tray_app.core.analysis.rate import (
    MAX_POINTS,
    MIN_SPAN_S,
    WINDOW_S,
    Trend,
    is_still,
    rate_bytes_s,
    update,
)


def trend_of(*points: tuple[float, float]) -> Trend:
    """The trend after these (second, MB) points."""
    trend = Trend()
    for at_s, memory_mb in points:
        trend = update(trend, at_s, mb(memory_mb))
    return trend


def test_a_steady_climb_has_its_slope() -> None:
    """In bytes per second."""
    trend = trend_of(*((2.0 * n, 100 + 24 * n) for n in range(6)))
    assert rate_bytes_s(trend) == pytest.approx(mb(12))


def test_a_fall_is_negative() -> None:
    """Memory that goes down has a negative rate."""
    trend = trend_of((0, 500), (2, 480), (4, 460))
    assert rate_bytes_s(trend) == pytest.approx(-mb(10))


def test_two_points_are_no_trend() -> None:
    """Nor are many in a short time: that is noise."""
    assert rate_bytes_s(Trend()) is None
    assert rate_bytes_s(trend_of((0, 100), (2, 200))) is None
    assert rate_bytes_s(trend_of((0, 100), (0.2, 120), (0.4, 140), (0.6, 160))) is None


def test_what_is_older_than_the_window_is_forgotten() -> None:
    """An old climb says nothing of the last 20 s."""
    climb = [(float(n), 10.0 * n) for n in range(60)]
    still = [(60.0 + 2 * n, 600.0) for n in range(11)]
    assert rate_bytes_s(trend_of(*climb, *still)) == pytest.approx(0, abs=mb(0.5))


@pytest.mark.parametrize("every_s", [0.25, 1.0, 2.0, 10.0])
@pytest.mark.parametrize("by_mb", [-90, 90])
def test_a_change_that_is_over_is_steady_at_once(every_s: float, by_mb: int) -> None:
    """With the first readings that show no change over 1.5 s; before, it is told."""
    before = [(every_s * n, 500.0) for n in range(-12, 0)]
    change = [(every_s * n, 500.0 + by_mb * n / 4) for n in range(5)]
    moving = rate_bytes_s(trend_of(*before, *change))
    assert moving is not None
    assert moving * by_mb > 0
    needs = max(1, math.ceil(MIN_SPAN_S / every_s))
    after = [(every_s * (4 + n), 500.0 + by_mb) for n in range(1, 20)]
    for count in range(needs, len(after)):
        rate = rate_bytes_s(trend_of(*before, *change, *after[:count]))
        assert rate == pytest.approx(0, abs=1)


def test_a_fall_then_a_climb_is_neither_for_a_moment() -> None:
    """The window still falls while its newest part climbs; then it climbs."""
    fall = [(0.0, 900.0), (2.0, 600.0), (4.0, 300.0)]
    assert rate_bytes_s(trend_of(*fall, (6.0, 320.0))) == 0
    climbs = rate_bytes_s(trend_of(*fall, (6.0, 320.0), (8.0, 340.0), (10.0, 360.0)))
    assert climbs == pytest.approx(mb(10))


def test_noise_of_an_idle_server_stays_steady() -> None:
    """Readings that go up and down by 1 MB: what both agree on is never more than the window's."""
    dice, trend = random.Random(1), Trend()
    for n in range(200):
        trend = update(trend, 2.0 * n, mb(800 + dice.uniform(-1, 1)))
        rate = rate_bytes_s(trend)
        assert rate is None or abs(rate) < mb(0.5)


def test_standing_still_takes_a_whole_window() -> None:
    """Over 5 s at least, and all of it."""
    still = [(2.0 * n, 1600.0) for n in range(4)]
    assert not is_still(trend_of(*still[:3]), mb(1))
    assert is_still(trend_of(*still), mb(1))
    assert not is_still(trend_of((-2.0, 300.0), *still[:3]), mb(1))


def test_points_at_one_moment_have_no_slope() -> None:
    """A clock that stands still does not divide by zero."""
    assert rate_bytes_s(trend_of((5, 1), (5, 2), (5, 3))) is None


@given(st.lists(st.floats(0, 0.5), max_size=400))
def test_the_memory_of_a_trend_is_bounded(steps_s: list[float]) -> None:
    """However fast the samples come, points stay few and within the window."""
    trend, now_s = Trend(), 0.0
    for step_s in steps_s:
        now_s += step_s
        trend = update(trend, now_s, 1)
    assert len(trend.points) <= MAX_POINTS
    assert all(now_s - at_s <= WINDOW_S for at_s, _ in trend.points)
