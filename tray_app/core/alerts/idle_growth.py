"""Detects slow memory growth while no job is running, the second kind of leak.

Takes the mean of every half minute over the last half hour. Growth is 15 min that rise in a
straight line and by more than 1 MB/min. A job restarts the count.
"""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct
from msgspec.structs import replace

from tray_app.core.alerts.facts import Facts
from tray_app.core.alerts.policy import Finding, Policy
from tray_app.core.analysis.least_squares import fit, slope, sums
from tray_app.core.model.readings import MIB

EVERY_S = 30.0
POINTS_MAX = 61
POINTS_MIN = 8
LONG_S = 15 * 60.0
RATE_MIN_BYTES_S = MIB / 60
# The line must explain this part of the variance: a fifth may be noise.
STRAIGHT_MIN = 0.8
HALF_MIN = 0.5
# After this long without a reading, earlier points do not count.
UNSEEN_MAX_S = 5 * 60.0


class IdleGrowth(Finding, frozen=True):
    """Memory grew by ``grown_bytes`` in ``elapsed_s`` without a job."""

    WORD: ClassVar[str] = "growth"

    grown_bytes: int
    elapsed_s: float


class IdleGrowthState(Struct, frozen=True):
    """``points`` are (moment, mean bytes), oldest first; ``first`` is where it began.

    ``began_s``, ``sum_bytes`` and ``count`` belong to the current half minute. ``told_bytes``: the
    growth at the last alert.
    """

    points: tuple[tuple[float, float], ...] = ()
    first: tuple[float, float] | None = None
    began_s: float | None = None
    sum_bytes: int = 0
    count: int = 0
    told_bytes: float = 0.0


NO_GROWTH = IdleGrowthState()


def update(state: IdleGrowthState, facts: Facts) -> tuple[IdleGrowthState, IdleGrowth | None]:
    """The policy after one more sample. No figure changes nothing; work, or another server, starts
    over."""
    activity, now_s = facts.activity, facts.now.mono_s
    # A burst is not work yet, but its memory says nothing about idle time.
    memory_bytes = None if activity.burst_s > 0.0 else facts.fresh_bytes
    if activity.is_busy or facts.lost:
        return NO_GROWTH, None
    if memory_bytes is None:
        return state, None
    if state.began_s is None or now_s - state.began_s > UNSEEN_MAX_S + EVERY_S:
        return IdleGrowthState(began_s=now_s, sum_bytes=memory_bytes, count=1), None
    sum_bytes, count = state.sum_bytes + memory_bytes, state.count + 1
    if now_s - state.began_s < EVERY_S:
        return replace(state, sum_bytes=sum_bytes, count=count), None
    point = ((state.began_s + now_s) / 2, sum_bytes / count)
    points = (*state.points[-POINTS_MAX + 1 :], point)
    first = state.first or point
    grown = point[1] - first[1]
    growing = None
    told_bytes = state.told_bytes
    if grown >= max(2 * told_bytes, LONG_S * RATE_MIN_BYTES_S) and _straight(points):
        growing, told_bytes = IdleGrowth(round(grown), point[0] - first[0]), grown
    return IdleGrowthState(points, first, began_s=now_s, told_bytes=told_bytes), growing


def _straight(points: tuple[tuple[float, float], ...]) -> bool:
    if len(points) < POINTS_MIN or points[-1][0] - points[0][0] < LONG_S:
        return False
    line = fit(sums(points))
    if line is None or line.slope <= RATE_MIN_BYTES_S or line.explained < STRAIGHT_MIN:
        return False
    half = len(points) // 2
    halves = (slope(sums(points[:half])), slope(sums(points[half:])))
    return all(rate is not None and rate >= HALF_MIN * line.slope for rate in halves)


def _reset(_state: IdleGrowthState, _now_s: float) -> IdleGrowthState:
    return NO_GROWTH


POLICY = Policy(NO_GROWTH, update, woken=_reset, rebased=_reset)
