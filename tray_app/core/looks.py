"""Quick looks between two samples: look fast, show calmly.

A look reads the memory of the known processes and of the machine, and no more. It is compared
with the processes' figure of the last reading, so that it never overrules an API whose process is
elsewhere; where it would change what is shown or said, a reading is made at once.
"""

from __future__ import annotations

from tray_app.core.alerts import Level
from tray_app.core.bands import Band
from tray_app.core.readings import Glance, Now
from tray_app.core.state import State, is_gap

EVERY_S = 0.25
SELDOM_S = 1.0
# A look that costs more than this (a slow machine, a large tree over psutil) is made seldom.
DEAR_S = 0.001
# What has gone down is no danger: a figure that swings about a limit brings a reading a second.
FALL_AFTER_S = 1.0

_ORDER = (Band.GREEN, Band.YELLOW, Band.ORANGE, Band.RED)


def every_s(cost_s: float, *, on_battery: bool) -> float:
    """Seconds from one look to the next; ``cost_s`` is what one takes."""
    return SELDOM_S if on_battery or cost_s > DEAR_S else EVERY_S


def calls_for_reading(state: State, glance: Glance, now: Now) -> bool:
    """Whether the look has seen something that the last sample does not show."""
    sample, process = state.sample, state.process
    if sample is None or process is None:
        return False
    if is_gap(state, now):
        return True
    before_bytes = process.rss_bytes
    if before_bytes is None or sample.memory_bytes is None:
        return False
    if glance.rss_bytes is None:
        return True
    expected_bytes = max(0, sample.memory_bytes + glance.rss_bytes - before_bytes)
    rise = _compare(state, sample.memory_bytes, expected_bytes)
    return rise > 0 or (rise < 0 and now.mono_s - sample.at.mono_s >= FALL_AFTER_S)


def _compare(state: State, shown_bytes: int, expected_bytes: int) -> int:
    """Above 0 when band or alert level would rise, below when one would fall, else 0."""
    bands, alerts = state.settings.bands, state.settings.alerts
    bands_up = _ORDER.index(bands.band(expected_bytes)) - _ORDER.index(state.band.band)
    reached: Level = alerts.reached(expected_bytes)
    levels_up = reached - alerts.reached(shown_bytes)
    return max(bands_up, levels_up) or min(bands_up, levels_up)
