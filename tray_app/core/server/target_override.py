"""Applies a person's choice of process, which overrides all evidence.

The choice is a process picked in the menu, a pid, or a pattern from the command line. This program
never watches itself, nor a program that merely quotes the pattern: a search, an editor, a pager.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from msgspec import Struct

from tray_app.core.model.process_finding import (
    Evidence,
    EvidenceKind,
    ProcessProblem,
    ProcessProblemKind,
)
from tray_app.core.server.command_line import is_this_program, program_name
from tray_app.core.server.discovery import (
    ProcessFacts,
    TargetChoice,
    as_target,
    root_among,
)

# Their arguments name other programs.
_QUOTING = frozenset(
    {"grep", "egrep", "fgrep", "zgrep", "rg", "ag", "ack", "pgrep", "pkill", "pidof", "killall"}
    | {"ps", "watch", "find", "xargs", "sed", "awk", "gawk", "mawk", "less", "more", "cat", "tail"}
    | {"vi", "vim", "nvim", "view", "nano", "micro", "emacs", "emacsclient", "code", "gedit"}
    | {"head", "man", "findstr", "notepad", "notepad++"}
)


class TargetOverride(Struct, frozen=True):
    """At most one of the three is set; none: the server is found by evidence.

    ``pinned`` is a process's identity (pid, created_s). ``pid`` becomes one when it is first seen.
    ``match`` is a regular expression, searched in the command line joined by spaces.
    """

    pinned: tuple[int, float] | None = None
    pid: int | None = None
    match: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether there is no override."""
        return self == NO_OVERRIDE


NO_OVERRIDE = TargetOverride()


def named(pid: int | None, match: str | None) -> TargetOverride:
    """The override from the settings; a pid is more exact than a pattern."""
    return TargetOverride(pid=pid) if pid is not None else TargetOverride(match=match)


def matches(pattern: re.Pattern[str], cmdline: tuple[str, ...]) -> bool:
    """Whether a command line matches a pattern, and is not one that merely quotes it."""
    return (
        bool(cmdline)
        and pattern.search(" ".join(cmdline)) is not None
        and program_name(cmdline) not in _QUOTING
        and not is_this_program(cmdline)
    )


def choose_match(
    pattern: str,
    facts: Iterable[ProcessFacts],
    listening: Collection[int],
    own_line: Collection[int],
    current: int | None,
) -> TargetChoice:
    """The process that a pattern selects among the ``facts`` of matching ones.

    One that listens on the server's port (``listening``) is preferred, then the watched one
    (``current``), then the newest; always the root of its line of matches. ``own_line`` are this
    program and its ancestors: their command lines may quote the pattern.
    """
    found = {each.pid: each for each in facts if each.pid not in own_line}
    listeners = {root_among(found[pid], found) for pid in listening if pid in found}
    roots = {pid for pid, each in found.items() if root_among(each, found) == pid}
    if not roots:
        problem = ProcessProblem(ProcessProblemKind.NO_MATCH, pattern=pattern)
        return TargetChoice(problem=problem)
    ranked = sorted(
        (found[pid] for pid in roots),
        key=lambda it: (it.pid in listeners, it.owned, it.pid == current, it.created_s),
        reverse=True,
    )
    best, evidence = ranked[0], Evidence(EvidenceKind.CHOSEN_MATCH, pattern=pattern)
    if not best.owned:
        problem = ProcessProblem(
            ProcessProblemKind.MATCH_OF_OTHER_USER, pid=best.pid, pattern=pattern
        )
        return TargetChoice(problem=problem)
    others = tuple(
        as_target(each, Evidence(EvidenceKind.MATCH, pattern=pattern))
        for each in ranked[1:]
        if each.owned
    )
    return TargetChoice(best.pid, evidence, by_port=best.pid in listeners, candidates=others)
