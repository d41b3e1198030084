"""What follows from a click that leaves the program: a decision, or a plain reason against it.

And its words: what came of it is told in one notification, figures first.
"""

from __future__ import annotations

from enum import Enum, auto
from http import HTTPStatus
from os import sep
from typing import TYPE_CHECKING

from tray_app.core.config.settings import Settings
from tray_app.core.model.api_failure import ApiFailureKind, ApiProblem
from tray_app.core.model.readings import MIB, Target, TempUsage
from tray_app.core.model.sanitize import visible
from tray_app.core.model.server_action import AGE_HOURS, ActionResult, Extent, ServerAction
from tray_app.core.monitor.commands import CleanUp, FreeMemory
from tray_app.core.monitor.delivery_log import TEST_TITLE
from tray_app.core.monitor.events import Questioned, Told
from tray_app.core.presentation.api_failure_text import problem_text
from tray_app.core.presentation.format import duration, size
from tray_app.core.presentation.wording import size_in_files

if TYPE_CHECKING:
    from tray_app.core.monitor.state import State

# A second click within so long is the other half of a double click.
DOUBLE_CLICK_S = 1.0
TEMP_DIRECTORY = "tmp"
# What moves by less has not been freed: the recorded idle server moves by less.
LEAST_BYTES = MIB

LABELS = {
    ServerAction.FREE_MEMORY: "Free memory and old files",
    ServerAction.CLEAN_UP: "Delete files older than 24 h",
    ServerAction.CLEAN_UP_HOUR: "Delete files older than 1 h",
}
"""What is clicked, in a notification or a menu."""

_NOT_DONE = {
    ServerAction.FREE_MEMORY: "Memory was not freed",
    ServerAction.CLEAN_UP: "Nothing was cleaned up",
    ServerAction.CLEAN_UP_HOUR: "Nothing was cleaned up",
}
_UNDER_WAY = {
    ServerAction.FREE_MEMORY: "Freeing memory",
    ServerAction.CLEAN_UP: "Cleaning up",
    ServerAction.CLEAN_UP_HOUR: "Cleaning up",
}


def against(state: State, errand: ServerAction) -> str | None:
    """Why the server is not asked for this now; None: it may be asked."""
    if state.errand is not None:
        return f"{_UNDER_WAY[state.errand]} is still under way."
    if state.demo:
        return "This is the demo: there is no server to ask."
    if errand is ServerAction.FREE_MEMORY:
        return None
    if not _is_known(state):
        return "Whether a job runs is not known while nothing is read."
    if is_working(state):
        return "A job is running: its files would be at risk."
    return None


def question(state: State, errand: ServerAction) -> Questioned | None:
    """What must be answered before the server is asked; None: there is nothing to lose.

    Memory may be needed most while a job runs, and no job is so old that its files are: recorded,
    the server deleted none of them.
    """
    age = f"older than {AGE_HOURS[errand]} h"
    frees = errand is ServerAction.FREE_MEMORY
    risk = risk_of(state)
    if risk is Risk.NONE:
        return None
    titles = {
        Risk.JOB: "Free memory while a job runs?",
        Risk.UNKNOWN: "Free memory unseen?",
        Risk.FILES: "Free memory and delete old files?",
    }
    title = titles[risk] if frees else f"Delete temp files {age}?"
    unseen = "Whether a job runs is not known." if risk is Risk.UNKNOWN else ""
    deletes = f"The server deletes temp files {age}, too." if frees else ""
    temp = _temp(state)
    there = f"{size_in_files(temp)} there now." if temp else ""
    text = " ".join(filter(None, (unseen, deletes, there)))
    command = FreeMemory(sure=True) if frees else CleanUp(errand, sure=True)
    return Questioned(title, text, LABELS[errand], command)


class Risk(Enum):
    """What an errand may cost: a job that runs, or may run unseen, or files."""

    NONE = auto()
    JOB = auto()
    UNKNOWN = auto()
    FILES = auto()


def risk_of(state: State) -> Risk:
    """What there is to lose now."""
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
    """Whether a job runs, or may have begun."""
    return state.activity.may_have_job or state.jobs.current is not None


def refusal(errand: ServerAction, reason: str) -> Told:
    """That an errand was not even begun."""
    return Told(_NOT_DONE[errand], reason, "errand")


def under_way(errand: ServerAction) -> str:
    """``Freeing memory``: for the menu, while it runs."""
    return _UNDER_WAY[errand]


def brought(outcome: ActionResult) -> tuple[str, str]:
    """Title and text of what an errand brought."""
    if outcome.problem is not None:
        return _NOT_DONE[outcome.errand], _failure(outcome.problem)
    if outcome.errand is ServerAction.FREE_MEMORY:
        return _freed(outcome)
    return _cleaned(outcome)


def line(outcome: ActionResult) -> str:
    """The same in one line, for menu and log."""
    title, text = brought(outcome)
    if outcome.problem:
        return f"{title}: {text}"
    return f"{title}; {text[:1].lower()}{text[1:].removesuffix('.')}"


def _failure(problem: ApiProblem) -> str:
    words = problem_text(problem)
    sentence = words[:1].upper() + words[1:]
    if problem.status in (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED):
        return f"This server does not offer it ({words})."
    if problem.kind is ApiFailureKind.NO_ANSWER:
        return f"{sentence}: the server may be busy."
    return sentence if sentence.endswith((".", "…")) else f"{sentence}."


def _freed(outcome: ActionResult) -> tuple[str, str]:
    before, after = outcome.before, outcome.after
    if before is None or after is None:
        return "The server has collected its garbage", "What that brought it does not tell."
    freed_bytes = before.memory_bytes - after.memory_bytes
    gone, _ = _deleted(before, after)
    untold = before.file_count is None or after.file_count is None
    if abs(freed_bytes) < LEAST_BYTES:
        none = "What files went is not known" if untold else "No temp file was deleted"
        return f"Memory unchanged at {size(after.memory_bytes)}", f"{gone or none}."
    keeps = f"The server keeps {size(after.memory_bytes)}."
    if gone:
        keeps = f"{gone}, keeps {size(after.memory_bytes)}."
    elif untold:
        keeps = f"Keeps {size(after.memory_bytes)}; what files went is not known."
    if freed_bytes < 0:
        return f"Memory rose by {size(-freed_bytes)} meanwhile", keeps
    return f"Freed {size(freed_bytes)} in {duration(max(1.0, outcome.took_s))}", keeps


def _cleaned(outcome: ActionResult) -> tuple[str, str]:
    before, after = outcome.before, outcome.after
    if before is None or after is None or before.file_count is None or after.file_count is None:
        return "The server has cleaned up", "What it deleted it does not tell."
    gone, left = _deleted(before, after)
    return gone or f"Nothing was older than {AGE_HOURS[outcome.errand]} h", left


def _deleted(before: Extent, after: Extent) -> tuple[str, str]:
    """What went (empty: nothing), and what is left, of temp files."""
    if before.file_count is None or after.file_count is None:
        return "", ""
    left = f"Temp: {size_in_files(TempUsage(after.temp_bytes or 0, after.file_count, 0.0))}."
    files = before.file_count - after.file_count
    if files <= 0:
        return "", left
    deleted_bytes = max(0, (before.temp_bytes or 0) - (after.temp_bytes or 0))
    what = "1 temp file" if files == 1 else f"{files} temp files"
    return f"Deleted {what} ({size(deleted_bytes)})", left


def test() -> Told:
    """The notification that only shows that notifications work."""
    return Told(TEST_TITLE, "This is how an alert reaches you.", "test")


def temp_directory(settings: Settings, target: Target | None) -> str | None:
    """Where the server's temp directory is on this machine, as set, or as its process tells."""
    if settings.tmp_dir or not target or not target.cwd:
        return settings.tmp_dir
    return f"{target.cwd.rstrip(sep)}{sep}{TEMP_DIRECTORY}"  # at every sample: a Path is dear


def temp_place(state: State) -> str | Told:
    """The temp directory's path, or why there is none to open."""
    if state.demo or not state.local:
        where = "a demo's" if state.demo else "on another machine"
        return _unopened_temp(f"It is {where}: there is none here to open.")
    place = temp_directory(state.settings, state.sample.target if state.sample else None)
    return place or _unopened_temp("No server process is known that tells where it is.")


def not_opened(place: str, problem: str) -> Told:
    """That the desktop could not open something."""
    text = f"{visible(place)}: {problem}."
    if "://" in place:
        return Told("The server's page was not opened", text, "open")
    return _unopened_temp(text)


def _unopened_temp(reason: str) -> Told:
    return Told("The temp directory was not opened", reason, "open")
