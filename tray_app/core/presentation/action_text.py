"""The texts of server actions and of opening things: refusals, questions and results, figures
first.
"""

from __future__ import annotations

from http import HTTPStatus

from tray_app.core.model.api_failure import ApiFailureKind, ApiProblem
from tray_app.core.model.document import Document
from tray_app.core.model.readings import MIB, TempUsage
from tray_app.core.model.sanitize import visible
from tray_app.core.model.server_action import (
    AGE_HOURS,
    ActionResult,
    Extent,
    NoTempPlace,
    RefusalReason,
    Risk,
    ServerAction,
)
from tray_app.core.model.server_address import ServerAddress
from tray_app.core.monitor.events import ActionRefused, ConfirmationNeeded
from tray_app.core.presentation.api_failure_text import problem_text
from tray_app.core.presentation.format import capitalised, duration, size
from tray_app.core.presentation.memory_text import size_in_files

# A smaller change is noise, not freed memory: the recorded idle server moves by less.
LEAST_BYTES = MIB
TEST_TITLE = "Test notification"
TEST_TEXT = "Alerts will look like this."

LABELS = {
    ServerAction.FREE_MEMORY: "Free memory, delete old files",
    ServerAction.CLEAN_UP: "Delete files older than 24 h",
    ServerAction.CLEAN_UP_HOUR: "Delete files older than 1 h",
}
"""The label of an action's button or menu row."""

_NOT_DONE = {
    ServerAction.FREE_MEMORY: "Memory was not freed",
    ServerAction.CLEAN_UP: "No files were deleted",
    ServerAction.CLEAN_UP_HOUR: "No files were deleted",
}
_UNDER_WAY = {
    ServerAction.FREE_MEMORY: "Freeing memory",
    ServerAction.CLEAN_UP: "Deleting old files",
    ServerAction.CLEAN_UP_HOUR: "Deleting old files",
}
_REFUSALS = {
    RefusalReason.UNKNOWN: "Paused or no reading: a job may be running.",
    RefusalReason.JOB: "A job is running and may need its files.",
}
_FREEING_TITLES = {
    Risk.JOB: "Free memory while a job is running?",
    Risk.UNKNOWN: "Free memory anyway?",
    Risk.FILES: "Free memory and delete old files?",
}
_DOCUMENTS = {
    Document.SETTINGS: "settings file",
    Document.LIMITS: "settings file",
    Document.LOG: "log",
    Document.HELP: "troubleshooting page",
    Document.REPORT: "report",
}
_NO_TEMP = "Could not open the temp directory"
_NO_TEMP_PLACE = {
    NoTempPlace.DEMO: "Not available in the demo.",
    NoTempPlace.REMOTE: "Not available: the server runs on another machine.",
    NoTempPlace.UNKNOWN: "Its location is unknown: no server process found.",
}


def refusal(event: ActionRefused) -> tuple[str, str]:
    """Title and text when an action was refused."""
    if event.running is not None:
        return _NOT_DONE[event.action], f"{_UNDER_WAY[event.running]} is still in progress."
    return _NOT_DONE[event.action], _REFUSALS[event.reason]


def question(event: ConfirmationNeeded) -> tuple[str, str]:
    """Title and text of the question before a risky action."""
    age = f"older than {AGE_HOURS[event.action]} h"
    frees = event.action is ServerAction.FREE_MEMORY
    title = _FREEING_TITLES[event.risk] if frees else f"Delete temp files {age}?"
    unseen = "It is unknown whether a job is running." if event.risk is Risk.UNKNOWN else ""
    deletes = f"This also deletes temp files {age}." if frees else ""
    there = f"There are {size_in_files(event.temp)} now." if event.temp else ""
    return title, " ".join(filter(None, (unseen, deletes, there)))


def under_way(action: ServerAction) -> str:
    """``Freeing memory``: for the menu, while it runs."""
    return _UNDER_WAY[action]


def brought(outcome: ActionResult) -> tuple[str, str]:
    """Title and text of a server action's result."""
    if outcome.problem is not None:
        return _NOT_DONE[outcome.action], _failure(outcome.problem)
    title, clause = _effect(outcome)
    return title, f"{capitalised(clause)}."


def line(outcome: ActionResult) -> str:
    """The same in one line, for menu and log."""
    if outcome.problem is not None:
        return f"{_NOT_DONE[outcome.action]}: {_failure(outcome.problem)}"
    return "; ".join(_effect(outcome))


def _effect(outcome: ActionResult) -> tuple[str, str]:
    """A title, and a clause that adds to it."""
    return _freed(outcome) if outcome.action is ServerAction.FREE_MEMORY else _cleaned(outcome)


def _failure(problem: ApiProblem) -> str:
    words = problem_text(problem)
    sentence = capitalised(words)
    if problem.status in (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED):
        return f"This server does not support it ({words})."
    if problem.kind is ApiFailureKind.NO_ANSWER:
        return f"{sentence}. The server may be busy."
    return sentence if sentence.endswith((".", "…")) else f"{sentence}."


def _freed(outcome: ActionResult) -> tuple[str, str]:
    before, after = outcome.before, outcome.after
    if before is None or after is None:
        return "Garbage collection finished", "the server did not report how much was freed"
    freed_bytes = before.memory_bytes - after.memory_bytes
    gone, _ = _deleted(before, after)
    untold = before.file_count is None or after.file_count is None
    if abs(freed_bytes) < LEAST_BYTES:
        none = "the number of deleted files is unknown" if untold else "no temp file was deleted"
        return f"Memory unchanged at {size(after.memory_bytes)}", gone or none
    keeps = f"the server now uses {size(after.memory_bytes)}"
    if gone:
        keeps = f"{gone}. {size(after.memory_bytes)} in use"
    elif untold:
        keeps = f"{size(after.memory_bytes)} in use; number of deleted files unknown"
    if freed_bytes < 0:
        return f"Memory rose by {size(-freed_bytes)} meanwhile", keeps
    return f"Freed {size(freed_bytes)} in {duration(max(1.0, outcome.took_s))}", keeps


def _cleaned(outcome: ActionResult) -> tuple[str, str]:
    before, after = outcome.before, outcome.after
    if before is None or after is None or before.file_count is None or after.file_count is None:
        return "Old files deleted", "the server did not report what was deleted"
    gone, left = _deleted(before, after)
    return capitalised(gone) or f"Nothing was older than {AGE_HOURS[outcome.action]} h", left


def _deleted(before: Extent, after: Extent) -> tuple[str, str]:
    """The temp files that were deleted (empty: none), and those left."""
    if before.file_count is None or after.file_count is None:
        return "", ""
    left = f"temp: {size_in_files(TempUsage(after.temp_bytes or 0, after.file_count, 0.0))}"
    files = before.file_count - after.file_count
    if files <= 0:
        return "", left
    deleted_bytes = max(0, (before.temp_bytes or 0) - (after.temp_bytes or 0))
    what = "1 temp file" if files == 1 else f"{files} temp files"
    return f"deleted {what} ({size(deleted_bytes)})", left


def no_temp_place(reason: NoTempPlace) -> tuple[str, str]:
    """Title and text when there is no temp directory to open."""
    return _NO_TEMP, _NO_TEMP_PLACE[reason]


def not_opened(place: str, problem: str, document: Document | None = None) -> tuple[str, str]:
    """Title and text when the desktop could not open something."""
    if document is not None:
        title = f"Could not open the {_DOCUMENTS[document]}"
    else:
        title = "Could not open the server's page" if "://" in place else _NO_TEMP
    return title, f"{visible(place)}: {problem}."


def moved(address: ServerAddress) -> tuple[str, str]:
    """Title and text when the user watches the server on another port."""
    line = f'url = "{address.shown}"'
    text = f"Until the program ends. To keep it, set {line} in the config file."
    return f"Now watching port {address.port}", text
