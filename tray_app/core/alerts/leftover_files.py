"""Detects files that jobs leave in the temp directory, and a full disk below it.

Compares the files before a series of jobs with those that stay through 30 s of rest after it. This
works however closely the jobs follow each other, and also if the server was killed during one and
has returned. The API counts file lengths; the walker counts disk blocks, perhaps of another
directory, or without unreadable parts. So each figure is compared with its own kind only.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from tray_app.core.alerts.levels import AlertLimits
from tray_app.core.analysis.activity import ActivityState
from tray_app.core.model.readings import GIB, MIB, Disk, TempUsage

# A server removes its files at the end of a job, a restarted one perhaps at its start.
SETTLES_AFTER_S = 30.0
# After a longer time without any reading it is not known that nothing went on.
UNSEEN_LIMIT_S = 10.0
# The disk is well again with a margin.
EASED_FACTOR = 1.2
# A small one (of memory, say) would always have less free than the fixed size.
FLOOR_PART_MAX = 0.25


class Pile(Struct, frozen=True):
    """What lies in the directory, by one kind of figure without work.

    ``before_bytes`` is what lay there before the first job that has not been told of, less what
    has gone since. ``worked``: there was a job since that was last compared. ``least_bytes`` is
    the least in this quiet, which has lasted since ``quiet_s``.
    """

    before_bytes: int | None = None
    worked: bool = False
    least_bytes: int | None = None
    quiet_s: float | None = None


class LeftoverFilesState(Struct, frozen=True):
    """The directory as the API tells (``told``) and as the walker sees it.

    ``stirred_s`` is the newest sample that was not known to be quiet (None: the next one is).
    ``place`` is where the directory is, if known. ``disk_said``: it was said that the disk is
    full, and it still is.
    """

    told: Pile = Pile()
    walked: Pile = Pile()
    stirred_s: float | None = None
    place: str | None = None
    disk_said: bool = False


def update(
    state: LeftoverFilesState,
    now_s: float,
    temp: TempUsage | None,
    activity: ActivityState,
    limits: AlertLimits,
    *,
    lost: bool,
    place: str | None,
) -> tuple[LeftoverFilesState, int | None, Disk | None]:
    """After one more sample: bytes that were left behind, and the disk if it has become full.

    ``lost``: the server that was watched is gone; ``place`` is where its directory is, if known.
    """
    state, full = _with_disk(state, temp.disk if temp else None, limits)
    if place is not None and place != state.place:
        if state.place is not None:  # what lies elsewhere is another matter
            state = LeftoverFilesState(disk_said=state.disk_said)
        state = replace(state, place=place)
    busy, seen_s, stirred_s = activity.is_busy, activity.seen_s, state.stirred_s
    unseen = seen_s is None or now_s - seen_s > UNSEEN_LIMIT_S
    if busy or lost or unseen or stirred_s is None:
        told = _stirred(state.told, works=busy, lost=lost)
        walked = _stirred(state.walked, works=busy, lost=lost)
        return LeftoverFilesState(told, walked, now_s, state.place, state.disk_said), None, full
    # A burst may become a job; and a figure may be older than the quiet.
    if temp is None or activity.stirs or temp.taken_s <= stirred_s:
        return state, None, full
    if activity.temp_told:
        pile, left_bytes = _seen(state.told, temp, limits)
        told, walked = pile, state.walked if left_bytes is None else Pile()
    else:
        pile, left_bytes = _seen(state.walked, temp, limits)
        told, walked = state.told if left_bytes is None else Pile(), pile
    if told is state.told and walked is state.walked:
        return state, None, full
    return (
        LeftoverFilesState(told, walked, stirred_s, state.place, state.disk_said),
        left_bytes,
        full,
    )


def woken(state: LeftoverFilesState) -> LeftoverFilesState:
    """After a gap: nobody saw whether it was quiet."""
    return replace(state, stirred_s=None)


def floor_bytes(disk: Disk, limits: AlertLimits) -> float:
    """Below this much free the disk is full: the larger of a part and a fixed size."""
    part = limits.disk_percent / 100 * disk.total_bytes
    return max(part, min(limits.disk_gb * GIB, FLOOR_PART_MAX * disk.total_bytes))


def _with_disk(
    state: LeftoverFilesState, disk: Disk | None, limits: AlertLimits
) -> tuple[LeftoverFilesState, Disk | None]:
    """The disk if it has become full."""
    if disk is None:
        return state, None
    floor = floor_bytes(disk, limits)
    if not state.disk_said and disk.free_bytes < floor:
        return replace(state, disk_said=True), disk
    if state.disk_said and disk.free_bytes > EASED_FACTOR * floor:
        return replace(state, disk_said=False), None
    return state, None


def _stirred(pile: Pile, *, works: bool, lost: bool) -> Pile:
    """After work, or what may have been some.

    While no server is there others may put files into the directory, and the next server may have
    another one: without a job that is still to be judged, the comparison starts over.
    """
    worked = pile.worked or works
    return Pile(None if lost and not worked else pile.before_bytes, worked)


def _seen(pile: Pile, temp: TempUsage, limits: AlertLimits) -> tuple[Pile, int | None]:
    """After a figure without work: bytes that were left behind, once they have lain long enough."""
    size_bytes, before_bytes, worked = temp.size_bytes, pile.before_bytes, pile.worked
    quiet_s = temp.taken_s if pile.quiet_s is None else pile.quiet_s
    least_bytes = size_bytes if pile.least_bytes is None else min(size_bytes, pile.least_bytes)
    left_bytes = None
    if before_bytes is None:  # whatever was left before is a part of it: nothing can be said of it
        before_bytes, worked = size_bytes, False
    elif worked and temp.taken_s - quiet_s >= SETTLES_AFTER_S:
        worked = False
        if least_bytes - before_bytes > limits.temp_mb * MIB:
            left_bytes, before_bytes = least_bytes - before_bytes, least_bytes
    seen = Pile(min(before_bytes, size_bytes), worked, least_bytes, quiet_s)
    return (pile if seen == pile else seen), left_bytes
