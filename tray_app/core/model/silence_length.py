"""How long a silence holds."""

from __future__ import annotations

from datetime import datetime, time, timedelta, tzinfo
from enum import StrEnum

HOUR_S = 3600.0
MORNING = time(8)
NIGHT_ENDS = time(4)
"""Before that, "tomorrow morning" is the one to come."""


class SilenceLength(StrEnum):
    """What a person chooses."""

    HOUR = "1 h"
    FOUR_HOURS = "4 h"
    MORNING = "tomorrow morning"


def ends_s(length: SilenceLength, now_s: float, zone: tzinfo | None = None) -> float:
    """When a silence of this length ends, in Unix time. ``zone`` None: this machine's.

    Hours are hours, also on a night when the clocks change; a morning is one by the clock.
    """
    match length:
        case SilenceLength.HOUR:
            return now_s + HOUR_S
        case SilenceLength.FOUR_HOURS:
            return now_s + 4 * HOUR_S
        case SilenceLength.MORNING:
            now = datetime.fromtimestamp(now_s, zone)
            is_night = now.time() < NIGHT_ENDS
            day = now.date() if is_night else now.date() + timedelta(days=1)
            return datetime.combine(day, MORNING, zone).timestamp()
