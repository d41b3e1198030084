"""The figure on the icon."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tray_app.core.model.readings import GIB
from tray_app.core.presentation.icon import figure_of


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
