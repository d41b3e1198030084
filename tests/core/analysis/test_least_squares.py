"""The one least-squares line, against the definition."""

from __future__ import annotations

import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.made import mb
from tray_app.core.analysis.least_squares import fit, newest, prefix, slope, sums

POINTS = st.lists(
    st.tuples(st.integers(0, 1000), st.integers(mb(100), mb(4000))),
    min_size=3,
    max_size=64,
    unique_by=lambda point: point[0],
).map(sorted)


@given(POINTS)
def test_it_is_the_line_of_the_least_squares(points: list[tuple[int, int]]) -> None:
    """As `statistics` has it, which costs too much to import."""
    x, y = zip(*points, strict=True)
    expected = statistics.linear_regression(x, y)
    line = fit(sums(points))
    assert line is not None
    assert line.slope == pytest.approx(expected.slope, rel=1e-6, abs=1e-3)
    origin = expected.intercept + expected.slope * x[0] - y[0]
    assert line.origin == pytest.approx(origin, rel=1e-6, abs=1.0)
    assert slope(sums(points)) == line.slope


@given(POINTS)
def test_how_much_a_line_explains(points: list[tuple[int, int]]) -> None:
    """The square of the correlation."""
    x, y = zip(*points, strict=True)
    if len(set(y)) > 1:
        line = fit(sums(points))
        assert line is not None
        assert line.explained == pytest.approx(statistics.correlation(x, y) ** 2, abs=1e-6)


def test_a_straight_line_is_known_without_error() -> None:
    """Through any number of points, however large the figures are."""
    line = fit(sums([(1e6 + n, 3e9 + 5.0 * n) for n in range(9)]))
    assert line is not None
    assert (line.slope, line.error, line.explained) == pytest.approx((5.0, 0.0, 1.0))


def test_two_points_have_a_slope_but_no_error_that_is_known() -> None:
    """Any line fits two points."""
    line = fit(sums([(0, 0), (2, 6)]))
    assert line is not None
    assert (line.slope, line.error) == (3.0, math.inf)


def test_points_of_one_moment_have_no_line() -> None:
    """Nor has a single one."""
    assert fit(sums([(1, 1), (1, 5)])) is None
    assert slope(sums([(1, 1)])) is None


@given(POINTS, st.data())
def test_the_newest_points_are_summed_from_all(
    points: list[tuple[int, int]], data: st.DataObject
) -> None:
    """One pass serves lines of every length."""
    count = data.draw(st.integers(2, len(points)))
    skip = data.draw(st.integers(0, count - 2))
    part = points[len(points) - count : len(points) - skip]
    whole = prefix(*zip(*points, strict=True))
    assert slope(newest(whole, count, skip)) == pytest.approx(slope(sums(part)), rel=1e-6, abs=1e-3)
