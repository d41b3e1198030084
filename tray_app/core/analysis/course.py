"""Memory of the last 10 min for pictures: the least and the most of every 10 s, or finer.

At most 61 buckets of 10 s, whatever the interval is. A peak between two samples counts, so that no
picture loses it.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

BUCKET_S = 10.0
BUCKETS = 60
SPAN_S = BUCKET_S * BUCKETS
FINE_BUCKET_S = 2.0
"""For a picture that is wider than 60 columns."""


class Bucket(Struct, frozen=True):
    """A piece of the monotonic clock, and the least and the most memory in it."""

    number: int
    least_bytes: int
    most_bytes: int


class Course(Struct, frozen=True):
    """``past`` are the buckets that are over, oldest first; ``newest`` is still filling.
    ``last_s`` is when the last figure came, ``bucket_s`` how long a bucket is."""

    past: tuple[Bucket, ...] = ()
    newest: Bucket | None = None
    last_s: float = 0.0
    bucket_s: float = BUCKET_S

    @property
    def buckets(self) -> int:
        """How many buckets are kept besides the newest."""
        return int(SPAN_S // self.bucket_s)


class Extent(Struct, frozen=True):
    """The least and the most of a time, and how long it is known."""

    least_bytes: int
    most_bytes: int
    known_s: float


Cell = Bucket | None
"""A part of the time; None: nothing is known of it."""


def update(
    state: Course, now_s: float, memory_bytes: int | None, peak_bytes: int | None, apart_s: float
) -> Course:
    """After one more sample; None: without a figure.

    ``peak_bytes`` is the highest since the last sample, ``apart_s`` the time between two: where it
    is longer than a bucket, a figure holds for those since the one before it.
    """
    if memory_bytes is None:
        return state
    number, before = int(now_s // state.bucket_s), state.newest
    least, most = memory_bytes, max(memory_bytes, peak_bytes or 0)
    if before is not None and before.number == number:
        least, most = min(before.least_bytes, least), max(before.most_bytes, most)
        if (least, most) == (before.least_bytes, before.most_bytes):  # the usual
            return replace(state, last_s=now_s)
        return replace(state, newest=Bucket(number, least, most), last_s=now_s)
    newest = Bucket(number, least, most)
    if before is None or not before.number < number:
        return replace(state, past=(), newest=newest, last_s=now_s)
    first = number - state.buckets
    between: tuple[Bucket, ...] = ()
    if now_s - state.last_s <= 2 * apart_s:
        missed = range(max(before.number + 1, first), number)
        between = tuple(Bucket(each, least, most) for each in missed)
    past = (*state.past, before, *between)
    kept = tuple(each for each in past if each.number >= first)
    return replace(state, past=kept, newest=newest, last_s=now_s)


def joined(earlier: Course, later: Course) -> Course:
    """Both; what is between them is a gap. Their buckets are of the same length."""
    newest = later.newest
    if newest is None:
        return earlier
    found: dict[int, Bucket] = {}
    for each in (*_buckets(earlier), *_buckets(later)):
        if newest.number - later.buckets <= each.number <= newest.number:
            before = found.get(each.number)
            found[each.number] = _both(before, each) if before else each
    past = tuple(found[number] for number in sorted(found) if number != newest.number)
    return replace(later, past=past, newest=found[newest.number])


def begun_again(state: Course) -> Course:
    """Without a figure, in buckets of the same length."""
    return Course(bucket_s=state.bucket_s)


def cells(state: Course, now_s: float, count: int) -> tuple[Cell, ...]:
    """The last 10 min in so many parts, newest last; the newest is still filling."""
    return parts(state, now_s, count, state.buckets // count)


def parts(state: Course, now_s: float, count: int, per: int) -> tuple[Cell, ...]:
    """The last ``count`` parts of ``per`` buckets, newest last.

    A part begins at a multiple of its length, so that a peak stays in its part.
    """
    last = int(now_s // state.bucket_s) // per
    found: dict[int, Bucket] = {}
    for each in _buckets(state):
        at = each.number // per
        if last - count < at <= last:
            found[at] = _both(found[at], each) if at in found else each
    return tuple(found.get(at) for at in range(last - count + 1, last + 1))


def extent(state: Course, now_s: float) -> Extent | None:
    """The least and the most of the last 10 min, and since when they are known; None without a
    figure."""
    first = int(now_s // state.bucket_s) - state.buckets + 1
    known = [each for each in _buckets(state) if each.number >= first]
    if not known:
        return None
    least = min(each.least_bytes for each in known)
    most = max(each.most_bytes for each in known)
    return Extent(least, most, min(SPAN_S, now_s - state.bucket_s * known[0].number))


def _buckets(state: Course) -> tuple[Bucket, ...]:
    return (*state.past, state.newest) if state.newest else state.past


def _both(one: Bucket, other: Bucket) -> Bucket:
    least = min(one.least_bytes, other.least_bytes)
    return Bucket(other.number, least, max(one.most_bytes, other.most_bytes))
