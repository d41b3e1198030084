"""The alert levels of the server's memory, and their limits."""

from __future__ import annotations

import math
from enum import IntEnum

from msgspec import Struct
from msgspec.structs import replace

from tray_app.core.model.readings import MIB, SystemMemory

REARM_FACTOR = 0.9
# A fixed size is at most this part of the whole: on a small disk (a tmpfs, say) or in a small
# control group less than it is always free.
FLOOR_PART_MAX = 0.25


class Level(IntEnum):
    """Alert levels; NONE is below all."""

    NONE = 0
    RAISED = 1
    HIGH = 2
    CRITICAL = 3

    @property
    def word(self) -> str:
        """``normal``, ``raised``, ``high``, ``critical``: as written in JSON and texts."""
        return "normal" if self is Level.NONE else self.name.lower()


class AlertLimits(Struct, frozen=True):
    """When to interrupt a person; MB of 1024² bytes. A level alerts after ``*_hold_s`` above its
    limit, and again every ``*_repeat_min`` while it lasts (0: never). It ends after ``recovery_s``
    below 90 % of its limit.

    ``available_*``: the machine is short of memory below the larger of the two; ``disk_*``: the
    disk is full below the larger of the two. Of both pairs the fixed size counts as a quarter of
    the whole at most (`floor_bytes`). ``leak_mb``: a job that keeps more is suspicious.
    ``temp_mb``: a job may leave this much in the temp directory. ``hung_s``: a server that neither
    answers nor works for this long hangs (0: never); during a job ``hung_busy_s``.
    ``critical_exempt``: critical comes through a mute. ``raised_while_processing``: RAISED notifies
    during a job, too.

    ``*_percent`` of a level, where it is set, replaces its limit in MB by a share of the machine's
    memory: see `on_machine`.
    """

    raised_mb: float = 1500.0
    high_mb: float = 2000.0
    critical_mb: float = 3000.0
    raised_percent: float | None = None
    high_percent: float | None = None
    critical_percent: float | None = None
    raised_hold_s: float = 2.0
    high_hold_s: float = 2.0
    critical_hold_s: float = 0.0
    raised_repeat_min: float = 0.0
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
    raised_while_processing: bool = False

    def on_machine(self, system: SystemMemory | None) -> AlertLimits:
        """These limits with each share as MB of what the machine has, or its control group. While
        that is unknown (None), the limits in MB hold.

        A level never lies below a lower one, which only a share beside an absolute limit could do.
        """
        shares = (self.raised_percent, self.high_percent, self.critical_percent)
        if system is None or shares == (None, None, None):  # the usual
            return self
        lowest_mb = 0.0
        limits_mb = []
        for level, percent in zip(LEVELS, shares, strict=True):
            own_mb = (
                self.limit_mb(level)
                if percent is None
                else percent / 100 * system.total_bytes / MIB
            )
            lowest_mb = max(lowest_mb, own_mb)
            limits_mb.append(lowest_mb)
        raised_mb, high_mb, critical_mb = limits_mb
        return replace(self, raised_mb=raised_mb, high_mb=high_mb, critical_mb=critical_mb)

    def limit_mb(self, level: Level) -> float:
        """The limit of a level other than NONE."""
        return (self.raised_mb, self.high_mb, self.critical_mb)[level - 1]

    def percent(self, level: Level) -> float | None:
        """The limit of a level other than NONE as a share of the machine's memory, where it is one:
        then `limit_mb` is what that comes to, once `on_machine` has been asked."""
        return (self.raised_percent, self.high_percent, self.critical_percent)[level - 1]

    def is_lifted(self, level: Level) -> bool:
        """Whether `on_machine` gave this level the limit of the one below, because its own is less:
        only beside a share. Two that are equal by chance count as well."""
        shares = (self.raised_percent, self.high_percent, self.critical_percent)
        return (
            level > Level.RAISED
            and shares != (None, None, None)
            and self.limit_mb(level) == self.limit_mb(Level(level - 1))
        )

    def hold_s(self, level: Level) -> float:
        """The hold time of a level other than NONE."""
        return (self.raised_hold_s, self.high_hold_s, self.critical_hold_s)[level - 1]

    def repeat_s(self, level: Level) -> float:
        """The repeat time of a level other than NONE; infinity: never."""
        minutes = (self.raised_repeat_min, self.high_repeat_min, self.critical_repeat_min)
        return 60.0 * minutes[level - 1] or math.inf

    def reached(self, memory_bytes: int) -> Level:
        """The highest level that this figure is above."""
        memory_mb = memory_bytes / MIB
        if memory_mb <= self.raised_mb:  # the usual
            return Level.NONE
        for level in LEVELS[::-1]:
            if memory_mb > self.limit_mb(level):
                return level
        return Level.NONE

    def kept(self, memory_bytes: int) -> Level:
        """The highest level that this figure has not left (90 % of its limit and more)."""
        memory_mb = memory_bytes / MIB
        if memory_mb < REARM_FACTOR * self.raised_mb:  # the usual
            return Level.NONE
        for level in LEVELS[::-1]:
            if memory_mb >= REARM_FACTOR * self.limit_mb(level):
                return level
        return Level.NONE


LEVELS = (Level.RAISED, Level.HIGH, Level.CRITICAL)


def floor_bytes(total_bytes: int, percent: float, fixed_bytes: float) -> float:
    """Below this much free of ``total_bytes`` something is short: the larger of a part and a fixed
    size, which counts as a quarter of the whole at most."""
    return max(percent / 100 * total_bytes, min(fixed_bytes, FLOOR_PART_MAX * total_bytes))
