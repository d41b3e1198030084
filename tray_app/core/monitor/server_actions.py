"""Decides what a click on a server action does."""

from __future__ import annotations

from os import sep

from tray_app.core.config.settings import Settings
from tray_app.core.model.readings import Target, TempUsage
from tray_app.core.model.server_action import NoTempPlace, RefusalReason, Risk, ServerAction
from tray_app.core.monitor.state import State

TEMP_DIRECTORY = "tmp"


def against(state: State, action: ServerAction) -> RefusalReason | None:
    """Why this action is refused now; None: it is allowed."""
    if state.running_action is not None:
        return RefusalReason.RUNNING
    if action is ServerAction.FREE_MEMORY:
        return None
    if not _is_known(state):
        return RefusalReason.UNKNOWN
    if is_working(state):
        return RefusalReason.JOB
    return None


def risk_of(state: State) -> Risk:
    """The risk of the action now.

    A running job does not forbid freeing memory: it may need it most, and its files are younger
    than an hour (recorded: the server deleted none of them).
    """
    if not _is_known(state):
        return Risk.UNKNOWN
    if is_working(state):
        return Risk.JOB
    temp = _temp(state)
    return Risk.NONE if temp is not None and temp.file_count == 0 else Risk.FILES


def _is_known(state: State) -> bool:
    return not state.paused and state.sample is not None


def _temp(state: State) -> TempUsage | None:
    return state.sample.temp if state.sample else None


def is_working(state: State) -> bool:
    """Whether a job is running, or may be."""
    return state.activity.may_have_job or state.jobs.current is not None


def temp_directory(settings: Settings, target: Target | None) -> str | None:
    """The path of the server's temp directory on this machine: as set, or from its process."""
    if settings.tmp_dir or not target or not target.cwd:
        return settings.tmp_dir
    return f"{target.cwd.rstrip(sep)}{sep}{TEMP_DIRECTORY}"  # at every sample: a Path is expensive


def temp_place(state: State) -> str | NoTempPlace:
    """The temp directory's path, or why there is none to open."""
    if state.demo:
        return NoTempPlace.DEMO
    if not state.local:
        return NoTempPlace.REMOTE
    place = temp_directory(state.settings, state.sample.target if state.sample else None)
    return place or NoTempPlace.UNKNOWN
