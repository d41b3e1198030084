"""The user's config file: read at the start and after each edit, never written over."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

from tray_app.core import settings as checked
from tray_app.core.settings import ConfigError, Settings
from tray_app.core.values import replace

_log = logging.getLogger(__name__)


class ConfigFile:
    """``config.toml`` with the environment over it."""

    def __init__(self, path: Path, environment: Mapping[str, str]) -> None:
        self.path = path
        self._environment = environment
        self._stamp: tuple[int, int] | None = None

    def read(self, *, required: bool = False) -> tuple[Settings, list[str]]:
        """The settings, and what was left out of them: each with its place, in one line.

        :raises OSError: it cannot be read (without ``required``, it may be missing)
        :raises UnicodeDecodeError: it is no UTF-8
        :raises ConfigError: it is no TOML
        """
        self._stamp = self._stamp_now()
        try:
            values, wrong = checked.parse_config(self.path.read_text("utf-8"))
        except FileNotFoundError:
            if required:
                raise
            values, wrong = {}, []
        complaints = [f"{self.path}:{complaint.line}: {complaint.text}" for complaint in wrong]
        values, misset = checked.parse_environment(self._environment, values)
        return absolute(checked.from_config(values)), complaints + misset

    def edited(self) -> Settings | None:
        """The settings when the file has changed since it was last looked at, else None.

        What is wrong in it is logged, once per edit; a file that cannot be used changes nothing,
        nor does one that is gone (an editor may be about to put it back).
        """
        stamp = self._stamp_now()
        if stamp is None or stamp == self._stamp:
            return None
        try:
            settings, complaints = self.read()
        except ConfigError as error:
            _log.warning("%s:%d: %s; the settings stay as they were", self.path, error.line, error)
            return None
        except (OSError, UnicodeDecodeError) as error:
            _log.warning("%s: %s; the settings stay as they were", self.path, why(error))
            return None
        for complaint in complaints:
            _log.warning("%s", complaint)
        return settings

    def _stamp_now(self) -> tuple[int, int] | None:
        try:
            status = self.path.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size


def absolute(settings: Settings) -> Settings:
    """With paths that mean the same wherever the program works, and the home for ``~``."""

    def whole(path: str | None) -> str | None:
        return path and str(Path(path).expanduser().absolute())

    return replace(
        settings,
        tmp_dir=whole(settings.tmp_dir),
        ca_file=whole(settings.ca_file),
        log_file=whole(settings.log_file),
    )


def why(error: OSError | UnicodeDecodeError) -> str:
    """Why a file cannot be read or written, in words for people."""
    if isinstance(error, FileNotFoundError):
        return "no such file"
    words = "is not UTF-8 text" if isinstance(error, ValueError) else str(error.strerror)
    return words[:1].lower() + words[1:]
