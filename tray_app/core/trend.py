"""The rate of change of memory over the last moments.

A least-squares line over `WINDOW_S`; silent until it has `MIN_POINTS` over `MIN_SPAN_S`,
because two neighbouring readings say more about noise than about a trend.
"""

from __future__ import annotations

from dataclasses import dataclass

WINDOW_S = 20.0
MIN_SPAN_S = 1.5
MIN_POINTS = 3
MAX_POINTS = 120


@dataclass(frozen=True, slots=True)
class Trend:
    """Recent (mono_s, bytes) points, oldest first, bounded."""

    points: tuple[tuple[float, int], ...] = ()


def add(trend: Trend, now_s: float, memory_bytes: int) -> Trend:
    """One more point; points older than the window fall out."""
    kept = tuple(p for p in trend.points if now_s - p[0] <= WINDOW_S)
    return Trend((*kept, (now_s, memory_bytes))[-MAX_POINTS:])


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
