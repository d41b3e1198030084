"""Detects that the machine itself runs low on memory, whatever the watched server does.

The machine is low on memory if less than the larger of 5 % and 400 MB is available (both can be
set), or, on Linux, if all programs waited for memory for more than 10 % of the last 10 s (PSI
"full").
"""

from __future__ import annotations

import math

from msgspec import Struct

from tray_app.core.alerts.levels import AlertLimits
from tray_app.core.model.readings import MIB, SystemMemory
from tray_app.core.model.timing import has_lasted

# A single reading may fall between a free and an allocation of somebody else.
HOLD_S = 2.0
# Below a control group's limit few allocate, and the kernel kills at it: so long is enough to see
# who holds the memory.
LIMITED_HOLD_S = 0.2
PRESSURE_PERCENT = 10.0
PRESSURE_HOLD_S = 10.0
# Over again with a margin, for so long.
EASED_FACTOR = 1.25
EASED_PRESSURE_PERCENT = 5.0
EASED_AFTER_S = 30.0
# In a small control group the fixed floor would be most of the limit, and always short.
FLOOR_PART_MAX = 0.25


class SystemMemoryState(Struct, frozen=True):
    """``short_s`` and ``pressed_s``: since when; ``said``: it was told and is not over.

    ``eased_s`` is since when it would be over. ``hold_s``: so long must it last to be said.
    """

    short_s: float | None = None
    pressed_s: float | None = None
    said: bool = False
    eased_s: float | None = None
    hold_s: float = HOLD_S

    @property
    def looms(self) -> bool:
        """Whether it is about to be said, so that it is time to see who holds the memory."""
        return not self.said and not (self.short_s is None and self.pressed_s is None)


NO_SHORTAGE = SystemMemoryState()


def floor_bytes(system: SystemMemory, limits: AlertLimits) -> float:
    """Below this much available the machine is short of memory."""
    part = limits.available_percent / 100 * system.total_bytes
    floor = max(part, limits.available_mb * MIB)
    return min(floor, max(part, FLOOR_PART_MAX * system.total_bytes))


def update(
    state: SystemMemoryState, system: SystemMemory | None, now_s: float, limits: AlertLimits
) -> tuple[SystemMemoryState, bool | None]:
    """After one more reading; True: it is to be said, False: it is over, None: nothing."""
    if system is None:
        return state, None
    floor, pressure = floor_bytes(system, limits), system.pressure_percent or 0.0
    available = system.available_bytes
    short, pressed = available < floor, pressure > PRESSURE_PERCENT
    if not (short or pressed or state.said):
        return NO_SHORTAGE, None
    short_s = (state.short_s if state.short_s is not None else now_s) if short else None
    pressed_s = (state.pressed_s if state.pressed_s is not None else now_s) if pressed else None
    if not state.said:
        hold_s = LIMITED_HOLD_S if system.limited else HOLD_S
        said = has_lasted(short_s, now_s, hold_s) or has_lasted(pressed_s, now_s, PRESSURE_HOLD_S)
        return SystemMemoryState(short_s, pressed_s, said, hold_s=hold_s), True if said else None
    if available < EASED_FACTOR * floor or pressure > EASED_PRESSURE_PERCENT:
        return SystemMemoryState(short_s, pressed_s, said=True), None
    eased_s = now_s if state.eased_s is None else state.eased_s
    if has_lasted(eased_s, now_s, EASED_AFTER_S):
        return NO_SHORTAGE, False
    return SystemMemoryState(short_s, pressed_s, said=True, eased_s=eased_s), None


def due_s(state: SystemMemoryState) -> float:
    """When a reading would change what is said, if things stay; never is infinity."""
    if state.said:
        return math.inf if state.eased_s is None else state.eased_s + EASED_AFTER_S
    short = math.inf if state.short_s is None else state.short_s + state.hold_s
    pressed = math.inf if state.pressed_s is None else state.pressed_s + PRESSURE_HOLD_S
    return min(short, pressed)


def woken(state: SystemMemoryState) -> SystemMemoryState:
    """After a gap in the samples, hold times start over."""
    return SystemMemoryState(said=True) if state.said else NO_SHORTAGE
