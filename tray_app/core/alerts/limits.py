"""The levels of the server's memory, and when each is worth a word."""

from __future__ import annotations

import math
from enum import IntEnum

from msgspec import Struct

from tray_app.core.model.readings import MIB

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
        for level in LEVELS[::-1]:
            if memory_mb > self.limit_mb(level):
                return level
        return Level.NONE

    def kept(self, memory_bytes: int) -> Level:
        """The highest level that this figure has not left (90 % of its limit and more)."""
        memory_mb = memory_bytes / MIB
        if memory_mb < REARM_FACTOR * self.elevated_mb:  # the usual
            return Level.NONE
        for level in LEVELS[::-1]:
            if memory_mb >= REARM_FACTOR * self.limit_mb(level):
                return level
        return Level.NONE


LEVELS = (Level.ELEVATED, Level.HIGH, Level.CRITICAL)
