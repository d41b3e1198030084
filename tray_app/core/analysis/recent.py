"""The average of the last 10 min, in buckets of a minute each: memory need not be kept per sample.

A figure counts for the time since the one before it, because samples do not come evenly.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

BUCKET_S = 60.0
BUCKETS = 10
# Over a longer gap (a pause, sleep) nothing is known of memory.
STEP_MAX_S = 60.0
# The average of a few seconds is only the figure.
SHOWN_FROM_S = 60.0


class Bucket(Struct, frozen=True):
    """A minute of the monotonic clock, the time of it that is known, and memory times that time."""

    minute: int
    known_s: float
    byte_s: float


class RecentMemory(Struct, frozen=True):
    """The buckets, oldest first, and when the last figure came."""

    buckets: tuple[Bucket, ...] = ()
    last_s: float | None = None


class Average(Struct, frozen=True):
    """An average over so many known seconds."""

    memory_bytes: float
    known_s: float


def update(state: RecentMemory, now_s: float, memory_bytes: int | None) -> RecentMemory:
    """After one more sample; None: without a figure."""
    if memory_bytes is None:
        return state
    if state.last_s is None or not 0.0 < now_s - state.last_s <= STEP_MAX_S:
        return replace(state, last_s=now_s)
    step_s, minute = now_s - state.last_s, int(now_s // BUCKET_S)
    kept, newest = state.buckets, Bucket(minute, 0.0, 0.0)
    if kept and kept[-1].minute == minute:
        kept, newest = kept[:-1], kept[-1]
    else:
        kept = _within(kept, now_s)
    newest = Bucket(minute, newest.known_s + step_s, newest.byte_s + step_s * memory_bytes)
    return RecentMemory((*kept, newest), now_s)


def average(state: RecentMemory, now_s: float) -> Average | None:
    """The average of the last minutes; None while less than a minute is known."""
    buckets = _within(state.buckets, now_s)
    known_s = sum(bucket.known_s for bucket in buckets)
    if known_s < SHOWN_FROM_S:
        return None
    return Average(sum(bucket.byte_s for bucket in buckets) / known_s, known_s)


def _within(buckets: tuple[Bucket, ...], now_s: float) -> tuple[Bucket, ...]:
    oldest = now_s // BUCKET_S - BUCKETS
    return tuple(bucket for bucket in buckets if bucket.minute >= oldest)
