"""What a person may have the server do, and what came of it.

One at a time, for a measured effect belongs to one errand only.
"""

from __future__ import annotations

from enum import StrEnum

from tray_app.core.values import dataclass

# Younger files may belong to a job: with 0 the real server deleted a running job's files, and the
# job failed.
MAX_AGE_HOURS = 24


class Errand(StrEnum):
    """The server's two chores, as they are named to people."""

    FREE_MEMORY = "free memory"
    CLEAN_UP = "clean up"


@dataclass(frozen=True, slots=True)
class Extent:
    """What an errand is about, at one moment: memory (no files), or the temp directory."""

    size_bytes: int
    file_count: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an errand: the extent before and after it, or why it failed.

    An extent is None where the server does not tell it. ``took_s`` is from the request to the
    last measurement.
    """

    errand: Errand
    took_s: float = 0.0
    before: Extent | None = None
    after: Extent | None = None
    problem: str | None = None
