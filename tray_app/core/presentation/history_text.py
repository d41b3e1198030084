"""The texts of the recorded past: deleting it."""

from __future__ import annotations

from tray_app.core.monitor.events import HistoryDeleted
from tray_app.core.presentation.format import counted, size

DELETE = "Delete history"
"""The button that confirms it, and the menu row without its dots."""

FORGET_QUESTION = "Delete it? [y/N]"
FORGOT_NOTHING = "nothing was deleted"

QUESTION_TITLE = "Delete the history of this server?"
WHAT_GOES = "Samples, jobs, alerts and incidents are lost."


def question() -> tuple[str, str]:
    """Title and text of the question before the history is deleted."""
    return QUESTION_TITLE, f"{WHAT_GOES} Recording goes on."


def deleted(event: HistoryDeleted) -> tuple[str, str]:
    """Title and text of the result."""
    if event.problem:
        return "The history was not deleted", f"{event.problem[:1].upper()}{event.problem[1:]}."
    return "The history is deleted", "Recording goes on." if event.goes_on else ""


def to_forget(server: str, count: int, size_bytes: int, folder: str) -> str:
    """What ``--forget`` deletes."""
    held = f"{counted(count, 'file')} in {folder}, {size(size_bytes)}"
    return f"The history of {server} is {held}. {WHAT_GOES}"


def forgotten(server: str) -> str:
    """After ``--forget``."""
    return f"deleted the history of {server}"


def nothing_to_forget(server: str) -> str:
    """There is no file."""
    return f"there is no history of {server}"
