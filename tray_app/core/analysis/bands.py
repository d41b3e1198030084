"""Maps memory to the icon's four colours.

A band rises at once. It falls at once, too, where memory is clearly below it, so that colour and
figure agree; just below its limit it falls after two readings, so that it does not flicker. The
user sets the limits. Defaults: green below 500 MB, yellow from 500, orange from 1000, red above
2000.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from tray_app.core.model.readings import MIB

READINGS_TO_FALL = 2
CLEARLY_BELOW = 0.9
"""Below this share of the band's limit one reading is enough."""


class Band(StrEnum):
    """How dangerous the memory is, as a colour; UNKNOWN means there is no reading."""

    GREEN = "green"
    YELLOW = "yellow"
    ORANGE = "orange"
    RED = "red"
    UNKNOWN = "unknown"


_ORDER = (Band.GREEN, Band.YELLOW, Band.ORANGE, Band.RED)


class BandLimits(Struct, frozen=True):
    """In MB of 1024² bytes: yellow and orange start at their limit, red above its own."""

    yellow_mb: float = 500.0
    orange_mb: float = 1000.0
    red_mb: float = 2000.0

    def band(self, memory_bytes: int) -> Band:
        """The band of one figure, without hysteresis."""
        memory_mb = memory_bytes / MIB
        if memory_mb > self.red_mb:
            return Band.RED
        if memory_mb >= self.orange_mb:
            return Band.ORANGE
        return Band.YELLOW if memory_mb >= self.yellow_mb else Band.GREEN

    def begin_mb(self, band: Band) -> float:
        """Where a band begins."""
        begins = {Band.YELLOW: self.yellow_mb, Band.ORANGE: self.orange_mb, Band.RED: self.red_mb}
        return begins.get(band, 0.0)


class BandState(Struct, frozen=True):
    """The band shown, and how many readings in a row were below it."""

    band: Band = Band.UNKNOWN
    readings_below: int = 0


def update(state: BandState, memory_bytes: int | None, limits: BandLimits) -> BandState:
    """The band after one more reading; None (no reading) is UNKNOWN at once."""
    if memory_bytes is None:
        return BandState()
    band = limits.band(memory_bytes)
    if state.band is Band.UNKNOWN or _ORDER.index(band) >= _ORDER.index(state.band):
        return BandState(band)
    is_clear = memory_bytes < CLEARLY_BELOW * limits.begin_mb(state.band) * MIB
    if is_clear or state.readings_below + 1 >= READINGS_TO_FALL:
        return BandState(band)
    return replace(state, readings_below=state.readings_below + 1)
