"""Writes the history as CSV or as JSON lines: ``--export``.

Row after row, so that a year needs as little memory as a minute.
"""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from tray_app.core.history import export
from tray_app.core.history.thinning import HOUR_S, MINUTE_S
from tray_app.history.database import History
from tray_app.views.terminal import streams

FORMATS = ("csv", "json")


def run(path: Path, form: str, what: str, from_s: float, to_s: float, output: Path | None) -> int:
    """Write what the history at ``path`` has of this time to ``output``, or to standard output.

    :raises OSError: a file cannot be read or written
    """
    records = _rows(path, what, from_s, to_s)
    lines = _csv(what, records) if form == "csv" else _json(records)
    if output is None:
        for line in lines:
            streams.write(sys.stdout, line)
        return 0
    with output.open("w", encoding="utf-8", newline="") as file:
        file.writelines(lines)
    return 0


def _rows(path: Path, what: str, from_s: float, to_s: float) -> Iterator[object]:
    history = History(path)
    if what == "minutes":
        return history.spans(MINUTE_S, from_s, to_s)
    if what == "hours":
        return history.spans(HOUR_S, from_s, to_s)
    read = {
        "samples": history.samples,
        "jobs": history.jobs,
        "alerts": history.alerts,
        "servers": history.servers,
        "gaps": history.gaps,
    }[what]
    return iter(read(from_s, to_s))


def _csv(what: str, records: Iterable[object]) -> Iterator[str]:
    yield _line(list(export.columns(what)))
    for record in records:
        yield _line(export.cells(export.row(record)))


def _json(records: Iterable[object]) -> Iterator[str]:
    for record in records:
        yield json.dumps(export.row(record)) + "\n"


def _line(cells: list[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue()
