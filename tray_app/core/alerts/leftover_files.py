"""Detects files that jobs leave in the temp directory.

Compares the files before a series of jobs with those that stay through 30 s of rest after it. This
works however closely the jobs follow each other, and also if the server was killed during one and
has returned. The API counts file lengths; the walker counts disk blocks, perhaps of another
directory, or without unreadable parts. So each figure is compared with its own kind only.
"""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct
from msgspec.structs import replace

from tray_app.core.alerts.facts import Facts
from tray_app.core.alerts.limits import AlertLimits
from tray_app.core.alerts.policy import Finding, Policy
from tray_app.core.model.readings import MIB, TempUsage

# A server removes its files at the end of a job, or perhaps when it restarts.
SETTLES_AFTER_S = 30.0
# After a longer time without a reading, the server may have worked meanwhile.
UNSEEN_LIMIT_S = 10.0


class LeftoverFiles(Finding, frozen=True):
    """Jobs have left this much in the temp directory since the last alert."""

    WORD: ClassVar[str] = "temp_files"

    left_bytes: int


class Pile(Struct, frozen=True):
    """The directory's size while idle, by one kind of figure.

    ``before_bytes`` is the size before the first unreported job, less what was removed since.
    ``worked``: there was a job since the last comparison. ``least_bytes`` is the least in this
    quiet, which has lasted since ``quiet_s``.
    """

    before_bytes: int | None = None
    worked: bool = False
    least_bytes: int | None = None
    quiet_s: float | None = None


class LeftoverFilesState(Struct, frozen=True):
    """The directory by the API (``told``) and by the walker.

    ``stirred_s`` is the newest sample that may not have been idle (None: the next one). ``place``
    is the directory's path, if known.
    """

    told: Pile = Pile()
    walked: Pile = Pile()
    stirred_s: float | None = None
    place: str | None = None


def update(
    state: LeftoverFilesState, facts: Facts
) -> tuple[LeftoverFilesState, LeftoverFiles | None]:
    """The policy after one more sample."""
    temp, activity, now_s = facts.temp, facts.activity, facts.now.mono_s
    state = _at_place(state, facts.temp_place)
    seen_s, stirred_s = activity.seen_s, state.stirred_s
    unseen = seen_s is None or now_s - seen_s > UNSEEN_LIMIT_S
    if activity.is_busy or facts.lost or unseen or stirred_s is None:
        told = _stirred(state.told, works=activity.is_busy, lost=facts.lost)
        walked = _stirred(state.walked, works=activity.is_busy, lost=facts.lost)
        return LeftoverFilesState(told, walked, now_s, state.place), None
    # A burst may become a job, and a figure may be from before the idle time.
    if temp is None or activity.stirs or temp.taken_s <= stirred_s:
        return state, None
    before = state.told if activity.temp_told else state.walked
    pile, left_bytes = _seen(before, temp, facts.limits)
    if pile is before and left_bytes is None:
        return state, None
    told, walked = (pile, state.walked) if activity.temp_told else (state.told, pile)
    if left_bytes is None:
        return replace(state, told=told, walked=walked), None
    # One kind of figure was reported, so the other is not.
    told, walked = (told, Pile()) if activity.temp_told else (Pile(), walked)
    return replace(state, told=told, walked=walked), LeftoverFiles(left_bytes)


def _at_place(state: LeftoverFilesState, place: str | None) -> LeftoverFilesState:
    """The directory has changed: the comparison starts over."""
    if place is None or place == state.place:
        return state
    return LeftoverFilesState(place=place) if state.place else replace(state, place=place)


def woken(state: LeftoverFilesState, _now_s: float) -> LeftoverFilesState:
    """After a gap, in which there may have been work."""
    return replace(state, stirred_s=None)


def _stirred(pile: Pile, *, works: bool, lost: bool) -> Pile:
    """After possible work.

    While there is no server, other programs may write to the directory, and the next server may use
    another one. So the comparison starts over unless a job is still to be judged.
    """
    worked = pile.worked or works
    return Pile(None if lost and not worked else pile.before_bytes, worked)


def _seen(pile: Pile, temp: TempUsage, limits: AlertLimits) -> tuple[Pile, int | None]:
    """After an idle figure: the bytes left behind, once they have stayed long enough."""
    size_bytes, before_bytes, worked = temp.size_bytes, pile.before_bytes, pile.worked
    quiet_s = temp.taken_s if pile.quiet_s is None else pile.quiet_s
    least_bytes = size_bytes if pile.least_bytes is None else min(size_bytes, pile.least_bytes)
    left_bytes = None
    if before_bytes is None:  # it includes earlier leftovers, so nothing follows from it
        before_bytes, worked = size_bytes, False
    elif worked and temp.taken_s - quiet_s >= SETTLES_AFTER_S:
        worked = False
        if least_bytes - before_bytes > limits.temp_mb * MIB:
            left_bytes, before_bytes = least_bytes - before_bytes, least_bytes
    seen = Pile(min(before_bytes, size_bytes), worked, least_bytes, quiet_s)
    return (pile if seen == pile else seen), left_bytes


POLICY = Policy(LeftoverFilesState(), update, woken=woken)
