"""What the last jobs needed, and so what the next one will need.

Two rules can tell how high a job climbs. By its rise: each job needs the same above its start, as
where the server gives memory back. By its top: jobs climb to the same height, as where the server
keeps memory and uses it again. Recorded, five like jobs of one process: from 209, 310, 258, 299 and
266 MB up to 433, 449, 450, 443 and 453 MB. The rule on which the last jobs differ less counts.

Fewer than three jobs tell nothing, nor do jobs that differ by more than half of what they need:
as in `job_leak`, jobs are alike within 1.5 times.
"""

from __future__ import annotations

from collections.abc import Sequence

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
# A job has left the range of the others above it by this part of what they need, or by the scatter;
# or if it still climbs after this many times as long as the slowest of them. Both are chosen.
BEYOND_PART = 0.1
LONGER = 1.5


Climb = tuple[int, int, float | None]
"""From where a job climbed, to where, and how long that took."""


class Profile(Struct, frozen=True):
    """What these jobs needed, where that tells what the next one will need.

    ``rise_*`` are above their start, ``top_*`` in total: the median, and what 90 % stayed within or
    reached.
    ``by_top``: they climb to the same height, rather than by the same size. ``span_bytes`` is from
    the lowest start to the usual top. ``climbs_s``: the slowest peaked so long after its beginning
    (None: unknown).
    """

    jobs: int
    rise_bytes: int
    rise_most_bytes: int
    rise_least_bytes: int
    top_bytes: int
    top_most_bytes: int
    by_top: bool
    span_bytes: int
    climbs_s: float | None = None

    def typical_bytes(self, start_bytes: int) -> int:
        """The usual peak of a job that starts from this size."""
        if self.by_top:
            return max(self.top_bytes, start_bytes + self.rise_least_bytes)
        return start_bytes + self.rise_bytes

    def most_bytes(self, start_bytes: int) -> int:
        """The size that 9 of 10 such jobs stay within."""
        if self.by_top:
            return max(self.top_most_bytes, start_bytes + self.rise_least_bytes)
        return start_bytes + self.rise_most_bytes

    @property
    def margin_bytes(self) -> float:
        """How much above the others a job may be, and still be like them."""
        return max(SCATTER_BYTES, BEYOND_PART * self.span_bytes)

    def is_usual(self, job: Job, now_s: float, bytes_: float) -> bool:
        """Whether a job of this size, at this moment, does what the earlier ones did."""
        if job.before is None:
            return False
        if self.climbs_s is not None and now_s - job.started.mono_s > LONGER * self.climbs_s:
            return False
        return bytes_ < self.most_bytes(job.before.memory_bytes) + self.margin_bytes

    def is_beyond(self, job: Job, bytes_: float) -> bool:
        """Whether no such job climbs to this size."""
        if job.before is None:
            return False
        return bytes_ > self.most_bytes(job.before.memory_bytes) + self.margin_bytes

    def is_expected(self, job: Job, bytes_: float) -> bool:
        """Whether most such jobs climb to this size."""
        if job.before is None:
            return False
        return bytes_ <= self.typical_bytes(job.before.memory_bytes)


class Learned(Struct, frozen=True):
    """The profile of jobs (None: they cannot tell), and which jobs these are."""

    jobs: tuple[Job, ...] = ()
    profile: Profile | None = None


def update(learned: Learned, jobs: tuple[Job, ...]) -> Learned:
    """With the jobs that have ended; the same ones are not counted twice."""
    return learned if jobs is learned.jobs else Learned(jobs, profile_of(jobs))


def profile_of(jobs: Sequence[Job]) -> Profile | None:
    """The profile of jobs; None if too few are known, or they differ too much to tell."""
    return profile_of_climbs(
        [
            (job.before.memory_bytes, job.peak_bytes, job.peaked_s)
            for job in jobs
            if job.before is not None and job.peak_bytes is not None and not job.lost
        ]
    )


def profile_of_climbs(known: Sequence[Climb]) -> Profile | None:
    """The same of their climbs alone."""
    if len(known) < JOBS_MIN:
        return None
    rises = sorted(peak - start for start, peak, _ in known)
    tops = sorted(peak for _, peak, _ in known)
    span_bytes = _middle(tops) - min(start for start, _, _ in known)
    rises_differ, tops_differ = (_most(each) - _least(each) for each in (rises, tops))
    if min(rises_differ, tops_differ) > max(SCATTER_BYTES, DIFFER_PART * span_bytes):
        return None
    durations = [peaked_s for _, _, peaked_s in known if peaked_s is not None]
    return Profile(
        jobs=len(known),
        rise_bytes=_middle(rises),
        rise_most_bytes=_most(rises),
        rise_least_bytes=_least(rises),
        top_bytes=_middle(tops),
        top_most_bytes=_most(tops),
        by_top=tops_differ < rises_differ,
        span_bytes=span_bytes,
        climbs_s=max(durations) if len(durations) == len(known) else None,
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
