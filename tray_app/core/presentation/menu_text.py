"""The menu's lines: short enough for a narrow screen, figures first.

A text longer than a row is cut there; a submenu has it in full, line by line.
"""

from __future__ import annotations

import math

from tray_app.core.alerts.limits import AlertLimits, Level
from tray_app.core.model.icon_options import Palette, Style, Theme
from tray_app.core.model.readings import Now, ProcessRow, Target
from tray_app.core.model.server_action import Risk
from tray_app.core.monitor.delivery_log import Delivery
from tray_app.core.monitor.state import Health, Restarts, State
from tray_app.core.presentation import action_text, figures, format, process_text, program_text
from tray_app.core.presentation.figure import Figure

# Some 500 px in the fonts of XFCE, LXQt and Windows: half of a screen that is 1024 px wide.
ROW_CHARS = 72
# Room for longer texts of the lines on top: Qt widens an open menu beyond the edge of the screen,
# and GTK cuts texts that do not fit.
ROOM_CHARS = 44
DELIVERY_LINES = 4

STYLES = {
    Style.NUMBER: "Icon: number",
    Style.BARS: "Icon: bars",
    Style.CALM: "Icon: calm (grey until orange)",
}
PALETTES = {
    Palette.STANDARD: "Colours: green, yellow, orange, red",
    Palette.OKABE_ITO: "Colours: colour-blind safe (Okabe-Ito)",
}
THEMES = {
    Theme.AUTO: "Panel: follow the desktop",
    Theme.DARK: "Panel: dark",
    Theme.LIGHT: "Panel: light",
}
FREEING = {
    Risk.NONE: "No job is running, no files to lose",
    Risk.JOB: "A job is running. Free memory anyway?",
    Risk.UNKNOWN: "Can't tell whether a job is running",
    Risk.FILES: "Also deletes files older than 1 h",
}
CLEANING = {
    Risk.NONE: "No files to delete",
    Risk.JOB: "Not while a job is running",
    Risk.UNKNOWN: "Not available without a reading",
    Risk.FILES: "Delete files now?",
}
MUTES: tuple[tuple[float | None, str], ...] = (
    (1800.0, "Mute for 30 min"),
    (3600.0, "Mute for 1 h"),
    (8 * 3600.0, "Mute for 8 h"),
    (None, "Mute until restart"),
)


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


def status(state: State) -> tuple[str, ...]:
    """The lines on top, each with one of `figures.MENU_STATUS`."""
    name, sample = program_text.title(state.demo), state.sample
    if sample is not None and not state.paused:
        memory, *others = figures.MENU_STATUS
        return (
            f"{name}: {memory.text(sample)}",
            *(cut(figure.menu_line(sample)) for figure in others),
        )
    return (*_instead(state, name), *(_unread(figure, state) for figure in figures.MENU_STATUS[3:]))


def _instead(state: State, name: str) -> tuple[str, str, str]:
    """Three lines while paused: the state, how to resume, and the last memory figure."""
    if state.paused:
        before = state.sample.memory_bytes if state.sample else None
        return (
            f"{name}: paused",
            "Click Resume to continue",
            f"Before the pause: {format.size(before)}",
        )
    activity = figures.MENU_STATUS[2]
    return f"{name}: starting", cut(state.settings.address.shown), activity.menu_line(None)


def _unread(figure: Figure, state: State) -> str:
    """A figure's line while paused: the peak stays."""
    if figure.key == "peak":
        return f"{figure.label}: {format.size(state.peak_bytes)}"
    return figure.menu_line(None)


def process(row: ProcessRow) -> str:
    """``ffmpeg (4711): 126 MB · 96 %``."""
    load = "" if row.cpu_percent is None else f" · {format.percent(row.cpu_percent)}"
    return f"{cut(row.name, 32)} ({row.pid}): {format.size(row.rss_bytes)}{load}"


def candidate(target: Target) -> str:
    """``uvicorn (4711): command line: uvicorn main:app``."""
    return cut(f"{target.name} ({target.pid}): {process_text.evidence(target.evidence)}")


def more(rows: tuple[ProcessRow, ...]) -> str:
    """``and 3 more: 126 MB``; empty without any."""
    if not rows:
        return ""
    return f"and {len(rows)} more: {format.size(sum(row.rss_bytes for row in rows))}"


def alerts(state: State, now: Now) -> str:
    """The submenu's own row: whether alerts are muted or not delivered, and for how long."""
    if state.delivery_problem is not None:
        return "Alerts: not delivered"
    muted_s = state.mute.muted_s(now)
    if muted_s <= 0.0:
        return "Alerts"
    if math.isinf(muted_s):
        return "Alerts: muted until restart"
    # No countdown while paused.
    return "Alerts: muted" if state.paused else f"Alerts: muted for {format.remaining(muted_s)}"


def counted(deliveries: tuple[Delivery, ...]) -> str:
    """``12 delivered, 1 failed``: of the latest ones."""
    failed = sum(each.problem is not None for each in deliveries)
    return f"{len(deliveries) - failed} delivered, {failed} failed"


def fate(value: Delivery, now: Now) -> str:
    """``High: 2.10 GB · 4 min ago, by notification service``, or the problem."""
    when = format.ago(now.mono_s - value.at.mono_s)
    if value.problem is not None:
        return f"{value.title} · {when}, not delivered: {value.problem}"
    return f"{value.title} · {when}, by {value.means or 'this desktop'}"


def delivery(state: State) -> str:
    """Whether notifications are delivered."""
    if state.delivery_problem is not None:
        return program_text.undelivered(state.delivery_problem)
    if not state.deliveries:
        return "No notifications sent yet"
    return f"Notifications: {counted(state.deliveries)}"


def deliveries(state: State, now: Now) -> tuple[str, ...]:
    """Four rows: the count, and the latest notifications, newest first."""
    if state.delivery_problem is not None:
        return lines(delivery(state), DELIVERY_LINES)
    shown = [cut(fate(each, now)) for each in reversed(state.deliveries[1 - DELIVERY_LINES :])]
    return (delivery(state), *shown, *[""] * (DELIVERY_LINES - 1 - len(shown)))


def limit(limits: AlertLimits, level: Level) -> str:
    """``High: above 2000 MB``."""
    return f"{level.word.capitalize()}: above {limits.limit_mb(level):g} MB"


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


def restarts(seen: Restarts | None) -> str:
    """``Restarted after a failure: notices (No space left on device)``; empty without any."""
    if seen is None:
        return ""
    times = "" if seen.count == 1 else f" {seen.count} times"
    return f"Restarted after a failure{times}: {seen.name} ({seen.problem})"


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
