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
    recent = sum(now_s - t <= WINDOW_S for t, _ in points)
    return Trend(points[-max(recent, POINTS_KEPT) :])


def rate_bytes_s(trend: Trend) -> float | None:
    """Slope of the line through the points in bytes per second; None while too short."""
    points = trend.points
    if len(points) < MIN_POINTS or points[-1][0] - points[0][0] < MIN_SPAN_S:
        return None
    count = len(points)
    mean_t = sum(t for t, _ in points) / count
    mean_m = sum(m for _, m in points) / count
    spread = sum((t - mean_t) ** 2 for t, _ in points)
    return sum((t - mean_t) * (m - mean_m) for t, m in points) / spread if spread > 0 else None
