"""The menu of an engine's servers: the worst have a row each, the others are counted.

The rows keep number, order and kind; those without a text are hidden. While the menu is open the
servers keep their rows. To search for one, use the browser.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from msgspec.structs import replace

from tray_app.core.monitor.commands import (
    OpenPage,
    Order,
    SetInterval,
    SetPaused,
    ShowStatus,
)
from tray_app.core.presentation import (
    engine_text,
    menu,
    menu_text,
    silence_menu,
    silence_text,
)
from tray_app.core.presentation.fleet_text import marked, rest
from tray_app.core.presentation.format import sentences, spacing
from tray_app.core.presentation.menu_row import Row, choice, line
from tray_app.core.prometheus.overview import EngineMember
from tray_app.core.prometheus.state import EngineState
from tray_app.core.prometheus.step import LISTED
from tray_app.core.prometheus.values import EngineAlert

ALERTS_SHOWN = 4
"""Of a server, a row each."""
ELSEWHERE_SHOWN = 10
TEXT_ROWS = 3
INTERVALS_S = (2.0, 5.0, 15.0, 60.0)
SETTINGS = (
    *("style", "palette", "theme", "autostart"),
    *("separator-files", "open-settings", "open-log"),
)
ABOUT = ("help", "report", "separator-about", "about-version", "about-backend", "about-delivery")
"""Rows of a server's menu that are there for an engine, too."""


def rows(state: EngineState) -> tuple[Row, ...]:
    """The whole menu as it is now."""
    desk, settings = state.desk, state.desk.settings
    prometheus = engine_text.alerts_page(settings.prometheus)
    own = {row.key: row for row in menu.rows(desk)}
    return (
        *_status(state, prometheus),
        line("servers"),
        *_members(state, prometheus),
        line("alerts"),
        _elsewhere(state, prometheus),
        line("actions"),
        silence_menu.of_all(state.silencing, state.now.wall_s),
        *menu.mute(silence_text.MUTE_HERE, menu_text.unmute(desk, state.now)),
        Row("pause", "Resume", SetPaused(False)) if desk.paused else _RUNNING,
        _interval(settings.interval_s),
        _page("open-grafana", "Open in Grafana", settings.grafana or ""),
        _page("open-prometheus", "Open Prometheus", prometheus),
        _only(own["settings"], SETTINGS),
        _only(own["about"], ABOUT),
        own["quit"],
    )


_RUNNING = Row("pause", "Pause", SetPaused(True))


def _status(state: EngineState, page: str) -> Iterator[Row]:
    """How many servers, which alerts, and what could not be read."""
    for key, text, command in (
        ("status", engine_text.heading(state), ShowStatus()),
        ("status-alerts", engine_text.alerts_line(state), OpenPage(page) if page else ShowStatus()),
        ("status-problem", engine_text.trouble(state), ShowStatus()),
    ):
        yield Row(key, menu_text.cut(text, menu_text.ROOM_CHARS), command)


def _members(state: EngineState, prometheus: str) -> Iterator[Row]:
    """A row for each of the worst, and one that counts the others."""
    by_key = {each.server.key: each for each in state.overview.members}
    listed = [by_key.pop(key) for key in state.listed if key in by_key]
    for number in range(LISTED):
        member = listed[number] if number < len(listed) else None
        yield _member(f"member-{number}", member, state, prometheus)
    others = rest(tuple(by_key.values())) if by_key and listed else ""
    yield Row(
        "more-servers",
        menu_text.cut(others, menu_text.ROOM_CHARS),
        _open(state.desk.settings.grafana or ""),
    )


def _member(key: str, member: EngineMember | None, state: EngineState, prometheus: str) -> Row:
    grafana = state.desk.settings.grafana or ""
    server = member.server if member else None
    alerts = member.alerts if member else ()
    page = engine_text.grafana_page(grafana, member) if grafana and member else ""
    command = _open(page or prometheus)
    emoji = state.desk.has_emoji
    text = marked(engine_text.line(member), member.rank, emoji=emoji) if member else ""
    return Row(
        key,
        menu_text.cut(text, menu_text.ROOM_CHARS),
        children=(
            *_alerts(f"{key}-alert", alerts, ALERTS_SHOWN, engine_text.title, command, emoji=emoji),
            *_texts(key, alerts[:1], command),
            line(f"{key}-silences"),
            silence_menu.of_server(key, state.silencing, server, state.servers, state.now.wall_s),
            line(f"{key}-pages"),
            _page(f"{key}-grafana", "Open in Grafana", page),
            _page(f"{key}-prometheus", "Open Prometheus", prometheus),
        ),
    )


def _alerts(
    key: str,
    alerts: Sequence[EngineAlert],
    most: int,
    words: Callable[[EngineAlert], str],
    command: Order,
    *,
    emoji: bool,
) -> Iterator[Row]:
    """A row for each alert, in these ``words``; the last one counts what has no row."""
    for number in range(most):
        text = ""
        if number == most - 1 and len(alerts) > most:
            text = f"and {len(alerts) - number} other alerts"
        elif number < len(alerts):
            text = marked(words(alerts[number]), alerts[number].rank, emoji=emoji)
        yield Row(f"{key}-{number}", menu_text.cut(text), command)


def _texts(key: str, alerts: Sequence[EngineAlert], command: Order) -> Iterator[Row]:
    """What the worst alert says, and the next step, over some rows."""
    said = sentences(*(part for it in alerts for part in (it.description, it.runbook)))
    lines = menu_text.lines(said, TEXT_ROWS)
    for number, text in enumerate(lines):
        yield Row(f"{key}-text-{number}", text, command)


def _elsewhere(state: EngineState, prometheus: str) -> Row:
    """Alerts of no server that is known."""
    alerts, command = state.overview.elsewhere, _open(prometheus)
    emoji = state.desk.has_emoji
    count = f"Other alerts: {len(alerts)}"
    text = marked(count, alerts[0].rank, emoji=emoji) if alerts else ""
    words = engine_text.alert_line
    shown = _alerts("elsewhere", alerts, ELSEWHERE_SHOWN, words, command, emoji=emoji)
    return Row("elsewhere", text, children=tuple(shown))


def _open(page: str) -> Order:
    return OpenPage(page) if page else ShowStatus()


def _page(key: str, text: str, page: str) -> Row:
    """A row that opens a page; hidden where there is none."""
    return Row(key, text if page else "", _open(page))


def _interval(interval_s: float) -> Row:
    return Row(
        "interval",
        f"Interval: {spacing(interval_s)}",
        children=tuple(
            choice(f"interval-{each:g}", spacing(each), SetInterval(each), each == interval_s)
            for each in INTERVALS_S
        ),
    )


def _only(row: Row, keys: Sequence[str]) -> Row:
    """The row with these rows of its own, without what is about a server's limits."""
    kept = [each for each in row.children if each.key in keys]
    return replace(
        row,
        children=tuple(
            replace(each, children=tuple(it for it in each.children if it.radio))
            if each.children
            else each
            for each in kept
        ),
    )
