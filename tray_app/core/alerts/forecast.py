"""Forecasts when memory reaches an alert level, or runs out, if it keeps rising at this rate.

Fits a least-squares line to the longest straight part of the latest samples. A forecast needs all
of these: the line is long enough, it rises, its scatter is small, both halves rise like the whole
(a step is no line, nor is a climb that has ended), and the newest 5 s rise like it. The line never
crosses the start or end of a job, because jobs move memory in steps. A forecast looks ahead at most
a few times as far as its line reaches back. It is shown after it has lasted for some seconds, and
then kept under milder conditions, so that it does not flicker. A shown forecast counts down; if it
does not come true, it is withdrawn.

A climb may stop anywhere. How likely it gets to a goal, the earlier jobs that got as far tell, and
how near it is (`Goal.likely`).
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from tray_app.core.analysis.job_profiles import NO_ENDS, Ends
from tray_app.core.analysis.least_squares import Fit, Sums, fit, newest, prefix, slope, sums
from tray_app.core.model.readings import MIB
from tray_app.core.model.timing import TICK_JITTER_S

# Minimum distance between points: closer ones add nothing to a line.
POINT_EVERY_S = 0.9
POINTS_MAX = 64
# How many of the newest points may form a line, largest first.
_LENGTHS = (64, 40, 26, 16, 10, 7, 5)
SPAN_MIN_S = 7.5
RISE_MIN_BYTES = 20 * MIB
RATE_MIN_BYTES_S = 0.5 * MIB
# Maximum standard error of the slope, relative to it: the error of the time to a limit.
ERROR_MAX, ERROR_MAX_SHOWN = 0.15, 0.25
# How much less steep than the whole a half may be: a fixed part, or what its own scatter explains
# (the slope of a half has 2.8 times the standard error), but never nearly all.
HALF_OFF = 0.2
HALF_POINTS_MIN = 3
HALF_OFF_ERRORS = 5.0
HALF_OFF_MAX, HALF_OFF_MAX_SHOWN = 0.5, 0.7
# The largest part of the whole rise that one step may be, beyond the largest fall: two or three
# stairs are no line; of a line with scatter, steps up and down are alike.
STEP_MAX = 0.3
HORIZON_SPANS = 4.0
# The newest seconds climb by this part of the line's slope, and their last step by a smaller one.
CLIMBS_FOR_S = 5.0
CLIMBS_PART, LAST_STEP_PART = 0.25, 0.1
# Allowance for noise: two readings mostly differ by less than this many standard deviations.
NOISE_DEVIATIONS = 3.5
EXTREMES_LEFT_OUT = 2
# A fall by a larger part of the rise is the end of a job or of a helper, and the climb's.
FALL_MAX = 0.1
LAST_STEP_S = 1.5
# Readings 10 s apart are not gaps.
GAP_STEPS = 1.5
# Two readings may be this much further apart than planned: one early, one late.
APART_JITTER_S = 2 * TICK_JITTER_S
# Per second, a shown moment may move away by this much; it may come nearer at once. So the time
# left always shrinks, and the forecast overtakes a climb that slows down.
SLIP_PART = 0.25
# A forecast is withdrawn if memory is not there this long after the forecast moment, or will be
# late by more than this and by as much as the time left.
OVERDUE_S = 3.0
LATE_MIN_S = 10.0
# A notification needs more certainty: at most one in ten may not come true. Its last chance is
# three readings before, and then more likely than not is enough.
SURE_PART, LIKELY_PART, LAST_CHANCE_S = 0.9, 0.5, 6.0
SHOWS_AFTER_S = 1.5
# Below this many seconds, critical is reported in advance.
IMMINENT_S = 60.0


class ForecastKind(StrEnum):
    """What memory will reach: a level, or the total of the machine or its control group."""

    RAISED = "raised"
    HIGH = "high"
    CRITICAL = "critical"
    FULL = "full"


class Forecast(Struct, frozen=True):
    """Memory reaches the goal in ``seconds`` at the current rate, which has lasted for ``span_s``.
    ``likely`` is the chance that the climb goes on until then."""

    kind: ForecastKind
    seconds: float
    span_s: float = math.inf
    likely: float = 1.0

    @property
    def imminent(self) -> bool:
        """Whether it is near and certain enough to be reported in advance."""
        needed = LIKELY_PART if self.seconds < LAST_CHANCE_S else SURE_PART
        return self.seconds < IMMINENT_S and self.likely >= needed


class Goal(NamedTuple):
    """What memory may reach: ``used_part`` is how much of it is used already, ``ends`` those of the
    earlier jobs that got as far as this one."""

    kind: ForecastKind
    bytes_: float
    used_part: float = 1.0
    ends: Ends = NO_ENDS

    @property
    def likely(self) -> float:
        """The chance that the climb gets there.

        The earlier jobs are witnesses, and one more is what holds of any climb: nothing is known of
        its scale, so of those that get to half of a size, half get to the whole.
        """
        ended = self.ends.below + self.ends.reached
        return (self.ends.reached + min(1.0, self.used_part)) / (ended + 1)


class Line(Struct, frozen=True):
    """A straight climb: its current value, slope and duration."""

    now_bytes: float
    rate_bytes_s: float
    span_s: float

    def needs_s(self, bytes_: float) -> float:
        """Seconds until it reaches the value; negative: it has passed it."""
        return (bytes_ - self.now_bytes) / self.rate_bytes_s


class ForecastState(Struct, frozen=True):
    """Recent points (``times_s`` monotonic), oldest first, and their line once it ``shows``.

    ``since_s`` is when there began to be a line without interruption. ``begins_s`` is the beginning
    or the end of a job, before which no point counts. ``promised`` are the moments last shown, at
    ``promised_s``.
    """

    times_s: tuple[float, ...] = ()
    figures: tuple[int, ...] = ()
    line: Line | None = None
    since_s: float | None = None
    begins_s: float | None = None
    promised: tuple[tuple[ForecastKind, float], ...] = ()
    promised_s: float = 0.0

    @property
    def shown(self) -> Line | None:
        """The line, once it has lasted for some seconds."""
        held = self.since_s is not None and self.times_s[-1] - self.since_s >= SHOWS_AFTER_S
        return self.line if held else None


NO_FORECAST = ForecastState()


def update(
    outlook: ForecastState, now_s: float, memory_bytes: int, *, begins_s: float | None = None
) -> ForecastState:
    """One more point. A point too soon after the last is ignored.

    ``begins_s`` is when the job that runs began, or the last one ended.
    """
    if begins_s is not None and begins_s != outlook.begins_s:
        outlook = _begun(outlook, begins_s)
    times_s, figures = outlook.times_s, outlook.figures
    if times_s and now_s - times_s[-1] < POINT_EVERY_S:
        line = outlook.line
        if line is None or memory_bytes >= figures[-1] - FALL_MAX * line.rate_bytes_s * line.span_s:
            return outlook
        return ForecastState(times_s, figures, begins_s=outlook.begins_s)
    if len(times_s) > 1 and now_s - times_s[-1] > _apart_s(times_s):
        return ForecastState((now_s,), (memory_bytes,), begins_s=outlook.begins_s)
    times_s = (*times_s[-POINTS_MAX + 1 :], now_s)
    figures = (*figures[-POINTS_MAX + 1 :], memory_bytes)
    if max(figures) - min(figures) < RISE_MIN_BYTES:  # the usual
        return ForecastState(times_s, figures, begins_s=outlook.begins_s)
    if outlook.line is None and memory_bytes <= figures[-_LENGTHS[-1] :][0]:
        # No climb begins with a fall: 40 µs saved.
        return ForecastState(times_s, figures, begins_s=outlook.begins_s)
    line = _line(times_s, figures, known=outlook.line is not None)
    if line is None:
        return ForecastState(times_s, figures, begins_s=outlook.begins_s)
    since_s = now_s if outlook.since_s is None else outlook.since_s
    return replace(outlook, times_s=times_s, figures=figures, line=line, since_s=since_s)


def shown(outlook: ForecastState, now_s: float) -> Line | None:
    """The line, once it has lasted for some seconds. None while its newest point is older than 5 s
    or than the distance of points: then it is unknown whether memory climbs."""
    line = outlook.shown
    if line is None:
        return None
    return line if now_s - outlook.times_s[-1] <= _apart_s(outlook.times_s) else None


def newest_rate_bytes_s(outlook: ForecastState) -> float:
    """How fast memory has risen in the newest 5 s, by a line through their points (at least two);
    0 where there are none. Noise that excuses a single step excuses no standstill."""
    times_s, figures = outlook.times_s, outlook.figures
    if len(times_s) < 2:
        return 0.0
    first = bisect_left(times_s, times_s[-1] - CLIMBS_FOR_S - APART_JITTER_S)
    first = min(first, len(times_s) - 2)
    return slope(sums(tuple(zip(times_s[first:], figures[first:], strict=True)))) or 0.0


def _apart_s(times_s: tuple[float, ...]) -> float:
    """The longest gap between readings across which a line still counts."""
    return max(CLIMBS_FOR_S, GAP_STEPS * (times_s[-1] - times_s[-2])) + APART_JITTER_S


def foresee(
    outlook: ForecastState,
    now_s: float,
    memory_bytes: int,
    goals: Iterable[Goal],
) -> tuple[ForecastState, tuple[Forecast, ...]]:
    """Which of ``goals`` memory will reach from its current size, and the outlook with that
    forecast. None that most of the earlier jobs that got as far ended below.

    A broken forecast drops the line, too: the climb was something else.
    """
    line = shown(outlook, now_s)
    if line is None:
        return outlook, ()
    age_s, before = now_s - outlook.times_s[-1], dict(outlook.promised)
    promised, ahead = [], []
    for goal in goals:
        if goal.bytes_ <= memory_bytes or goal.ends.below > goal.ends.reached:
            continue
        kind, needs_s = goal.kind, max(0.0, line.needs_s(goal.bytes_) - age_s)
        if needs_s > HORIZON_SPANS * line.span_s:
            continue
        due_s = now_s + needs_s
        if kind in before:
            latest_s = before[kind] + SLIP_PART * (now_s - outlook.promised_s)
            if latest_s < now_s - OVERDUE_S:
                return _broken(outlook), ()
            if due_s - latest_s > max(LATE_MIN_S, latest_s - now_s):
                return _broken(outlook), ()
            due_s = min(due_s, latest_s)
        promised.append((kind, due_s))
        left_s = max(0.0, due_s - now_s)
        ahead.append(Forecast(kind, left_s, line.span_s, goal.likely))
    return replace(outlook, promised=tuple(promised), promised_s=now_s), tuple(ahead)


def _begun(outlook: ForecastState, begins_s: float) -> ForecastState:
    """Without the points before this moment, and without a line that reaches beyond it."""
    first = bisect_left(outlook.times_s, begins_s)
    times_s, figures = outlook.times_s[first:], outlook.figures[first:]
    line = outlook.line
    if line is not None and times_s and times_s[-1] - line.span_s >= times_s[0]:
        return replace(outlook, times_s=times_s, figures=figures, begins_s=begins_s)
    return ForecastState(times_s, figures, begins_s=begins_s)


def _broken(outlook: ForecastState) -> ForecastState:
    return ForecastState(outlook.times_s[-1:], outlook.figures[-1:], begins_s=outlook.begins_s)


def _line(times_s: tuple[float, ...], figures: tuple[int, ...], *, known: bool) -> Line | None:
    """The line of the longest straight part that ends now."""
    error_max = ERROR_MAX_SHOWN if known else ERROR_MAX
    off_max = HALF_OFF_MAX_SHOWN if known else HALF_OFF_MAX
    columns = prefix(times_s, figures)
    for length in _LENGTHS:
        count = min(length, len(times_s))
        span_s = times_s[-1] - times_s[-count]
        if span_s < SPAN_MIN_S:
            return None
        if length > len(times_s) and length != _LENGTHS[0]:
            continue
        line = fit(newest(columns, count))
        if line is None or not _rises(line, span_s) or line.error > error_max * line.slope:
            continue
        rate = line.slope
        half = (count + 1) // 2
        off = min(off_max, max(HALF_OFF, HALF_OFF_ERRORS * line.error / rate))
        least = (1.0 - off) * rate
        if (
            _is_as_steep(newest(columns, half), least)
            and _is_as_steep(newest(columns, count, count - half), least)
            and _stair(figures[-count:]) <= STEP_MAX * rate * span_s
            and _climbs(times_s[-count:], figures[-count:], rate)
        ):
            return Line(figures[-1] + line.origin, rate, span_s)
    return None


def _rises(line: Fit, span_s: float) -> bool:
    return line.slope >= RATE_MIN_BYTES_S and line.slope * span_s >= RISE_MIN_BYTES


def _is_as_steep(half: Sums, least_bytes_s: float) -> bool:
    rate = slope(half)
    return half.n >= HALF_POINTS_MIN and rate is not None and rate >= least_bytes_s


def _climbs(times_s: tuple[float, ...], figures: tuple[int, ...], rate_bytes_s: float) -> bool:
    """Whether the newest seconds and their last step continue the line, without a fall on the
    way."""
    now_s, now_bytes = times_s[-1], figures[-1]
    last = bisect_left(times_s, now_s - LAST_STEP_S) - 1
    recent = min(last, bisect_left(times_s, now_s - CLIMBS_FOR_S - APART_JITTER_S))
    off_bytes = NOISE_DEVIATIONS * _noise(times_s, figures, rate_bytes_s)
    for start, part in ((recent, CLIMBS_PART), (last, LAST_STEP_PART)):
        least = part * rate_bytes_s * (now_s - times_s[start]) - off_bytes
        if now_bytes - figures[start] < least:
            return False
    fall = max(before - after for before, after in pairwise(figures))
    return fall <= FALL_MAX * rate_bytes_s * (now_s - times_s[0]) + off_bytes


def _noise(times_s: tuple[float, ...], figures: tuple[int, ...], rate_bytes_s: float) -> float:
    """The standard deviation of single readings about the line, in bytes.

    Of noise, a step that is too large is followed by one that is too small: neighbouring steps'
    covariance is minus its variance. Stairs have no such pairs, but for a helper that comes and
    goes, and the most extreme are left out.
    """
    points = zip(times_s, figures, strict=True)
    off = [
        after - before - rate_bytes_s * (then_s - at_s)
        for (at_s, before), (then_s, after) in pairwise(points)
    ]
    opposed = sorted(-one * other for one, other in pairwise(off))[:-EXTREMES_LEFT_OUT]
    return math.sqrt(max(0.0, sum(opposed) / len(opposed))) if opposed else 0.0


def _stair(figures: tuple[int, ...]) -> int:
    """How much larger the largest step up is than the largest one down."""
    steps = [after - before for before, after in pairwise(figures)]
    return max(steps) + min(0, *steps)
