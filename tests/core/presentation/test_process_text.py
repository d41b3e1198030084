"""The words for what was found among the processes."""

from __future__ import annotations

import pytest

from tray_app.core.model.process_finding import (
    Evidence,
    EvidenceKind,
    ProcessProblem,
    ProcessProblemKind,
)
from tray_app.core.presentation import process_text


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
