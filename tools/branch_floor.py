"""Fails when the tests reach less of the core's branches than the floor.

``python -m tools.branch_floor FILE``: FILE is what ``coverage json`` wrote. Coverage's own
``fail_under`` counts lines and branches together, which hides branches behind many lines.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

FLOOR_PERCENT = 95.0


def branches_percent(summary: dict[str, Any]) -> float:
    """The share of branches that were taken; 100 where there are none."""
    branches = summary["num_branches"]
    return 100.0 * summary["covered_branches"] / branches if branches else 100.0


def verdict(report: dict[str, Any]) -> tuple[bool, str]:
    """Whether the floor holds, and what to print: the figure, and the files that lack most."""
    total = branches_percent(report["totals"])
    holds = total >= FLOOR_PERCENT
    lines = [f"{total:.1f} % of the core's branches are taken by its tests; floor {FLOOR_PERCENT}"]
    if not holds:
        missing = {
            name: file["summary"]["num_branches"] - file["summary"]["covered_branches"]
            for name, file in report["files"].items()
        }
        worst = sorted(missing.items(), key=lambda each: -each[1])[:10]
        lines += [f"{count:4} not taken in {name}" for name, count in worst if count]
    return holds, "\n".join(lines)


def main(file: str) -> int:
    holds, text = verdict(json.loads(Path(file).read_text("utf-8")))
    # Silent when all is well, so that pytest's closing line is the last.
    if not holds:
        print(text)
    return not holds


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
