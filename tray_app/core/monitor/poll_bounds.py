"""Decides which fast polls between two samples call for a full reading.

A poll reads the memory of the known processes and of the machine, and nothing else. It is compared
with the processes' figure of the last reading, so that it never overrules an API whose process is
elsewhere. A sample follows at once if a poll would change the display or an alert: a limit is
crossed, or memory has moved by a step, as when a job begins or ffmpeg comes and goes. The bounds
are computed once per sample, so that a poll costs a few comparisons.
"""

from __future__ import annotations

import math
import sys

from msgspec import Struct

from tray_app.core.alerts import system_memory
from tray_app.core.alerts.system_memory import NO_SHORTAGE, floor_of
from tray_app.core.analysis.bands import Band
from tray_app.core.analysis.stir import CLIMB_BYTES
from tray_app.core.model.readings import MIB, PollReading
from tray_app.core.monitor.state import State, alert_limits

# A step is reported 10 to 15 ms after its poll, which the system may delay by 20 ms: 19 of 20
# within 0.25 s.
EVERY_S = 0.225
SELDOM_S = 1.0
# A poll that costs more than this (a slow machine, a large tree over psutil) runs less often.
EXPENSIVE_S = 0.001
# A step by which a sample is out of date though no limit is crossed. Idle: an upload takes 30 MB
# and more at once. At work: ffmpeg takes 60 to 125 MB for 1 to 2.5 s, and gives them back.
IDLE_STEP_BYTES = CLIMB_BYTES
WORK_STEP_BYTES = 48 * MIB
# A fall is no danger: a figure that swings around a limit triggers one reading a second.
FALL_AFTER_S = 1.0


class PollBounds(Struct, frozen=True):
    """While polls stay within these bounds, the last sample is up to date.

    ``low_bytes`` and ``high_bytes`` bound the RSS of the known tree; below counts only from
    ``falls_from_s`` on. ``has_server``: there was a tree, whose end counts at once. ``floor_bytes``
    is what the machine must have available.
    """

    has_server: bool = False
    low_bytes: int = 0
    high_bytes: int = sys.maxsize
    falls_from_s: float = 0.0
    floor_bytes: int = 0


def every_s(cost_s: float, *, on_battery: bool) -> float:
    """Seconds from one poll to the next; ``cost_s`` is what one takes."""
    return SELDOM_S if on_battery or cost_s > EXPENSIVE_S else EVERY_S


def bounds_of(state: State) -> PollBounds:
    """The bounds of the polls after this state's sample."""
    sample = state.sample
    if sample is None:
        return PollBounds()
    footprint_bytes = state.process.footprint_bytes if state.process else None
    # A poll sums RSS, so it counts shared memory several times.
    shared_bytes = state.process.shared_bytes if state.process else 0
    shown_bytes = sample.memory_bytes
    low_bytes, high_bytes = 0, sys.maxsize
    if footprint_bytes is not None and shown_bytes is not None:
        unseen_bytes = shown_bytes - footprint_bytes
        rss_bytes = footprint_bytes + shared_bytes
        if state.activity.is_busy:
            low_bytes = max(0, rss_bytes - WORK_STEP_BYTES)
            high_bytes = rss_bytes + WORK_STEP_BYTES
        else:
            high_bytes = rss_bytes + IDLE_STEP_BYTES
        is_old = sample.age_s is not None and sample.age_s > EVERY_S
        for limit_mb in _limits_mb(state):
            limit_bytes = limit_mb * MIB
            if limit_bytes > shown_bytes:
                # Less than the processes' figure: then it may be older, and their growth since is
                # not memory that it leaves out.
                is_older = footprint_bytes < limit_bytes or is_old
                is_theirs = unseen_bytes < 0 and is_older
                bound_bytes = limit_bytes if is_theirs else limit_bytes - unseen_bytes
                high_bytes = min(high_bytes, math.floor(bound_bytes + shared_bytes))
            else:
                bound_bytes = limit_bytes - unseen_bytes + shared_bytes
                low_bytes = max(low_bytes, math.ceil(bound_bytes))
        if state.settings.bands.band(shown_bytes) is not state.band.band is not Band.UNKNOWN:
            low_bytes = sys.maxsize  # it falls after one more such reading
    falls_from_s = sample.at.mono_s + FALL_AFTER_S
    return PollBounds(
        has_server=footprint_bytes is not None,
        low_bytes=low_bytes,
        high_bytes=high_bytes,
        falls_from_s=falls_from_s,
        floor_bytes=_floor_bytes(state),
    )


def is_outside(bounds: PollBounds, reading: PollReading, now_s: float) -> bool:
    """Whether the poll shows a change since the last sample."""
    rss_bytes, available_bytes = reading
    if available_bytes is not None and available_bytes < bounds.floor_bytes:
        return True
    if rss_bytes is None:
        return bounds.has_server
    if rss_bytes < bounds.low_bytes:
        return now_s >= bounds.falls_from_s
    return rss_bytes > bounds.high_bytes


def _floor_bytes(state: State) -> int:
    """Below this the machine is short of memory; 0 if that is known already."""
    system = state.sample.system if state.sample else None
    if system is None or state.alerts.of(system_memory.POLICY) != NO_SHORTAGE:
        return 0
    return math.ceil(floor_of(system, alert_limits(state)))


def _limits_mb(state: State) -> tuple[float, ...]:
    """The limits that change the colour or an alert."""
    bands, alerts = state.settings.bands, alert_limits(state)
    return (
        bands.yellow_mb,
        bands.orange_mb,
        bands.red_mb,
        alerts.raised_mb,
        alerts.high_mb,
        alerts.critical_mb,
    )
