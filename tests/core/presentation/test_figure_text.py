"""Lines and columns of figures."""

from __future__ import annotations

from tests.core.presentation.samples import HEALTHY, NOTHING
from tray_app.core.presentation import figure_text


def test_columns_are_as_wide_with_and_without_a_figure() -> None:
    """Lines below each other are compared by their places."""
    for column in (figure_text.memory_column, figure_text.source_column):
        assert len(column(HEALTHY)) == len(column(NOTHING))


def test_the_activity_is_unknown_without_a_reading() -> None:
    """An idle server would be another thing."""
    assert figure_text.activity(HEALTHY) == "idle"
    assert figure_text.activity(NOTHING) == "–"


def test_a_source_that_gives_nothing_is_no_source() -> None:
    """The line has the reason."""
    assert figure_text.source_line(HEALTHY) == "Source: API"
    assert figure_text.source_line(NOTHING).startswith("No source: ")
