"""When a person is interrupted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.made import mb
from tray_app.core.alerts import AlertLimits, AlertState, AlertVerdict, Level, judge

LIMITS = AlertLimits()
ELEVATED, HIGH, CRITICAL = Level.ELEVATED, Level.HIGH, Level.CRITICAL
BACK = "back"


def said(*memory_mb: float | None) -> list[Level | str | None]:
    """What is said at each of these readings in a row: a level, BACK, or None for nothing."""
    state, words = AlertState(), list[Level | str | None]()
    for figure in memory_mb:
        state, verdict = judge(state, None if figure is None else mb(figure), LIMITS)
        words.append(BACK if verdict.recovered else verdict.raise_level)
    return words


@pytest.mark.parametrize(
    ("memory_bytes", "level"),
    [
        (mb(1500), None),
        (mb(1500) + 1, ELEVATED),
        (mb(2000), ELEVATED),
        (mb(2000) + 1, HIGH),
        (mb(3000), HIGH),
        (mb(3000) + 1, CRITICAL),
    ],
)
def test_a_level_holds_above_its_limit(memory_bytes: int, level: Level | None) -> None:
    """Elevated above 1500 MB, high above 2000, critical above 3000."""
    assert judge(AlertState(), memory_bytes, LIMITS)[1].raise_level is level


def test_each_level_is_said_once_on_the_way_up() -> None:
    """A climb through all levels says three things, however many readings it takes."""
    climb = (1000, 1400, 1600, 1700, 1999, 2100, 2500, 2999, 3100, 3500, 4000)
    assert [word for word in said(*climb) if word] == [ELEVATED, HIGH, CRITICAL]


def test_a_skipped_level_is_not_said() -> None:
    """A jump says only the highest."""
    assert said(100, 3500) == [None, CRITICAL]
    assert said(100, 2500, 3500) == [None, HIGH, CRITICAL]


def test_nothing_is_repeated_while_a_level_lasts() -> None:
    """Also when memory swings around the limit."""
    assert said(1600, 1490, 1510, 1400, 1600, 1351, 1501) == [ELEVATED, *[None] * 6]


def test_a_level_is_armed_again_below_ninety_percent_of_it() -> None:
    """High (2000) stays said down to 1800, and is said again after less than that."""
    assert said(2100, 1800, 2100) == [HIGH, None, None]
    assert said(2100, 1799, 2100) == [HIGH, None, HIGH]


def test_a_lower_level_is_not_said_on_the_way_down() -> None:
    """Falling from critical into elevated is good news."""
    assert said(3500, 2500, 1900, 1600) == [CRITICAL, None, None, None]


def test_one_note_says_that_memory_is_back() -> None:
    """When it is below all levels (90 % of the lowest), and only after an alert."""
    assert said(3500, 1400, 1349, 1000, 100) == [CRITICAL, None, BACK, None, None]
    assert said(100, 1400, 100) == [None, None, None]


def test_after_the_note_everything_is_armed_again() -> None:
    """The next climb is told like the first."""
    assert said(1600, 1000, 1600) == [ELEVATED, BACK, ELEVATED]


def test_no_reading_is_no_recovery() -> None:
    """A server that cannot be read has not recovered, and nothing is said twice after it."""
    assert said(2500, None, None, 2500, None, 1000) == [HIGH, None, None, None, None, BACK]


def test_the_peak_is_that_since_the_first_alert() -> None:
    """It is what the note tells, together with the highest level."""
    state = AlertState()
    for figure in (1600, 2800, 1600):
        state, _ = judge(state, mb(figure), LIMITS)
    assert (state.level, state.raised, state.peak_bytes) == (ELEVATED, HIGH, mb(2800))
    state, verdict = judge(state, mb(100), LIMITS)
    assert (state, verdict) == (AlertState(), AlertVerdict(recovered=True))


def test_limits_can_be_set() -> None:
    """The user's limits replace the defaults."""
    limits = AlertLimits(elevated_mb=10, high_mb=20, critical_mb=30)
    assert [limits.reached(mb(figure)) for figure in (10, 11, 21, 31)] == list(Level)
    assert [limits.limit_mb(level) for level in (ELEVATED, HIGH, CRITICAL)] == [10, 20, 30]


def test_equal_limits_say_the_highest() -> None:
    """Two levels with one limit are one level."""
    limits = AlertLimits(elevated_mb=20, high_mb=20, critical_mb=30)
    assert judge(AlertState(), mb(21), limits)[1].raise_level is HIGH


def test_levels_have_words() -> None:
    """As written in JSON."""
    assert [level.word for level in (ELEVATED, HIGH, CRITICAL)] == ["elevated", "high", "critical"]


@given(st.lists(st.none() | st.integers(0, mb(5000))))
def test_a_level_is_never_said_twice_without_being_left(readings: list[int | None]) -> None:
    """Between two equal alerts memory was below 90 % of the limit, whatever else happened."""
    state, said_and_not_left = AlertState(), set[Level]()
    for reading in readings:
        state, verdict = judge(state, reading, LIMITS)
        if reading is None:
            assert verdict == AlertVerdict()
            continue
        said_and_not_left = {
            level for level in said_and_not_left if reading >= 0.9 * mb(LIMITS.limit_mb(level))
        }
        if verdict.raise_level is not None:
            assert verdict.raise_level is LIMITS.reached(reading)
            assert verdict.raise_level not in said_and_not_left
            said_and_not_left.add(verdict.raise_level)
        assert not (verdict.recovered and reading >= 0.9 * mb(LIMITS.elevated_mb))
