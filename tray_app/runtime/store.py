"""Two files: the user's config (read, never written) and what the app remembers.

``state.json`` is versioned and replaced atomically; a broken one is set aside with a word,
never a crash and never silently overwritten.
"""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path

from tray_app.core.modes import Mode, Preset
from tray_app.core.settings import Choice

_log = logging.getLogger(__name__)
VERSION = 1


def read_choice(path: Path) -> Choice:
    """What was chosen in earlier runs; nothing when there is no (usable) file."""
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return Choice()
    except (OSError, UnicodeDecodeError) as error:
        _log.warning("cannot read %s (%s): starting with nothing remembered", path, error)
        return Choice()
    try:
        stored = json.loads(text)
        if stored["version"] != VERSION:
            raise ValueError(f"version {stored['version']!r} is not {VERSION}")
        mode, preset = stored.get("mode"), stored.get("preset")
        return Choice(Mode(mode) if mode else None, Preset(preset) if preset else None)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        aside = path.with_suffix(".broken.json")
        try:
            path.replace(aside)
            _log.warning("%s is broken (%s): kept as %s", path, error, aside.name)
        except OSError:
            _log.warning("%s is broken (%s): starting with nothing remembered", path, error)
        return Choice()


def write_choice(path: Path, choice: Choice) -> None:
    """Remember a choice; a disk that refuses is one log line."""
    stored = {"version": VERSION, "mode": choice.mode, "preset": choice.preset}
    new = path.with_suffix(".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with new.open("w", encoding="utf-8") as file:
            json.dump(stored, file)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError as error:
        _log.warning("cannot remember the choice in %s: %s", path, error)
