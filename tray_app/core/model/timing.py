"""Whether something has lasted long enough, by readings that come a little early or late."""

from __future__ import annotations

# Readings come up to this much early or late: a hold of 2 s is one interval of 1.9 to 2.1 s.
TICK_JITTER_S = 0.1


def has_lasted(since_s: float | None, now_s: float, for_s: float) -> bool:
    """Whether it has lasted this long; a time below twice the jitter counts half."""
    return since_s is not None and now_s - since_s >= for_s - min(TICK_JITTER_S, for_s / 2)
