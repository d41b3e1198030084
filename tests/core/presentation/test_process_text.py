"""The words for what was found among the processes."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.core.made import TARGET
from tray_app.core.model.process_finding import (
    Evidence,
    EvidenceKind,
    ProcessProblem,
    ProcessProblemKind,
)
from tray_app.core.model.readings import Loss, OomKills
from tray_app.core.presentation import process_text
from tray_app.core.server.target_tracker import Change, Transition


@pytest.mark.parametrize("kind", ProcessProblemKind)
def test_every_problem_has_one_line(kind: ProcessProblemKind) -> None:
    """With its facts in it, whatever they are."""
    line = process_text.problem(ProcessProblem(kind, 8000, 4711, "{name}", "{0}"))
    assert line
    assert "\n" not in line
    assert "None" not in line
    assert not line.endswith(".")


@pytest.mark.parametrize("kind", EvidenceKind)
def test_every_evidence_is_a_phrase(kind: EvidenceKind) -> None:
    """That follows a process's name."""
    phrase = process_text.evidence(Evidence(kind, 8000, "uvicorn {main}:app", "{0}"))
    assert phrase
    assert "None" not in phrase


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            Change(Transition.ENDED, TARGET, Loss(TARGET, OomKills(0))),
            "Server ended: uvicorn (pid 42).",
        ),
        (
            Change(Transition.ENDED, TARGET, Loss(TARGET, OomKills(1, own_group=True))),
            "Server ended: uvicorn (pid 42). "
            "Out of memory: the kernel's OOM killer ended a process in its control group.",
        ),
        (
            Change(Transition.ENDED, TARGET, Loss(TARGET), falls_back=True),
            "Server ended: uvicorn (pid 42). Searching for the server.",
        ),
        (
            Change(Transition.RESTARTED, replace(TARGET, pid=57), Loss(TARGET, OomKills(2))),
            "Server restarted: uvicorn (pid 42 → 57). "
            "Out of memory: the kernel's OOM killer ended 2 processes on this machine, "
            "possibly including the server.",
        ),
        (
            Change(Transition.RETURNED, TARGET),
            "Now watching uvicorn (pid 42, listens on port 8000).",
        ),
        (
            Change(Transition.SWITCHED, TARGET),
            "Now watching uvicorn (pid 42, listens on port 8000).",
        ),
        (
            Change(Transition.WORKER_REPLACED, TARGET, left=(43,), joined=(45,)),
            "Worker of uvicorn (pid 42) replaced: pid 43 → 45.",
        ),
        (
            Change(Transition.WORKER_REPLACED, TARGET, left=(43, 44), joined=(45, 46)),
            "Workers of uvicorn (pid 42) replaced: pid 43, 44 → 45, 46.",
        ),
    ],
)
def test_what_became_of_the_server_is_one_line(change: Change, expected: str) -> None:
    """Who, and why if the kernel tells."""
    assert process_text.change(change) == expected
