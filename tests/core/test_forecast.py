"""How long memory takes to a level."""

from __future__ import annotations

import itertools
import math
import random
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.made import mb
from tray_app.core.forecast import (
    HORIZON_SPANS,
    NO_OUTLOOK,
    POINTS_MAX,
    Forecast,
    Kind,
    Line,
    Outlook,
    add,
)


def outlook_of(*points: tuple[float, float]) -> Outlook:
    """The outlook after these (second, MB) points."""
    outlook = NO_OUTLOOK
    for at_s, memory_mb in points:
        outlook = add(outlook, at_s, mb(memory_mb))
    return outlook


def climb(rate_mb_s: float, for_s: float, from_mb: float = 500.0) -> list[tuple[float, float]]:
    """A reading every 2 s."""
    return [(at_s, from_mb + rate_mb_s * at_s) for at_s in range(0, round(for_s) + 1, 2)]


def test_a_straight_climb_has_a_line() -> None:
    """Its rate, where it is, and how long it has been going on."""
    line = outlook_of(*climb(20, 20)).shown
    assert line is not None
    assert line.rate_bytes_s == pytest.approx(mb(20))
    assert line.now_bytes == pytest.approx(mb(900))
    assert line.seconds_to(mb(1300)) == pytest.approx(20)
    assert line.span_s == 20


def test_what_is_passed_or_too_far_ahead_is_not_told() -> None:
    """A climb of 10 s says nothing of the next hour."""
    line = Line(mb(1000), mb(10), 10.0)
    assert line.seconds_to(mb(900)) is None
    assert line.seconds_to(mb(1000 + 10 * 10 * HORIZON_SPANS)) is not None
    assert line.seconds_to(mb(1001 + 10 * 10 * HORIZON_SPANS)) is None


@pytest.mark.parametrize(
    "points",
    [
        climb(20, 6),  # too short
        climb(0.3, 120),  # too slow
        [(2.0 * n, 500.0 + 400 * (n >= 5)) for n in range(12)],  # a step
        [(2.0 * n, 500.0 + 20 * min(2 * n, 20)) for n in range(16)],  # over
        [(2.0 * n, 900.0 - 20 * n) for n in range(16)],  # falling
        [(2.0 * n, 500.0 + 200 * (n % 2)) for n in range(16)],  # swinging
    ],
)
def test_what_is_not_a_straight_climb_has_none(points: list[tuple[float, float]]) -> None:
    """Too short, too slow, a step, a climb that is over, a fall, a swing."""
    assert outlook_of(*points).shown is None


def test_a_line_shows_when_it_has_held() -> None:
    """One reading more."""
    shown = [outlook_of(*climb(20, 20)[: count + 1]).shown is not None for count in range(10)]
    assert shown.index(True) == 5
    assert all(shown[5:])


def test_it_vanishes_at_once_when_the_climb_is_over() -> None:
    """Within three readings, and stays away."""
    points = [*climb(20, 20), *((22.0 + 2 * n, 900.0) for n in range(20))]
    shown = [outlook_of(*points[: count + 1]).shown is not None for count in range(len(points))]
    assert shown[10]
    assert not any(shown[14:])


@pytest.mark.parametrize("seed", range(20))
def test_it_does_not_flicker_in_noise(seed: int) -> None:
    """Over a minute of a noisy climb it appears at most twice."""
    dice, outlook, shown = random.Random(seed), NO_OUTLOOK, list[bool]()
    for at_s, memory_mb in climb(20, 60):
        outlook = add(outlook, at_s, mb(memory_mb * (1 + dice.uniform(-0.05, 0.05))))
        shown.append(outlook.shown is not None)
    appears = sum(now and not before for before, now in itertools.pairwise(shown))
    assert 1 <= appears <= 2


def test_noise_makes_it_err_by_less_than_a_fifth() -> None:
    """5 % of noise, 60 s before the limit: the median of 60 climbs."""
    errors = []
    for seed in range(60):
        dice, outlook = random.Random(seed), NO_OUTLOOK
        for at_s, memory_mb in climb(20, 40, from_mb=1000):
            outlook = add(outlook, at_s, mb(memory_mb * (1 + dice.uniform(-0.05, 0.05))))
        seconds = outlook.shown.seconds_to(mb(3000)) if outlook.shown else None
        if seconds is not None:
            errors.append(abs(seconds - 60) / 60)
    assert len(errors) > 45
    assert median(errors) < 0.2


def test_points_that_come_too_soon_are_left_out() -> None:
    """Quick looks say nothing more of a line."""
    assert len(outlook_of(*((0.25 * n, 500) for n in range(17))).times_s) == 5


def test_what_interrupts_a_person_must_be_near_and_well_known() -> None:
    """Below a minute, and after a climb as long as what is left, 11 s at least."""
    assert Forecast(Kind.CRITICAL, 59.0, 70.0).imminent
    assert not Forecast(Kind.CRITICAL, 61.0, 70.0).imminent
    assert Forecast(Kind.CRITICAL, 19.0, 20.0).imminent
    assert not Forecast(Kind.CRITICAL, 21.0, 20.0).imminent
    assert not Forecast(Kind.CRITICAL, 1.0, 10.0).imminent


@given(st.lists(st.tuples(st.floats(0, 3), st.integers(0, mb(6000))), max_size=150))
def test_whatever_comes_it_stays_bounded_and_finite(steps: list[tuple[float, int]]) -> None:
    """Also clocks that stand still."""
    outlook, now_s = NO_OUTLOOK, 1e6
    for step_s, memory_bytes in steps:
        now_s += step_s
        outlook = add(outlook, now_s, memory_bytes)
        assert len(outlook.times_s) == len(outlook.figures) <= POINTS_MAX
        if outlook.shown:
            assert outlook.shown.rate_bytes_s > 0
            assert math.isfinite(outlook.shown.now_bytes)


@pytest.mark.parametrize("stairs_mb", [(300, 1400, 2100), (300, 900, 1500, 2100)])
def test_stairs_are_no_line(stairs_mb: tuple[int, ...]) -> None:
    """Memory that goes up at a stroke and then stays, twice or three times, foretells nothing."""
    outlook, now_s = NO_OUTLOOK, 0.0
    for stair_mb in stairs_mb:
        for _ in range(26):
            now_s += 2.0
            outlook = add(outlook, now_s, mb(stair_mb))
            assert outlook.shown is None
