"""Expensive readings take at most 2 % of the time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tray_app.sources.processes.duty_cycle import DutyCycle


class Clock:
    """Counts the seconds that calls take."""

    def __init__(self) -> None:
        self.spent_s = 0.0

    def __call__(self) -> float:
        return self.spent_s

    def call(self, cost_s: float, *, fails: bool = False) -> str:
        self.spent_s += cost_s
        if fails:
            raise OSError("gone")
        return "result"


def test_a_call_is_followed_by_50_times_its_cost() -> None:
    """The first one may be made at once."""
    clock = Clock()
    duty = DutyCycle(clock)
    assert duty.is_ready(0.0)
    assert duty.run(0.0, lambda: clock.call(0.1)) == "result"
    assert not duty.is_ready(4.9)
    assert duty.is_ready(5.1)


def test_a_call_that_fails_costs_as_much() -> None:
    """Its failure reaches the caller."""
    clock = Clock()
    duty = DutyCycle(clock)
    with pytest.raises(OSError, match="gone"):
        duty.run(0.0, lambda: clock.call(0.1, fails=True))
    assert not duty.is_ready(4.9)


@given(st.lists(st.floats(0.0001, 1.0), min_size=5, max_size=30))
def test_calls_take_at_most_2_percent(costs_s: list[float]) -> None:
    """Over any series of calls, with the pause after the last one."""
    clock, now_s = Clock(), 0.0
    duty = DutyCycle(clock)
    for cost_s in costs_s:
        while not duty.is_ready(now_s):
            now_s += 0.5
        duty.run(now_s, lambda cost_s=cost_s: clock.call(cost_s))  # type: ignore[misc]
    while not duty.is_ready(now_s):
        now_s += 0.5
    assert clock.spent_s <= 0.02 * now_s + 1e-9
