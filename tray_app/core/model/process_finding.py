"""How the server's process was recognised, or why none is read: a kind, and the facts of it.

Data alone: the sentences stand in `core.presentation.process_text`.
"""

from __future__ import annotations

from enum import Enum, auto

from msgspec import Struct


class EvidenceKind(Enum):
    """How a process was recognised. The facts of `Evidence` that a kind has stand beside it."""

    LISTENS = auto()  # port
    COMMAND_LINE = auto()  # command
    LISTENS_ELSEWHERE = auto()  # command, port: not the one that the address says
    CHOSEN = auto()  # by a person, in the menu or by its pid
    CHOSEN_MATCH = auto()  # pattern
    MATCH = auto()  # pattern: it matches, too, but another process was chosen
    DEMO = auto()


class Evidence(Struct, frozen=True):
    """A kind and its facts. ``command`` is the part of the command line that identifies it."""

    kind: EvidenceKind
    port: int | None = None
    command: str = ""
    pattern: str = ""


class ProcessProblemKind(Enum):
    """Why no process is read. The facts of `ProcessProblem` that a kind has stand beside it."""

    # What holds the server's port.
    HELD_BY_MONITOR = auto()  # port: this program itself
    HELD_UNSEEN = auto()  # port: a process that we may not see
    HELD_BY_OTHER_USER = auto()  # port
    HELD_BY_RELAY = auto()  # port, name: a program that passes it on
    NOT_THE_SERVER = auto()  # port, name, pid: the API reports another process
    # What command lines say.
    NOT_FOUND = auto()  # port
    IN_CONTAINER = auto()  # port, name: the command, pid
    SERVER_OF_OTHER_USER = auto()  # name: the command, pid
    # The user's choice.
    NO_MATCH = auto()  # pattern
    MATCH_OF_OTHER_USER = auto()  # pid, pattern
    IS_MONITOR = auto()  # pid: this program itself
    CHOSEN_HAS_ENDED = auto()  # pid
    NO_SUCH_PROCESS = auto()  # pid
    # Reading the process.
    UNREADABLE = auto()  # pid
    PROCESS_OF_OTHER_USER = auto()  # pid
    JUST_ENDED = auto()
    NO_SOURCE = auto()
    READING_FAILED = auto()  # the log has more


class ProcessProblem(Struct, frozen=True):
    """A kind and its facts."""

    kind: ProcessProblemKind
    port: int | None = None
    pid: int | None = None
    name: str = ""
    pattern: str = ""
