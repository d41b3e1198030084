"""Saves the choices made in the menu in ``state.json``: versioned, replaced atomically.

A damaged file is set aside with a warning: no crash, and no silent overwriting.
"""

from __future__ import annotations

import logging
import os
import re
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from tray_app.core.config.settings import RememberedChoices
from tray_app.core.model.icon_options import Click, Palette, Style, Theme
from tray_app.core.model.presets import Mode, Preset
from tray_app.runtime.config_file import text_of

_log = logging.getLogger(__name__)
VERSION = 1
_refused: set[Path] = set()


class _Stored(Struct, omit_defaults=True):
    """The file: its version, and the remembered fields. A missing field was never chosen."""

    version: int
    mode: Mode | None = None
    preset: Preset | None = None
    style: Style | None = None
    palette: Palette | None = None
    theme: Theme | None = None
    click: Click | None = None
    shown: str | None = None
    alerts: dict[str, Any] | None = None
    notifications: dict[str, Any] | None = None


_FIELDS = _Stored.__struct_fields__[1:]


def of_server(path: Path, name: str) -> Path:
    """The file beside ``path`` for one of several servers."""
    plain = re.sub(r"[^A-Za-z0-9.-]", "_", name)[:60]
    return path.with_name(f"{path.stem}-{plain}-{zlib.crc32(name.encode()):08x}{path.suffix}")


def read_choice(path: Path) -> RememberedChoices:
    """The choices of earlier runs; none without a usable file."""
    try:
        text = text_of(path)
    except (FileNotFoundError, NotADirectoryError):
        return RememberedChoices()
    except (OSError, ValueError) as error:
        _log.warning("cannot read %s (%s): starting without saved choices", path, error)
        return RememberedChoices()
    try:
        stored = msgspec.json.decode(text, type=_Stored)
        if stored.version != VERSION:
            raise ValueError(f"version {stored.version} is not {VERSION}")
        return RememberedChoices(**{name: getattr(stored, name) for name in _FIELDS})
    except (ValueError, RecursionError) as error:
        is_shape = isinstance(error, msgspec.ValidationError)
        is_json = is_shape or not isinstance(error, msgspec.DecodeError)
        why = error if is_json else "not JSON"
        aside = path.with_suffix(".broken.json")
        try:
            path.replace(aside)
            _log.warning(
                "%s is damaged (%s): moved to %s, starting without saved choices",
                path,
                why,
                aside.name,
            )
        except OSError:
            _log.warning("%s is damaged (%s): starting without saved choices", path, why)
        return RememberedChoices()


def write_choice(path: Path, choice: RememberedChoices) -> bool:
    """Save this; False on a write error, which is logged once until it works again."""
    stored = _Stored(VERSION, **{name: getattr(choice, name) for name in _FIELDS})
    new = path.with_suffix(".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with new.open("wb") as file:
            file.write(msgspec.json.encode(stored))
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError as error:
        with suppress(OSError):  # a partial file would only take space
            new.unlink(missing_ok=True)
        if path not in _refused:
            _log.warning("cannot save the choice in %s: %s", path, error)
        _refused.add(path)
        return False
    if path in _refused:
        _refused.discard(path)
        _log.info("%s can be written again", path)
    return True
