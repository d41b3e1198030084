"""What the app remembers, in ``state.json``: versioned, and replaced atomically.

A broken file is set aside with a word, never a crash and never silently overwritten.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from tray_app.core.config.settings import RememberedChoices
from tray_app.core.model.icon_options import Palette, Style, Theme
from tray_app.core.model.presets import Mode, Preset
from tray_app.runtime.config_file import text_of

_log = logging.getLogger(__name__)
VERSION = 1
_refused: set[Path] = set()


def _table(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{value!r} is no table")
    return value


# One line for each field of `RememberedChoices`; what is not there was never chosen.
_READ: dict[str, Callable[[Any], Any]] = {
    "mode": Mode,
    "preset": Preset,
    "style": Style,
    "palette": Palette,
    "theme": Theme,
    "alerts": _table,
}


def read_choice(path: Path) -> RememberedChoices:
    """What was remembered in earlier runs; nothing when there is no (usable) file."""
    try:
        text = text_of(path)
    except (FileNotFoundError, NotADirectoryError):
        return RememberedChoices()
    except (OSError, ValueError) as error:
        _log.warning("cannot read %s (%s): starting with nothing remembered", path, error)
        return RememberedChoices()
    try:
        stored = json.loads(text)
        if stored["version"] != VERSION:
            raise ValueError(f"version {stored['version']!r} is not {VERSION}")
        known = {name: read(stored[name]) for name, read in _READ.items() if stored.get(name)}
        return RememberedChoices(**known)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        why = "no JSON" if isinstance(error, json.JSONDecodeError) else error
        aside = path.with_suffix(".broken.json")
        try:
            path.replace(aside)
            _log.warning(
                "%s is broken (%s): kept as %s, nothing is remembered", path, why, aside.name
            )
        except OSError:
            _log.warning("%s is broken (%s): starting with nothing remembered", path, why)
        return RememberedChoices()


def write_choice(path: Path, choice: RememberedChoices) -> bool:
    """Remember this; False when the disk refuses, which is one log line until it no longer does."""
    known = {name: value for name in _READ if (value := getattr(choice, name)) is not None}
    new = path.with_suffix(".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with new.open("w", encoding="utf-8") as file:
            json.dump({"version": VERSION, **known}, file)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError as error:
        with suppress(OSError):  # what a full disk took of it would only take room
            new.unlink(missing_ok=True)
        if path not in _refused:
            _log.warning("cannot remember the choice in %s: %s", path, error)
        _refused.add(path)
        return False
    if path in _refused:
        _refused.discard(path)
        _log.info("%s can be written again", path)
    return True
