"""Two files: the user's config (read, never written) and what the app remembers.

``state.json`` is versioned and replaced atomically; a broken one is set aside with a word,
never a crash and never silently overwritten.
"""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from typing import Any

from tray_app.core.modes import Mode, Preset
from tray_app.core.picture import Palette, Style, Theme
from tray_app.core.settings import Choice

_log = logging.getLogger(__name__)
VERSION = 1
_WORDS: dict[str, Any] = {
    "mode": Mode,
    "preset": Preset,
    "style": Style,
    "palette": Palette,
    "theme": Theme,
}


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
        return Choice(
            **{name: kind(word) for name, kind in _WORDS.items() if (word := stored.get(name))}
        )
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
    chosen = {name: word for name in _WORDS if (word := getattr(choice, name))}
    stored = {"version": VERSION, **chosen}
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
