"""The menu's lines: short enough for a narrow screen, figures first.

A text longer than a row is cut there; a submenu has it in full, line by line.
"""

from __future__ import annotations

import math

from tray_app.core.alerts.limits import AlertLimits, Level
from tray_app.core.analysis.bands import BandLimits
from tray_app.core.model.icon_options import Click, Palette, Style, Theme
from tray_app.core.model.incident import PastIncident
from tray_app.core.model.readings import MIB, Now, ProcessRow, Target
from tray_app.core.model.server_action import Risk
from tray_app.core.monitor.commands import Command, OpenHistory, OpenIncident
from tray_app.core.monitor.delivery_log import Delivery
from tray_app.core.monitor.sample import Sample
from tray_app.core.monitor.state import Health, State
from tray_app.core.presentation import (
    action_text,
    activity_text,
    figures,
    format,
    incident_text,
    memory_text,
    process_text,
    program_text,
    recent_text,
    source_text,
)

# Some 500 px in the fonts of XFCE, LXQt and Windows: half of a screen that is 1024 px wide.
ROW_CHARS = 72
# Every row on top is cut here, and the first one is as wide as this many digits: GTK cuts what is
# wider than the menu was when it opened, and Qt widens it beyond the edge of the screen.
ROOM_CHARS = 48
ALERT_LINES = 4
INCIDENT_LINES = 5
INCIDENTS = "Last incidents"

STYLES = {
    Style.NUMBER: "Number",
    Style.BARS: "Bars",
    Style.CALM: "Calm (grey until orange)",
    Style.GRAPH: "Graph (the last 10 min)",
}
PALETTES = {
    Palette.STANDARD: "Green, yellow, orange, red",
    Palette.OKABE_ITO: "Colour-blind safe (Okabe-Ito)",
}
CLICKS = {
    Click.STATUS: "Status",
    Click.HISTORY: "History page",
}
THEMES = {
    Theme.AUTO: "As the desktop",
    Theme.DARK: "Dark",
    Theme.LIGHT: "Light",
}
FREEING = {
    Risk.NONE: "No job is running, no files to lose",
    Risk.JOB: "A job is running. Free memory anyway?",
    Risk.UNKNOWN: "A job may be running. Free memory anyway?",
    Risk.FILES: "Also deletes files older than 1 h",
}
CLEANING = {
    Risk.NONE: "No files to delete",
    Risk.JOB: "Not while a job is running",
    Risk.UNKNOWN: "Not available without a reading",
    Risk.FILES: "Delete files now?",
}
MUTES: tuple[tuple[float | None, str], ...] = (
    (1800.0, "For 30 min"),
    (3600.0, "For 1 h"),
    (8 * 3600.0, "For 8 h"),
    (None, "Until restart"),
)
HISTORY = "History and alerts"
UNDELIVERED = "History and alerts: not delivered"
ALERT_LIMITS = "Limits of the alerts (colours have their own)"
COLOUR_LIMITS = "Limits of the colours (alerts have their own)"


def cut(text: str, limit: int = ROW_CHARS) -> str:
    """At most ``limit`` characters, with an ellipsis if the text was cut."""
    return text if len(text) <= limit else f"{text[: limit - 1].rstrip()}…"


def lines(text: str, count: int) -> tuple[str, ...]:
    """The text over ``count`` rows, broken between words; unused rows are empty."""
    found: list[str] = []
    for word in text.split():
        if found and len(found[-1]) + len(word) < ROW_CHARS:
            found[-1] += f" {word}"
        else:
            found.append(word)
    kept = [cut(line) for line in found[:count]]
    if len(found) > count:
        kept[-1] = cut(f"{kept[-1]} …")
    return (*kept, *[""] * (count - len(kept)))


def memory(state: State) -> str:
    """The first row: ``1.52 GB · raised · +12 MB/s``, or why there is no figure."""
    demo, sample = "Demo" if state.demo else "", state.sample
    if state.paused:
        before = sample.memory_bytes if sample else None
        return format.joined(
            demo, "Paused", "" if before is None else f"{format.size(before)} before the pause"
        )
    if sample is None:
        return format.joined(demo, "Starting")
    return format.joined(demo, format.capitalised(memory_text.memory(sample)))


def activity(state: State) -> str:
    """The second row: what is ahead, if there is a forecast, and what goes on; otherwise that, and
    what memory has done. A narrow panel cuts the end."""
    sample = state.sample
    peak = "" if state.peak_bytes is None else f"peak {format.size(state.peak_bytes)}"
    if state.paused:
        return format.joined("Click Resume to continue", peak)
    if sample is None or sample.memory_bytes is None:
        return f"Server: {state.settings.address.shown}"
    if sample.hung is not None:
        return format.capitalised(source_text.hung(sample.hung, sample.at.mono_s))
    doing = activity_text.doing(sample)
    if sample.forecast:
        return format.joined(format.capitalised(memory_text.foreseen(sample.forecast)), doing)
    doing, kept = format.capitalised(doing), memory_text.kept(sample.kept)
    text = format.joined(doing, memory_text.recovering(sample) or kept or peak)
    if len(text) <= ROOM_CHARS:
        return text
    return format.joined(doing, memory_text.kept_briefly(sample.kept) or peak)


def machine(state: State) -> str:
    """The third row while nothing is wrong: ``9.6 of 16.0 GB free``, and what the next video needs;
    only that, where there is no room for it."""
    if state.paused or state.sample is None:
        return "This machine: not read now" if state.paused else "This machine: –"
    upcoming = state.sample.next_video
    text = memory_text.next_video(upcoming)
    if upcoming is None or upcoming.short is not None:
        return text or memory_text.machine(state.sample.system)
    both = format.joined(memory_text.machine(state.sample.system), _uncapitalised(text))
    return both if len(both) <= ROOM_CHARS else memory_text.machine(state.sample.system)


def _uncapitalised(text: str) -> str:
    return text[:1].lower() + text[1:]


def source(state: State) -> str:
    """``Source: API, 370 ms``; without a source, the reason."""
    if state.paused or state.sample is None:
        return "Source: none while paused" if state.paused else "Source: –"
    return figures.SOURCE.menu_line(state.sample)


def last_job(sample: Sample | None) -> str:
    """``Job 3: 41 s, 126 MB before, peak 532 MB, 301 MB after``."""
    if sample is None or sample.job is None:
        return "No job seen yet"
    if sample.job.ended is None:
        took = format.duration(sample.job.elapsed_s(sample.at))
        return f"Job {sample.job.number}: running for {took}"
    return activity_text.job(sample.job)


def process(row: ProcessRow) -> str:
    """``python3 main.py (4711): 126 MB · 96 %``."""
    load = "" if row.cpu_percent is None else f" · {format.percent(row.cpu_percent)}"
    return f"{name(row)}: {format.size(row.rss_bytes)}{load}"


def name(row: ProcessRow) -> str:
    """``python3 main.py (4711)``."""
    what = f"{row.name} {row.runs}" if row.runs else row.name
    return f"{cut(what, 40)} ({row.pid})"


def candidate(target: Target) -> str:
    """``uvicorn (4711): command line: uvicorn main:app``."""
    return cut(f"{target.name} ({target.pid}): {process_text.evidence(target.evidence)}")


def more(rows: tuple[ProcessRow, ...]) -> str:
    """``and 3 more: 126 MB``; empty without any."""
    if not rows:
        return ""
    return f"and {len(rows)} more: {format.size(sum(row.rss_bytes for row in rows))}"


def unmute(state: State, now: Now) -> str:
    """``Unmute (25 min left)``; empty while alerts are not muted."""
    muted_s = state.mute.muted_s(now)
    if muted_s <= 0.0:
        return ""
    if math.isinf(muted_s):
        return "Unmute (muted until restart)"
    # No countdown while paused.
    return "Unmute" if state.paused else f"Unmute ({format.remaining(muted_s)} left)"


def alerts(state: State, now: Now) -> str:
    """The submenu's own row: whether alerts are delivered, and the last minutes of memory."""
    text = HISTORY if state.delivery_problem is None else UNDELIVERED
    return recent_text.label(text, state.course, now.mono_s) if state.has_blocks else text


def counted(deliveries: tuple[Delivery, ...]) -> str:
    """``12 delivered, 1 failed``: of the latest ones."""
    failed = sum(each.problem is not None for each in deliveries)
    return f"{len(deliveries) - failed} delivered, {failed} failed"


def fate(value: Delivery, now: Now) -> str:
    """``High: 2.10 GB · 4 min ago``, or the problem."""
    when = format.ago(now.mono_s - value.at.mono_s)
    failed = "" if value.problem is None else f", not delivered: {value.problem}"
    return f"{value.title} · {when}{failed}"


def delivery(state: State) -> str:
    """How many notifications were delivered."""
    if not state.deliveries:
        return "No notifications sent yet"
    return f"Notifications: {counted(state.deliveries)}"


def last_alerts(state: State, now: Now) -> tuple[str, ...]:
    """Four rows: why alerts are not delivered, otherwise the latest ones, newest first."""
    if state.delivery_problem is not None:
        return lines(program_text.undelivered(state.delivery_problem), ALERT_LINES)
    told = [each for each in (*state.earlier_alerts, *state.deliveries) if each.is_alert]
    shown = [cut(fate(each, now)) for each in reversed(told[-ALERT_LINES:])]
    shown = shown or ["No alerts yet"]
    return (*shown, *[""] * (ALERT_LINES - len(shown)))


def incidents(past: tuple[PastIncident, ...], now: Now) -> tuple[tuple[str, Command], ...]:
    """Five rows, newest first, each of which opens its page."""
    shown: list[tuple[str, Command]] = [
        (cut(incident_text.row(each, now.wall_s)), OpenIncident(each.opened_s))
        for each in past[:INCIDENT_LINES]
    ]
    shown = shown or [(incident_text.NONE_YET, OpenHistory())]
    return (*shown, *[("", OpenHistory())] * (INCIDENT_LINES - len(shown)))


def limit(limits: AlertLimits, level: Level) -> str:
    """``High: above 6000 MB (your setting)``, ``Critical: above 12.8 GB (80 %)``, and where a share
    had to be lifted to the level below ``Critical: above 1.95 GB (same as high: 1 % is less)``."""
    percent = limits.percent(level)
    limit_mb = limits.limit_mb(level)
    if limits.is_lifted(level):
        text, whose = format.size(limit_mb * MIB), f"same as {Level(level - 1).word}"
        if percent is not None:
            whose += f": {percent:g} % is less"
    elif percent is not None:
        text, whose = format.size(limit_mb * MIB), f"{percent:g} %"
    else:
        is_default = limit_mb == AlertLimits().limit_mb(level)
        text, whose = f"{limit_mb:g} MB", "default" if is_default else "your setting"
    return f"{level.word.capitalize()}: above {text} ({whose})"


def bands(limits: BandLimits) -> tuple[str, str]:
    """From how much memory on each colour is shown: a heading, and the figures."""
    figures_mb = f"yellow from {limits.yellow_mb:g}, orange from {limits.orange_mb:g}"
    return COLOUR_LIMITS, format.capitalised(f"{figures_mb}, red above {limits.red_mb:g} MB")


def theme(which: Theme, seen: Theme) -> str:
    """A theme's row; AUTO adds the desktop's theme."""
    if which is Theme.AUTO and seen is not Theme.AUTO:
        return f"{THEMES[which]} ({seen})"
    return THEMES[which]


def own(health: Health | None, started: Now) -> str:
    """``This program: 34 MB · 0.4 % CPU on average``, since the start."""
    if health is None:
        return f"This program: {format.UNKNOWN}"
    running_s = max(1.0, health.at.mono_s - started.mono_s)
    percent = 100 * health.own.cpu_s / running_s
    return f"This program: {format.size(health.own.rss_bytes)} · {percent:.1f} % CPU on average"


def samples(health: Health | None) -> str:
    """``1234 samples, none late``."""
    if health is None:
        return f"Samples: {format.UNKNOWN}"
    counted = "1 sample" if health.samples == 1 else f"{health.samples} samples"
    return f"{counted}, {health.late or 'none'} late"


def last_action(state: State) -> str:
    """The server action in progress, or the result of the last one; empty without any."""
    if state.running_action is not None:
        return f"{action_text.under_way(state.running_action)} …"
    return action_text.line(state.brought) if state.brought else ""
