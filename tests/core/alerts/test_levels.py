"""When a person is interrupted because of the server's memory."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.core.made import mb
from tray_app.core.alerts.levels import (
    CALM,
    FORETELLS_AGAIN_S,
    KEPT_BACK_S,
    NO_VERDICT,
    TAKEN_BACK_AFTER_S,
    WAITS_FOR_HIGHER_S,
    LevelState,
    LevelVerdict,
    due_s,
    update_level,
    woken,
)
from tray_app.core.alerts.limits import AlertLimits, Level

LIMITS = AlertLimits()
RAISED, HIGH, CRITICAL = Level.RAISED, Level.HIGH, Level.CRITICAL
BACK = "back"
WITHDRAWN = "withdrawn"
Word = Level | str


class Told:
    """The alerts for this memory, in order; a reading every 2 s unless stated otherwise."""

    def __init__(self, limits: AlertLimits = LIMITS) -> None:
        self.limits = limits
        self.state = LevelState()
        self.now_s = 1000.0

    def read(
        self, memory_mb: float | None, after_s: float = 2.0, *, foreseen: bool = False, **more: bool
    ) -> str:
        self.now_s += after_s
        memory_bytes = None if memory_mb is None else mb(memory_mb)
        self.state, verdict = update_level(
            self.state, memory_bytes, self.now_s, self.limits, foreseen=foreseen, **more
        )
        if verdict.recovered:
            return f"{BACK} quietly" if verdict.quiet else BACK
        if verdict.taken_back:
            return WITHDRAWN
        if verdict.enter is None:
            return ""
        word = verdict.enter.word
        if verdict.quiet:
            return f"{word} quietly"
        if verdict.foretold:
            return f"{word} as foretold"
        return f"{word} again" if verdict.again else f"{word} early" if verdict.early else word

    def stay(self, memory_mb: float, for_s: float, every_s: float = 2.0, **more: bool) -> list[str]:
        """The alerts while memory stays there."""
        said = [self.read(memory_mb, every_s, **more) for _ in range(round(for_s / every_s))]
        return [word for word in said if word]


def said(*memory_mb: float | None) -> list[str]:
    """The alert at each of these readings, 2 s apart."""
    told = Told()
    return [told.read(figure) for figure in memory_mb]


class TestRising:
    @pytest.mark.parametrize(
        ("memory_bytes", "level"),
        [
            (mb(1500), Level.NONE),
            (mb(1500) + 1, RAISED),
            (mb(2000), RAISED),
            (mb(2000) + 1, HIGH),
            (mb(3000), HIGH),
            (mb(3000) + 1, CRITICAL),
        ],
    )
    def test_a_level_holds_above_its_limit(self, memory_bytes: int, level: Level) -> None:
        """Raised above 1500 MB, high above 2000, critical above 3000."""
        assert LIMITS.reached(memory_bytes) is level

    def test_raised_and_high_hold_for_two_seconds_and_critical_for_none(self) -> None:
        """A spike of one reading is not said, unless it is critical."""
        assert said(300, 1600, 1600) == ["", "", "raised"]
        assert said(300, 2500, 2500) == ["", "", "high"]
        assert said(300, 3500) == ["", "critical"]
        assert said(300, 2500, 300, 2500, 300) == [""] * 5

    def test_a_reading_a_little_early_ends_a_hold(self) -> None:
        """Ticks come up to a tenth of a second early."""
        told = Told()
        told.read(1600)
        assert told.read(1600, 1.85) == ""
        assert told.read(1600, 0.06) == "raised"

    def test_each_level_is_said_once_on_the_way_up(self) -> None:
        """A climb through all levels says three things, however many readings it takes."""
        climb = (1000, 1400, 1600, 1700, 1999, 2100, 2500, 2999, 3100, 3500, 4000)
        assert [word for word in said(*climb) if word] == ["raised", "high", "critical"]

    def test_each_level_has_its_own_hold(self) -> None:
        """Also after a lower one: high comes 2 s after its crossing, critical with it."""
        assert said(1600, 1600, 2100, 2100) == ["", "raised", "", "high"]
        assert said(1600, 1600, 2100, 1900) == ["", "raised", "", ""]
        assert said(1600, 1600, 3100) == ["", "raised", "critical"]
        told = Told()
        told.stay(1600, 10)
        assert [told.read(2100, 0.25) for _ in range(9)] == [*[""] * 8, "high"]

    def test_a_skipped_level_is_not_said(self) -> None:
        """A jump says only the highest: a level waits for a higher one that holds 2 s later."""
        assert said(100, 3500) == ["", "critical"]
        assert said(100, 1600, 2500, 2500) == ["", "", "", "high"]
        assert said(100, 1600, 2500, 1600) == ["", "", "", "raised"]

    def test_a_long_hold_keeps_no_lower_level_back(self) -> None:
        """Raised is said after its 2 s, however long high must hold."""
        told = Told(AlertLimits(high_hold_s=60.0))
        assert [told.read(2500) for _ in range(3)] == ["", "raised", ""]
        assert told.stay(2500, 60) == ["high"]

    def test_raised_waits_until_it_is_known_whether_the_server_works(self) -> None:
        """For 4 s at most; what is higher does not wait."""
        limits, state = AlertLimits(), CALM
        for at_s, stirs in ((0.0, False), (2.0, True), (4.0, True)):
            state, verdict = update_level(state, mb(1600), at_s, limits, stirs=stirs)
            assert verdict == NO_VERDICT
        _, verdict = update_level(state, mb(1600), 5.0, limits)
        assert verdict.enter is RAISED
        _, verdict = update_level(state, mb(1600), 6.0, limits, stirs=True)
        assert verdict.enter is RAISED
        assert update_level(state, mb(3100), 5.0, limits, stirs=True)[1].enter is CRITICAL

    def test_nothing_is_repeated_while_memory_swings_about_a_limit(self) -> None:
        """Also far below it, as long as it comes back within 30 s."""
        assert [w for w in said(1600, 1600, 1490, 1510, 1351, 1501) if w] == ["raised"]
        saw = [2100, 2100, *[1000, 1400, 2100, 2300] * 100]
        assert [word for word in said(*saw) if word] == ["high"]


class TestFalling:
    def test_a_level_is_armed_again_after_30_s_below_ninety_percent_of_it(self) -> None:
        """High (2000) alerts again after 30 s below 1800."""
        told = Told()
        assert told.stay(2100, 10) == ["high"]
        told.stay(1799, LIMITS.recovery_s + 2)
        assert told.stay(2100, 10) == ["high"]
        told.stay(1800, 2 * LIMITS.recovery_s)
        assert told.stay(2100, 10) == []

    def test_a_lower_level_is_not_said_on_the_way_down(self) -> None:
        """Falling from critical into raised is good news."""
        told = Told()
        told.read(3500)
        assert told.stay(2500, 60) == told.stay(1900, 60) == told.stay(1600, 60) == []
        assert told.state.level is RAISED

    def test_one_note_says_that_memory_is_back_after_30_s_below_all(self) -> None:
        """90 % of the lowest, and only after an alert."""
        told = Told()
        told.read(3500)
        assert told.stay(1349, LIMITS.recovery_s) == []
        assert told.read(1000) == BACK
        assert told.stay(100, 100) == []
        assert Told().stay(100, 100) == []

    def test_after_the_note_everything_is_armed_again(self) -> None:
        """The next climb alerts like the first."""
        told = Told()
        for _ in range(2):
            assert told.stay(1600, 10) == ["raised"]
            assert told.stay(1000, 40) == [BACK]

    def test_no_reading_is_no_recovery(self) -> None:
        """An unreadable server has not recovered, and no alert comes twice after it."""
        told = Told()
        told.stay(2500, 4)
        for _ in range(60):
            assert told.read(None) == ""
        assert told.stay(2500, 10) == []
        assert told.stay(1000, 40) == [BACK]

    def test_the_peak_is_that_since_the_first_alert(self) -> None:
        """It is what the note tells, together with the highest level."""
        told = Told()
        for figure in (1600, 1600, 2800, 2700, 1600):
            told.read(figure)
        assert (told.state.level, told.state.highest) == (HIGH, HIGH)
        assert told.state.peak_bytes == mb(2800)


class TestLasting:
    def test_high_and_critical_are_said_again_while_they_last(self) -> None:
        """Raised never, high every 30 min, critical every 10."""
        hour_s = 3601.0
        assert Told().stay(1600, hour_s, 10) == ["raised"]
        assert Told().stay(2100, hour_s, 10) == ["high", "high again"]
        assert Told().stay(3100, hour_s, 10) == ["critical", *["critical again"] * 5]

    def test_what_is_being_left_is_not_said_again(self) -> None:
        """Below 90 % of the limit it is nearly over."""
        told = Told()
        told.stay(3100, 594)
        assert told.stay(2600, 28) == []

    def test_how_often_can_be_set(self) -> None:
        """0 is never."""
        limits = AlertLimits(raised_repeat_min=1, critical_repeat_min=0)
        assert Told(limits).stay(1600, 130) == ["raised", *["raised again"] * 2]
        assert Told(limits).stay(3100, 3600, 10) == ["critical"]


class TestWhileProcessing:
    """Raised is normal then, and said when the work is over and memory has stayed."""

    def test_it_is_said_once_after_the_work(self) -> None:
        """After its hold, as if it had come then."""
        told = Told()
        assert told.stay(1600, 60, works=True) == ["raised quietly"]
        assert told.read(1600) == ""
        assert told.read(1600) == "raised"
        assert told.stay(1600, 600) == []
        assert told.stay(1600, 60, works=True) == []
        assert told.stay(1600, 60) == []
        assert told.stay(600, 40) == [BACK]

    def test_work_that_frees_its_memory_leaves_nothing_to_say(self) -> None:
        """Nor that it is back: nobody was interrupted."""
        told = Told()
        told.stay(1600, 60, works=True)
        assert told.stay(600, 60) == [f"{BACK} quietly"]
        told.stay(1600, 60, works=True)
        assert told.stay(1450, 600) == [], "not above the limit"

    def test_the_next_job_keeps_it_normal(self) -> None:
        """One after the other, with less than its hold between them."""
        told = Told()
        told.stay(1600, 60, works=True)
        for _ in range(5):
            assert told.read(1600) == ""
            assert told.stay(1600, 10, works=True) == []
        assert told.stay(1600, 10) == ["raised"]

    def test_a_gap_begins_its_hold_again(self) -> None:
        """Nobody saw what was done meanwhile."""
        told = Told()
        told.stay(1600, 10, works=True)
        told.read(1600)
        told.state = woken(told.state, told.now_s)
        assert told.read(1600, 60.0) == ""
        assert told.read(1600) == "raised"

    def test_it_waits_a_moment_until_it_is_known_that_nothing_is_done(self) -> None:
        """Memory may still move, or a burst of CPU may become the next job."""
        for more in ({"rests": False}, {"stirs": True}):
            told = Told()
            told.stay(1600, 10, works=True)
            assert [told.read(1600, **more) for _ in range(4)] == ["", "", "", "raised"]
            told = Told()
            told.stay(1600, 10, works=True)
            told.stay(1600, 4, **more)
            assert told.read(1600) == "raised"

    def test_what_was_said_as_high_is_not_said_as_raised(self) -> None:
        """Going down says nothing."""
        told = Told()
        assert told.stay(1600, 10, works=True) == ["raised quietly"]
        assert told.stay(2100, 10, works=True) == ["high"]
        assert told.stay(1600, 60, works=True) == []
        assert told.stay(1600, 60) == []
        assert told.stay(600, 40) == [BACK]

    def test_who_wants_it_has_it_at_once(self) -> None:
        """And not a second time."""
        told = Told(AlertLimits(raised_while_processing=True))
        assert told.stay(1600, 60, works=True) == ["raised"]
        assert told.stay(1600, 60) == []

    def test_a_reading_is_wanted_when_it_is_due(self) -> None:
        """Readings may be far apart."""
        told = Told()
        told.stay(1600, 10, works=True)
        told.read(1600)
        assert due_s(told.state, told.now_s, LIMITS) == told.now_s + 2.0


class TestStanding:
    def test_what_is_being_left_is_not_reached(self) -> None:
        """Below 90 % of a level it recovers from it, and is in the highest of which it is not."""
        told = Told()
        told.read(3500)
        assert (told.state.reached, told.state.recovering) == (CRITICAL, False)
        told.read(2701)
        assert (told.state.reached, told.state.recovering) == (CRITICAL, False)
        told.read(1900)
        assert (told.state.reached, told.state.recovering) == (HIGH, True)
        told.read(420)
        assert (told.state.reached, told.state.recovering) == (Level.NONE, True)
        told.stay(420, 40)
        assert (told.state.reached, told.state.recovering) == (Level.NONE, False)

    def test_a_forecast_is_no_level(self) -> None:
        """An early alert's level is not reached."""
        told = Told()
        told.read(1000, foreseen=True)
        assert (told.state.level, told.state.highest, told.state.reached) == (Level.NONE,) * 3


class TestForeseen:
    def test_critical_is_said_early_and_again_when_it_is_there(self) -> None:
        """As what was foretold; the levels on the way are kept back for 10 s."""
        told = Told()
        assert told.read(1000, foreseen=True) == "critical early"
        for figure in (1400, 1800, 2200, 2600):
            assert told.read(figure, foreseen=True) == ""
        assert told.stay(3100, 60) == ["critical as foretold"]
        assert told.state.level is CRITICAL

    def test_a_level_is_kept_back_for_ten_seconds_at_most(self) -> None:
        """Above its limit, while critical is foreseen; otherwise for its hold."""
        told = Told()
        told.read(1900, foreseen=True)
        words = [told.read(2200, foreseen=True) for _ in range(8)]
        assert words == [*[""] * 5, "high as foretold", "", ""]
        told = Told()
        told.read(1900, foreseen=True)
        told.read(2200, foreseen=True)
        assert told.read(2200) == "high as foretold"

    def test_a_forecast_that_is_over_is_taken_back(self) -> None:
        """After some seconds without it; then what was reached instead has been said, too."""
        told = Told()
        told.read(1900, foreseen=True)
        assert told.stay(2200, TAKEN_BACK_AFTER_S + 2) == ["high as foretold", WITHDRAWN]
        assert told.stay(3100, 4) == ["critical"]

    def test_a_forecast_that_came_to_nothing_is_told_as_over(self) -> None:
        """The person has a critical alert on the screen; after a minute one may come again."""
        told = Told()
        told.read(1000, foreseen=True)
        assert told.stay(1100, TAKEN_BACK_AFTER_S) == [WITHDRAWN]
        assert told.read(1100, foreseen=True) == ""
        assert told.stay(1100, FORETELLS_AGAIN_S) == []
        assert told.state is CALM
        assert told.read(1100, foreseen=True) == "critical early"

    def test_no_reading_says_nothing_against_a_forecast(self) -> None:
        """A server that is silent meanwhile has not stopped climbing."""
        told = Told()
        told.read(1400, foreseen=True)
        for _ in range(20):
            assert told.read(None) == ""
        assert told.read(1450) == ""
        assert told.read(3100) == "critical as foretold"

    def test_memory_above_the_limit_keeps_what_was_said_early(self) -> None:
        """Where critical has a hold, no forecast of it holds any longer."""
        told = Told(AlertLimits(critical_hold_s=30.0))
        told.read(2900, foreseen=True)
        words = told.stay(3100, 40)
        assert words == ["high as foretold", "critical as foretold"]

    def test_while_critical_there_is_nothing_to_foresee(self) -> None:
        """The alert was sent already."""
        told = Told()
        told.read(3100)
        assert told.read(3200, foreseen=True) == ""


class TestDue:
    def test_a_hold_that_ends_wants_a_reading(self) -> None:
        """So that an alert does not wait for the next tick."""
        told = Told()
        assert due_s(told.state, told.now_s, LIMITS) == math.inf
        told.read(1600)
        assert due_s(told.state, told.now_s, LIMITS) == told.now_s + 2.0
        told.read(1600)
        assert due_s(told.state, told.now_s, LIMITS) == math.inf

    def test_recovery_and_repeat_want_one(self) -> None:
        """30 s after memory has fallen, 10 min after the critical alert."""
        told = Told()
        told.read(3100)
        assert due_s(told.state, told.now_s, LIMITS) == told.now_s + 600.0
        told.read(100)
        assert due_s(told.state, told.now_s, LIMITS) == told.now_s + LIMITS.recovery_s


def test_a_gap_is_no_hold() -> None:
    """A level above the limit before sleep is checked again, and time below it does not count."""
    told = Told()
    told.read(1600)
    told.state = woken(told.state, told.now_s + 3600)
    assert told.read(1600, 3600) == ""
    assert told.read(1600) == "raised"
    told.read(100)
    told.state = woken(told.state, told.now_s + 3600)
    assert told.read(100, 3600) == ""
    assert told.stay(100, 40) == [BACK]
    assert woken(CALM, 1.0) is CALM


def test_limits_can_be_set() -> None:
    """The user's limits replace the defaults."""
    limits = AlertLimits(raised_mb=10, high_mb=20, critical_mb=30)
    assert [limits.reached(mb(figure)) for figure in (10, 11, 21, 31)] == list(Level)
    assert [limits.limit_mb(level) for level in (RAISED, HIGH, CRITICAL)] == [10, 20, 30]


def test_equal_limits_say_the_highest() -> None:
    """Two levels with one limit are one level."""
    assert Told(replace(LIMITS, raised_mb=20, high_mb=20)).stay(21, 10) == ["high"]


def test_levels_have_words() -> None:
    """As written in JSON."""
    assert [level.word for level in (RAISED, HIGH, CRITICAL)] == ["raised", "high", "critical"]


_readings = st.lists(
    st.tuples(
        st.none() | st.integers(0, mb(5000)),
        st.sampled_from([0.0, 0.25, 2.0, 2.0, 2.0, 31.0, 700.0]),
        st.booleans(),
    ),
    max_size=80,
)


@given(_readings)
def test_a_level_is_never_said_twice_without_being_left(
    readings: list[tuple[int | None, float, bool]],
) -> None:
    """Between two equal alerts memory stayed below 90 % of the limit for 30 s, or the first was a
    forecast that came true or was taken back; whatever else happened."""
    state, now_s = CALM, 0.0
    said: dict[Level, float] = {}
    below_s: dict[Level, float] = {}
    early = False
    for reading, step_s, foreseen in readings:
        now_s += step_s
        state, verdict = update_level(state, reading, now_s, LIMITS, foreseen=foreseen)
        if reading is None:
            assert verdict == NO_VERDICT
            continue
        for level in (RAISED, HIGH, CRITICAL):
            if reading >= 0.9 * mb(LIMITS.limit_mb(level)):
                below_s.pop(level, None)
                continue
            since_s = below_s.setdefault(level, now_s)
            if now_s - since_s >= LIMITS.recovery_s - 0.1:
                said.pop(level, None)
        level = verdict.enter
        assert early or not (verdict.foretold or verdict.taken_back)
        if verdict.early:
            assert not early
            assert state.reached is not CRITICAL
        elif level is not None and not verdict.again:
            assert level not in said
            assert level <= LIMITS.reached(reading)
            assert verdict.foretold == early
            said[level] = now_s
        early = state.foreseen_s is not None
        if verdict.again:
            assert level in said or state.level < state.highest
        if verdict.recovered:
            assert reading < 0.9 * mb(LIMITS.raised_mb)
            assert state == CALM


@given(_readings)
def test_what_is_judged_is_sane(readings: list[tuple[int | None, float, bool]]) -> None:
    """A recovery comes once and after an alert; a repeat comes after its alert."""
    state, now_s, known = CALM, 0.0, False
    for reading, step_s, foreseen in readings:
        now_s += step_s
        state, verdict = update_level(state, reading, now_s, LIMITS, foreseen=foreseen)
        assert not (verdict.recovered and verdict.enter)
        if verdict.recovered or verdict.again:
            assert known
        raised = verdict.enter is not None and not verdict.early
        known = not verdict.recovered and (known or raised)
        assert known == (state.highest is not Level.NONE)
        assert state.reached <= state.level <= state.highest
        assert state.recovering == (state.reached < state.level)
        at_all = verdict.enter or verdict.recovered or verdict.taken_back
        assert verdict == LevelVerdict() or at_all


@given(_readings)
def test_a_level_that_has_lasted_is_notified_in_time(
    readings: list[tuple[int | None, float, bool]],
) -> None:
    """With the first reading after its hold, the wait for a higher one and what a forecast may
    keep it back for, it or a higher one is known."""
    state, now_s = CALM, 0.0
    above_s: dict[Level, float] = {}
    for reading, step_s, foreseen in readings:
        now_s += step_s
        state, _ = update_level(state, reading, now_s, LIMITS, foreseen=foreseen)
        if reading is None:
            continue
        for level in (RAISED, HIGH, CRITICAL):
            if reading <= mb(LIMITS.limit_mb(level)):
                above_s.pop(level, None)
                continue
            since_s = above_s.setdefault(level, now_s)
            late_s = now_s - since_s - LIMITS.hold_s(level)
            if level is CRITICAL or late_s > WAITS_FOR_HIGHER_S + KEPT_BACK_S:
                assert state.level >= level
