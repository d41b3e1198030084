"""Sums up the recorded day."""

from __future__ import annotations

import logging
from datetime import datetime, time
from pathlib import Path

from tray_app.core.history.past import summed_up
from tray_app.core.summary.measurement import Summary
from tray_app.history.database import FAILURES, History

_log = logging.getLogger(__name__)


def summary_of_today(path: Path, now_s: float) -> Summary | None:
    """From midnight here until now; None: nothing is recorded, or it cannot be read."""
    midnight = datetime.combine(datetime.fromtimestamp(now_s).date(), time())
    from_s, to_s = midnight.astimezone().timestamp(), now_s + 1.0
    history = History(path)
    try:
        return summed_up(
            history.samples(from_s, to_s),
            history.jobs(from_s, to_s),
            history.alerts(from_s, to_s),
            to_s,
        )
    except FAILURES as error:
        _log.warning("the history could not be read: %s", error)
        return None
