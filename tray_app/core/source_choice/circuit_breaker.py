"""Circuit breaker for the API: when to poll, how long to wait, when to declare it unreachable.

Numbers: a busy server accepts the connection and then says nothing for up to 39 s, a server that is
down refuses within 8 ms (both measured on the real one), so the breaker distinguishes them by the
kind of failure and probes them differently.
"""

from __future__ import annotations

import math
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from tray_app.core.model.api_failure import ApiFailureKind, ApiProblem, FailureClass
from tray_app.core.model.readings import ApiFailure, ApiReading

# Chosen, not measured: one failure may be a restart, and the third comes 3 s after the first. A
# healthy server never took as long to answer; a busy one is silent for up to 39 s.
FALLBACK_AFTER_FAILURES = 3
FALLBACK_AFTER_SILENCE_S = 3.0
# Chosen, not measured: a request that is refused costs both sides 8 ms, so the first pause may be
# short. The longest one is how late a server that is back may be seen where no process can be read.
PAUSE_MIN_S = 1.0
PAUSE_MAX_S = 30.0
# A server that hung answers the next request at once: ask again soon after a time-out,
# so that it is seen within 2 s of its waking.
RETRY_AFTER_TIMEOUT_S = 1.0
# The smoothed latency rises slowly, because one slow answer means a busy server, not a slow API
# (recorded: 14 s after a silence), and falls fast.
LATENCY_WEIGHT = 0.25
LATENCY_WEIGHT_DOWN = 0.5
LATENCY_RISE_MAX = 2.0
LATENCY_COUNTED_MIN_S = 0.05
LATENCY_FIRST_MAX_S = 1.5
# The server walks its whole temp tree for each answer, on its event loop: 0.37 s at 100,000 files.
# So at most a twentieth of its time may go into our answers.
APART_LATENCIES = 20.0
APART_MAX_S = 30.0
HASTE_S = 0.5
# The longest Retry-After that is respected: an hour of maintenance may be over sooner, and
# meanwhile only processes tell its memory.
RETRY_AFTER_MAX_S = 300.0
# A request is sent this long before the tick that uses its answer. Chosen, not measured: three
# times the usual latency leaves room for a slow answer; an idle server's 4 ms make it 0.05 s.
LEAD_MIN_S = 0.05
LEAD_LATENCIES = 3.0


class ApiState(StrEnum):
    """OK: answers. WAITING: no answer has come yet, and none is late. SLOW: an answer is late.
    SILENT: late by more than 3 s. OFF: the API is not polled."""

    OK = "ok"
    WAITING = "waiting"
    SLOW = "slow"
    SILENT = "silent"
    ERROR = "error"
    UNREACHABLE = "unreachable"
    OFF = "off"


class CircuitBreaker(Struct, frozen=True):
    """The state of the API. ``asked_s`` is set while a request is in flight.

    ``silent_since_s`` is when the first unanswered request was sent, kept over time-outs;
    ``latency_s`` is smoothed (weight 1/4 for a slower one, 1/2 for a faster). ``not_before_s`` is
    the end of the server's Retry-After, which overrides everything else.
    """

    asked_s: float | None = None
    reading: ApiReading | None = None
    failure: ApiFailure | None = None
    failures: int = 0
    silent_since_s: float | None = None
    pause_s: float = 0.0
    next_ask_s: float = 0.0
    latency_s: float | None = None
    not_before_s: float = 0.0


class ApiCondition(Struct, frozen=True):
    """The state of the API as it is shown. ``age_s`` is that of the last good reading, ``every_s``
    how far apart requests are kept where that is more than an interval. ``problem``: why it
    fails."""

    state: ApiState
    age_s: float | None = None
    latency_s: float | None = None
    problem: ApiProblem | None = None
    every_s: float | None = None


def asked(breaker: CircuitBreaker, now_s: float) -> CircuitBreaker:
    """A request was sent."""
    since = breaker.silent_since_s if breaker.silent_since_s is not None else now_s
    return replace(breaker, asked_s=now_s, silent_since_s=since)


def answered(breaker: CircuitBreaker, reading: ApiReading) -> CircuitBreaker:
    """A good answer closes the circuit: all earlier failures are forgotten."""
    return CircuitBreaker(
        reading=reading, latency_s=_smoothed(breaker.latency_s, reading.latency_s)
    )


def begun_again(breaker: CircuitBreaker, silent_since_s: float | None = None) -> CircuitBreaker:
    """Forget all earlier answers and failures. A request in flight may still be answered, and a
    Retry-After stays."""
    return CircuitBreaker(
        asked_s=breaker.asked_s, silent_since_s=silent_since_s, not_before_s=breaker.not_before_s
    )


def _smoothed(before_s: float | None, latency_s: float) -> float:
    if before_s is None:
        return min(latency_s, LATENCY_FIRST_MAX_S)
    if latency_s < before_s:
        return before_s + LATENCY_WEIGHT_DOWN * (latency_s - before_s)
    counted_s = min(latency_s, max(LATENCY_RISE_MAX * before_s, LATENCY_COUNTED_MIN_S))
    return before_s + LATENCY_WEIGHT * (counted_s - before_s)


def apart_s(breaker: CircuitBreaker) -> float:
    """The minimum time between requests, from start to start."""
    return min(APART_LATENCIES * (breaker.latency_s or 0.0), APART_MAX_S)


def within_budget(breaker: CircuitBreaker, now_s: float, interval_s: float) -> bool:
    """Whether the API answers every request, although its newest answer may be some time old."""
    if breaker.reading is None or breaker.failures:
        return False
    if breaker.asked_s is not None:  # a machine that is busy asks late, too
        return now_s - breaker.asked_s <= min(interval_s, 1.0)
    longest_s = apart_s(breaker) + interval_s + _lead_s(breaker, interval_s)
    return now_s - breaker.reading.taken_s <= longest_s


def _lead_s(breaker: CircuitBreaker, interval_s: float) -> float:
    """How long before a tick the request for it is sent."""
    return min(max(LEAD_MIN_S, LEAD_LATENCIES * (breaker.latency_s or 0.0)), interval_s / 2)


def failed(
    breaker: CircuitBreaker, failure: ApiFailure, now_s: float, jitter: float
) -> CircuitBreaker:
    """A failure, with ``jitter`` in [0, 1): refused and wrong answers pause 1 s to 30 s."""
    if failure.problem.failure_class is FailureClass.TIMEOUT:
        pause_s, next_ask_s = 0.0, now_s + RETRY_AFTER_TIMEOUT_S
        since = breaker.silent_since_s
    else:
        pause_s = min(max(2 * breaker.pause_s, PAUSE_MIN_S), PAUSE_MAX_S)
        spread_s = pause_s * (0.75 + 0.5 * jitter)
        next_ask_s = now_s + min(max(spread_s, PAUSE_MIN_S), PAUSE_MAX_S)
        since = None
    return replace(
        breaker,
        asked_s=None,
        failure=failure,
        failures=breaker.failures + 1,
        silent_since_s=since,
        pause_s=pause_s,
        next_ask_s=next_ask_s,
        not_before_s=now_s + min(failure.problem.retry_after_s or 0.0, RETRY_AFTER_MAX_S),
    )


def ended(breaker: CircuitBreaker) -> CircuitBreaker:
    """The answering process has ended: drop its last answer, and ask at once whether another one
    answers."""
    return replace(breaker, reading=None, pause_s=0.0, next_ask_s=0.0, not_before_s=0.0)


def reset(breaker: CircuitBreaker) -> CircuitBreaker:
    """The server seems to be back (its process was found): ask at once."""
    return replace(breaker, pause_s=0.0, next_ask_s=0.0)


def is_open(breaker: CircuitBreaker, now_s: float) -> bool:
    """Whether the API counts as unavailable: 3 failures in a row, 3 s of silence, or a Retry-After
    of more than 3 s."""
    return (
        breaker.failures >= FALLBACK_AFTER_FAILURES
        or breaker.not_before_s - now_s > FALLBACK_AFTER_SILENCE_S
        or (
            breaker.silent_since_s is not None
            and now_s - breaker.silent_since_s >= FALLBACK_AFTER_SILENCE_S
        )
    )


def refuses(breaker: CircuitBreaker, now_s: float) -> bool:
    """Whether nothing listens: unavailable, and the newest request was refused."""
    return _fails_as(breaker, FailureClass.REFUSED) and is_open(breaker, now_s)


def _fails_as(breaker: CircuitBreaker, failure_class: FailureClass) -> bool:
    return breaker.failure is not None and breaker.failure.problem.failure_class is failure_class


def due_s(
    breaker: CircuitBreaker, next_tick_s: float, interval_s: float, *, hastens: bool = False
) -> float | None:
    """When the next request is to be sent: shortly before the tick that will use it.

    None while one is in flight. After a failure the pause decides, not the tick. A tick that
    already has its answer, or comes too soon after the last request (`apart_s`), gets no request of
    its own. ``hastens``: it does not wait for a tick, and is sent as soon as that does not cost the
    server too much, but never later than otherwise.
    """
    if breaker.asked_s is not None:
        return None
    if breaker.failures or breaker.reading is None:
        return max(breaker.next_ask_s, breaker.not_before_s)
    if breaker.reading.taken_s >= next_tick_s - interval_s / 2:
        next_tick_s += interval_s
    ask_s = next_tick_s - _lead_s(breaker, interval_s)
    earliest_s = breaker.reading.taken_s - breaker.reading.latency_s + apart_s(breaker)
    if earliest_s > ask_s:
        ask_s += math.ceil((earliest_s - ask_s) / interval_s) * interval_s
    if hastens:
        ask_s = min(ask_s, breaker.reading.taken_s + max(HASTE_S, apart_s(breaker)))
    return max(ask_s, breaker.next_ask_s, breaker.not_before_s)


def condition(breaker: CircuitBreaker, now_s: float, interval_s: float) -> ApiCondition:
    """The condition to show at ``now_s``."""
    waited_s = 0.0 if breaker.silent_since_s is None else now_s - breaker.silent_since_s
    problem = breaker.failure.problem if breaker.failure else None
    if waited_s >= FALLBACK_AFTER_SILENCE_S or _fails_as(breaker, FailureClass.TIMEOUT):
        state = ApiState.SILENT
        problem = ApiProblem(ApiFailureKind.NO_ANSWER, waited_s=round(waited_s))
    elif breaker.failure is not None:
        refused = _fails_as(breaker, FailureClass.REFUSED)
        state = ApiState.UNREACHABLE if refused else ApiState.ERROR
    elif waited_s > min(interval_s, 1.0):
        state = ApiState.SLOW
    elif breaker.reading is None:
        state = ApiState.WAITING
    else:
        state = ApiState.OK
    every_s = apart_s(breaker)
    return ApiCondition(
        state=state,
        age_s=None if breaker.reading is None else max(0.0, now_s - breaker.reading.taken_s),
        latency_s=None if breaker.reading is None else breaker.reading.latency_s,
        problem=problem,
        every_s=every_s if every_s > interval_s else None,
    )
