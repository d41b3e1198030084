"""Lists incidents, or writes one as a page or as JSON: ``--incident``."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from tray_app import APP_ID, __version__
from tray_app.core.config.settings import Settings
from tray_app.core.history import incident_json
from tray_app.core.history.incidents import Incident
from tray_app.core.presentation import incident_page, incident_text, page_text
from tray_app.history import incidents
from tray_app.history.database import History
from tray_app.sources.file_owner import write_output
from tray_app.views.page.document import document
from tray_app.views.terminal import streams

LIST = -1
"""Instead of a number: list them all."""


def run(
    path: Path, settings: Settings, number: int, *, as_json: bool, output: Path, now_s: float
) -> int:
    """Write incident ``number`` (1 is the newest) to ``output``; without a number list them all.

    :raises OSError: a file cannot be read or written
    :raises ValueError: there is no such incident
    """
    history = History(path)
    known = incidents.records(history)
    if number == LIST:
        listed = [
            f"{position:>3}  {incident_text.row(each.past, now_s)}"
            for position, each in enumerate(known, 1)
        ]
        streams.say("\n".join(listed) or f"{APP_ID}: {incident_text.NONE_YET.lower()}")
        return 0
    if not 1 <= number <= len(known):
        raise ValueError(f"--incident: there is no incident {number} (kept: {len(known)})")
    found = incidents.at(history, known[number - 1].opened_s)
    assert found is not None
    if as_json:
        streams.write(sys.stdout, f"{msgspec.json.encode(incident_json.as_json(found)).decode()}\n")
        return 0
    write_output(output, (_page(found, settings).encode(),))
    streams.say(f"{APP_ID}: wrote {output.absolute()}")
    return 0


def _page(incident: Incident, settings: Settings) -> str:
    shown = settings.address.shown
    frame = page_text.frame(shown, __version__, settings.bands, settings.alerts)
    return document(incident_page.page_of(incident, frame))
