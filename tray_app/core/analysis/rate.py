"""Computes how fast memory changes.

A least-squares line over `WINDOW_S`, or the last `POINTS_KEPT` points where they are further apart;
silent until it has `MIN_POINTS` over `MIN_SPAN_S`, because two neighbouring readings say more about
noise than about a trend. The newest part must agree, so that a fall that is over is not reported as
going on: in a replayed job a window of 20 s showed −190 MB/s ten seconds after its end, and one of
7 s alone −17 MB/s for 6 s.
"""

from __future__ import annotations

from msgspec import Struct

from tray_app.core.analysis.least_squares import slope, sums
from tray_app.core.model.readings import MIB

WINDOW_S = 7.0
# A smaller rate is noise: the recorded idle server moves by less. It is shown as steady, and no
# forecast stands beside it.
STEADY_BYTES_S = 0.5 * MIB
POINTS_KEPT = 4
MIN_SPAN_S = 1.5
MIN_POINTS = 3
MAX_POINTS = 120
# A span below three usual intervals is too short to call memory steady.
STILL_SPAN_S = 5.0


class Trend(Struct, frozen=True):
    """Recent (mono_s, bytes) points, oldest first, bounded."""

    points: tuple[tuple[float, int], ...] = ()


def update(trend: Trend, now_s: float, memory_bytes: int) -> Trend:
    """One more point; points older than the window are dropped."""
    points = (*trend.points[-MAX_POINTS + 1 :], (now_s, memory_bytes))
    old = 0
    while old < len(points) - POINTS_KEPT and now_s - points[old][0] > WINDOW_S:
        old += 1
    return Trend(points[old:])


def rate_bytes_s(trend: Trend) -> float | None:
    """The rate in bytes per second on which the window and its newest part agree; None while too
    short.

    It is the smaller slope, or 0 if one rises and the other falls. So a fall that is over is steady
    at once, and a new climb shows gradually.
    """
    points = trend.points
    if len(points) < MIN_POINTS or points[-1][0] - points[0][0] < MIN_SPAN_S:
        return None
    whole = slope(sums(points))
    if whole is None:
        return None
    newest = slope(sums(points[_newest(points) :]))
    if newest is None or whole * newest <= 0.0:
        return 0.0
    return whole if abs(whole) < abs(newest) else newest


def is_still(trend: Trend, within_bytes: int) -> bool:
    """Whether memory stayed within this range over the whole window; False while that is short."""
    points = trend.points
    if len(points) < MIN_POINTS or points[-1][0] - points[0][0] < STILL_SPAN_S:
        return False
    figures = [size_bytes for _, size_bytes in points]
    return max(figures) - min(figures) <= within_bytes


def _newest(points: tuple[tuple[float, int], ...]) -> int:
    """Where the newest part begins: the last step, or steps, that take `MIN_SPAN_S`."""
    start, last_s = len(points) - 2, points[-1][0]
    while start > 0 and last_s - points[start][0] < MIN_SPAN_S:
        start -= 1
    return start
