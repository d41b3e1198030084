"""Writes the history as CSV, JSON lines or OpenMetrics: ``--export``.

Row after row, so that a year needs as little memory as a minute.
"""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from msgspec import Struct

from tray_app.core.history import export, openmetrics
from tray_app.core.history.thinning import HOUR_S, MINUTE_S
from tray_app.history.database import History
from tray_app.sources.file_owner import write_output
from tray_app.views.terminal import streams


class Selection(Struct, frozen=True):
    """Which rows of the history at ``path``; ``server`` is the URL that it is of, ``label`` its
    name for Prometheus."""

    path: Path
    server: str
    label: str
    what: str
    from_s: float
    to_s: float


def run(rows: Selection, form: str, output: Path | None) -> int:
    """Write these rows to ``output``, whole or not at all, or to standard output. Only the owner
    can read the file.

    :raises OSError: a file cannot be read or written
    """
    lines = FORMATS[form](rows)
    if output is None:
        for line in lines:
            streams.write(sys.stdout, line)
        return 0
    write_output(output, (line.encode() for line in lines))
    return 0


def _rows(rows: Selection) -> Iterator[object]:
    history = History(rows.path)
    if rows.what == "minutes":
        return history.spans(MINUTE_S, rows.from_s, rows.to_s)
    if rows.what == "hours":
        return history.spans(HOUR_S, rows.from_s, rows.to_s)
    read = {
        "samples": history.samples,
        "jobs": history.jobs,
        "alerts": history.alerts,
        "servers": history.servers,
        "gaps": history.gaps,
    }[rows.what]
    return iter(read(rows.from_s, rows.to_s))


def _csv(rows: Selection) -> Iterator[str]:
    yield _line(list(export.columns(rows.what)))
    for record in _rows(rows):
        yield _line(export.cells(export.row(record)))


def _json(rows: Selection) -> Iterator[str]:
    for record in _rows(rows):
        yield json.dumps(export.row(record)) + "\n"


def _openmetrics(rows: Selection) -> Iterator[str]:
    for family in openmetrics.FAMILIES[rows.what]:
        yield from openmetrics.lines(family, _rows(rows), rows.label)
    yield openmetrics.END


def _line(cells: list[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue()


FORMATS: dict[str, Callable[[Selection], Iterator[str]]] = {
    "csv": _csv,
    "json": _json,
    "openmetrics": _openmetrics,
}
