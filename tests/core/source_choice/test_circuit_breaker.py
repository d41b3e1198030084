"""The circuit breaker: when the API is asked, and when it counts as unavailable."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.core.made import answer, breaker_with, refusal, timeout, wrong
from tray_app.core.model.api_failure import ApiFailureKind, ApiProblem
from tray_app.core.model.readings import ApiFailure
from tray_app.core.source_choice.circuit_breaker import (
    ApiState,
    CircuitBreaker,
    answered,
    apart_s,
    asked,
    begun_again,
    condition,
    due_s,
    ended,
    failed,
    is_open,
    reset,
)

INTERVAL_S = 2.0


def state_at(breaker: CircuitBreaker, now_s: float) -> ApiState:
    return condition(breaker, now_s, INTERVAL_S).state


def silence_of(waited_s: float) -> ApiProblem:
    return ApiProblem(ApiFailureKind.NO_ANSWER, waited_s=waited_s)


class TestWhenToAsk:
    def test_the_first_request_is_due_at_once(self) -> None:
        """Nobody waits for the first figure."""
        assert due_s(CircuitBreaker(), 100.0, INTERVAL_S) == 0.0

    def test_a_request_is_sent_shortly_before_the_tick_that_uses_it(self) -> None:
        """Three latencies before, at least 50 ms, at most half an interval."""
        breaker = answered(CircuitBreaker(), answer(100, 0, latency_s=0.004))
        assert due_s(breaker, 10.0, INTERVAL_S) == pytest.approx(9.95)
        slower = answered(CircuitBreaker(), answer(100, 0, latency_s=0.1))
        assert due_s(slower, 10.0, INTERVAL_S) == pytest.approx(9.7)
        slowest = answered(CircuitBreaker(), answer(100, 0, latency_s=2.0))
        assert due_s(slowest, 40.0, INTERVAL_S) == pytest.approx(39.0)

    @pytest.mark.parametrize(("latency_s", "apart_s"), [(0.004, 2.0), (0.2, 4.0), (0.37, 8.0)])
    def test_an_expensive_request_is_made_seldom(self, latency_s: float, apart_s: float) -> None:
        """Requests are kept 20 latencies apart, and sent for a tick as ever."""
        breaker = answered(CircuitBreaker(), answer(100, 0.0 + latency_s, latency_s=latency_s))
        sent_s = due_s(breaker, INTERVAL_S, INTERVAL_S)
        assert sent_s is not None
        assert sent_s >= 20 * latency_s
        lead_s = min(max(0.05, 3 * latency_s), INTERVAL_S / 2)
        assert sent_s == pytest.approx(apart_s + 2.0 - lead_s if apart_s > 2 else 2.0 - lead_s)

    def test_requests_are_never_more_than_half_a_minute_apart(self) -> None:
        """However slow the API is, its answers are worth something."""
        breaker = answered(CircuitBreaker(), answer(100, 40, latency_s=40.0))
        assert apart_s(breaker) == 30.0

    def test_one_request_is_in_flight(self) -> None:
        """A queue of abandoned requests would hit the server when it wakes."""
        assert due_s(asked(breaker_with(100, 0), 1.0), 10.0, INTERVAL_S) is None

    def test_latency_is_smoothed(self) -> None:
        """One slow answer does not change the pace at once; a fast one soon does."""
        breaker = answered(CircuitBreaker(), answer(100, 0, latency_s=0.1))
        breaker = answered(breaker, answer(100, 1, latency_s=0.15))
        assert breaker.latency_s == pytest.approx(0.1125)
        breaker = answered(breaker, answer(100, 1, latency_s=0.0125))
        assert breaker.latency_s == pytest.approx(0.0625)

    def test_an_answer_after_a_long_silence_does_not_slow_the_pace(self) -> None:
        """The server was busy for 14 s; that is not what a request costs it."""
        breaker = answered(CircuitBreaker(), answer(100, 0, latency_s=0.004))
        breaker = answered(breaker, answer(100, 14, latency_s=14.0))
        assert apart_s(breaker) < 0.5

    def test_refused_requests_pause_longer_each_time(self) -> None:
        """From 1 s, doubled, to 30 s."""
        breaker, pauses = CircuitBreaker(), []
        for _ in range(7):
            breaker = failed(asked(breaker, 0.0), refusal(0.0), 0.0, jitter=0.5)
            pauses.append(due_s(breaker, 0.0, INTERVAL_S))
        assert pauses == [1, 2, 4, 8, 16, 30, 30]

    def test_wrong_answers_pause_in_the_same_way(self) -> None:
        """A server that answers nonsense is not flooded with questions."""
        breaker = failed(failed(CircuitBreaker(), wrong(0), 0.0, 0.5), wrong(0), 0.0, 0.5)
        assert due_s(breaker, 0.0, INTERVAL_S) == 2.0

    @given(st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=10))
    def test_pauses_are_spread_and_bounded(self, jitters: list[float]) -> None:
        """Many monitors do not come in step, and none waits for more than 30 s."""
        breaker = CircuitBreaker()
        for jitter in jitters:
            breaker = failed(breaker, refusal(0.0), 0.0, jitter)
            pause_s = due_s(breaker, 0.0, INTERVAL_S)
            assert pause_s is not None
            assert 1.0 <= pause_s <= 30.0
        low, high = (due_s(failed(CircuitBreaker(), refusal(0), 0, j), 0, 2) for j in (0.5, 0.99))
        assert low != high

    def test_a_silent_server_is_asked_again_after_a_second(self) -> None:
        """So that its waking is seen within 2 s."""
        breaker = failed(asked(breaker_with(100, 0), 2.0), timeout(12.0), 12.0, jitter=0.9)
        assert due_s(breaker, 14.0, INTERVAL_S) == 13.0

    def test_a_server_that_was_found_is_asked_at_once(self) -> None:
        """Its process is there: no reason to sit out a long pause."""
        breaker = CircuitBreaker()
        for _ in range(5):
            breaker = failed(breaker, refusal(0), 0.0, 0.5)
        assert due_s(reset(breaker), 14.0, INTERVAL_S) == 0.0


class TestWhenItIsAway:
    def test_three_failures_in_a_row(self) -> None:
        """Two may be chance."""
        breaker = breaker_with(100, 0)
        for failures in (1, 2, 3):
            breaker = failed(asked(breaker, 1.0), refusal(1.0), 1.0, 0.5)
            assert is_open(breaker, 1.0) is (failures == 3)

    def test_three_seconds_of_silence(self) -> None:
        """Counted from the first request without an answer."""
        breaker = asked(breaker_with(100, 0), 10.0)
        assert not is_open(breaker, 12.9)
        assert is_open(breaker, 13.0)

    def test_silence_goes_on_over_a_time_out(self) -> None:
        """A request that is given up and sent again is the same silence."""
        breaker = failed(asked(breaker_with(100, 0), 10.0), timeout(20.0), 20.0, 0.5)
        breaker = asked(breaker, 21.0)
        assert is_open(breaker, 21.0)
        assert condition(breaker, 25.0, INTERVAL_S).problem == silence_of(15)

    def test_a_refusal_ends_a_silence(self) -> None:
        """Nobody is there to be silent."""
        breaker = failed(asked(CircuitBreaker(), 0.0), refusal(2.0), 2.0, 0.5)
        assert not is_open(breaker, 100.0)

    def test_one_success_brings_it_back(self) -> None:
        """All failures are forgotten."""
        breaker = CircuitBreaker()
        for _ in range(9):
            breaker = failed(asked(breaker, 0.0), refusal(0.0), 0.0, 0.5)
        breaker = answered(breaker, answer(100, 5.0))
        assert not is_open(breaker, 100.0)
        assert (breaker.failure, breaker.failures, breaker.pause_s, breaker.asked_s) == (
            None,
            0,
            0.0,
            None,
        )


def rests(retry_after_s: float, at_s: float = 100.0) -> CircuitBreaker:
    """A breaker whose last answer carried this Retry-After."""
    problem = replace(wrong(at_s).problem, retry_after_s=retry_after_s)
    failure = ApiFailure(at_s, problem)
    return failed(asked(breaker_with(100, at_s - 2), at_s), failure, at_s, 0.5)


class TestRetryAfter:
    def test_it_is_kept(self) -> None:
        """Longer than any pause of ours, and also where a process says that the server is back, or
        where what came before counts no longer (another mode, a pause, sleep)."""
        for breaker in (rests(120), reset(rests(120)), begun_again(rests(120))):
            assert due_s(breaker, 102.0, INTERVAL_S) == 220.0
        assert due_s(rests(0.2), 102.0, INTERVAL_S) == pytest.approx(101.0)

    def test_it_is_kept_for_five_minutes_at_most(self) -> None:
        """Whatever the server wants: meanwhile only its processes tell its memory."""
        assert due_s(rests(1e9), 102.0, INTERVAL_S) == 400.0

    def test_a_good_answer_or_another_process_ends_it(self) -> None:
        """The Retry-After came from the process that answered then."""
        assert answered(rests(120), answer(100, 221)).not_before_s == 0.0
        assert due_s(ended(rests(120)), 102.0, INTERVAL_S) == 0.0

    def test_the_api_is_away_meanwhile(self) -> None:
        """So an old answer does not stand for what memory is now."""
        assert is_open(rests(120), 101.0)
        assert not is_open(rests(2), 101.0)
        shown = condition(rests(120), 150.0, INTERVAL_S)
        assert (shown.state, shown.problem) == (
            ApiState.ERROR,
            replace(wrong(0.0).problem, retry_after_s=120),
        )


class TestWhatIsShown:
    def test_a_healthy_link(self) -> None:
        """Age and latency of the last answer, and no error."""
        shown = condition(breaker_with(100, 10.0), 11.5, INTERVAL_S)
        assert (shown.state, shown.age_s, shown.problem) == (ApiState.OK, 1.5, None)
        assert shown.latency_s == 0.004

    def test_it_is_waited_for_before_the_first_answer(self) -> None:
        """Neither an error nor well; and slow only when an answer is late that was asked for."""
        assert state_at(CircuitBreaker(), 0.0) is ApiState.WAITING
        assert state_at(asked(CircuitBreaker(), 0.0), 0.9) is ApiState.WAITING
        assert state_at(asked(CircuitBreaker(), 0.0), 1.1) is ApiState.SLOW

    def test_it_is_slow_when_an_answer_is_late(self) -> None:
        """After a second, or an interval if that is shorter."""
        breaker = asked(breaker_with(100, 0.0), 10.0)
        assert state_at(breaker, 10.9) is ApiState.OK
        assert state_at(breaker, 11.1) is ApiState.SLOW
        assert condition(breaker, 10.3, 0.2).state is ApiState.SLOW

    def test_it_is_silent_after_three_seconds(self) -> None:
        """And says for how long."""
        shown = condition(asked(breaker_with(100, 0.0), 10.0), 14.0, INTERVAL_S)
        assert (shown.state, shown.problem) == (ApiState.SILENT, silence_of(4))
        assert shown.age_s == 14.0

    @pytest.mark.parametrize(
        ("failure", "state"),
        [(refusal(1), ApiState.UNREACHABLE), (wrong(1), ApiState.ERROR)],
    )
    def test_a_failure_says_its_reason(self, failure: ApiFailure, state: ApiState) -> None:
        """Nobody listens, or somebody answers wrongly: two different things to do."""
        shown = condition(failed(breaker_with(100, 0), failure, 1.0, 0.5), 1.0, INTERVAL_S)
        assert (shown.state, shown.problem) == (state, failure.problem)

    def test_a_server_that_went_down_while_silent_is_unreachable(self) -> None:
        """The newest failure counts."""
        breaker = failed(asked(breaker_with(100, 0), 10.0), timeout(20.0), 20.0, 0.5)
        breaker = failed(asked(breaker, 21.0), refusal(21.0), 21.0, 0.5)
        assert state_at(breaker, 21.0) is ApiState.UNREACHABLE

    def test_a_request_that_could_not_be_sent_is_silence(self) -> None:
        """The worker still holds an older one: the server has not answered it."""
        assert state_at(failed(CircuitBreaker(), timeout(1), 1.0, 0.5), 1.0) is ApiState.SILENT

    def test_the_age_is_never_negative(self) -> None:
        """An answer may arrive between the tick's clock and its use."""
        assert condition(breaker_with(100, 10.0), 9.9, INTERVAL_S).age_s == 0.0


def test_a_question_that_hastens_waits_for_no_tick() -> None:
    """But for half a second after the last answer, and for longer where answers are expensive."""
    breaker = answered(CircuitBreaker(), answer(300, 10.0))
    assert due_s(breaker, 12.0, 2.0) == pytest.approx(11.95)
    assert due_s(breaker, 12.0, 2.0, hastens=True) == pytest.approx(10.5)
    expensive = answered(CircuitBreaker(), answer(300, 10.0, latency_s=0.1))
    assert due_s(expensive, 12.0, 2.0, hastens=True) == pytest.approx(12.0)
    assert due_s(asked(breaker, 10.2), 12.0, 2.0, hastens=True) is None


@pytest.mark.parametrize("interval_s", [0.2, 0.3, 0.5, 1.0, 2.0])
@pytest.mark.parametrize("taken_s", [9.95, 10.01])
@pytest.mark.parametrize("latency_s", [0.001, 0.004, 0.02])
def test_a_question_that_hastens_is_never_asked_later(
    interval_s: float, taken_s: float, latency_s: float
) -> None:
    """Else a short interval's tick comes before its answer, which then follows it at once."""
    breaker = answered(CircuitBreaker(), answer(300, taken_s, latency_s=latency_s))
    usual_s = due_s(breaker, 10.0 + interval_s, interval_s)
    hasty_s = due_s(breaker, 10.0 + interval_s, interval_s, hastens=True)
    assert usual_s is not None
    assert hasty_s is not None
    assert hasty_s <= usual_s
