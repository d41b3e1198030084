"""What the last jobs needed: how high the next one will climb, and where one that runs will end.

Two rules can tell how high a job climbs. By its rise: each job needs the same above its start, as
where the server gives memory back. By its top: jobs climb to the same height, as where the server
keeps memory and uses it again. Recorded, five like jobs of one process: from 209, 310, 258, 299 and
266 MB up to 433, 449, 450, 443 and 453 MB. The rule on which the jobs differ less counts.

Three jobs tell what the next one needs, unless they differ by more than half of what they need: as
in `job_leak`, jobs are alike within 1.5 times. For where a running job ends, each earlier one
counts alone, however much they differ (`Profile.ends`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from msgspec import Struct

from tray_app.core.analysis.jobs import Job
from tray_app.core.model.readings import MIB

JOBS_MIN = 3
# The part of the jobs that the upper end covers: of fewer than ten all.
MOST_PART = 0.9
# How much jobs may differ, as a part of what they need. The fixed size is chosen: three times what
# the peaks of the five recorded jobs differ by (20 MB).
DIFFER_PART = 0.5
SCATTER_BYTES = 64 * MIB
# A job has left another one's range above it by this part of what that one needed. Recorded, the
# peaks of like jobs differ by 4 % (433 to 453 MB) to 10 % (372 to 414 MB).
BEYOND_PART = 0.1


class Climb(NamedTuple):
    """A job's memory at its start and at its peak."""

    start_bytes: int
    peak_bytes: int


class Ends(NamedTuple):
    """How the jobs ended that got as far as this one: below a size, or at it or above."""

    below: int
    reached: int


NO_ENDS = Ends(0, 0)


class Profile(Struct, frozen=True):
    """What these jobs needed: their rises above their start, and their tops, in ascending order.

    ``by_top``: they climb to the same height, rather than by the same size. ``alike``: they tell
    what the next one needs.
    """

    rises: tuple[int, ...]
    tops: tuple[int, ...]
    by_top: bool
    alike: bool

    @property
    def rise_bytes(self) -> int:
        """The median of the rises."""
        return _middle(self.rises)

    def peaks(self, start_bytes: int) -> list[int]:
        """The sizes that such jobs climb to from this start, in ascending order."""
        if not self.by_top:
            return [start_bytes + rise for rise in self.rises]
        least = start_bytes + _least(self.rises)
        return [max(top, least) for top in self.tops]

    def typical_bytes(self, start_bytes: int) -> int:
        """The usual peak of a job that starts from this size: the median."""
        return _middle(self.peaks(start_bytes))

    def most_bytes(self, start_bytes: int) -> int:
        """The size that 9 of 10 such jobs stay within."""
        return _most(self.peaks(start_bytes))

    def ends(self, start_bytes: int, now_bytes: float, goal_bytes: float) -> Ends:
        """Of the jobs that got as far as one that started there and is here now: how many ended
        below a goal, and how many reached it."""
        peaks = self.peaks(start_bytes)
        reached = sum(peak >= goal_bytes for peak in peaks)
        beyond = 1.0 + BEYOND_PART
        got_here = sum(start_bytes + beyond * (peak - start_bytes) >= now_bytes for peak in peaks)
        return Ends(max(0, got_here - reached), reached)


class Learned(Struct, frozen=True):
    """The profile of jobs (None: none is known), and which jobs these are."""

    jobs: tuple[Job, ...] = ()
    profile: Profile | None = None


def update(learned: Learned, jobs: tuple[Job, ...]) -> Learned:
    """With the jobs that have ended; the same ones are not counted twice."""
    return learned if jobs is learned.jobs else Learned(jobs, profile_of(jobs))


def profile_of(jobs: Sequence[Job]) -> Profile | None:
    """The profile of the jobs whose figures are known; None if there are none."""
    return profile_of_climbs(
        [
            Climb(job.before.memory_bytes, job.peak_bytes)
            for job in jobs
            if job.before is not None and job.peak_bytes is not None and not job.lost
        ]
    )


def profile_of_climbs(climbs: Sequence[Climb]) -> Profile | None:
    """The same of their climbs alone."""
    if not climbs:
        return None
    rises = sorted(peak - start for start, peak in climbs)
    tops = sorted(peak for _, peak in climbs)
    needs_bytes = _middle(tops) - min(start for start, _ in climbs)
    rises_differ, tops_differ = (_most(each) - _least(each) for each in (rises, tops))
    may_differ = max(SCATTER_BYTES, DIFFER_PART * needs_bytes)
    return Profile(
        rises=tuple(rises),
        tops=tuple(tops),
        by_top=tops_differ < rises_differ,
        alike=len(climbs) >= JOBS_MIN and min(rises_differ, tops_differ) <= may_differ,
    )


def _middle(ordered: Sequence[int]) -> int:
    inner = ordered[(len(ordered) - 1) // 2 : len(ordered) // 2 + 1]
    return round(sum(inner) / len(inner))


def _most(ordered: Sequence[int]) -> int:
    """What 90 % stay within."""
    return ordered[_rank(ordered) - 1]


def _least(ordered: Sequence[int]) -> int:
    """What 90 % reach."""
    return ordered[-_rank(ordered)]


def _rank(ordered: Sequence[int]) -> int:
    """The rank of the upper end, from 1 on."""
    return -int(-MOST_PART * len(ordered) // 1)
