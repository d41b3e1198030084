"""The picture of a notification as a value: the last 5 min, the limit, and what is ahead.

Rule of the room: pure; `views.icon` decides how it looks.
"""

from __future__ import annotations

from itertools import accumulate

from msgspec import Struct

from tray_app.core.alerts.forecast import Forecast, ForecastKind
from tray_app.core.alerts.idle_growth import IdleGrowth
from tray_app.core.alerts.job_leak import Leak
from tray_app.core.alerts.levels import LevelReached
from tray_app.core.alerts.limits import Level
from tray_app.core.alerts.server_exit import ServerExit
from tray_app.core.analysis import course
from tray_app.core.analysis.course import BUCKET_S, BUCKETS, Course
from tray_app.core.model.readings import MIB
from tray_app.core.monitor.events import Alert
from tray_app.core.monitor.sample import Sample
from tray_app.core.presentation.icon import Picture

FULL = 1000
"""The height of what reaches the upper edge."""
PAST = 30
"""Columns of 10 s: what leads to an alert takes some minutes at most."""
AHEAD = 6
"""A forecast looks a minute ahead."""
# Above the highest there is room for the limit to be seen as a line.
HEADROOM = 1.12
# Growth that takes hours is small beside what there was before.
GROWTH_PART = 0.1


class Chart(Struct, frozen=True):
    """Columns with heights from 0 (nothing is known) to FULL, oldest first.

    ``ahead`` continues them as the forecast has it, ``limit`` is a line across. ``ended``: the
    server has gone after the last column. ``apart``: each column stands alone (jobs, not time).
    ``tile`` is the icon's picture: its band, colours and theme are used.
    """

    tile: Picture
    past: tuple[int, ...]
    ahead: tuple[int, ...] = ()
    limit: int | None = None
    ended: bool = False
    apart: bool = False


def chart_of(event: Alert, past: Course, tile: Picture) -> Chart | None:
    """The chart of a critical level, a forecast, an end or a leak; None for other alerts, and where
    too little is known."""
    found, sample = event.finding, event.sample
    now_s = sample.at.mono_s
    match found:
        case Leak(kept_bytes) if len(kept_bytes) > 1:
            sums = tuple(accumulate(max(0, each) for each in kept_bytes))
            return Chart(tile, _heights(sums, sums[-1]), apart=True)
        case IdleGrowth():
            grown = _columns(past, now_s, BUCKETS)
            known = [each for each in grown if each is not None]
            base = (1 - GROWTH_PART) * min(known, default=0)
            return _known(Chart(tile, _heights(grown, max(known, default=0), base)))
        case ServerExit():
            columns = _ending(_columns(past, now_s, BUCKETS))
            top = HEADROOM * max((each for each in columns if each is not None), default=0)
            return _known(Chart(tile, _heights(columns, top), ended=True))
        case LevelReached() if found.forecast or found.level is Level.CRITICAL:
            return _known(_of_level(found, sample, past, tile))
        case _:
            return None


def _of_level(found: LevelReached, sample: Sample, past: Course, tile: Picture) -> Chart:
    columns = _columns(past, sample.at.mono_s, PAST)
    limit_bytes = found.limit_mb * MIB
    ahead: tuple[float, ...] = ()
    if found.forecast and sample.memory_bytes is not None:
        limit_bytes = _target(found.forecast, sample, limit_bytes)
        ahead = _ahead(sample.memory_bytes, limit_bytes, found.forecast.seconds)
    top = HEADROOM * max(limit_bytes, *(each for each in columns if each is not None), 1)
    return Chart(
        tile, _heights(columns, top), _heights(ahead, top), limit=round(FULL * limit_bytes / top)
    )


def _target(forecast: Forecast, sample: Sample, limit_bytes: float) -> float:
    """Where the climb leads to."""
    if forecast.kind is ForecastKind.FULL and sample.system and sample.memory_bytes is not None:
        return float(sample.memory_bytes + sample.system.available_bytes)
    return limit_bytes


def _ahead(memory_bytes: int, limit_bytes: float, seconds: float) -> tuple[float, ...]:
    """A straight climb in columns, which ends at the limit."""
    pace = (limit_bytes - memory_bytes) / max(seconds, 1.0)
    moments = (BUCKET_S * (number + 1) for number in range(AHEAD))
    return tuple(min(limit_bytes, memory_bytes + pace * moment_s) for moment_s in moments)


def _columns(past: Course, now_s: float, count: int) -> tuple[int | None, ...]:
    parts = course.cells(past, now_s, BUCKETS)[-count:]
    return tuple(part.most_bytes if part else None for part in parts)


def _ending(columns: tuple[int | None, ...]) -> tuple[int | None, ...]:
    """The last 5 min of them that end with a figure: the end may be some time ago."""
    while columns and columns[-1] is None:
        columns = columns[:-1]
    return columns[-PAST:]


def _heights(values: tuple[float | None, ...], top: float, base: float = 0.0) -> tuple[int, ...]:
    span = max(top - base, 1.0)
    return tuple(
        0 if value is None else max(1, round(FULL * (value - base) / span)) for value in values
    )


def _known(chart: Chart) -> Chart | None:
    """Two columns are no course."""
    return chart if sum(map(bool, chart.past)) > 2 else None
