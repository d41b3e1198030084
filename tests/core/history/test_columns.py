"""Columns as short JSON."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tray_app.core.history.columns import coded, coded_times, decoded

FIGURES = st.lists(st.one_of(st.none(), st.integers(-(2**45), 2**45)), max_size=60)


@given(FIGURES)
def test_whole_values_come_back_exactly(values: list[int | None]) -> None:
    """Unknown ones, too."""
    assert decoded(coded(values)) == values


@given(st.lists(st.integers(0, 2**43), max_size=60))
def test_moments_come_back_exactly(values: list[int]) -> None:
    """Also where the clock was set back."""
    assert decoded(coded_times(values)) == values


def test_parts_are_kept() -> None:
    """A percentage has one decimal, as in the export."""
    assert decoded(coded([12.34, None, 99.96], parts=10)) == [12.3, None, 100.0]


def test_what_does_not_change_costs_next_to_nothing() -> None:
    """A run is one entry; the unit is shared."""
    column = coded([8192] * 1000 + [12288] + [None] * 500)
    assert (column.first, column.unit) == (8192, 4096)
    assert column.diffs == [[1000], 1, [-500]]


def test_steady_times_are_a_run() -> None:
    """The interval stands there once."""
    assert coded_times(list(range(0, 20000, 2000))).diffs == [0, 2000, [8]]
