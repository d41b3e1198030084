"""The texts of how the server's process was recognised, or why none is read: one short line
each."""

from __future__ import annotations

from tray_app.core.model.process_finding import (
    Evidence,
    EvidenceKind,
    ProcessProblem,
    ProcessProblemKind,
)

_EVIDENCE = {
    EvidenceKind.LISTENS: "listens on port {port}",
    EvidenceKind.COMMAND_LINE: "command line: {command}",
    EvidenceKind.LISTENS_ELSEWHERE: "{command} listens on port {port}",
    EvidenceKind.CHOSEN: "chosen by you",
    EvidenceKind.CHOSEN_MATCH: "chosen by you: matches {pattern!r}",
    EvidenceKind.MATCH: "matches {pattern!r}",
    EvidenceKind.DEMO: "scripted for the demo",
}
_NOT_PERMITTED = "another user's process; run runanalyze-tray as that user to read it"
_PROBLEMS = {
    ProcessProblemKind.HELD_BY_MONITOR: "port {port} is used by runanalyze-tray itself",
    ProcessProblemKind.HELD_UNSEEN: "the process on port {port} belongs to another user or "
    "to a container; run runanalyze-tray as that user to read it",
    ProcessProblemKind.HELD_BY_OTHER_USER: f"port {{port}} is used by {_NOT_PERMITTED}",
    ProcessProblemKind.HELD_BY_RELAY: "{name} forwards port {port}, so only the API can be read",
    ProcessProblemKind.NOT_THE_SERVER: "port {port} is held by {name} (pid {pid}), "
    "which is not RunAnalyze",
    ProcessProblemKind.NOT_FOUND: "no server process found on port {port}",
    ProcessProblemKind.IN_CONTAINER: "no server process found on port {port}; "
    "{name} (pid {pid}) is in a container, so only its API can be read",
    ProcessProblemKind.SERVER_OF_OTHER_USER: f"{{name}} (pid {{pid}}) is {_NOT_PERMITTED}",
    ProcessProblemKind.NO_MATCH: "no process matches {pattern!r}",
    ProcessProblemKind.MATCH_OF_OTHER_USER: "process {pid}, which matches {pattern!r}, is "
    + _NOT_PERMITTED,
    ProcessProblemKind.IS_MONITOR: "process {pid} is runanalyze-tray itself",
    ProcessProblemKind.CHOSEN_HAS_ENDED: "process {pid}, chosen by you, has ended",
    ProcessProblemKind.NO_SUCH_PROCESS: "there is no process {pid}",
    ProcessProblemKind.UNREADABLE: "the server process (pid {pid}) cannot be read",
    ProcessProblemKind.PROCESS_OF_OTHER_USER: f"process {{pid}} is {_NOT_PERMITTED}",
    ProcessProblemKind.JUST_ENDED: "the server process has just ended",
    ProcessProblemKind.NO_SOURCE: "this run has no process source",
    ProcessProblemKind.READING_FAILED: "reading processes failed (see the log)",
}


def evidence(value: Evidence) -> str:
    """How a process was recognised: ``listens on port 8000``."""
    return _EVIDENCE[value.kind].format(
        port=value.port, command=value.command, pattern=value.pattern
    )


_ADVICE = {
    ProcessProblemKind.NOT_THE_SERVER: "Only the API is read. "
    "If it is your server, choose it under Processes.",
}
"""The meaning of a problem and what to do, if its line does not say enough."""


def in_full(value: ProcessProblem) -> str:
    """The problem's line, and advice if there is any."""
    advice = _ADVICE.get(value.kind)
    return f"{problem(value)}. {advice}" if advice else problem(value)


def problem(value: ProcessProblem) -> str:
    """Why no process is read: ``no server process found on port 8000``."""
    return _PROBLEMS[value.kind].format(
        port=value.port, pid=value.pid, name=value.name, pattern=value.pattern
    )
