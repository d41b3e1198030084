"""The rate of change of memory over the last moments.

A least-squares line over `WINDOW_S`, or the last `POINTS_KEPT` points where they are further
apart; silent until it has `MIN_POINTS` over `MIN_SPAN_S`, because two neighbouring readings
say more about noise than about a trend. The window is short so that a fall that is over is
not told as going on: in a replayed job 20 s showed −190 MB/s ten seconds after its end.
"""

from __future__ import annotations

from tray_app.core.values import dataclass

WINDOW_S = 7.0
POINTS_KEPT = 4
MIN_SPAN_S = 1.5
MIN_POINTS = 3
MAX_POINTS = 120


@dataclass(frozen=True, slots=True)
class Trend:
    """Recent (mono_s, bytes) points, oldest first, bounded."""

    points: tuple[tuple[float, int], ...] = ()


def add(trend: Trend, now_s: float, memory_bytes: int) -> Trend:
    """One more point; what is older than the window falls out."""
    points = (*trend.points[-MAX_POINTS + 1 :], (now_s, memory_bytes))
    old = 0
    while old < len(points) - POINTS_KEPT and now_s - points[old][0] > WINDOW_S:
        old += 1
    return Trend(points[old:])


def rate_bytes_s(trend: Trend) -> float | None:
    """Slope of the line through the points in bytes per second; None while too short."""
    points = trend.points
    if len(points) < MIN_POINTS or points[-1][0] - points[0][0] < MIN_SPAN_S:
        return None
    # One pass, from the first point on: sums of large numbers would lose the small ones.
    first_s, first_bytes = points[0]
    sum_t = sum_m = sum_tt = sum_tm = 0.0
    for at_s, size_bytes in points:
        t, m = at_s - first_s, size_bytes - first_bytes
        sum_t += t
        sum_m += m
        sum_tt += t * t
        sum_tm += t * m
    count = len(points)
    spread = count * sum_tt - sum_t * sum_t
    return (count * sum_tm - sum_t * sum_m) / spread if spread > 0 else None
