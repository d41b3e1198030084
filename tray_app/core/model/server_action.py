"""Server actions that a person can start (free memory, clean up), and their results.

Only one runs at a time, so that a measured effect belongs to one action.
"""

from __future__ import annotations

from enum import Enum, StrEnum, auto

from msgspec import Struct

from tray_app.core.model.api_failure import ApiProblem


class ServerAction(StrEnum):
    """The actions that the server offers; each deletes temp files (`AGE_HOURS`)."""

    FREE_MEMORY = "free memory"
    CLEAN_UP = "clean up"
    CLEAN_UP_HOUR = "clean up the last day's, too"


AGE_HOURS = {ServerAction.FREE_MEMORY: 1, ServerAction.CLEAN_UP: 24, ServerAction.CLEAN_UP_HOUR: 1}
"""The minimum age, in full hours, of the files that an action deletes.

The server frees no memory without deleting files (recorded: 50 MB in 2 files, unmentioned in its
answer). Never 0: with it the real server deleted a running job's files, and the job failed.
"""


class Extent(Struct, frozen=True):
    """The server's memory and its temp files at one moment; None where it does not tell."""

    memory_bytes: int
    temp_bytes: int | None = None
    file_count: int | None = None


class ActionResult(Struct, frozen=True):
    """The result of a server action: the extent before and after it, or why it failed.

    ``after`` is None where it could not be measured. ``took_s`` is from the request to the last
    measurement.
    """

    action: ServerAction
    took_s: float = 0.0
    before: Extent | None = None
    after: Extent | None = None
    problem: ApiProblem | None = None


class Risk(Enum):
    """The risk of an action: a running job, a job that may run unseen, or files."""

    NONE = auto()
    JOB = auto()
    UNKNOWN = auto()
    FILES = auto()


class RefusalReason(Enum):
    """Why an action is refused now.

    RUNNING: another action has not ended. UNKNOWN: there is no reading, so a job may run.
    """

    RUNNING = auto()
    UNKNOWN = auto()
    JOB = auto()


class NoTempPlace(Enum):
    """Why there is no temp directory to open. UNKNOWN: no server process says where it is."""

    DEMO = auto()
    REMOTE = auto()
    UNKNOWN = auto()
