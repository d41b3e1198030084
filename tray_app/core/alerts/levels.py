"""Decides when the server's memory raises, repeats and clears the alert levels.

A level is raised once memory has stayed above its limit for the level's hold time. Only the highest
level counts, so an alert waits for a higher level whose hold time is about to end. A level is left
when memory has stayed below 90 % of its limit for 30 s, so that a saw-tooth around a limit is one
climb. On the way down nothing is reported until all levels are left. A climb that will be critical
within a minute is reported early. The forecast delays lower levels by at most 10 s, and is
withdrawn when the climb ends.

During a job, elevated is normal and raises no notification. If memory is still above the limit
after its hold time when the job has ended, the alert fires then, once.
"""

from __future__ import annotations

import math
from enum import IntEnum

from msgspec import Struct
from msgspec.structs import replace

from tray_app.core.model.readings import MIB
from tray_app.core.model.timing import TICK_JITTER_S, has_lasted

REARM_FACTOR = 0.9
# So long after its forecast has vanished, what was said early is taken back: a line that readings
# were missing of is known again after 10 s.
TAKEN_BACK_AFTER_S = 12.0
# So long after that, a climb may be foretold again: before it is all are left.
FORETELLS_AGAIN_S = 60.0
# What was said early keeps a lower level back for so long.
KEPT_BACK_S = 10.0
# A level that has held waits so long for a higher one to hold, too.
WAITS_FOR_HIGHER_S = 2.0
# Elevated is normal while something is processed: in a burst of CPU it waits so long at most until
# it is known whether that is work.
WAITS_FOR_WORK_S = 4.0


class Level(IntEnum):
    """Alert levels; NONE is below all."""

    NONE = 0
    ELEVATED = 1
    HIGH = 2
    CRITICAL = 3

    @property
    def word(self) -> str:
        """``elevated``, ``high``, ``critical``: as written in JSON and texts."""
        return self.name.lower()


class AlertLimits(Struct, frozen=True):
    """When to interrupt a person; MB of 1024² bytes. The defaults are the issue's.

    A level holds above its limit for ``*_hold_s`` before it is said, and is said again every
    ``*_repeat_min`` while it lasts (0: never). It is left after ``recovery_s`` below 90 % of it.
    ``available_*``: the machine is short of memory below the larger of the two. ``leak_mb``: what
    a job keeps beyond this is suspicious. ``temp_mb``: so much may a job leave in the temp
    directory. ``disk_*``: the disk is full below either. ``hung_s``: a server hangs that neither
    answers nor works for so long (0: never), in a job for ``hung_busy_s``. ``critical_exempt``:
    critical comes through a mute. ``elevated_while_processing``: then, too, elevated is worth a
    notification.
    """

    elevated_mb: float = 1500.0
    high_mb: float = 2000.0
    critical_mb: float = 3000.0
    elevated_hold_s: float = 2.0
    high_hold_s: float = 2.0
    critical_hold_s: float = 0.0
    elevated_repeat_min: float = 0.0
    high_repeat_min: float = 30.0
    critical_repeat_min: float = 10.0
    recovery_s: float = 30.0
    available_percent: float = 5.0
    available_mb: float = 400.0
    leak_mb: float = 50.0
    temp_mb: float = 200.0
    disk_percent: float = 5.0
    disk_gb: float = 1.0
    hung_s: float = 60.0
    hung_busy_s: float = 300.0
    critical_exempt: bool = True
    elevated_while_processing: bool = False

    def limit_mb(self, level: Level) -> float:
        """The limit of a level other than NONE."""
        return (self.elevated_mb, self.high_mb, self.critical_mb)[level - 1]

    def hold_s(self, level: Level) -> float:
        """How long a level other than NONE holds before it is said."""
        return (self.elevated_hold_s, self.high_hold_s, self.critical_hold_s)[level - 1]

    def repeat_s(self, level: Level) -> float:
        """How long after it was said a level other than NONE is said again; never is infinity."""
        minutes = (self.elevated_repeat_min, self.high_repeat_min, self.critical_repeat_min)
        return 60.0 * minutes[level - 1] or math.inf

    def reached(self, memory_bytes: int) -> Level:
        """The highest level that this figure is above."""
        memory_mb = memory_bytes / MIB
        if memory_mb <= self.elevated_mb:  # the usual
            return Level.NONE
        for level in _DOWNWARDS:
            if memory_mb > self.limit_mb(level):
                return level
        return Level.NONE

    def kept(self, memory_bytes: int) -> Level:
        """The highest level that this figure has not left (90 % of its limit and more)."""
        memory_mb = memory_bytes / MIB
        if memory_mb < REARM_FACTOR * self.elevated_mb:  # the usual
            return Level.NONE
        for level in _DOWNWARDS:
            if memory_mb >= REARM_FACTOR * self.limit_mb(level):
                return level
        return Level.NONE


_UPWARDS = (Level.ELEVATED, Level.HIGH, Level.CRITICAL)
_DOWNWARDS = _UPWARDS[::-1]
_Moments = tuple[float | None, float | None, float | None]
_NEVER: _Moments = (None, None, None)


class LevelState(Struct, frozen=True):
    """``level`` was raised and has not been left; ``peak_bytes`` since the first was raised.

    ``raised`` is the highest that was. ``above_s`` and ``below_s`` are, per level, since when
    memory has been above the limit and below 90 % of it. ``said_s`` is when something was last
    said. ``foreseen_s``: critical was said early, and memory is not there; the moment at which its
    forecast last held. ``taken_back_s`` is when one was last taken back. ``hushed``: elevated was
    raised as normal, and has not been said; ``idle_s`` is when the work ended that made it normal.
    ``told``: something was said of this climb.
    """

    level: Level = Level.NONE
    raised: Level = Level.NONE
    peak_bytes: int = 0
    above_s: _Moments = _NEVER
    below_s: _Moments = _NEVER
    said_s: float | None = None
    foreseen_s: float | None = None
    taken_back_s: float | None = None
    hushed: bool = False
    idle_s: float | None = None
    told: bool = False

    @property
    def recovering(self) -> bool:
        """Whether memory is below the level, which is about to be left."""
        return self.level > Level.NONE and self.below_s[self.level - 1] is not None

    @property
    def reached(self) -> Level:
        """The level that memory is in: the highest that was raised and is not about to be left."""
        if not self.recovering:  # the usual
            return self.level
        kept = (lv for lv in _DOWNWARDS if lv < self.level and self.below_s[lv - 1] is None)
        return next(kept, Level.NONE)


class LevelVerdict(Struct, frozen=True):
    """What one reading says: a level to raise (else None), or that all levels were left.

    ``again``: the level lasts, and its time to be said again has come; ``early``: it is a forecast;
    ``foretold``: it was said early, and this is what comes of it. ``taken_back``: what was said
    early did not come true. ``quiet``: it is normal here, and interrupts nobody.
    """

    raise_level: Level | None = None
    again: bool = False
    early: bool = False
    foretold: bool = False
    recovered: bool = False
    taken_back: bool = False
    quiet: bool = False


CALM = LevelState()
NO_VERDICT = LevelVerdict()


def update(
    state: LevelState,
    memory_bytes: int | None,
    now_s: float,
    limits: AlertLimits,
    *,
    foreseen: bool = False,
    stirs: bool = False,
    works: bool = False,
    rests: bool = True,
) -> tuple[LevelState, LevelVerdict]:
    """The policy after one more reading. No reading changes nothing: it is no recovery, and says
    nothing against what was foreseen.

    ``foreseen``: as memory climbs, it will be critical within a minute. ``stirs``: a burst of
    CPU goes on, of which it is not known yet whether it is work. ``works``: something is
    processed; ``rests``: it is known that nothing is.
    """
    works = works and not limits.elevated_while_processing
    if memory_bytes is None:
        if state.foreseen_s is None:
            return state, NO_VERDICT
        return replace(state, foreseen_s=now_s), NO_VERDICT
    reached, kept = limits.reached(memory_bytes), limits.kept(memory_bytes)
    if kept is Level.NONE and not foreseen and _is_over(state, now_s):
        return CALM, NO_VERDICT
    state = replace(
        state,
        above_s=_since(state.above_s, now_s, tuple(level <= reached for level in _UPWARDS)),
        below_s=_since(state.below_s, now_s, tuple(level > kept for level in _UPWARDS)),
    )
    was_foretold = state.foreseen_s is not None
    if was_foretold and (foreseen or reached is Level.CRITICAL):
        state = replace(state, foreseen_s=now_s)
    if state.hushed:
        idle_s = now_s if state.idle_s is None else state.idle_s
        state = replace(state, idle_s=None if works else idle_s)
    state, verdict = _judged(state, reached, kept, now_s, limits, foreseen=foreseen, stirs=stirs)
    if verdict is NO_VERDICT and _is_due(state, reached, now_s, limits, waits=stirs or not rests):
        verdict = LevelVerdict(raise_level=Level.ELEVATED)
    if verdict.recovered:
        return CALM, replace(verdict, quiet=not state.told)
    if verdict.raise_level is not None:
        is_quiet = works and verdict.raise_level is Level.ELEVATED
        foretold = was_foretold and not verdict.early
        verdict = replace(verdict, foretold=foretold, quiet=is_quiet)
        told = state.told or not is_quiet
        state = replace(state, said_s=now_s, hushed=is_quiet, idle_s=None, told=told)
    is_told = state.raised or state.foreseen_s is not None
    peak_bytes = max(state.peak_bytes, memory_bytes) if is_told else 0
    return replace(state, peak_bytes=peak_bytes), verdict


def _judged(
    state: LevelState,
    reached: Level,
    kept: Level,
    now_s: float,
    limits: AlertLimits,
    *,
    foreseen: bool,
    stirs: bool,
) -> tuple[LevelState, LevelVerdict]:
    """What is said of a reading that counts; the moments are those of this reading."""
    level = state.level
    while level and has_lasted(state.below_s[level - 1], now_s, limits.recovery_s):
        level = Level(level - 1)
    state = replace(state, level=level)
    rises_to = _held(state, reached, now_s, limits, stirs=stirs)
    if rises_to > level:
        came_true = rises_to is Level.CRITICAL
        return replace(
            state,
            level=rises_to,
            raised=max(state.raised, rises_to),
            foreseen_s=None if came_true else state.foreseen_s,
        ), LevelVerdict(raise_level=rises_to)
    if state.foreseen_s is not None:
        if not has_lasted(state.foreseen_s, now_s, TAKEN_BACK_AFTER_S):
            return state, NO_VERDICT
        taken_back = replace(state, foreseen_s=None, taken_back_s=now_s)
        return taken_back, LevelVerdict(taken_back=True)
    if foreseen and level is not Level.CRITICAL and state.taken_back_s is None:
        return replace(state, foreseen_s=now_s), LevelVerdict(Level.CRITICAL, early=True)
    if (
        level is Level.NONE
        and state.raised
        and has_lasted(state.below_s[0], now_s, limits.recovery_s)
    ):
        return state, LevelVerdict(recovered=True)
    if Level.NONE < level <= kept and has_lasted(state.said_s, now_s, limits.repeat_s(level)):
        return state, LevelVerdict(raise_level=level, again=True)
    return state, NO_VERDICT


def _held(
    state: LevelState, reached: Level, now_s: float, limits: AlertLimits, *, stirs: bool
) -> Level:
    """The highest level whose hold has ended, unless it waits for a higher one."""
    for level in _DOWNWARDS:
        ends_s = _raised_at_s(state, level, now_s, limits)
        if level > reached or ends_s is None or now_s < ends_s - TICK_JITTER_S:
            continue
        higher = (_raised_at_s(state, above, now_s, limits) for above in _UPWARDS if above > level)
        waits_until_s = ends_s + WAITS_FOR_HIGHER_S
        if any(end_s is not None and end_s <= waits_until_s for end_s in higher):
            return Level.NONE
        waits = stirs and level is Level.ELEVATED and now_s < ends_s + WAITS_FOR_WORK_S
        return Level.NONE if waits else level
    return Level.NONE


def _is_due(
    state: LevelState, reached: Level, now_s: float, limits: AlertLimits, *, waits: bool
) -> bool:
    """Whether elevated, which was normal, is to be said: the work is over, and memory stands."""
    due_s = _said_at_s(state, limits)
    if due_s is None or reached is Level.NONE or now_s < due_s - TICK_JITTER_S:
        return False
    return not waits or now_s >= due_s + WAITS_FOR_WORK_S


def _said_at_s(state: LevelState, limits: AlertLimits) -> float | None:
    """When elevated that was normal is said if memory stays; None: there is none, or it is still
    normal."""
    above_s = state.above_s[Level.ELEVATED - 1]
    if not state.hushed or state.idle_s is None or above_s is None:
        return None
    return max(state.idle_s, above_s) + limits.elevated_hold_s


def _raised_at_s(
    state: LevelState, level: Level, now_s: float, limits: AlertLimits
) -> float | None:
    """When a level is raised if memory stays; None: memory is not above its limit.

    What was said early keeps it back as long as it is foreseen.
    """
    since_s = state.above_s[level - 1]
    if since_s is None:
        return None
    is_foreseen = state.foreseen_s is not None and state.foreseen_s >= now_s
    is_kept_back = is_foreseen and level is not Level.CRITICAL
    return since_s + limits.hold_s(level) + (KEPT_BACK_S if is_kept_back else 0.0)


def _is_over(state: LevelState, now_s: float) -> bool:
    """Whether below all levels nothing of what was said lasts."""
    if state.raised or state.foreseen_s is not None:
        return False
    return state.taken_back_s is None or has_lasted(state.taken_back_s, now_s, FORETELLS_AGAIN_S)


def woken(state: LevelState, now_s: float) -> LevelState:
    """After a gap in what was watched: holds and leavings begin again."""
    if state == CALM:
        return state
    return replace(
        state,
        above_s=_NEVER,
        below_s=_since(_NEVER, now_s, tuple(since is not None for since in state.below_s)),
        foreseen_s=None if state.foreseen_s is None else now_s,
        idle_s=None,
    )


def due_s(state: LevelState, now_s: float, limits: AlertLimits) -> float:
    """When, after now, a reading would change what is said if memory stays; never is infinity."""
    higher = (level for level in _UPWARDS if level > state.level)
    moments = [_raised_at_s(state, level, now_s, limits) for level in higher]
    moments.append(_said_at_s(state, limits))
    if state.foreseen_s is not None:
        moments.append(state.foreseen_s + TAKEN_BACK_AFTER_S)
    if state.raised and state.below_s[0] is not None:
        moments.append(state.below_s[0] + limits.recovery_s)
    elif state.level and state.said_s is not None:
        moments.append(state.said_s + limits.repeat_s(state.level))
    return min((at_s for at_s in moments if at_s is not None and at_s > now_s), default=math.inf)


def _since(before: _Moments, now_s: float, holds: tuple[bool, ...]) -> _Moments:
    first, second, third = (
        (now_s if since is None else since) if hold else None
        for since, hold in zip(before, holds, strict=True)
    )
    return first, second, third
