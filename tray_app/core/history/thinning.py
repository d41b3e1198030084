"""How long the past is kept, and in which detail.

Samples stand for a day, minutes for a month, hours for a year. What is too old becomes rows of the
next coarser kind first, so that no peak is lost, and is deleted then: in small steps, each of which
takes a few milliseconds.
"""

from __future__ import annotations

from msgspec import Struct

HOUR_S = 3600.0
DAY_S = 24 * HOUR_S
MINUTE_S = 60.0
MAX_BYTES = 50 * 10**6


class Spans(Struct, frozen=True):
    """For how long samples, minutes and hours are kept, in seconds."""

    samples_s: float = DAY_S
    minutes_s: float = 30 * DAY_S
    hours_s: float = 365 * DAY_S


class Means(Struct, frozen=True):
    """A row over several samples: memory (least, mean, most), and what else had a maximum.

    ``count`` is the number of samples with a figure, ``busy_s`` the time with a job, ``watched_s``
    the time that was watched at all.
    """

    from_s: float
    count: int = 0
    least_bytes: int | None = None
    mean_bytes: float | None = None
    most_bytes: int | None = None
    mean_cpu_percent: float | None = None
    most_cpu_percent: float | None = None
    least_available_bytes: int | None = None
    most_descriptors: int | None = None
    most_temp_bytes: int | None = None
    watched_s: float = 0.0
    busy_s: float = 0.0


class Cut(Struct, frozen=True):
    """One step of thinning: rows before ``before_s`` go."""

    samples_before_s: float
    minutes_before_s: float
    hours_before_s: float


def cut(spans: Spans, now_s: float) -> Cut:
    """Which rows are too old now. Whole minutes and hours only: a half of one would be wrong."""
    return Cut(
        samples_before_s=_floor(now_s - spans.samples_s, MINUTE_S),
        minutes_before_s=_floor(now_s - spans.minutes_s, HOUR_S),
        hours_before_s=_floor(now_s - spans.hours_s, HOUR_S),
    )


def _floor(at_s: float, step_s: float) -> float:
    return at_s - at_s % step_s
