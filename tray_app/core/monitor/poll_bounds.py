"""Quick looks between two samples: look fast, show calmly.

A look reads the memory of the known processes and of the machine, and no more. It is compared
with the processes' figure of the last reading, so that it never overrules an API whose process is
elsewhere; where it would change what is shown or said, a reading is made at once: a limit is
crossed, or memory has moved by a step, as when a job begins or ffmpeg comes and goes. What that
takes is told in advance, once per sample: a look costs two comparisons.
"""

from __future__ import annotations

import math
import sys

from msgspec import Struct

from tray_app.core.alerts.system_memory import NO_SHORTAGE, floor_bytes
from tray_app.core.analysis.activity import CLIMB_BYTES
from tray_app.core.analysis.bands import Band
from tray_app.core.model.readings import GONE, MIB, PollReading
from tray_app.core.monitor.state import State

# A step is said 10 to 15 ms after the look that sees it, which the system may make 20 ms late, and
# 19 of 20 within 0.25 s.
EVERY_S = 0.225
SELDOM_S = 1.0
# A look that costs more than this (a slow machine, a large tree over psutil) is made seldom.
DEAR_S = 0.001
# A step by which a sample is out of date though no limit is crossed. Idle: an upload takes 30 MB
# and more at once. At work: ffmpeg takes 60 to 125 MB for 1 to 2.5 s, and gives them back.
IDLE_STEP_BYTES = CLIMB_BYTES
WORK_STEP_BYTES = 48 * MIB
# What has gone down is no danger: a figure that swings about a limit brings a reading a second.
FALL_AFTER_S = 1.0


class PollBounds(Struct, frozen=True):
    """As long as looks stay within this, the last sample says all.

    ``low_bytes`` and ``high_bytes`` bound the RSS of the known tree; below counts only from
    ``falls_from_s`` on, unless the tree is gone. ``available_bytes`` is what the machine must have
    left. Whole numbers: to compare one with a float takes C's mathematics.
    """

    low_bytes: int = GONE
    high_bytes: int = sys.maxsize
    falls_from_s: float = 0.0
    available_bytes: int = 0


def every_s(cost_s: float, *, on_battery: bool) -> float:
    """Seconds from one look to the next; ``cost_s`` is what one takes."""
    return SELDOM_S if on_battery or cost_s > DEAR_S else EVERY_S


def calm(state: State) -> PollBounds:
    """What the looks after this state's sample are held against."""
    sample = state.sample
    if sample is None:
        return PollBounds()
    held_bytes = state.process.held_bytes if state.process else None
    # A look sums up RSS: what is shared is in it several times.
    shared_bytes = state.process.shared_bytes if state.process else 0
    shown_bytes = sample.memory_bytes
    low_bytes, high_bytes = GONE if held_bytes is None else 0, sys.maxsize
    if held_bytes is not None and shown_bytes is not None:
        unseen_bytes = shown_bytes - held_bytes
        rss_bytes = held_bytes + shared_bytes
        if state.activity.is_busy:
            low_bytes = max(0, rss_bytes - WORK_STEP_BYTES)
            high_bytes = rss_bytes + WORK_STEP_BYTES
        else:
            high_bytes = rss_bytes + IDLE_STEP_BYTES
        is_old = sample.age_s is not None and sample.age_s > EVERY_S
        for limit_mb in _limits_mb(state):
            limit_bytes = limit_mb * MIB
            if limit_bytes > shown_bytes:
                # Less than the processes had: then the figure may be older than theirs, and what
                # they have grown by meanwhile is nothing that it leaves out.
                is_older = held_bytes < limit_bytes or is_old
                is_theirs = unseen_bytes < 0 and is_older
                bound_bytes = limit_bytes if is_theirs else limit_bytes - unseen_bytes
                high_bytes = min(high_bytes, math.floor(bound_bytes + shared_bytes))
            else:
                bound_bytes = limit_bytes - unseen_bytes + shared_bytes
                low_bytes = max(low_bytes, math.ceil(bound_bytes))
        if state.settings.bands.band(shown_bytes) is not state.band.band is not Band.UNKNOWN:
            low_bytes = sys.maxsize  # it falls with one more reading that says so
    falls_from_s = sample.at.mono_s + FALL_AFTER_S
    return PollBounds(low_bytes, high_bytes, falls_from_s, _available_bytes(state))


def is_left(calm: PollBounds, glance: PollReading, now_s: float) -> bool:
    """Whether the look has seen something that the last sample does not show."""
    rss_bytes, available_bytes = glance
    if available_bytes < calm.available_bytes:
        return True
    if rss_bytes < calm.low_bytes:
        return rss_bytes == GONE or now_s >= calm.falls_from_s
    return rss_bytes > calm.high_bytes


def _available_bytes(state: State) -> int:
    """Below this the machine would be short of memory; 0 where that is known already."""
    system = state.sample.system if state.sample else None
    if system is None or state.vigil.shortage != NO_SHORTAGE:
        return 0
    return math.ceil(floor_bytes(system, state.settings.alerts))


def _limits_mb(state: State) -> tuple[float, ...]:
    """What changes the colour, or is said, when it is crossed."""
    bands, alerts = state.settings.bands, state.settings.alerts
    return (
        bands.yellow_mb,
        bands.orange_mb,
        bands.red_mb,
        alerts.elevated_mb,
        alerts.high_mb,
        alerts.critical_mb,
    )
