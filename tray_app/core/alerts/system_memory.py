"""Detects that the machine itself runs low on memory, whatever the watched server does.

The machine is low on memory if less than the larger of 5 % and 400 MB is available (both can be
set), or, on Linux, if all programs waited for memory for more than 10 % of the last 10 s (PSI
"full").
"""

from __future__ import annotations

import math
from typing import ClassVar

from msgspec import Struct
from msgspec.structs import replace

from tray_app.core.alerts.facts import Facts
from tray_app.core.alerts.limits import AlertLimits, floor_bytes
from tray_app.core.alerts.policy import Condition, Finding, Policy
from tray_app.core.model.readings import MIB, ProcessReading, ProcessRow, Role, SystemMemory
from tray_app.core.model.timing import has_lasted

# A single reading may fall between two allocations of another program.
HOLD_S = 2.0
# Few processes share a control group's limit, and the kernel kills at it: this is long enough to
# list the largest ones.
LIMITED_HOLD_S = 0.2
PRESSURE_PERCENT = 10.0
PRESSURE_HOLD_S = 10.0
# The shortage ends above a margin, for this long.
EASED_FACTOR = 1.25
EASED_PRESSURE_PERCENT = 5.0
EASED_AFTER_S = 30.0
HOLDERS_SHOWN = 3


class MachineShort(Finding, frozen=True):
    """The machine is short of memory; ``holders`` are the processes that hold most of it."""

    WORD: ClassVar[str] = "machine_short"

    system: SystemMemory
    holders: tuple[ProcessRow, ...]

    @property
    def is_critical(self) -> bool:
        return True


class MachineEased(Finding, frozen=True):
    """Machine has enough memory again."""

    WORD: ClassVar[str] = "machine_eased"

    system: SystemMemory

    @property
    def ends(self) -> Condition:
        return Condition.MACHINE


class SystemMemoryState(Struct, frozen=True):
    """``short_s`` and ``pressed_s``: the start of each shortage; ``said``: it was reported and is
    not over.

    ``eased_s`` is the start of the recovery. ``hold_s``: it must last this long before it is
    reported.
    """

    short_s: float | None = None
    pressed_s: float | None = None
    said: bool = False
    eased_s: float | None = None
    hold_s: float = HOLD_S

    @property
    def looms(self) -> bool:
        """Whether an alert is near, so that it is time to list the largest processes."""
        return not self.said and not (self.short_s is None and self.pressed_s is None)


NO_SHORTAGE = SystemMemoryState()


def floor_of(system: SystemMemory, limits: AlertLimits) -> float:
    """Below this many bytes available the machine is short of memory."""
    return floor_bytes(system.total_bytes, limits.available_percent, limits.available_mb * MIB)


def update(
    state: SystemMemoryState, facts: Facts
) -> tuple[SystemMemoryState, MachineShort | MachineEased | None]:
    """The policy after one more sample."""
    system, now_s = facts.system, facts.now.mono_s
    if system is None:
        return state, None
    floor, pressure = floor_of(system, facts.limits), system.pressure_percent or 0.0
    short, pressed = system.available_bytes < floor, pressure > PRESSURE_PERCENT
    if not (short or pressed or state.said):  # the usual
        return NO_SHORTAGE, None
    state = replace(
        state,
        short_s=_since(state.short_s, now_s) if short else None,
        pressed_s=_since(state.pressed_s, now_s) if pressed else None,
        hold_s=LIMITED_HOLD_S if system.limited else HOLD_S,
    )
    if not state.said:
        if not _has_lasted(state, now_s):
            return state, None
        return replace(state, said=True), MachineShort(system, _holders(system, facts.process))
    if system.available_bytes < EASED_FACTOR * floor or pressure > EASED_PRESSURE_PERCENT:
        return replace(state, eased_s=None), None
    state = replace(state, eased_s=_since(state.eased_s, now_s))
    if has_lasted(state.eased_s, now_s, EASED_AFTER_S):
        return NO_SHORTAGE, MachineEased(system)
    return state, None


def _since(before_s: float | None, now_s: float) -> float:
    return now_s if before_s is None else before_s


def _has_lasted(state: SystemMemoryState, now_s: float) -> bool:
    is_short = has_lasted(state.short_s, now_s, state.hold_s)
    return is_short or has_lasted(state.pressed_s, now_s, PRESSURE_HOLD_S)


def _holders(system: SystemMemory, process: ProcessReading | None) -> tuple[ProcessRow, ...]:
    """The processes that hold most of the scarce memory; the server's tree counts as one."""
    if process is None:
        return ()
    # It is unknown whether others share the limit.
    others = () if system.limited else process.others
    rows = [
        replace(row, rss_bytes=process.footprint_bytes or 0)
        if row.role is Role.TARGET and process.rows
        else row
        for row in process.largest or (*process.rows[:1], *others)
    ]
    rows.sort(key=lambda row: -row.rss_bytes)
    return tuple(rows[:HOLDERS_SHOWN])


def due_s(state: SystemMemoryState, _now_s: float, _limits: AlertLimits) -> float:
    """When a reading would change the result if things stay; infinity: never."""
    if state.said:
        return math.inf if state.eased_s is None else state.eased_s + EASED_AFTER_S
    short = math.inf if state.short_s is None else state.short_s + state.hold_s
    pressed = math.inf if state.pressed_s is None else state.pressed_s + PRESSURE_HOLD_S
    return min(short, pressed)


def woken(state: SystemMemoryState, _now_s: float) -> SystemMemoryState:
    """After a gap in the samples, hold times start over."""
    return SystemMemoryState(said=True) if state.said else NO_SHORTAGE


POLICY = Policy(NO_SHORTAGE, update, woken=woken, due_s=due_s)
