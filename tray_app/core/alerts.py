"""The levels of the server's memory: when one is said, said again, and over. Pure.

A level fires when memory has been above its limit for its hold. Once one has held, climbing is
no noise: what is reached then is said at once, the highest only. A level is left when memory has
been below 90 % of its limit for 30 s, so that a saw-tooth about a limit is one climb; going down
says nothing until all are left. A climb that will be critical within a minute is said early.
"""

from __future__ import annotations

import math
from enum import IntEnum

from tray_app.core.readings import MIB
from tray_app.core.values import dataclass, replace

REARM_FACTOR = 0.9
# What was foretold is at most a minute away; so long after its forecast has vanished it is over.
FORETOLD_FOR_S = 60.0
# Readings come up to so much early; a hold of 2 s is one interval.
TICK_JITTER_S = 0.1


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


@dataclass(frozen=True, slots=True)
class AlertLimits:
    """When to interrupt a person; MB of 1024² bytes. The defaults are the issue's.

    A level holds above its limit for ``*_hold_s`` before it is said, and is said again every
    ``*_repeat_min`` while it lasts (0: never). It is left after ``recovery_s`` below 90 % of it.
    ``available_*``: the machine is short of memory below the larger of the two. ``leak_mb``: what
    a job keeps beyond this is suspicious. ``temp_mb``: so much may a job leave in the temp
    directory. ``disk_*``: the disk is full below either. ``hung_s``: a server hangs that neither
    answers nor works for so long (0: never), in a job for ``hung_busy_s``. ``critical_exempt``:
    critical comes through a mute.
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


@dataclass(frozen=True, slots=True)
class AlertState:
    """``level`` was said and has not been left; ``peak_bytes`` since the first was raised.

    ``raised`` is the highest that was said. ``above_s`` and ``below_s`` are, per level, since when
    memory has been above the limit and below 90 % of it. ``said_s`` is when something was last
    said. ``foreseen_s``: critical was said early; the moment at which its forecast last held.
    ``foretold``: that was done in this climb, and is not done again.
    """

    level: Level = Level.NONE
    raised: Level = Level.NONE
    peak_bytes: int = 0
    above_s: _Moments = _NEVER
    below_s: _Moments = _NEVER
    said_s: float | None = None
    foreseen_s: float | None = None
    foretold: bool = False

    @property
    def said(self) -> Level:
        """The level that a person knows of."""
        return self.level if self.foreseen_s is None else Level.CRITICAL


@dataclass(frozen=True, slots=True)
class AlertVerdict:
    """What one reading says: a level to raise (else None), or that all levels were left.

    ``again``: the level lasts, and its time to be said again has come; ``early``: it is a forecast.
    """

    raise_level: Level | None = None
    again: bool = False
    early: bool = False
    recovered: bool = False


CALM = AlertState()
NOTHING = AlertVerdict()


def judge(
    state: AlertState,
    memory_bytes: int | None,
    now_s: float,
    limits: AlertLimits,
    *,
    foreseen: bool = False,
) -> tuple[AlertState, AlertVerdict]:
    """The policy after one more reading. No reading changes nothing: it is not a recovery.

    ``foreseen``: as memory climbs, it will be critical within a minute.
    """
    if memory_bytes is None:
        return state, NOTHING
    reached, kept = limits.reached(memory_bytes), limits.kept(memory_bytes)
    if kept is Level.NONE and not foreseen and state.raised is Level.NONE:
        return CALM, NOTHING
    above_s = _since(state.above_s, now_s, tuple(level <= reached for level in _UPWARDS))
    below_s = _since(state.below_s, now_s, tuple(level > kept for level in _UPWARDS))
    foreseen_s = _foreseen_s(state, now_s, reached, foreseen=foreseen)
    known = state.level if foreseen_s is None else Level.CRITICAL

    level = state.level
    while level and _lasted(below_s[level - 1], now_s, limits.recovery_s):
        level = Level(level - 1)
    climbs = state.level > Level.NONE and state.below_s[state.level - 1] is None
    held = climbs or any(
        _lasted(above_s[lv - 1], now_s, limits.hold_s(lv)) for lv in _UPWARDS if lv <= reached
    )
    # The early alert silences the lower levels; what it has silenced is said when it is withdrawn.
    if held and (foreseen_s is None or reached is Level.CRITICAL):
        level = max(level, reached)

    verdict = NOTHING
    if level > known:
        verdict = AlertVerdict(raise_level=level)
    elif foreseen_s is not None and state.said is not Level.CRITICAL:
        verdict = AlertVerdict(raise_level=Level.CRITICAL, early=True)
    elif foreseen_s is None and level is Level.NONE:
        if _lasted(below_s[0], now_s, limits.recovery_s):
            return CALM, AlertVerdict(recovered=state.raised is not Level.NONE)
    elif foreseen_s is None and level <= kept and _repeats(state, level, now_s, limits):
        verdict = AlertVerdict(raise_level=level, again=True)

    said_s, raised = state.said_s, state.raised
    if verdict.raise_level is not None:
        said_s, raised = now_s, max(raised, verdict.raise_level)
    peak_bytes = max(state.peak_bytes, memory_bytes) if raised else 0
    if level is Level.CRITICAL:
        foreseen_s = None  # it came true
    foretold = state.foretold or verdict.early
    after = AlertState(level, raised, peak_bytes, above_s, below_s, said_s, foreseen_s, foretold)
    return after, verdict


def woken(state: AlertState, now_s: float) -> AlertState:
    """After a gap in what was watched: holds and leavings begin anew."""
    if state == CALM:
        return state
    return replace(
        state,
        above_s=_NEVER,
        below_s=_since(_NEVER, now_s, tuple(since is not None for since in state.below_s)),
        foreseen_s=None if state.foreseen_s is None else now_s,
    )


def due_s(state: AlertState, limits: AlertLimits) -> float:
    """When a reading would change what is said, if memory stays; never is infinity."""
    due = math.inf
    for level in _UPWARDS:
        since_s = state.above_s[level - 1]
        if since_s is not None and level > state.said:
            due = min(due, since_s + limits.hold_s(level))
    if state.raised and state.below_s[0] is not None:
        due = min(due, state.below_s[0] + limits.recovery_s)
    elif state.level and state.said_s is not None:
        due = min(due, state.said_s + limits.repeat_s(state.level))
    return due


def _since(before: _Moments, now_s: float, holds: tuple[bool, ...]) -> _Moments:
    first, second, third = (
        (now_s if since is None else since) if hold else None
        for since, hold in zip(before, holds, strict=True)
    )
    return first, second, third


def _lasted(since_s: float | None, now_s: float, for_s: float) -> bool:
    return since_s is not None and now_s - since_s >= for_s - TICK_JITTER_S


def _repeats(state: AlertState, level: Level, now_s: float, limits: AlertLimits) -> bool:
    return _lasted(state.said_s, now_s, limits.repeat_s(level))


def _foreseen_s(state: AlertState, now_s: float, reached: Level, *, foreseen: bool) -> float | None:
    """When the forecast that is said early last held; None: there is none, or it is withdrawn."""
    if state.level is Level.CRITICAL:
        return None
    if state.foreseen_s is None:
        return now_s if foreseen and not state.foretold else None
    if foreseen or reached is Level.CRITICAL:
        return now_s
    return None if _lasted(state.foreseen_s, now_s, FORETOLD_FOR_S) else state.foreseen_s
