"""Reads from a history file what its verdict needs."""

from __future__ import annotations

from pathlib import Path

from tray_app.core.alerts.limits import AlertLimits
from tray_app.core.history.verdict import (
    RANGES,
    WHOLE,
    Happened,
    Past,
    Verdict,
    happened,
    leaking,
    upcoming,
)
from tray_app.history.database import History


def read(path: Path, from_s: float, to_s: float, limits: AlertLimits) -> Verdict | None:
    """The verdict on this time; None: nothing is recorded of it.

    :raises OSError: the file cannot be read
    :raises sqlite3.Error: it is damaged
    """
    history = History(path)
    begun_s = history.begun_s(from_s, to_s)
    if begun_s is None:
        return None
    past = Past(
        jobs=list(history.jobs(begun_s, to_s)),
        alerts=list(history.alerts(begun_s, to_s)),
        servers=list(history.servers(begun_s, to_s)),
        gaps=list(history.gaps(begun_s, to_s)),
    )

    def of(since_s: float) -> Happened:
        peak = history.peak(since_s, to_s)
        return happened(past, since_s, to_s, peak, limits)

    since = {name: to_s - length_s for name, length_s in RANGES.items()}
    shorter = {name: of(since_s) for name, since_s in since.items() if since_s > begun_s}
    return Verdict(
        happened={**shorter, WHOLE: of(begun_s)},
        leak=leaking(past, limits),
        upcoming=upcoming(past.jobs, history.newest_sample(), to_s, limits),
    )
