"""The texts of the server process: how it was recognised, why none is read, how it changed."""

from __future__ import annotations

from tray_app.core.model.process_finding import (
    Evidence,
    EvidenceKind,
    ProcessProblem,
    ProcessProblemKind,
)
from tray_app.core.model.readings import OomKills, Target
from tray_app.core.presentation.format import sentences, size
from tray_app.core.server.target_tracker import Change, Transition

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


def process(value: Target) -> str:
    """``uvicorn (pid 42)``."""
    return f"{value.name} (pid {value.pid})"


def change(value: Change) -> str:
    """A change of the server in one line."""
    target = value.target
    match value.transition:
        case Transition.ENDED:
            again = "Searching for the server." if value.falls_back else ""
            kills = value.loss.oom_kills if value.loss else None
            return sentences(f"Server ended: {process(target)}.", out_of_memory(kills), again)
        case Transition.RESTARTED if value.loss:
            restarted = (
                f"Server restarted: {target.name} (pid {value.loss.target.pid} → {target.pid})."
            )
            return sentences(restarted, out_of_memory(value.loss.oom_kills))
        case Transition.RESTARTED | Transition.RETURNED | Transition.SWITCHED:
            return f"Now watching {target.name} (pid {target.pid}, {evidence(target.evidence)})."
        case Transition.WORKER_REPLACED:
            what = "Worker" if len(value.joined) == 1 else "Workers"
            old, new = _pids(value.left), _pids(value.joined)
            return f"{what} of {process(target)} replaced: pid {old} → {new}."


def out_of_memory(kills: OomKills | None) -> str:
    """The OOM kills at that time, as certain as known; empty without any."""
    if kills is None or not kills.count:
        return ""
    count = "a process" if kills.count == 1 else f"{kills.count} processes"
    if kills.limit_bytes is not None:
        limit = f"Its memory limit of {size(kills.limit_bytes)} was reached"
        return f"{limit}: the kernel's OOM killer ended {count} in its control group."
    if kills.own_group:
        return f"Out of memory: the kernel's OOM killer ended {count} in its control group."
    perhaps = "possibly the server" if kills.count == 1 else "possibly including the server"
    return f"Out of memory: the kernel's OOM killer ended {count} on this machine, {perhaps}."


def _pids(pids: tuple[int, ...]) -> str:
    return ", ".join(map(str, pids))
