"""The texts of the recorded past: deleting it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from tray_app.core.monitor.events import HistoryDeleted, HistoryExported
from tray_app.core.presentation.format import capitalised, counted, size

DELETE = "Delete history"
"""The button that confirms it, and the menu row without its dots."""

EXPORT = "Export as CSV"
NOTHING_RECORDED = "nothing is recorded yet"
EXPORTING = "Exporting…"

FORGET_QUESTION = "Delete it? [y/N]"
FORGOT_NOTHING = "nothing was deleted"

OTHERS_SHOWN = 3
"""At most so many servers are named where a history is missing."""

QUESTION_TITLE = "Delete the history of this server?"
WHAT_GOES = "Samples, jobs, alerts and incidents are lost."


def question() -> tuple[str, str]:
    """Title and text of the question before the history is deleted."""
    return QUESTION_TITLE, f"{WHAT_GOES} Recording goes on."


def deleted(event: HistoryDeleted) -> tuple[str, str]:
    """Title and text of the result."""
    if event.problem:
        return "The history was not deleted", f"{capitalised(event.problem)}."
    return "The history is deleted", "Recording goes on." if event.goes_on else ""


def exported(event: HistoryExported) -> tuple[str, str]:
    """Title and text of the result."""
    if event.problem:
        return "The history was not exported", f"{capitalised(event.problem)}."
    return (
        f"History exported: {counted(event.files, 'file')}",
        f"CSV files in a new folder. {event.folder}",
    )


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


def no_history(server: str, path: PurePath, others: Sequence[str | None]) -> str:
    """There is none of this server; ``others`` are the identities of those that there are one of,
    as far as known."""
    if not others:
        return f"no history of {server} yet: {path} does not exist"
    known = [_url(each) for each in others if each]
    if len(known) == 1 == len(others):
        return f"no history of {server}; there is one of {known[0]}: add --url {known[0]}"
    if not known:
        return f"no history of {server}; of other servers: {len(others)} in {path.parent}"
    shown = known[:OTHERS_SHOWN]
    more = f" and {len(others) - len(shown)} more" if len(others) > len(shown) else ""
    return f"no history of {server}; there are some of {', '.join(shown)}{more}: add --url URL"


def _url(identity: str) -> str:
    """A URL of this identity; it does not tell the scheme, but for the port of https."""
    host = identity.partition("/")[0]
    return f"{'https' if host.endswith(':443') else 'http'}://{identity}"
