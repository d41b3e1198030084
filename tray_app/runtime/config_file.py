"""Reads the user's config file at the start and after each edit. Never writes it."""

from __future__ import annotations

import errno
import logging
import os
import select
import stat
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tray_app.core.config import options, parse
from tray_app.core.config.mistake import Mistake
from tray_app.core.config.parse import Complaint, ConfigError
from tray_app.core.config.servers import ServerEntry, parse_servers
from tray_app.core.config.settings import Settings

_log = logging.getLogger(__name__)
MAX_BYTES = 256 * 1024
"""A file with every setting and its comment has 6 KB."""
PIPE_LIMIT_S = 2.0
_CLOSED_ON_EXEC = getattr(os, "O_CLOEXEC", 0)


class ConfigFile:
    """``config.toml`` with the environment over it.

    ``server``: the name of one of its servers, whose own table counts, too. ``servers`` are those
    of the list, as of the last `read`.
    """

    def __init__(self, path: Path, environment: Mapping[str, str], server: str = "") -> None:
        self.path = path
        self.servers: tuple[ServerEntry, ...] = ()
        self._server = server
        self._environment = environment
        self._stamp: tuple[int, int] | None = None
        self._was_gone = False
        self._settings = Settings()

    def for_server(self, name: str) -> ConfigFile:
        """The same file, as it is for one of its servers."""
        return ConfigFile(self.path, self._environment, name)

    def read(self, *, required: bool = False) -> tuple[Settings, list[Mistake]]:
        """The settings, and the mistakes: values left out, each with its place.

        :raises OSError: it cannot be read (without ``required``, it may be missing)
        :raises ConfigError: it is no TOML
        :raises ValueError: it is no text, or far too long
        """
        self._stamp = self._stamp_now()
        file, mistakes = str(self.path), []
        try:
            text = text_of(self.path)
        except (FileNotFoundError, NotADirectoryError):
            if required:
                raise
            text = ""
        except PermissionError:
            # In a forbidden folder (another user's HOME) it is unknown whether there is a file.
            if required or os.access(self.path.parent, os.X_OK):
                raise
            text, mistakes = "", [Mistake("permission denied", file)]
        values, wrong = parse.parse_config(text)
        astray = _make_whole(values)
        wrong += [Complaint(parse.line_of(text, key), words) for key, words in astray.items()]
        self.servers, of_list = parse_servers(text, values)
        if options.environment_of("url") in self._environment:  # that one alone is watched
            self.servers = ()
        if self._server:
            values |= self._own_values()
        else:  # the same for all
            wrong += of_list
        mistakes += [Mistake(complaint.text, file, complaint.line) for complaint in wrong]
        of_file = dict(values)
        values, misset = parse.parse_environment(self._environment, values)
        for key, words in _make_whole(values).items():
            misset.append(f"{options.environment_of(key)}: {words}")
            if key in of_file:
                values[key] = of_file[key]
        mistakes += map(Mistake, misset)
        self._settings = parse.from_config(values)
        return self._settings, mistakes

    def _own_values(self) -> Mapping[str, Any]:
        """The values of this server's own table; none if it is no longer in the list."""
        own: dict[str, Any] = {}
        for entry in self.servers:
            if entry.name == self._server:
                own = dict(entry.values)
                _make_whole(own)
        return own

    def edited(self) -> tuple[Settings, list[Mistake]] | None:
        """What `read` returns if the file has changed since the last check, else None.

        Mistakes are logged once per edit. An unusable file changes no setting, and is the only
        mistake. If the file is missing or empty at two checks in a row, the defaults hold; at the
        first one an editor may be about to write it.
        """
        stamp = self._stamp_now()
        is_gone = self._is_missing() if stamp is None else stamp[1] == 0
        was_gone, self._was_gone = self._was_gone, is_gone
        is_sure = was_gone if is_gone else stamp is not None
        if stamp == self._stamp or not is_sure:
            return None
        try:
            settings, mistakes = self.read()
        except ConfigError as error:
            wrong, line = str(error), error.line
        except (OSError, ValueError) as error:
            wrong, line = why(error), 0
        else:
            for mistake in mistakes:
                _log.warning("%s", mistake)
            if self._server and all(entry.name != self._server for entry in self.servers):
                return None  # it has left the list, so there is nothing more to say of it
            return settings, mistakes
        mistake = Mistake(f"{wrong}; settings unchanged", str(self.path), line)
        _log.warning("%s", mistake)
        return self._settings, [mistake]

    def _is_missing(self) -> bool:
        """Whether there is no file; not where its folder cannot be read."""
        try:
            self.path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return True
        except OSError:
            return False
        return False

    def _stamp_now(self) -> tuple[int, int] | None:
        try:
            status = self.path.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size


def whole(path: str) -> str:
    """An absolute path, with the home instead of ``~``.

    :raises ValueError: there is no such home, or no directory here that it could begin at
    """
    try:
        return str(Path(path).expanduser().absolute())
    except RuntimeError:
        raise ValueError("names an unknown user's home directory") from None
    except OSError:
        raise ValueError("is relative, but the working directory no longer exists") from None


def _make_whole(values: dict[str, Any]) -> dict[str, str]:
    """Make the paths among checked values absolute; those that cannot be are removed, and their
    problems returned."""
    wrong = {}
    for key in options.PATHS:
        if key in values:
            try:
                values[key] = whole(values[key])
            except ValueError as error:
                wrong[key] = f"{key}: {values.pop(key)} {error}"
    return wrong


def text_of(path: Path) -> str:
    """The text of a file, which may begin with a byte order mark.

    A pipe works as well (``--config <(...)``), with a short time limit.
    :raises OSError, ValueError: it cannot be read, is no text, or is far too long
    """
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | _CLOSED_ON_EXEC)
    try:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        is_pipe = stat.S_ISFIFO(os.fstat(descriptor).st_mode)
        data = b""
        while part := _part(descriptor, is_pipe):
            data += part
            if len(data) > MAX_BYTES:
                raise ValueError(f"is larger than {MAX_BYTES // 1024} KiB")
    finally:
        os.close(descriptor)
    if is_pipe and not data:
        raise ValueError("is a pipe that sent nothing")
    return data.decode("utf-8-sig")


def _part(descriptor: int, is_pipe: bool) -> bytes:
    while True:
        try:
            return os.read(descriptor, 65536)
        except BlockingIOError:
            if not is_pipe or not select.select([descriptor], [], [], PIPE_LIMIT_S)[0]:
                raise ValueError("sent nothing") from None


def why(error: OSError | ValueError) -> str:
    """Why a file cannot be read or written, as a message for users."""
    if isinstance(error, FileNotFoundError):
        return "no such file"
    # Windows refuses to open a directory, and does not say that it is one.
    refused = sys.platform == "win32" and isinstance(error, PermissionError)
    if refused and Path(getattr(error, "filename", None) or os.devnull).is_dir():
        return "is a directory"
    if isinstance(error, UnicodeDecodeError):
        return "is not UTF-8 text"
    words = str(error.strerror or error) if isinstance(error, OSError) else str(error)
    return words[:1].lower() + words[1:]
