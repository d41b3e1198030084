"""The floor under the coverage of the core."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tools.branch_floor import main, verdict


def report(taken: int, of: int) -> dict[str, Any]:
    """As ``coverage json`` writes it, as far as it is read: one file."""
    summary = {"num_branches": of, "covered_branches": taken}
    return {"totals": summary, "files": {"core/a.py": {"summary": summary}}}


@pytest.mark.parametrize(
    ("taken", "of", "holds"), [(95, 100, True), (949, 1000, False), (0, 0, True)]
)
def test_the_floor_is_95_percent_of_branches(taken: int, of: int, holds: bool) -> None:
    """Lines do not count; a core without branches holds."""
    assert verdict(report(taken, of))[0] is holds


def test_below_the_floor_the_files_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Status 1, the figure, and how many branches each file lacks."""
    file = tmp_path / "coverage.json"
    file.write_text(json.dumps(report(80, 100)))
    assert main(str(file)) == 1
    told = capsys.readouterr().out
    assert told.startswith("80.0 % of the core's branches")
    assert "  20 not taken in core/a.py" in told
