"""Slow growth while nothing is processed."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable

import pytest

from tests.core.made import facts, mb
from tray_app.core.alerts.idle_growth import (
    NO_GROWTH,
    POINTS_MAX,
    IdleGrowth,
    IdleGrowthState,
    update,
)
from tray_app.core.analysis.activity import Activity, ActivityState

MINUTE_S = 60.0


def watched(
    memory_mb: Callable[[float], float], for_s: float, state: IdleGrowthState = NO_GROWTH
) -> tuple[IdleGrowthState, list[tuple[float, IdleGrowth]]]:
    """The reported growth of this memory, by second."""
    said = []
    for at_s in range(0, round(for_s), 2):
        state, growing = update(state, facts(at_s, mb(memory_mb(at_s))))
        if growing:
            said.append((at_s, growing))
    return state, said


def test_fifteen_minutes_of_straight_growth_are_said() -> None:
    """2 MB a minute: with how much it is."""
    _, said = watched(lambda at_s: 300 + 2 * at_s / MINUTE_S, 17 * MINUTE_S)
    ((at_s, growing),) = said
    assert 15 * MINUTE_S <= at_s <= 16.5 * MINUTE_S
    assert growing.grown_bytes == pytest.approx(mb(30), rel=0.1)


def test_it_is_said_again_when_it_has_doubled() -> None:
    """A day of it is not a notification every quarter of an hour."""
    _, said = watched(lambda at_s: 300 + 2 * at_s / MINUTE_S, 12 * 60 * MINUTE_S)
    grown = [growing.grown_bytes for _, growing in said]
    assert len(grown) == 6
    assert all(after >= 2 * before for before, after in itertools.pairwise(grown))


@pytest.mark.parametrize(
    "memory_mb",
    [
        lambda _: 300.0,
        lambda at_s: 300 + 0.9 * at_s / MINUTE_S,
        lambda at_s: 300.0 if at_s < 600 else 360.0,
        lambda at_s: 300 + min(60.0, at_s / 5),
        lambda at_s: random.Random(at_s).uniform(900, 1100),
    ],
)
def test_what_is_not_is_not_said(memory_mb: Callable[[float], float]) -> None:
    """Flat, too slow, a step, warm-up that ends, noise."""
    assert watched(memory_mb, 60 * MINUTE_S)[1] == []


def test_work_and_a_long_silence_start_over() -> None:
    """And nothing is known of what nobody watched."""
    state, _ = watched(lambda at_s: 300 + 2 * at_s / MINUTE_S, 10 * MINUTE_S)
    assert update(state, facts(601, mb(400), activity=ActivityState(Activity.PROCESSING))) == (
        NO_GROWTH,
        None,
    )
    assert update(state, facts(601, None)) == (state, None)
    assert update(state, facts(2000, mb(400)))[0].points == ()


def test_it_stays_bounded() -> None:
    """Over a day."""
    state, _ = watched(lambda at_s: 300 + at_s % 7, 24 * 60 * MINUTE_S)
    assert len(state.points) == POINTS_MAX
