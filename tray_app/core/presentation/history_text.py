"""The texts of the recorded past: deleting it."""

from __future__ import annotations

from tray_app.core.monitor.events import HistoryDeleted

DELETE = "Delete history"
"""The button that confirms it, and the menu row without its dots."""

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
