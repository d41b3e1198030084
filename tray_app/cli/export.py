"""Writes the history as CSV, JSON lines or OpenMetrics: ``--export``."""

from __future__ import annotations

import sys
from pathlib import Path

from tray_app.history import export
from tray_app.history.export import Selection
from tray_app.sources.file_owner import write_output
from tray_app.views.terminal import streams


def run(rows: Selection, form: str, output: Path | None) -> int:
    """Write these rows to ``output``, whole or not at all, or to standard output. Only the owner
    can read the file.

    :raises OSError: a file cannot be read or written
    """
    lines = export.lines(rows, form)
    if output is None:
        for line in lines:
            streams.write(sys.stdout, line)
        return 0
    write_output(output, (line.encode() for line in lines))
    return 0
