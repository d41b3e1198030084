"""Decides when the server's memory enters, repeats and leaves an alert level.

A level is entered once memory has stayed above its limit for the level's hold time. Only the
highest level counts, so an alert waits for a higher level whose hold time is about to end. A level
is left when memory has stayed below 90 % of its limit for 30 s, so that a saw-tooth around a limit
is one climb. On the way down nothing is reported until all levels are left. A climb that will be
critical within a minute is reported early. While the forecast holds, a lower level waits until
memory has been above its limit for 10 s. The forecast is withdrawn when the climb ends.

During a job, RAISED is normal and brings no notification. If memory is still above the limit
after its hold time when the job has ended, the alert fires then, once.
"""

from __future__ import annotations

import math
from typing import ClassVar

from msgspec import Struct
from msgspec.structs import replace

from tray_app.core.alerts.facts import Facts
from tray_app.core.alerts.forecast import Forecast, ForecastKind
from tray_app.core.alerts.limits import LEVELS, AlertLimits, Level
from tray_app.core.alerts.policy import Condition, Finding, Policy
from tray_app.core.model.timing import TICK_JITTER_S, has_lasted

# The alert that a near forecast raises in advance.
THREATS = (ForecastKind.CRITICAL, ForecastKind.FULL)
# An early alert is withdrawn this long after its forecast has ended: after missing readings a line
# needs 10 s to form again.
TAKEN_BACK_AFTER_S = 12.0
# This long after a withdrawal a climb may be forecast again, unless all levels are left before.
FORETELLS_AGAIN_S = 60.0
# Beside an early alert a lower level is entered no earlier than this. Chosen, not measured: the
# early alert already says more, so the lower level counts only if memory stays there.
KEPT_BACK_S = 10.0
# A level whose hold time is over waits this long for a higher one.
WAITS_FOR_HIGHER_S = 2.0
# RAISED is normal during a job. In a burst of CPU it waits at most this long until it is known
# whether that is work: two samples at 2 s, as that takes 1 s of CPU in readings of 40 % and more.
WAITS_FOR_WORK_S = 4.0


FORECAST = "forecast"
"""The kind of an alert that comes before its level."""

_UPWARDS = LEVELS
_DOWNWARDS = LEVELS[::-1]
_Moments = tuple[float | None, float | None, float | None]
_NEVER: _Moments = (None, None, None)


class LevelReached(Finding, frozen=True):
    """Memory is above a level's limit.

    ``again``: a repeat of an alert that still holds. ``forecast``: memory will be above it, or fill
    the machine, that soon. ``foretold``: a forecast was sent before, and has come true. ``quiet``:
    normal here, so no notification.
    """

    level: Level
    limit_mb: float
    again: bool = False
    forecast: Forecast | None = None
    foretold: bool = False
    quiet: bool = False

    @property
    def word(self) -> str:
        return FORECAST if self.forecast else self.level.word

    @property
    def is_critical(self) -> bool:
        return self.level is Level.CRITICAL

    @property
    def is_repeated(self) -> bool:
        return self.again

    @property
    def is_quiet(self) -> bool:
        return self.quiet

    @property
    def subject(self) -> object:
        return self.level


class ForecastWithdrawn(Finding, frozen=True):
    """A forecast did not come true; memory is in ``level``, with this limit."""

    WORD: ClassVar[str] = "forecast_withdrawn"

    level: Level
    limit_mb: float

    @property
    def is_critical(self) -> bool:
        return True


class Recovered(Finding, frozen=True):
    """All levels were left; ``peak_bytes`` is the highest since the first was entered.
    ``quiet``: no notification was sent."""

    WORD: ClassVar[str] = "normal"

    level: Level
    peak_bytes: int
    quiet: bool = False

    @property
    def is_quiet(self) -> bool:
        return self.quiet

    @property
    def ends(self) -> Condition:
        return Condition.MEMORY


class LevelState(Struct, frozen=True):
    """One climb, from the first level entered until all are left. Moments are monotonic."""

    # Entered, and not left.
    level: Level = Level.NONE
    # The highest that was entered in this climb, and the highest memory since.
    highest: Level = Level.NONE
    peak_bytes: int = 0
    # For each level: since when memory has been above its limit, and below 90 % of it.
    above_s: _Moments = _NEVER
    below_s: _Moments = _NEVER
    # The last alert.
    said_s: float | None = None
    # Critical was reported in advance, and memory is not there yet: when its forecast last held.
    foreseen_s: float | None = None
    # The last withdrawal of a forecast.
    taken_back_s: float | None = None
    # RAISED was entered as normal, without an alert.
    hushed: bool = False
    # When the work ended that made it normal.
    idle_s: float | None = None
    # There was an alert in this climb, of a server that is still there.
    told: bool = False
    # That server is gone, and another one has no figure yet.
    ended: bool = False

    @property
    def recovering(self) -> bool:
        """Whether memory is below the level, which is about to be left."""
        if self.ended or self.level is Level.NONE:
            return False
        return self.below_s[self.level - 1] is not None

    @property
    def reached(self) -> Level:
        """The level that memory is in: the highest entered one that it is not about to leave."""
        if self.ended:
            return Level.NONE
        if not self.recovering:  # the usual
            return self.level
        kept = (lv for lv in _DOWNWARDS if lv < self.level and self.below_s[lv - 1] is None)
        return next(kept, Level.NONE)


class LevelVerdict(Struct, frozen=True):
    """The result of one reading: a level to enter (else None), or that all levels were left.

    ``again``: a repeat is due; ``early``: a forecast; ``foretold``: a forecast has come true.
    ``taken_back``: a forecast did not. ``quiet``: normal here, so no notification.
    """

    enter: Level | None = None
    again: bool = False
    early: bool = False
    foretold: bool = False
    recovered: bool = False
    taken_back: bool = False
    quiet: bool = False


CALM = LevelState()
NO_VERDICT = LevelVerdict()


def update(
    state: LevelState, facts: Facts
) -> tuple[LevelState, LevelReached | ForecastWithdrawn | Recovered | None]:
    """The policy after one more sample."""
    activity = facts.activity
    if facts.lost:
        state = _ended(state)
    threats = [each for each in facts.ahead if each.kind in THREATS]
    soon = [each for each in threats if each.imminent]
    # An early alert lasts as long as there is any such forecast.
    foreseen = bool(soon or (threats and state.foreseen_s is not None))
    after, verdict = update_level(
        state,
        facts.fresh_bytes,
        facts.now.mono_s,
        facts.limits,
        foreseen=foreseen and facts.fresh,
        stirs=activity.burst_s > 0.0 and not activity.is_busy,
        works=activity.is_busy,
        rests=facts.rests,
    )
    if verdict is NO_VERDICT:  # the usual
        return after, None
    return after, _finding(state, after, verdict, soon, facts.limits)


def _ended(state: LevelState) -> LevelState:
    """What is left of a climb whose server has ended, which `server_exit` reports: its alert and
    its forecast are withdrawn, so neither is over later."""
    if state == CALM:
        return state
    return replace(state, told=False, foreseen_s=None, ended=True)


def _of_next_server(
    state: LevelState, reached: Level, now_s: float, recovery_s: float
) -> LevelState:
    """At the next server's first figure: it leaves the levels that it is below at once. Those that
    it is in are not reported twice.

    While it is above no limit itself, what its predecessor reached is what is about to be left.
    """
    left_s = now_s - recovery_s
    return replace(
        state,
        highest=min(state.highest, reached) if reached else state.highest,
        peak_bytes=0 if reached else state.peak_bytes,
        ended=False,
        above_s=_NEVER,
        below_s=(left_s, left_s, left_s),
    )


def _finding(
    before: LevelState,
    after: LevelState,
    verdict: LevelVerdict,
    soon: list[Forecast],
    limits: AlertLimits,
) -> LevelReached | ForecastWithdrawn | Recovered:
    if verdict.enter is not None:
        return LevelReached(
            level=verdict.enter,
            limit_mb=limits.limit_mb(verdict.enter),
            again=verdict.again,
            forecast=min(soon, key=lambda each: each.seconds) if verdict.early else None,
            foretold=verdict.foretold,
            quiet=verdict.quiet,
        )
    if verdict.taken_back:
        level = after.reached
        return ForecastWithdrawn(level, limits.limit_mb(level) if level else 0.0)
    return Recovered(before.highest, before.peak_bytes, quiet=verdict.quiet)


def update_level(
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
    """The policy after one more reading. Without a reading nothing changes: that is neither a
    recovery nor against a forecast.

    ``foreseen``: memory will be critical within a minute at this rate. ``stirs``: a burst of CPU
    goes on that may be work. ``works``: a job runs; ``rests``: certainly none does.
    """
    works = works and not limits.raised_while_processing
    if memory_bytes is None:
        return (state if state.foreseen_s is None else replace(state, foreseen_s=now_s)), NO_VERDICT
    reached, kept = limits.reached(memory_bytes), limits.kept(memory_bytes)
    if state.ended:
        state = _of_next_server(state, reached, now_s, limits.recovery_s)
    if kept is Level.NONE and not foreseen and _is_over(state, now_s):  # the usual
        return CALM, NO_VERDICT
    before = state
    state = _measured(state, reached, kept, now_s, foreseen=foreseen, works=works)
    state, verdict = _judged(state, reached, kept, now_s, limits, foreseen=foreseen, stirs=stirs)
    if verdict is NO_VERDICT and _is_due(state, reached, now_s, limits, waits=stirs or not rests):
        verdict = LevelVerdict(enter=Level.RAISED)
    if verdict.recovered:
        return CALM, replace(verdict, quiet=not state.told)
    if verdict.enter is not None:
        is_quiet = works and verdict.enter is Level.RAISED
        foretold = before.foreseen_s is not None and not verdict.early
        verdict = replace(verdict, foretold=foretold, quiet=is_quiet)
        state = _said(state, now_s, quiet=is_quiet)
    return _peaked(state, memory_bytes), verdict


def _peaked(state: LevelState, memory_bytes: int) -> LevelState:
    is_told = state.highest or state.foreseen_s is not None
    return replace(state, peak_bytes=max(state.peak_bytes, memory_bytes) if is_told else 0)


def _said(state: LevelState, now_s: float, *, quiet: bool) -> LevelState:
    """After a level was entered. ``quiet``: it is normal here."""
    told = state.told or not quiet
    state = replace(state, said_s=now_s, hushed=quiet, idle_s=None)
    if not quiet and not state.told and state.highest > state.level:
        # It was reached by a predecessor alone.
        state = replace(state, highest=state.level, peak_bytes=0)
    return replace(state, told=told)


def _measured(
    state: LevelState, reached: Level, kept: Level, now_s: float, *, foreseen: bool, works: bool
) -> LevelState:
    """Since when memory has been at this reading's level, without a job."""
    is_foreseen = state.foreseen_s is not None and (foreseen or reached is Level.CRITICAL)
    idle_s = state.idle_s
    if state.hushed:
        idle_s = None if works else now_s if idle_s is None else idle_s
    return replace(
        state,
        above_s=_since(state.above_s, now_s, tuple(level <= reached for level in _UPWARDS)),
        below_s=_since(state.below_s, now_s, tuple(level > kept for level in _UPWARDS)),
        foreseen_s=now_s if is_foreseen else state.foreseen_s,
        idle_s=idle_s,
    )


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
    """The result of a reading; the moments are this reading's."""
    level = state.level
    while level and has_lasted(state.below_s[level - 1], now_s, limits.recovery_s):
        level = Level(level - 1)
    state = replace(state, level=level)
    rises_to = _sustained(state, reached, now_s, limits, stirs=stirs)
    if rises_to > level:
        came_true = rises_to is Level.CRITICAL
        return replace(
            state,
            level=rises_to,
            highest=max(state.highest, rises_to),
            foreseen_s=None if came_true else state.foreseen_s,
        ), LevelVerdict(enter=rises_to)
    if state.foreseen_s is not None:
        if not has_lasted(state.foreseen_s, now_s, TAKEN_BACK_AFTER_S):
            return state, NO_VERDICT
        taken_back = replace(state, foreseen_s=None, taken_back_s=now_s)
        return taken_back, LevelVerdict(taken_back=True)
    if foreseen and level is not Level.CRITICAL and state.taken_back_s is None:
        return replace(state, foreseen_s=now_s), LevelVerdict(Level.CRITICAL, early=True)
    if (
        level is Level.NONE
        and state.highest
        and has_lasted(state.below_s[0], now_s, limits.recovery_s)
    ):
        return state, LevelVerdict(recovered=True)
    if Level.NONE < level <= kept and has_lasted(state.said_s, now_s, limits.repeat_s(level)):
        return state, LevelVerdict(enter=level, again=True)
    return state, NO_VERDICT


def _sustained(
    state: LevelState, reached: Level, now_s: float, limits: AlertLimits, *, stirs: bool
) -> Level:
    """The highest level whose hold has ended, unless it waits for a higher one."""
    for level in _DOWNWARDS:
        ends_s = _entered_at_s(state, level, now_s, limits)
        if level > reached or ends_s is None or now_s < ends_s - TICK_JITTER_S:
            continue
        higher = (_entered_at_s(state, above, now_s, limits) for above in _UPWARDS if above > level)
        waits_until_s = ends_s + WAITS_FOR_HIGHER_S
        if any(end_s is not None and end_s <= waits_until_s for end_s in higher):
            return Level.NONE
        waits = stirs and level is Level.RAISED and now_s < ends_s + WAITS_FOR_WORK_S
        return Level.NONE if waits else level
    return Level.NONE


def _is_due(
    state: LevelState, reached: Level, now_s: float, limits: AlertLimits, *, waits: bool
) -> bool:
    """Whether RAISED, normal during the job, now needs an alert: the job is over and memory
    stays."""
    due_s = _said_at_s(state, limits)
    if due_s is None or reached is Level.NONE or now_s < due_s - TICK_JITTER_S:
        return False
    return not waits or now_s >= due_s + WAITS_FOR_WORK_S


def _said_at_s(state: LevelState, limits: AlertLimits) -> float | None:
    """When a normal RAISED becomes an alert if memory stays; None: there is none, or it is
    still normal."""
    above_s = state.above_s[Level.RAISED - 1]
    if not state.hushed or state.idle_s is None or above_s is None:
        return None
    return max(state.idle_s, above_s) + limits.raised_hold_s


def _entered_at_s(
    state: LevelState, level: Level, now_s: float, limits: AlertLimits
) -> float | None:
    """When a level is entered if memory stays; None: memory is not above its limit.

    An early alert delays it as long as its forecast lasts.
    """
    since_s = state.above_s[level - 1]
    if since_s is None:
        return None
    is_foreseen = state.foreseen_s is not None and state.foreseen_s >= now_s
    is_kept_back = is_foreseen and level is not Level.CRITICAL
    return since_s + max(limits.hold_s(level), KEPT_BACK_S if is_kept_back else 0.0)


def _is_over(state: LevelState, now_s: float) -> bool:
    """Whether memory is below all levels and no alert still holds."""
    if state.highest or state.foreseen_s is not None:
        return False
    return state.taken_back_s is None or has_lasted(state.taken_back_s, now_s, FORETELLS_AGAIN_S)


def woken(state: LevelState, now_s: float) -> LevelState:
    """After a gap: hold and recovery times begin again."""
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
    """When a reading would change the result if memory stays; infinity: never."""
    higher = (level for level in _UPWARDS if level > state.level)
    moments = [_entered_at_s(state, level, now_s, limits) for level in higher]
    moments.append(_said_at_s(state, limits))
    if state.foreseen_s is not None:
        moments.append(state.foreseen_s + TAKEN_BACK_AFTER_S)
    if state.highest and state.below_s[0] is not None:
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


POLICY = Policy(CALM, update, woken=woken, rebased=woken, due_s=due_s)
