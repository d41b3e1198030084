"""Writes the history as one page for a browser: ``--report``."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from tray_app import APP_ID, __version__
from tray_app.core.config.settings import Settings
from tray_app.core.presentation import page_text, verdict_text
from tray_app.history import page, verdict
from tray_app.history.export import Selection
from tray_app.sources.file_owner import write_output
from tray_app.views.page.document import document
from tray_app.views.terminal import streams


def run(rows: Selection, settings: Settings, output: Path) -> int:
    """Write the page of these rows' time to ``output``, whole or not at all, and say its verdict.
    Only its owner can read it: command lines and words of the server are in it.

    :raises OSError: a file cannot be read or written
    """
    found = verdict.read(rows.path, rows.from_s, rows.to_s, settings.alerts)
    opens = "" if rows.from_s else "24 h"  # who chose a time wants to see all of it
    words = None if found is None else verdict_text.words(found, opens)
    frame = page_text.frame(rows.server, __version__, settings.bands, settings.alerts)
    read = page.read(rows.path, rows.from_s, rows.to_s, frame)
    write_output(output, (document(replace(read, verdict=words)).encode(),))
    told = () if words is None else (f"{words.times[words.opens]}:", *verdict_text.lines(words))
    for line in (f"{APP_ID}: wrote {output.absolute()}", *told):
        streams.say(line)
    return 0
