"""Writes the history as CSV, JSON lines or OpenMetrics, row after row: a year needs as little
memory as a minute."""

from __future__ import annotations

import csv
import io
import itertools
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from tray_app.core.history import export, openmetrics
from tray_app.core.history.thinning import HOUR_S, MINUTE_S
from tray_app.history.database import History
from tray_app.sources.file_owner import make_folder, write_output


class Selection(Struct, frozen=True):
    """Which rows of the history at ``path``; ``server`` is the URL that it is of, ``label`` its
    name for Prometheus."""

    path: Path
    server: str
    label: str
    what: str
    from_s: float
    to_s: float


def lines(rows: Selection, form: str) -> Iterator[str]:
    """These rows in a form of `FORMATS`, line by line.

    :raises OSError: the history cannot be read
    """
    return FORMATS[form](rows)


def to_folder(path: Path, folder: Path, to_s: float) -> tuple[Path, int]:
    """Write each kind of which there are rows as a CSV file: all of them, or nothing.

    The folder is a new one: where ``folder`` exists, its name gets a number. Only the owner can
    read the files. Returns the folder, and how many files it has.

    :raises OSError: a file cannot be read or written
    """
    made = _made(folder)
    try:
        files = 0
        for what in export.KINDS:
            rows = _csv(Selection(path, server="", label="", what=what, from_s=0.0, to_s=to_s))
            head, first = next(rows), next(rows, None)
            if first is not None:
                written = itertools.chain((head, first), rows)
                write_output(made / f"{what}.csv", (line.encode() for line in written))
                files += 1
    except BaseException:
        shutil.rmtree(made, ignore_errors=True)
        raise
    if not files:
        with suppress(OSError):
            made.rmdir()
    return made, files


def _made(folder: Path) -> Path:
    make_folder(folder.parent)
    for number in itertools.count(1):
        new = folder if number == 1 else folder.with_name(f"{folder.name}-{number}")
        if not new.exists():
            make_folder(new)
            return new
    raise AssertionError


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
