"""Whether there is room for the next video, by what the last ones needed.

The room is what the machine has (or its control group), and the way to the critical level. It is
too small if one video in ten would not fit. Only its end is reported, quietly: once there has been
room for 10 s after a minute or more without, for somebody who waits for it. While a job runs
nothing is judged.
"""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from msgspec import Struct
from msgspec.structs import replace

from tray_app.core.alerts.facts import Facts
from tray_app.core.alerts.limits import AlertLimits, Level
from tray_app.core.alerts.policy import Finding, Policy
from tray_app.core.analysis.job_profiles import Profile
from tray_app.core.model.readings import MIB
from tray_app.core.model.timing import has_lasted

# Between two videos in a row it may be short for seconds. Chosen: a person who waits looks away
# for about a minute.
WAITED_S = 60.0
# As long as a settling server needs after a job (`job_leak.FALLS_FOR_S`).
EASED_S = 10.0


class Short(StrEnum):
    """What the next video would use up."""

    MACHINE = "machine"
    CRITICAL = "critical"


class NextVideo(Struct, frozen=True):
    """What the next video needs on top of the memory used now: usually, and 9 of 10 at most.

    ``free_bytes`` is what the machine has (None: unknown), ``left_bytes`` the way to the critical
    level. ``short``: there is no room. ``jobs``: so many tell it.
    """

    needs_bytes: int
    most_bytes: int
    free_bytes: int | None
    left_bytes: int
    jobs: int
    short: Short | None = None


class RoomAgain(Finding, frozen=True):
    """There is room for the next video again, after ``waited_s`` without."""

    WORD: ClassVar[str] = "room"

    next: NextVideo
    waited_s: float


class RoomState(Struct, frozen=True):
    """``short_s`` is since when there has been no room (None: there is), ``eased_s`` since when
    there is again. ``next`` is what the next video needs, None while that cannot be told."""

    short_s: float | None = None
    eased_s: float | None = None
    next: NextVideo | None = None


NO_ROOM_KNOWN = RoomState()


def update(state: RoomState, facts: Facts) -> tuple[RoomState, RoomAgain | None]:
    """The policy after one more sample."""
    if facts.lost or facts.profile is None or not facts.profile.alike:
        return NO_ROOM_KNOWN, None
    if facts.activity.stirs or facts.fresh_bytes is None:
        # What it needs is not told before the end of the job; the shortage may last.
        is_same = state.next is None or not facts.activity.stirs
        return (state if is_same else replace(state, next=None, eased_s=None)), None
    now_s = facts.now.mono_s
    available_bytes = facts.system.available_bytes if facts.system else None
    found = next_video(facts.profile, facts.fresh_bytes, available_bytes, facts.limits)
    if found.short is not None:
        short_s = now_s if state.short_s is None else state.short_s
        return RoomState(short_s, None, found), None
    if state.short_s is None:  # the usual
        return RoomState(next=found), None
    eased_s = now_s if state.eased_s is None else state.eased_s
    if not has_lasted(eased_s, now_s, EASED_S):
        return RoomState(state.short_s, eased_s, found), None
    waited_s = eased_s - state.short_s
    again = RoomAgain(found, waited_s) if waited_s >= WAITED_S else None
    return RoomState(next=found), again


def left_bytes(memory_bytes: int, limits: AlertLimits) -> int:
    """The way from this memory to the critical level."""
    return max(0, round(limits.limit_mb(Level.CRITICAL) * MIB) - memory_bytes)


def next_video(
    profile: Profile, memory_bytes: int, free_bytes: int | None, limits: AlertLimits
) -> NextVideo:
    """What the next one needs from this memory on, and whether that is there."""
    needs_bytes = max(0, profile.typical_bytes(memory_bytes) - memory_bytes)
    most_bytes = max(needs_bytes, profile.most_bytes(memory_bytes) - memory_bytes)
    left = left_bytes(memory_bytes, limits)
    short = None
    if free_bytes is not None and most_bytes > free_bytes:
        short = Short.MACHINE
    elif most_bytes > left:
        short = Short.CRITICAL
    return NextVideo(
        needs_bytes=needs_bytes,
        most_bytes=most_bytes,
        free_bytes=free_bytes,
        left_bytes=left,
        jobs=len(profile.tops),
        short=short,
    )


def _began_again(_state: RoomState, _now_s: float) -> RoomState:
    return NO_ROOM_KNOWN


POLICY = Policy(NO_ROOM_KNOWN, update, woken=_began_again, rebased=_began_again)
