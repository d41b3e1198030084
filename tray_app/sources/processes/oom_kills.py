"""Detects whether the OOM killer ended a process, by comparing the kernel's counters over time.

Only the kernel's log says which process was killed. The evidence is a counter that rose at that
moment: the one of the process's own control group, which few processes share, or else the
machine's.
"""

from __future__ import annotations

from msgspec import Struct

from tray_app.core.model.readings import OomKills

# A large killed process stays visible for a moment, while its memory is freed.
DYING_S = 1.0

Counts = tuple[int | None, ...]
"""The counts of a control group and of the one above it, which includes and outlives it; None for a
group that is gone or counts nothing. Empty: no group."""


class OomCount(Struct, frozen=True):
    """Figures up to now, since the machine or the group was started.

    ``kills``: processes killed in the control group of the process that is watched; ``machine``:
    on the whole machine, read only where there is no such group. ``limit_bytes`` is the limit on
    that process's memory, and ``hits`` how often it stopped an allocation; None without any.
    """

    kills: Counts = ()
    machine: int | None = None
    limit_bytes: int | None = None
    hits: Counts = ()


class OomWatch:
    """Remembers the count of the last reading; ``count`` as of the start of the watch."""

    def __init__(self, count: OomCount) -> None:
        self._last = self._before = count
        self._stepped_s = -DYING_S

    def note(self, now_s: float, count: OomCount) -> None:
        """One more reading, in which the process was there."""
        if (count.kills, count.machine) != (self._last.kills, self._last.machine):
            self._before, self._stepped_s = self._last, now_s
        self._last = count

    def since_last(self, now_s: float, count: OomCount) -> OomKills | None:
        """The kills since the last reading, or while the process was dying; None if unknown."""
        is_dying = now_s - self._stepped_s < DYING_S
        return between(self._before if is_dying else self._last, count)


def between(before: OomCount, after: OomCount) -> OomKills | None:
    """The kills between two counts; None without a common counter."""
    kills = _step(before.kills, after.kills)
    if kills is None:
        if before.machine is None or after.machine is None:
            return None
        return OomKills(max(0, after.machine - before.machine))
    was_reached = kills and _step(before.hits, after.hits)
    return OomKills(kills, own_group=True, limit_bytes=before.limit_bytes if was_reached else None)


def _step(before: Counts, after: Counts) -> int | None:
    for then, now in zip(before, after, strict=False):
        if then is not None and now is not None:
            return max(0, now - then)
    return None
