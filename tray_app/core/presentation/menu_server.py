"""The submenus *Free memory* and *Server*: the server's figures, and actions on it."""

from __future__ import annotations

from functools import lru_cache

from tray_app.core.model.server_action import Risk, ServerAction
from tray_app.core.monitor import server_actions
from tray_app.core.monitor.commands import (
    CleanUp,
    Command,
    FreeMemory,
    OpenLog,
    OpenServer,
    OpenTemp,
    ShowReport,
    ShowStatus,
)
from tray_app.core.monitor.state import State
from tray_app.core.presentation import action_text, figures, menu_text
from tray_app.core.presentation.menu_row import Row, heading, line


def free(state: State) -> Row:
    """What freeing memory puts at risk, and the row that does it."""
    return _free(server_actions.risk_of(state))


@lru_cache(maxsize=1)
def _free(risk: Risk) -> Row:
    return Row(
        "free",
        "Free memory",
        children=(
            heading("free-risk", menu_text.FREEING[risk]),
            _action_row(ServerAction.FREE_MEMORY, FreeMemory(sure=True)),
        ),
    )


def server(state: State) -> Row:
    """Where it is, how it is read, its jobs and files, and what can be done there."""
    sample = state.sample
    target = sample.target if sample else None
    return _server(
        (
            state.settings.address.shown,
            menu_text.source(state),
            menu_text.last_job(sample),
            figures.TEMP.menu_line(sample),
        ),
        server_actions.risk_of(state),
        target is not None and target.cwd is not None,
        menu_text.last_action(state),
    )


_FIGURES = ("server-address", "server-source", "server-job", "server-temp")


@lru_cache(maxsize=1)
def _server(about: tuple[str, ...], risk: Risk, has_temp: bool, brought: str) -> Row:
    in_full = (OpenServer(), ShowReport(), ShowStatus(), OpenTemp() if has_temp else ShowReport())
    figures_ = zip(_FIGURES, about, in_full, strict=True)
    barred = risk in (Risk.JOB, Risk.UNKNOWN)
    return Row(
        "server",
        "Server",
        children=(
            *(Row(key, menu_text.cut(text), command) for key, text, command in figures_),
            line("server"),
            Row(
                "clean",
                "Delete old files",
                children=(
                    heading("clean-risk", menu_text.CLEANING[risk]),
                    *(
                        _action_row(action, CleanUp(action, sure=True), barred=barred)
                        for action in (ServerAction.CLEAN_UP, ServerAction.CLEAN_UP_HOUR)
                    ),
                ),
            ),
            Row("open-temp", "Open temp directory", OpenTemp() if has_temp else None),
            Row("open-server", "Open in browser", OpenServer()),
            line("brought"),
            Row("brought", menu_text.cut(brought) or "No action run yet", OpenLog()),
        ),
    )


def _action_row(action: ServerAction, command: Command, *, barred: bool = False) -> Row:
    return Row(f"action-{action.name.lower()}", action_text.LABELS[action], command, barred=barred)
