"""Builds the menu as data, as a pure function of the state.

The number and order of rows never change, also in submenus. So an open menu keeps still, and panels
can measure a menu before they show it. If there are fewer processes than rows, the last rows of
that submenu have no text and are hidden. On top only *Mute* and *Unmute* are ever hidden: one of
the two is shown, in the same place.

The menu is built when a panel asks. Submenus are kept between states, because most samples change
only the lines at the top.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from msgspec.structs import replace

from tray_app import __version__
from tray_app.core.alerts.limits import AlertLimits, Level
from tray_app.core.monitor.commands import (
    Command,
    DeleteHistory,
    EditLimits,
    ExportHistory,
    Mute,
    OpenHelp,
    OpenHistory,
    OpenLog,
    Quit,
    SendTest,
    SetPaused,
    ShowReport,
    ShowStatus,
    ShowSummary,
    Unmute,
)
from tray_app.core.monitor.state import State, alert_limits, newest
from tray_app.core.monitor.step import left_click
from tray_app.core.presentation import (
    format,
    history_text,
    menu_processes,
    menu_server,
    menu_settings,
    menu_text,
    program_text,
    recent_text,
)
from tray_app.core.presentation.menu_problem import problem
from tray_app.core.presentation.menu_row import Row, heading, line
from tray_app.core.summary.measurement import Scope


def rows(state: State) -> tuple[Row, ...]:
    """The whole menu as it is now.

    Where submenus open inside the menu it has no lines, and *Free memory* stands in *Server*: on a
    screen of 720 px GNOME then has room for 6 rows of a submenu, else for 5.
    """
    now = newest(state)
    free, server = menu_server.free(state), menu_server.server(state)
    if state.unfolds:
        server = replace(server, children=(free, *server.children))
    return (
        *_status(state),
        *(() if state.unfolds else (line("status"),)),
        *mute("Mute", menu_text.unmute(state, now)),
        *(() if state.unfolds else (free,)),
        _PAUSED if state.paused else _RUNNING,
        *(() if state.unfolds else (line("actions"),)),
        menu_processes.processes(state),
        server,
        _alerts(
            menu_text.alerts(state, now),
            recent_text.extent(state.course, now.mono_s),
            menu_text.incidents(state.incidents, now),
            menu_text.last_alerts(state, now),
            alert_limits(state),
            history_text.EXPORTING if state.exporting else history_text.EXPORT,
            OpenLog() if state.delivery_problem is None else ShowReport(),
        ),
        menu_settings.settings(state),
        _about(
            state.backend,
            menu_text.own(state.health, state.started),
            menu_text.samples(state.health),
            menu_text.delivery(state),
            program_text.restarted(state.restarts) if state.restarts else "",
        ),
        _QUIT,
    )


def _status(state: State) -> Iterator[Row]:
    """Memory, what goes on, and the machine or what is wrong. All can be clicked: panels draw a row
    that cannot be clicked in pale letters."""
    wrong = problem(state)
    third = wrong.text if wrong else menu_text.machine(state)
    for key, text, command in (
        ("status-memory", menu_text.memory(state), left_click(state)),
        ("status-activity", menu_text.activity(state), ShowStatus()),
        ("status-machine", third, wrong.command if wrong else ShowStatus()),
    ):
        yield Row(key, menu_text.cut(text, menu_text.ROOM_CHARS), command)


_RUNNING = Row("pause", "Pause", SetPaused(True))
_PAUSED = Row("pause", "Resume", SetPaused(False))
_QUIT = Row("quit", "Quit", Quit())


@lru_cache(maxsize=4)
def mute(label: str, unmute: str) -> tuple[Row, Row]:
    """How long to mute for, or the way back where ``unmute`` is not empty."""
    return (
        Row(
            "mute",
            "" if unmute else label,
            children=tuple(
                Row(f"mute-{position}", label, Mute(duration_s))
                for position, (duration_s, label) in enumerate(menu_text.MUTES)
            ),
        ),
        Row("unmute", unmute, Unmute()),
    )


@lru_cache(maxsize=1)
def _alerts(
    text: str,
    recent: str,
    incidents: tuple[tuple[str, Command], ...],
    last: tuple[str, ...],
    limits: AlertLimits,
    export: str,
    in_full: Command,
) -> Row:
    return Row(
        "alerts",
        text,
        children=(
            Row("recent", recent, ShowStatus()),
            line("recent"),
            Row("history-page", "History page", OpenHistory()),
            Row(
                "incidents",
                menu_text.INCIDENTS,
                children=tuple(
                    Row(f"incident-{number}", *each) for number, each in enumerate(incidents)
                ),
            ),
            Row("summary-start", "Summary since the start", ShowSummary(Scope.START)),
            Row("summary-today", "Summary of today", ShowSummary(Scope.TODAY)),
            Row(
                "export-history",
                export,
                ExportHistory(),
                barred=export is not history_text.EXPORT,
            ),
            Row("delete-history", f"{history_text.DELETE}…", DeleteHistory()),
            line("history"),
            heading("limits", menu_text.ALERT_LIMITS),
            *(
                Row(f"limit-{lv.word}", menu_text.limit(limits, lv), EditLimits())
                for lv in Level
                if lv
            ),
            Row("alerts-edit-limits", "Edit limits…", EditLimits()),
            line("test"),
            Row("test", "Send a test notification", SendTest()),
            line("last"),
            *(Row(f"last-{number}", text, in_full) for number, text in enumerate(last)),
        ),
    )


@lru_cache(maxsize=1)
def _about(backend: str, own: str, samples: str, delivery: str, restarts: str) -> Row:
    return Row(
        "about",
        "Help and about",
        children=(
            Row("help", "Troubleshooting page", OpenHelp()),
            Row("report", "Show doctor's report", ShowReport()),
            line("about"),
            Row("about-version", f"runanalyze-tray {__version__}", ShowReport()),
            Row("about-backend", f"Icon backend: {backend or format.UNKNOWN}", ShowReport()),
            Row("about-own", own, ShowReport()),
            Row("about-samples", samples, OpenLog()),
            Row("about-delivery", delivery, ShowReport()),
            Row("about-restarts", menu_text.cut(restarts), OpenLog()),
        ),
    )
