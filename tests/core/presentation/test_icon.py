"""The figure on the icon."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.made import mb
from tray_app.core.analysis.course import Course, update
from tray_app.core.model.readings import GIB
from tray_app.core.presentation.icon import COLUMNS, STEPS, columns_of, figure_of


@pytest.mark.parametrize(
    ("gigabytes", "figure"),
    [
        (0, ".0"),
        (0.049, ".0"),
        (0.051, ".1"),
        (0.31, ".3"),
        (0.5, ".5"),
        (0.949, ".9"),
        (0.951, "1.0"),
        (1, "1.0"),
        (1.5, "1.5"),
        (1.96, "2.0"),
        (9.949, "9.9"),
        (9.951, "10"),
        (12, "12"),
        (12.5, "13"),
        (98.4, "98"),
        (98.5, "99"),
        (99, "99"),
        (4096, "99"),
    ],
)
def test_memory_is_written_in_two_digits(gigabytes: float, figure: str) -> None:
    """Tenths below ten GB, whole GB from there, and the rounded value chooses the form."""
    assert figure_of(round(gigabytes * GIB)) == figure


def test_no_reading_is_no_figure() -> None:
    """Unknown memory is not written as a number."""
    assert figure_of(None) == ""


@given(st.integers(0, 2**50))
def test_a_figure_is_near_the_memory_it_stands_for(memory_bytes: int) -> None:
    """It has two or three glyphs, and is off by at most half of its last place."""
    figure = figure_of(memory_bytes)
    assert len(figure) in (2, 3)
    gigabytes = memory_bytes / GIB
    if gigabytes < 99:
        assert abs(float(figure) - gigabytes) <= (0.0501 if "." in figure else 0.501)


def filled(*values_mb: float | None) -> Course:
    """Each figure for 50 s, the last one up to 10 min."""
    state = Course()
    for number, value_mb in enumerate(values_mb, COLUMNS - len(values_mb)):
        memory_bytes = None if value_mb is None else int(mb(value_mb))
        for second in range(0, 50, 2):
            state = update(state, 50 * number + second, memory_bytes, None, 2.0)
    return state


def test_columns_are_full_at_the_red_limit() -> None:
    """So that calm memory is low and flat. Nothing is drawn where nothing is known."""
    past = filled(20, 210, 190, None, None, 1000, 1990)
    assert columns_of(past, 598.0, mb(2000)) == (0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 5, 10)


def test_columns_never_leave_the_picture() -> None:
    """Above the red limit the highest is full, and the others keep their proportion."""
    assert columns_of(filled(2000, 8000), 598.0, mb(2000))[-2:] == (2, STEPS)
    assert columns_of(Course(), 0.0, mb(2000)) == (0,) * COLUMNS


def test_some_noise_is_no_other_picture() -> None:
    """The icon is sent again only where a column is another one."""
    drawn = set()
    for second in range(0, 600, 2):
        past = filled(*[342] * COLUMNS)
        past = update(past, 600 + second, int(mb(342 + second % 9)), None, 2.0)
        drawn.add(columns_of(past, 600.0 + second, mb(2000))[-1])
    assert drawn == {2}
