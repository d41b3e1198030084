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
from tray_app.core.alerts import forecast
from tray_app.core.alerts.forecast import (
    HORIZON_SPANS,
    NO_FORECAST,
    OVERDUE_S,
    POINTS_MAX,
    SLIP_PART,
    Forecast,
    ForecastKind,
    ForecastState,
    Goal,
    foresee,
    update,
)
from tray_app.core.analysis.job_profiles import Ends


def outlook_of(*points: tuple[float, float]) -> ForecastState:
    """The outlook after these (second, MB) points."""
    outlook = NO_FORECAST
    for at_s, memory_mb in points:
        outlook = update(outlook, at_s, mb(memory_mb))
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
    assert line.needs_s(mb(1300)) == pytest.approx(20)
    assert line.span_s == 20


def seconds_to(outlook: ForecastState, now_s: float, limit_mb: float) -> float | None:
    """When it is critical, if that is foreseen."""
    _, ahead = foresee(
        outlook, now_s, outlook.figures[-1], [Goal(ForecastKind.CRITICAL, mb(limit_mb))]
    )
    return ahead[0].seconds if ahead else None


def test_what_is_passed_or_too_far_ahead_is_not_told() -> None:
    """A climb of 10 s says nothing of the next hour."""
    outlook = outlook_of(*climb(10, 10))
    assert seconds_to(outlook, 10.0, 500) is None
    assert seconds_to(outlook, 10.0, 599 + 100 * HORIZON_SPANS) is not None
    assert seconds_to(outlook, 10.0, 601 + 100 * HORIZON_SPANS) is None


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


def test_a_line_shows_after_it_has_lasted() -> None:
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
    """Over a minute of a climb with 5 % of noise it appears at most four times, mostly once: where
    the newest 5 s do not climb there is none, and of few readings nobody can tell that from noise.
    """
    dice, outlook, shown = random.Random(seed), NO_FORECAST, list[bool]()
    for at_s, memory_mb in climb(20, 60):
        outlook = update(outlook, at_s, mb(memory_mb * (1 + dice.uniform(-0.05, 0.05))))
        shown.append(outlook.shown is not None)
    appears = sum(now and not before for before, now in itertools.pairwise(shown))
    assert 1 <= appears <= 4


def test_noise_makes_it_err_by_less_than_a_fifth() -> None:
    """5 % of noise, 60 s before the limit: the median of 60 climbs."""
    errors = []
    for seed in range(60):
        dice, outlook = random.Random(seed), NO_FORECAST
        for at_s, memory_mb in climb(20, 40, from_mb=1000):
            outlook = update(outlook, at_s, mb(memory_mb * (1 + dice.uniform(-0.05, 0.05))))
        seconds = seconds_to(outlook, 40.0, 3000)
        if seconds is not None:
            errors.append(abs(seconds - 60) / 60)
    assert len(errors) > 30
    assert median(errors) < 0.2


def test_points_that_come_too_soon_are_left_out() -> None:
    """Fast polls say nothing more of a line."""
    assert len(outlook_of(*((0.25 * n, 500) for n in range(17))).times_s) == 5


def test_what_interrupts_a_person_must_be_near_and_well_known() -> None:
    """Below a minute, and nine times in ten; three readings before, one time in two."""
    assert Forecast(ForecastKind.CRITICAL, 59.0, likely=0.9).imminent
    assert not Forecast(ForecastKind.CRITICAL, 61.0, likely=1.0).imminent
    assert not Forecast(ForecastKind.CRITICAL, 6.0, likely=0.89).imminent
    assert Forecast(ForecastKind.CRITICAL, 5.9, likely=0.5).imminent
    assert not Forecast(ForecastKind.CRITICAL, 1.0, likely=0.49).imminent


def test_of_any_climb_the_part_that_is_used_is_the_chance() -> None:
    """Half of those that get to half of a size get to the whole."""
    assert Goal(ForecastKind.CRITICAL, mb(3000), 0.5).likely == 0.5
    assert Goal(ForecastKind.CRITICAL, mb(3000), 1.02).likely == 1.0


def test_each_earlier_job_counts_as_much_as_what_holds_of_any_climb() -> None:
    """Whether it reached the goal or ended below it."""
    goal = Goal(ForecastKind.CRITICAL, mb(3000), 0.6)
    assert goal._replace(ends=Ends(0, 3)).likely == pytest.approx(0.9)
    assert goal._replace(ends=Ends(3, 0)).likely == pytest.approx(0.15)
    assert goal._replace(ends=Ends(1, 1)).likely == pytest.approx(1.6 / 3)


def test_what_most_jobs_that_got_as_far_did_not_reach_is_forecast_nothing() -> None:
    """Where as many reached it as did not, it is."""
    outlook = outlook_of(*climb(100, 10))
    for ends, count in ((Ends(2, 1), 0), (Ends(1, 1), 1), (Ends(0, 0), 1)):
        goal = Goal(ForecastKind.CRITICAL, mb(1300), 0.8, ends)
        assert len(foresee(outlook, 10.0, mb(1000), [goal])[1]) == count


@given(st.lists(st.tuples(st.floats(0, 3), st.integers(0, mb(6000))), max_size=150))
def test_whatever_comes_it_stays_bounded_and_finite(steps: list[tuple[float, int]]) -> None:
    """Also clocks that stand still."""
    outlook, now_s = NO_FORECAST, 1e6
    for step_s, memory_bytes in steps:
        now_s += step_s
        outlook = update(outlook, now_s, memory_bytes)
        assert len(outlook.times_s) == len(outlook.figures) <= POINTS_MAX
        if outlook.shown:
            assert outlook.shown.rate_bytes_s > 0
            assert math.isfinite(outlook.shown.now_bytes)


@pytest.mark.parametrize("stairs_mb", [(300, 1400, 2100), (300, 900, 1500, 2100)])
def test_stairs_are_no_line(stairs_mb: tuple[int, ...]) -> None:
    """Memory that goes up at a stroke and then stays, twice or three times, foretells nothing."""
    outlook, now_s = NO_FORECAST, 0.0
    for stair_mb in stairs_mb:
        for _ in range(26):
            now_s += 2.0
            outlook = update(outlook, now_s, mb(stair_mb))
            assert outlook.shown is None


def foreseen(points: list[tuple[float, float]], limit_mb: float) -> list[Forecast | None]:
    """The result after each of these points."""
    outlook, told = NO_FORECAST, list[Forecast | None]()
    for at_s, memory_mb in points:
        outlook = update(outlook, at_s, mb(memory_mb))
        outlook, ahead = foresee(
            outlook, at_s, mb(memory_mb), [Goal(ForecastKind.CRITICAL, mb(limit_mb))]
        )
        told.append(ahead[0] if ahead else None)
    return told


@pytest.mark.parametrize("rate_mb_s", [3, 20, 90])
def test_none_is_said_when_the_newest_seconds_do_not_climb(rate_mb_s: float) -> None:
    """From the first reading on that shows no climb."""
    points = climb(rate_mb_s, 30)
    stands = [(32.0 + 2 * n, points[-1][1]) for n in range(10)]
    told = foreseen([*points, *stands], 500 + rate_mb_s * 50)
    assert told[15] is not None
    assert told[16:] == [None] * 10


# Seconds and MB from a run of 20 min: ffprobe comes and goes at first, then memory stands.
STANDS_AFTER_NOISE = [
    *((1.0, 405.4), (2.01, 420.3), (3.21, 411.4), (4.78, 413.4), (6.3, 419.4)),
    *((7.28, 439.7), (9.29, 436.9), (11.26, 457.0), (13.27, 457.0), (15.27, 457.0)),
    *((17.27, 457.0), (19.26, 457.0), (21.26, 457.0)),
]


def test_the_newest_seconds_have_a_rate_of_their_own() -> None:
    """Noise may hide a standstill from a line, and never from its newest 5 s."""
    assert forecast.newest_rate_bytes_s(outlook_of(*STANDS_AFTER_NOISE)) == 0.0
    assert forecast.newest_rate_bytes_s(outlook_of(*climb(20, 20))) == pytest.approx(mb(20))
    assert forecast.newest_rate_bytes_s(NO_FORECAST) == 0.0
    slowed = outlook_of(*climb(80, 20), (22, 2116), (24, 2132), (26, 2148))
    assert forecast.newest_rate_bytes_s(slowed) == pytest.approx(mb(8))


def test_a_fall_between_two_points_ends_it() -> None:
    """Also one that comes too soon after the last point to be one."""
    outlook = outlook_of(*climb(20, 20))
    assert update(outlook, 20.3, mb(900)) is outlook
    assert update(outlook, 20.3, mb(600)).shown is None


def test_no_line_goes_across_the_beginning_or_the_end_of_a_job() -> None:
    """What came before it does not count, and a line that reaches back beyond it is none."""
    outlook = outlook_of(*climb(20, 30))
    assert update(outlook, 32.0, mb(1140), begins_s=10.0).shown is None
    kept = outlook
    for at_s in (32, 34, 36, 38, 40, 42):
        kept = update(kept, at_s, mb(500 + 20 * at_s), begins_s=30.0)
        assert kept.times_s[0] >= 30.0
        assert (kept.shown is None) == (at_s < 40)
    since = outlook_of((0.0, 500.0))
    for at_s in range(2, 32, 2):
        since = update(since, at_s, mb(500 + 20 * at_s), begins_s=2.0)
    assert since.shown is not None
    assert since.shown.span_s == 28


def test_it_counts_down_between_readings() -> None:
    """A second later there is a second less."""
    outlook = outlook_of(*climb(20, 20))
    outlook, first = foresee(outlook, 20.0, mb(900), [Goal(ForecastKind.HIGH, mb(1500))])
    outlook, second = foresee(outlook, 21.0, mb(900), [Goal(ForecastKind.HIGH, mb(1500))])
    assert first[0].seconds == pytest.approx(30)
    assert second[0].seconds == pytest.approx(29)


def test_a_climb_that_was_not_seen_for_some_seconds_is_unknown() -> None:
    """Without a new reading there is no forecast after 5 s, and it must be seen again for as long
    as at first; of readings that come every 10 s it is known."""
    outlook = outlook_of(*climb(20, 20))
    assert forecast.shown(outlook, 25.0) is not None
    assert forecast.shown(outlook, 25.3) is None
    outlook = update(outlook, 30.0, mb(1100))
    assert outlook.times_s == (30.0,)
    seldom = outlook_of(*((10.0 * n, 500.0 + 200 * n) for n in range(12)))
    assert forecast.shown(seldom, 118.0) is not None


def test_a_forecast_that_does_not_come_true_is_taken_back() -> None:
    """A climb that slows down all the way to its limit, which it never reaches: what was promised
    comes nearer with the clock, and then is broken."""
    slows = [(2.0 * n, 3000 - 2000 * math.exp(-n / 8)) for n in range(60)]
    told = foreseen(slows, 2990)
    assert any(told)
    assert told[-1] is None
    promised: list[tuple[float, float]] = []
    for (at_s, _), one in zip(slows, told, strict=True):
        promised = [*promised, (at_s, one.seconds)] if one else []
        for then_s, seconds in promised:
            assert at_s <= then_s + seconds / (1 - SLIP_PART) + OVERDUE_S


@given(
    st.lists(st.tuples(st.floats(0.1, 3), st.integers(-5, 60)), min_size=20, max_size=150),
    st.integers(500, 4000),
)
def test_what_is_shown_counts_down_and_is_never_overdue(
    steps: list[tuple[float, int]], limit_mb: int
) -> None:
    """Whatever memory does: its moment moves away by a quarter of the time at most, as long as it
    is shown; and it is not there any longer when that has passed by some seconds."""
    outlook, now_s, memory_mb = NO_FORECAST, 1e6, 300.0
    due_s = None
    for step_s, up_mb in steps:
        now_s, memory_mb = now_s + step_s, max(0.0, memory_mb + up_mb)
        outlook = update(outlook, now_s, mb(memory_mb))
        outlook, ahead = foresee(
            outlook, now_s, mb(memory_mb), [Goal(ForecastKind.HIGH, mb(limit_mb))]
        )
        if not ahead:
            due_s = None
            continue
        assert memory_mb < limit_mb
        promised = dict(outlook.promised)[ForecastKind.HIGH]
        assert ahead[0].seconds == pytest.approx(max(0.0, promised - now_s))
        assert promised >= now_s - OVERDUE_S
        if due_s is not None:
            assert promised <= due_s + SLIP_PART * step_s + 1e-6
        due_s = promised
