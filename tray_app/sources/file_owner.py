"""Sets the owner of files that root creates.

Run with a user's environment (``sudo -E``), root must leave nothing in the user's folders that the
user cannot read, write or remove. The program's own files go to root's folders (`desktop.paths`);
files that a user asks for get that user as their owner.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path


def is_anothers(folder: Path) -> bool:
    """Whether this is root, and the folder, or the nearest one above it, is not root's."""
    if sys.platform == "win32" or os.geteuid() != 0:
        return False
    for place in (folder, *folder.parents):
        with suppress(OSError):
            return place.stat().st_uid != 0
    return False


def give(descriptor: int, folder: Path) -> None:
    """Give a new file to the owner of its folder.

    By descriptor, because that owner could put another of root's files in its place.
    """
    if sys.platform != "win32" and is_anothers(folder):
        owner = folder.stat()
        os.fchown(descriptor, owner.st_uid, owner.st_gid)


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it that are missing, each for the owner of the one above."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for each in reversed(missing):
        if sys.platform != "win32" and is_anothers(each.parent):
            owner = each.parent.stat()
            os.chown(each, owner.st_uid, owner.st_gid, follow_symlinks=False)


def write_file(path: Path, data: bytes, *, mode: int = 0o644, replace: bool = True) -> None:
    """Write a whole file, with its folder, for the owner of the folder: all of it, or nothing.

    :raises FileExistsError: it is there, and ``replace`` is not wanted
    :raises OSError: it cannot be written
    """
    make_folder(path.parent)
    _write(path, (data,), mode=mode, replace=replace)


def write_output(path: Path, data: Iterable[bytes]) -> None:
    """Write the file that a flag names: all of it, or nothing. Only its owner can read it, and its
    folder must be there. A device or a pipe is written to as it is.

    :raises OSError: it cannot be written; it names ``path``
    """
    if not path.parent.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, "its directory does not exist", str(path))
    try:
        if path.exists() and not path.is_file():
            with path.open("wb") as file:
                file.writelines(data)
        else:
            _write(path, data, mode=0o600, replace=True)
    except OSError as error:
        if error.filename is None or Path(error.filename) == _beside(path):
            error.filename = str(path)
        raise


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.name}.new")


def _write(path: Path, data: Iterable[bytes], *, mode: int, replace: bool) -> None:
    new = _beside(path) if replace else path
    if replace:
        new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.writelines(data)
            give(descriptor, path.parent)
        if replace:
            new.replace(path)
    except BaseException:
        with suppress(OSError):  # a partial file would only be in the way
            new.unlink()
        raise
