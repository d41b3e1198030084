"""How long memory takes to a level, or to the end, if it goes on climbing as it does.

A least-squares line over the longest straight part of the last samples. It must be long enough,
rise, and be known well enough from its scatter; both halves must rise like the whole, so that a
step, or a climb that is over, is no line. A forecast looks no further ahead than a few times as
far as the line reaches back. It shows when it has held for some seconds, and what is shown is
held to milder terms: so it vanishes rather than flickers.
"""

from __future__ import annotations

import math
from enum import StrEnum
from itertools import accumulate, pairwise
from operator import mul

from tray_app.core.readings import MIB
from tray_app.core.values import dataclass

# Points are kept so far apart at least: quick looks and short intervals add nothing to a line.
POINT_EVERY_S = 0.9
POINTS_MAX = 64
# The newest points that make a line, the longest first.
_LENGTHS = (64, 40, 26, 16, 10, 7, 5)
SPAN_MIN_S = 7.5
RISE_MIN_BYTES = 20 * MIB
RATE_MIN_BYTES_S = 0.5 * MIB
# The standard error of the slope, as a part of it: what the time to a limit may be wrong by.
ERROR_MAX, ERROR_MAX_SHOWN = 0.15, 0.25
# How much less steep than the whole a half may be: a fixed part, or what its own scatter explains
# (the slope of a half has 2.8 times the standard error), but never nearly all.
HALF_OFF = 0.2
HALF_OFF_ERRORS = 5.0
HALF_OFF_MAX, HALF_OFF_MAX_SHOWN = 0.5, 0.7
# The largest part of the whole rise that one step may be, beyond the largest fall: two or three
# stairs are no line; of a line with scatter, steps up and down are alike.
STEP_MAX = 0.3
HORIZON_SPANS = 4.0
# What interrupts a person must be known better: a climb as long as the time that is left. Recorded
# jobs climb for 5 to 30 s by 70 to 10 MB/s, and stop.
THREAT_SPANS = 1.0
THREAT_SPAN_MIN_S = 11.0
SHOWS_AFTER_S = 1.5
# Below this, critical is said before it is reached.
IMMINENT_S = 60.0


class Kind(StrEnum):
    """What memory will reach: a level, or all that the machine (or its control group) has."""

    ELEVATED = "elevated"
    HIGH = "high"
    CRITICAL = "critical"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Forecast:
    """In ``seconds`` memory will be there, as it climbs now and has for ``span_s``."""

    kind: Kind
    seconds: float
    span_s: float = math.inf

    @property
    def imminent(self) -> bool:
        """Whether it is so near, and so well known, that it is said before it is there."""
        known_s = THREAT_SPANS * self.span_s if self.span_s >= THREAT_SPAN_MIN_S else 0.0
        return self.seconds < min(IMMINENT_S, known_s)


@dataclass(frozen=True, slots=True)
class Line:
    """A straight climb: where it is now, how steep, and how long it has been going on."""

    now_bytes: float
    rate_bytes_s: float
    span_s: float

    def seconds_to(self, bytes_: float) -> float | None:
        """The time until it is there; None: too far ahead to say, or passed."""
        seconds = (bytes_ - self.now_bytes) / self.rate_bytes_s
        return seconds if 0.0 < seconds <= HORIZON_SPANS * self.span_s else None


@dataclass(frozen=True, slots=True)
class Outlook:
    """Recent points (``times_s`` monotonic), oldest first, and their line once it ``shows``.

    ``since_s`` is when there began to be a line without interruption.
    """

    times_s: tuple[float, ...] = ()
    figures: tuple[int, ...] = ()
    line: Line | None = None
    since_s: float | None = None

    @property
    def shown(self) -> Line | None:
        """The line, once it has held for some seconds."""
        held = self.since_s is not None and self.times_s[-1] - self.since_s >= SHOWS_AFTER_S
        return self.line if held else None


NO_OUTLOOK = Outlook()


def add(outlook: Outlook, now_s: float, memory_bytes: int) -> Outlook:
    """One more point. One that comes too soon after the last is not looked at."""
    times_s, figures = outlook.times_s, outlook.figures
    if times_s and now_s - times_s[-1] < POINT_EVERY_S:
        return outlook
    times_s = (*times_s[-POINTS_MAX + 1 :], now_s)
    figures = (*figures[-POINTS_MAX + 1 :], memory_bytes)
    if max(figures) - min(figures) < RISE_MIN_BYTES:  # the usual
        return Outlook(times_s, figures)
    if outlook.line is None and memory_bytes <= figures[-_LENGTHS[-1] :][0]:
        return Outlook(times_s, figures)  # no climb begins with a fall: 40 µs saved
    line = _line(times_s, figures, known=outlook.line is not None)
    since_s = None if line is None else now_s if outlook.since_s is None else outlook.since_s
    return Outlook(times_s, figures, line, since_s)


def _line(times_s: tuple[float, ...], figures: tuple[int, ...], *, known: bool) -> Line | None:
    """The line of the longest straight part that ends now."""
    error_max = ERROR_MAX_SHOWN if known else ERROR_MAX
    off_max = HALF_OFF_MAX_SHOWN if known else HALF_OFF_MAX
    sums = _sums(times_s, figures)
    for length in _LENGTHS:
        count = min(length, len(times_s))
        span_s = times_s[-1] - times_s[-count]
        if span_s < SPAN_MIN_S:
            return None
        if length > len(times_s) and length != _LENGTHS[0]:
            continue
        rate, end, error = _fit(sums, count)
        if rate < RATE_MIN_BYTES_S or rate * span_s < RISE_MIN_BYTES or error > error_max * rate:
            continue
        half = (count + 1) // 2
        off = min(off_max, max(HALF_OFF, HALF_OFF_ERRORS * error / rate))
        least = (1.0 - off) * rate
        if (
            _fit(sums, half)[0] >= least
            and _fit(sums, count, count - half)[0] >= least
            and _stair(figures[-count:]) <= STEP_MAX * rate * span_s
        ):
            return Line(figures[-1] + end, rate, span_s)
    return None


def _stair(figures: tuple[int, ...]) -> int:
    """How much larger the largest step up is than the largest one down."""
    steps = [after - before for before, after in pairwise(figures)]
    return max(steps) + min(0, *steps)


_Sums = tuple[tuple[float, ...], ...]


def _sums(times_s: tuple[float, ...], figures: tuple[int, ...]) -> _Sums:
    """The sums of x, y, x², xy and y² over the newest points, by their number."""
    now_s, now_bytes = times_s[-1], figures[-1]
    x = [at_s - now_s for at_s in reversed(times_s)]
    y = [float(size - now_bytes) for size in reversed(figures)]
    columns = (x, y, map(mul, x, x), map(mul, x, y), map(mul, y, y))
    return tuple(tuple(accumulate(column, initial=0.0)) for column in columns)


def _fit(sums: _Sums, count: int, skip: int = 0) -> tuple[float, float, float]:
    """Of the least-squares line over the newest ``count`` points but for ``skip``: slope, value
    at the newest, and standard error of the slope."""
    n = count - skip
    x, y, xx, xy, yy = (column[count] - column[skip] for column in sums)
    spread = xx - x * x / n
    if spread <= 0.0 or n < 3:
        return 0.0, 0.0, math.inf
    both = xy - x * y / n
    slope = both / spread
    rest = max(0.0, yy - y * y / n - slope * both)
    return slope, (y - slope * x) / n, math.sqrt(rest / (n - 2) / spread)
