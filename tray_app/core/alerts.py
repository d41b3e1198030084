"""When a person is interrupted: the alert policy, pure.

One alert per level on the way up; a level skipped on the way raises only the highest;
a level is armed again once memory has been below 90 % of it; one note when all are left.
"""

from __future__ import annotations

from enum import IntEnum

from tray_app.core.readings import MIB
from tray_app.core.values import dataclass

REARM_FACTOR = 0.9


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
    """A level holds above its limit, in MB of 1024² bytes."""

    elevated_mb: float = 1500.0
    high_mb: float = 2000.0
    critical_mb: float = 3000.0

    def limit_mb(self, level: Level) -> float:
        """The limit of a level other than NONE."""
        return (self.elevated_mb, self.high_mb, self.critical_mb)[level - 1]

    def reached(self, memory_bytes: int) -> Level:
        """The highest level that this figure is above."""
        memory_mb = memory_bytes / MIB
        return max((lv for lv in Level if lv and memory_mb > self.limit_mb(lv)), default=Level.NONE)

    def kept(self, memory_bytes: int) -> Level:
        """The highest level that this figure has not left (90 % of its limit and more)."""
        memory_mb = memory_bytes / MIB
        return max(
            (lv for lv in Level if lv and memory_mb >= REARM_FACTOR * self.limit_mb(lv)),
            default=Level.NONE,
        )


@dataclass(frozen=True, slots=True)
class AlertState:
    """``level`` was said and has not been left; ``peak_bytes`` since the first was raised."""

    level: Level = Level.NONE
    raised: Level = Level.NONE
    peak_bytes: int = 0


@dataclass(frozen=True, slots=True)
class AlertVerdict:
    """What one reading says: a level to raise (else None), or that all levels were left."""

    raise_level: Level | None = None
    recovered: bool = False


def judge(
    state: AlertState, memory_bytes: int | None, limits: AlertLimits
) -> tuple[AlertState, AlertVerdict]:
    """The policy after one more reading. No reading changes nothing: it is not a recovery."""
    if memory_bytes is None:
        return state, AlertVerdict()
    reached = limits.reached(memory_bytes)
    level = max(reached, min(state.level, limits.kept(memory_bytes)))
    if level is Level.NONE:
        return AlertState(), AlertVerdict(recovered=state.level is not Level.NONE)
    peak_bytes = max(state.peak_bytes, memory_bytes)
    verdict = AlertVerdict(raise_level=level if level > state.level else None)
    return AlertState(level, max(level, state.raised), peak_bytes), verdict
