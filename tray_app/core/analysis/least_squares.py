"""The straight line with the least sum of squared distances to the points.

All sums are over differences to one of the points: sums of large numbers would lose the small ones.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import accumulate
from operator import mul
from typing import NamedTuple


class Sums(NamedTuple):
    """Over ``n`` points the sums of x, y, x², xy and y²."""

    n: int
    x: float
    y: float
    xx: float
    xy: float
    yy: float


class Fit(NamedTuple):
    """``slope`` in y by x, and ``origin``, the line's y where x is 0. ``error`` is the standard
    error of the slope, ``explained`` the part of y's variance that is the line's (0 to 1)."""

    slope: float
    origin: float
    error: float
    explained: float


Prefix = tuple[tuple[float, ...], ...]
"""The sums over the newest points, by how many they are."""


def sums(points: Sequence[tuple[float, float]]) -> Sums:
    """Over all points, from the first one on."""
    first_x, first_y = points[0]
    x = y = xx = xy = yy = 0.0
    for at_x, at_y in points:
        dx, dy = at_x - first_x, at_y - first_y
        x += dx
        y += dy
        xx += dx * dx
        xy += dx * dy
        yy += dy * dy
    return Sums(n=len(points), x=x, y=y, xx=xx, xy=xy, yy=yy)


def prefix(xs: Sequence[float], ys: Sequence[float]) -> Prefix:
    """Over the newest points (they are last), back from the newest one, for lines of any length."""
    last_x, last_y = xs[-1], ys[-1]
    x = [each - last_x for each in reversed(xs)]
    y = [float(each - last_y) for each in reversed(ys)]
    columns: Iterable[Iterable[float]] = (x, y, map(mul, x, x), map(mul, x, y), map(mul, y, y))
    return tuple(tuple(accumulate(column, initial=0.0)) for column in columns)


def newest(columns: Prefix, count: int, skip: int = 0) -> Sums:
    """Over the newest ``count`` points but for the newest ``skip``."""
    x, y, xx, xy, yy = columns
    return Sums(
        n=count - skip,
        x=x[count] - x[skip],
        y=y[count] - y[skip],
        xx=xx[count] - xx[skip],
        xy=xy[count] - xy[skip],
        yy=yy[count] - yy[skip],
    )


def slope(of: Sums) -> float | None:
    """Of the line; None where all points have one x."""
    n, x, y, xx, xy, _ = of
    spread = n * xx - x * x
    return (n * xy - x * y) / spread if spread > 0.0 else None


def fit(of: Sums) -> Fit | None:
    """The line, and how well it is known; None where all points have one x."""
    rate = slope(of)
    if rate is None:
        return None
    n, x, y, xx, xy, yy = of
    total = yy - y * y / n
    explained = rate * (xy - x * y / n)
    rest = max(0.0, total - explained)
    error = math.sqrt(rest / (n - 2) / (xx - x * x / n)) if n > 2 else math.inf
    part = min(1.0, explained / total) if total > 0.0 else 0.0
    return Fit(rate, (y - rate * x) / n, error, part)
