"""What follows from a click that leaves the program: a decision, or a plain reason against it.

And its words: what came of it is told in one notification, figures first.
"""

from __future__ import annotations

from os import sep
from typing import TYPE_CHECKING

from tray_app.core.deliveries import TEST_TITLE
from tray_app.core.errands import MAX_AGE_HOURS, Errand, Outcome
from tray_app.core.events import Told
from tray_app.core.readings import MIB, Target, TempUsage
from tray_app.core.sanitize import visible
from tray_app.core.settings import Settings
from tray_app.core.wording import duration, size, size_in_files

if TYPE_CHECKING:
    from tray_app.core.state import State

# A second click within so long is the other half of a double click.
DOUBLE_CLICK_S = 1.0
TEMP_DIRECTORY = "tmp"

_NOT_DONE = {
    Errand.FREE_MEMORY: "Memory was not freed",
    Errand.CLEAN_UP: "Nothing was cleaned up",
}
_UNDER_WAY = {
    Errand.FREE_MEMORY: "Freeing memory",
    Errand.CLEAN_UP: "Cleaning up",
}


def against(state: State, errand: Errand) -> str | None:
    """Why the server is not asked for this now; None: it may be asked."""
    if state.errand is not None:
        return f"{_UNDER_WAY[state.errand]} is still under way."
    if state.demo:
        return "This is the demo: there is no server to ask."
    if errand is Errand.FREE_MEMORY:
        return None
    if state.paused or state.sample is None:
        return "Whether a job runs is not known while nothing is read."
    if is_working(state):
        return "A job is running: its files would be at risk."
    return None


def is_working(state: State) -> bool:
    """Whether a job runs, or may have begun."""
    return state.activity.stirs or state.jobs.current is not None


def refusal(errand: Errand, reason: str) -> Told:
    """That an errand was not even begun."""
    return Told(_NOT_DONE[errand], reason, "errand")


def under_way(errand: Errand) -> str:
    """``Freeing memory``: for the menu, while it runs."""
    return _UNDER_WAY[errand]


def brought(outcome: Outcome) -> tuple[str, str]:
    """Title and text of what an errand brought."""
    if outcome.problem is not None:
        return _NOT_DONE[outcome.errand], _failure(outcome.problem)
    if outcome.errand is Errand.FREE_MEMORY:
        return _freed(outcome)
    return _cleaned(outcome)


def line(outcome: Outcome) -> str:
    """The same in one line, for menu and log."""
    title, text = brought(outcome)
    return f"{title}: {text}" if outcome.problem else f"{title}. {text}"


def _failure(problem: str) -> str:
    sentence = problem[:1].upper() + problem[1:]
    if problem.startswith(("HTTP 404", "HTTP 405")):
        return f"This server does not offer it ({problem})."
    if problem.startswith("no answer"):
        return f"{sentence}: the server may be busy."
    return sentence if sentence.endswith((".", "…")) else f"{sentence}."


def _freed(outcome: Outcome) -> tuple[str, str]:
    before, after = outcome.before, outcome.after
    if before is None or after is None:
        return "The server has collected its garbage", "How much that freed it does not tell."
    freed_bytes = before.size_bytes - after.size_bytes
    keeps = f"The server keeps {size(after.size_bytes)}."
    if round(freed_bytes / MIB) < 1:
        return "Freed nothing", keeps
    return f"Freed {size(freed_bytes)} in {duration(max(1.0, outcome.took_s))}", keeps


def _cleaned(outcome: Outcome) -> tuple[str, str]:
    before, after = outcome.before, outcome.after
    if before is None or after is None:
        return "The server has cleaned up", "What it deleted it does not tell."
    left = f"Temp: {size_in_files(TempUsage(after.size_bytes, after.file_count, 0.0))}."
    files = before.file_count - after.file_count
    if files <= 0:
        return f"Nothing was older than {MAX_AGE_HOURS} h", left
    deleted_bytes = max(0, before.size_bytes - after.size_bytes)
    deleted = size_in_files(TempUsage(deleted_bytes, files, 0.0))
    return f"Deleted {deleted}", left


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
