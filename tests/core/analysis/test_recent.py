"""The average of the last minutes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tray_app.core.analysis.recent import (
    BUCKETS,
    STEP_MAX_S,
    Average,
    RecentMemory,
    average,
    update,
)


def after(*readings: tuple[float, int | None]) -> RecentMemory:
    """The state after these figures at these moments."""
    state = RecentMemory()
    for now_s, memory_bytes in readings:
        state = update(state, now_s, memory_bytes)
    return state


def test_each_figure_counts_for_its_time() -> None:
    """Two samples in a row count no more than one."""
    state = after((0, 100), (40, 100), (60, 400), (60.1, 400), (80, 400))
    found = average(state, 80)
    assert found is not None
    assert found.known_s == pytest.approx(80)
    assert found.memory_bytes == pytest.approx((40 * 100 + 40 * 400) / 80)


def test_there_is_none_in_the_first_minute() -> None:
    """It would only be the figure."""
    assert average(after((0, 100), (50, 100)), 50) is None
    assert average(after((0, 100), (60, 100)), 60) == Average(100, 60)


def test_old_minutes_are_forgotten() -> None:
    """After ten, give or take one, also where nothing new comes."""
    state = after(*((second, 1000) for second in range(0, 61, 2)))
    state2 = after(*((second, 1000 if second <= 60 else 100) for second in range(0, 1000, 2)))
    found = average(state2, 998)
    assert found is not None
    assert found.memory_bytes == pytest.approx(100)
    assert 540 <= found.known_s <= 660
    assert average(state, 998) is None


def test_nothing_is_known_of_a_gap() -> None:
    """Sleep, a pause, and samples without a figure."""
    state = after((0, 100), (50, 100), (60, None), (50 + 2 * STEP_MAX_S, 900), (190, 900))
    found = average(state, 190)
    assert found is not None
    assert found.known_s == pytest.approx(70)
    assert found.memory_bytes == pytest.approx((50 * 100 + 20 * 900) / 70)


@given(st.lists(st.tuples(st.floats(0, 200), st.one_of(st.none(), st.integers(0, 2**40)))))
def test_it_lies_between_the_figures_and_takes_no_room(
    steps: list[tuple[float, int | None]],
) -> None:
    """Whatever comes."""
    state, now_s, seen = RecentMemory(), 0.0, []
    for step_s, memory_bytes in steps:
        now_s += step_s
        state = update(state, now_s, memory_bytes)
        seen += [] if memory_bytes is None else [memory_bytes]
        assert len(state.buckets) <= BUCKETS + 2
        if found := average(state, now_s):
            assert min(seen) * 0.999 <= found.memory_bytes <= max(seen) * 1.001
