"""The last minutes in a line."""

from __future__ import annotations

import pytest

from tests.core.made import mb
from tray_app.core.analysis.course import Course, update
from tray_app.core.presentation import recent_text
from tray_app.core.presentation.recent_text import MENU_CELLS, TOOLTIP_CELLS, sparkline

SPAN_S = 600


def course(*values_mb: float | None, part_s: int = 30) -> Course:
    """Each figure for so many seconds, the last one up to the end of 10 min."""
    state, first_s = Course(), SPAN_S - part_s * len(values_mb)
    for number, value_mb in enumerate(values_mb):
        memory_bytes = None if value_mb is None else int(mb(value_mb))
        for second in range(0, part_s, 2):
            state = update(state, first_s + part_s * number + second, memory_bytes, None, 2.0)
    return state


NOW_S = SPAN_S - 2.0


def test_the_last_ten_minutes_are_twenty_blocks() -> None:
    """The lowest is the least of them, the highest the most."""
    video = [342] * 8 + [500, 900, 1400, 1900, 2300, 2500, 2400, 1100, 600, 500, 400, 400]
    line = sparkline(course(*video), NOW_S, TOOLTIP_CELLS)
    assert line == "▁▁▁▁▁▁▁▁▂▃▄▆▇██▃▂▂▁▁"


@pytest.mark.parametrize("base_mb", [20, 342, 2100, 9000])
def test_calm_memory_is_a_flat_line(base_mb: int) -> None:
    """Some MB up and down are no course."""
    line = sparkline(course(*(base_mb + 15 * (n % 2) for n in range(20))), NOW_S, TOOLTIP_CELLS)
    assert line == "▁" * 20


def test_a_part_without_a_figure_is_a_dot() -> None:
    """Not one before the first figure: the line is shorter then."""
    line = sparkline(course(300, 300, None, None, 2000), NOW_S, TOOLTIP_CELLS)
    assert line == "▁▁··█"


def test_too_little_draws_nothing() -> None:
    """Two parts have no course."""
    assert sparkline(course(300, 2000), NOW_S, TOOLTIP_CELLS) == ""
    assert sparkline(Course(), 0.0, MENU_CELLS) == ""
    assert recent_text.tooltip_line(course(300, 2000), NOW_S) == ""
    assert recent_text.label("Alerts", Course(), 0.0) == "Alerts"


def test_the_figures_are_beside_it() -> None:
    """The least and the most, and of how long."""
    past = course(*[342.0] * 10, *[2499.0] * 10)
    assert recent_text.extent(past, NOW_S) == "Last 10 min: 342 MB to 2.44 GB"
    assert recent_text.tooltip_line(past, NOW_S) == "▁" * 10 + "█" * 10 + (
        " 342 MB to 2.44 GB in 10 min"
    )
    assert recent_text.extent(course(300, 300, 300, part_s=20), NOW_S) == "Last 58 s: 300 MB"
    assert recent_text.extent(Course(), 0.0) == "Last 10 min: –"


def test_a_row_of_the_menu_has_twelve_blocks() -> None:
    """The longest label leaves room for them."""
    past = course(*[342] * 300, part_s=2)
    text = recent_text.label("History and alerts: not delivered", past, NOW_S)
    assert text == f"History and alerts: not delivered  {'▁' * 12}"
    assert len(text) <= 48
