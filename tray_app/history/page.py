"""Reads what the history page shows from a history file."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

from tray_app.core.history.page_data import Frame, LeftOut, PageData, page_data, rows_of
from tray_app.core.history.thinning import DAY_S, HOUR_S, MINUTE_S
from tray_app.history.database import History

SAMPLES_MAX = 50_000
"""A day at 2 s, and some more. Of shorter intervals the newest."""

EACH_MAX = 2000
"""Jobs, alerts, starts and gaps: the newest of each."""

LONG_S = 8 * DAY_S
SAMPLES_LONG = 7200
"""A page of weeks has the samples of the last hours only, so that it stays below 3 MB."""


def read(path: Path, from_s: float, to_s: float, frame: Frame, *, again_s: float = 0.0) -> PageData:
    """The page of this time; empty where the file has nothing of it.

    ``again_s``: jobs, alerts and gaps of so long before are in it, too. What a job kept, and what
    became of an alert, is known some time after it.

    :raises OSError: the file cannot be read
    :raises sqlite3.Error: it is damaged
    """
    history = History(path)
    minutes = list(history.spans(MINUTE_S, from_s, to_s))
    hours = list(history.spans(HOUR_S, from_s, to_s))
    begun_s = min((each.from_s for each in (*minutes[:1], *hours[:1])), default=from_s)
    most = SAMPLES_MAX if to_s - max(from_s, begun_s) <= LONG_S else SAMPLES_LONG
    samples = list(deque(history.samples(from_s, to_s), most))
    rows = rows_of(samples, minutes, hours)
    shown_s = max(from_s, rows.at.first / 1000)  # 0 without a row
    jobs, jobs_left = _newest(history.jobs(from_s - again_s, to_s))
    alerts, alerts_left = _newest(history.alerts(from_s - again_s, to_s))
    if jobs and jobs[0].started_s < from_s and again_s:
        samples = [*history.samples(jobs[0].started_s, from_s), *samples]
    servers, servers_left = _newest(history.servers(from_s, to_s))
    gaps, gaps_left = _newest(history.gaps(from_s - again_s if again_s else shown_s, to_s))
    return page_data(
        *(frame, rows, shown_s, to_s),
        samples=samples,
        jobs=jobs,
        alerts=alerts,
        servers=servers,
        gaps=gaps,
        left_out=LeftOut(jobs_left, alerts_left, servers_left, gaps_left),
    )


_Of = TypeVar("_Of")


def _newest(all_of: Iterable[_Of]) -> tuple[list[_Of], int]:
    """The newest `EACH_MAX`, and how many older ones there are."""
    kept: deque[_Of] = deque(maxlen=EACH_MAX)
    count = 0
    for each in all_of:
        kept.append(each)
        count += 1
    return list(kept), count - len(kept)
