"""The Python stacks of the server's processes, or why there are none."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class StacksProblem(StrEnum):
    """Why there are no stacks.

    NO_PROCESS: only the API is known. NOT_INSTALLED: py-spy is not. NOT_PERMITTED: the system
    forbids to read the process. TOO_SLOW: the time was over. ENDED: the process was, too early.
    NOT_PYTHON: no process runs Python. FAILED: what py-spy says otherwise.
    """

    NO_PROCESS = "no_process"
    NOT_INSTALLED = "not_installed"
    NOT_PERMITTED = "not_permitted"
    TOO_SLOW = "too_slow"
    ENDED = "ended"
    NOT_PYTHON = "not_python"
    FAILED = "failed"


class Stacks(Struct, frozen=True):
    """``text`` is empty where there is a ``problem``; ``detail`` are py-spy's own words for it."""

    text: str = ""
    problem: StacksProblem | None = None
    detail: str = ""
