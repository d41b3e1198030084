"""The words of the history page that do not need its script: title, tables, empty places."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from tray_app.core.alerts.limits import LEVELS, AlertLimits
from tray_app.core.analysis.bands import Band, BandLimits
from tray_app.core.history.page_data import (
    Frame,
    Line,
    PageAlert,
    PageData,
    PageGap,
    PageJob,
    PageServer,
)
from tray_app.core.model.readings import MIB
from tray_app.core.presentation.format import UNKNOWN, capitalised, duration, size

NOTHING_YET = (
    "No history yet. The tray records a sample at each interval while it runs; the first ones"
    " are here some seconds after its start."
)
NO_JOBS = "No job ended in this time."
NO_ALERTS = "No alert in this time."

JOB_HEADS = ("Start", "Took", "Before", "Peak", "After", "Kept", "Stages")
ALERT_HEADS = ("Time", "Alert", "What it said", "Notification")
EVENT_HEADS = ("Time", "What happened")

_SERVER_EVENTS = {
    "ended": "Server ended",
    "started": "Server started",
    "restarted": "Server restarted",
    "switched": "Another process is watched",
    "worker_replaced": "Worker replaced",
}
_WHY = {
    "off": "monitor off",
    "paused": "monitor paused",
    "asleep": "machine asleep",
}
_FATES = {
    "quiet": "none (quiet)",
    "muted": "none (muted)",
    "closed": "shown, closed by you",
    "clicked": "shown, button pressed",
}


def frame(server: str, version: str, bands_: BandLimits, limits: AlertLimits) -> Frame:
    """What each page of this server has."""
    return Frame(server, version, tuple(bands(bands_)), tuple(lines(limits)))


def lines(limits: AlertLimits) -> list[Line]:
    """The limits of the levels, as lines of the picture. The same height is one line."""
    by_height: dict[int, str] = {}
    for level in LEVELS:
        by_height[round(limits.limit_mb(level) * MIB)] = capitalised(level.word)
    return [Line(name, at_bytes) for at_bytes, name in by_height.items()]


def bands(limits: BandLimits) -> list[Line]:
    """Where each colour begins."""
    colours = (Band.GREEN, Band.YELLOW, Band.ORANGE, Band.RED)
    return [Line(band.value, round(limits.begin_mb(band) * MIB)) for band in colours]


def older(count: int, what: str) -> str:
    """``1,200 older jobs are not on this page: --export csv --what jobs has them all.``"""
    if not count:
        return ""
    return f"{count:,} older {what} are not on this page: --export csv --what {what} has them all."


def title(page: PageData) -> str:
    """The page's heading."""
    return page.heading or f"Memory of {page.server}"


def span(page: PageData) -> str:
    """``Thu 26 Nov 2026, 14:02 to Fri 27 Nov 2026, 14:02 (24 h)``."""
    took = duration((page.to_ms - page.from_ms) / 1000)
    return f"{moment(page.from_ms)} to {moment(page.to_ms)} ({took})"


def moment(at_ms: int) -> str:
    """``Thu 26 Nov 2026, 14:02:07``, in the time of this machine."""
    at = datetime.fromtimestamp(at_ms / 1000)
    return f"{day(at_ms / 1000)} {at.year}, {at:%H:%M:%S}"


def day(at_s: float) -> str:
    """``Thu 26 Nov``."""
    at = datetime.fromtimestamp(at_s)
    return f"{_DAYS[at.weekday()]} {at.day} {_MONTHS[at.month - 1]}"


_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)


def job(value: PageJob) -> list[str]:
    """The cells of a job's row."""
    kept = UNKNOWN if value.kept is None else signed(value.kept)
    return [
        moment(value.started_ms),
        duration((value.ended_ms - value.started_ms) / 1000),
        size(value.before),
        size(value.peak),
        "server ended" if value.lost else size(value.after),
        kept,
        stages(value.stages),
    ]


def signed(size_bytes: int) -> str:
    """``+120 MB``, ``−20 MB``."""
    return f"{'−' if size_bytes < 0 else '+'}{size(abs(size_bytes))}"


def stages(of: Iterable[tuple[str, float | None]]) -> str:
    """``upload 3 s, frames 34 s``; without a time where it is not known."""
    return ", ".join(name if took is None else f"{name} {_took(took)}" for name, took in of)


def _took(seconds: float) -> str:
    return "<1 s" if seconds < 0.5 else duration(seconds)


def alert(value: PageAlert) -> list[str]:
    """The cells of an alert's row."""
    return [moment(value.at_ms), value.title, value.text, _FATES.get(value.fate, value.fate)]


def events(servers: Iterable[PageServer], gaps: Iterable[PageGap]) -> list[tuple[int, str]]:
    """Starts and ends of the server and the times that nobody watched, oldest first."""
    found = [
        (each.at_ms, f"{_SERVER_EVENTS.get(each.what, each.what)}: {each.name} (pid {each.pid})")
        for each in servers
    ]
    found += [
        (
            each.from_ms,
            f"Not watched for {duration((each.to_ms - each.from_ms) / 1000)}:"
            f" {_WHY.get(each.why, each.why)}",
        )
        for each in gaps
    ]
    return sorted(found)


def overview(page: PageData, least: float | None, most: float | None) -> str:
    """What the small picture shows, for who cannot see it."""
    if least is None:
        return "Memory of the server: no reading in this time."
    return f"Memory of the server from {span(page)}: least {size(least)}, most {size(most)}."
