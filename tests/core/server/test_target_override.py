"""What a person wants watched."""

from __future__ import annotations

import re
import shlex

import pytest

from tray_app.core.model.process_finding import (
    Evidence,
    EvidenceKind,
    ProcessProblem,
    ProcessProblemKind,
)
from tray_app.core.server.discovery import ProcessFacts
from tray_app.core.server.target_override import (
    NO_OVERRIDE,
    TargetOverride,
    choose_match,
    matches,
    named,
)

OWN_LINE = {1, 2}


def facts(
    pid: int, line: str, *, ppid: int = 1, created_s: float | None = None, owned: bool = True
) -> ProcessFacts:
    created = float(pid) if created_s is None else created_s
    cmdline = tuple(line.split())
    return ProcessFacts(pid, ppid, cmdline[0], cmdline, created, "/srv", owned)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("python main.py", True),
        ("/v/bin/python /v/bin/uvicorn main:app", True),
        ("sh -c 'python main.py'", True),
        ("grep -rn main .", False),
        ("/usr/bin/rg main", False),
        ("pgrep -f main", False),
        ("vim main.py", False),
        ("less main.log", False),
        (r"'C:\tools\grep.exe' main", False),
        ("runanalyze-tray --match main", False),
        ("/v/bin/python /v/bin/runanalyze-tray --match main", False),
        ("python -m tray_app --match main", False),
        ("python serve.py", False),
        ("", False),
    ],
)
def test_a_pattern_means_what_runs_not_what_quotes_it(line: str, expected: bool) -> None:
    """Neither a search, an editor or a pager, nor a runanalyze-tray."""
    assert matches(re.compile("main"), tuple(shlex.split(line))) is expected


def test_a_pattern_is_searched_in_the_joined_command_line() -> None:
    """Across its parts, at any place."""
    assert matches(re.compile(r"uvicorn \w+:app --port 80"), ("uvicorn", "x:app", "--port", "80"))
    assert not matches(re.compile(r"^main"), ("python", "main.py"))


def test_the_root_of_the_newest_line_of_matches_is_chosen() -> None:
    """Workers and children with the same words belong to it; the others are candidates."""
    everything = [
        facts(10, "serve main"),
        facts(20, "serve main"),
        facts(21, "serve main worker", ppid=20),
    ]
    choice = choose_match("main", everything, (), OWN_LINE, None)
    assert (choice.pid, choice.evidence) == (
        20,
        Evidence(EvidenceKind.CHOSEN_MATCH, pattern="main"),
    )
    assert [each.pid for each in choice.candidates] == [10]
    assert choose_match("main", everything, (), OWN_LINE, 10).pid == 10, "what is watched stays"


def test_a_listener_on_the_port_is_preferred() -> None:
    """Also when only a child of the root holds the socket."""
    everything = [
        facts(10, "serve main"),
        facts(11, "serve main", ppid=10),
        facts(20, "serve main"),
    ]
    choice = choose_match("main", everything, {11, 99}, OWN_LINE, 20)
    assert (choice.pid, choice.by_port) == (10, True)


def test_who_started_this_program_is_not_meant() -> None:
    """A shell's command line holds the pattern, too."""
    shell = facts(1, "sh -c runanalyze-tray --match main")
    problem = choose_match("main", [shell], (), OWN_LINE, None).problem
    assert problem == ProcessProblem(ProcessProblemKind.NO_MATCH, pattern="main")


def test_a_match_of_another_user_is_told_with_what_to_do() -> None:
    """One of our own is preferred."""
    foreign, own = facts(20, "serve main", owned=False), facts(10, "serve main")
    assert choose_match("main", [foreign, own], (), OWN_LINE, None).pid == 10
    problem = choose_match("main", [foreign], (), OWN_LINE, None).problem
    assert problem == ProcessProblem(
        ProcessProblemKind.MATCH_OF_OTHER_USER, pid=foreign.pid, pattern="main"
    )


def test_a_pid_is_the_more_exact_override() -> None:
    """Nothing set is no override."""
    assert named(7, "main") == TargetOverride(pid=7)
    assert named(None, "main") == TargetOverride(match="main")
    assert named(None, None) == NO_OVERRIDE
    assert NO_OVERRIDE.is_open
    assert not named(7, None).is_open
