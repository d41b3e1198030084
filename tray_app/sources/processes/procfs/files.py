"""Files of /proc: read once, or kept open."""

# ruff: noqa: PTH115, PTH116 - a Path costs three times the call on it
from __future__ import annotations

import os


def read(path: str, size: int) -> bytes | None:
    """The first ``size`` bytes of a file; None where it cannot be read."""
    try:
        fd = os.open(path, os.O_RDONLY)
    except OSError:
        return None
    try:
        return os.read(fd, size)
    except OSError:
        return None
    finally:
        os.close(fd)


def keep(path: str) -> int:
    """A descriptor to be kept; -1 where there is no such file."""
    try:
        return os.open(path, os.O_RDONLY)
    except OSError:
        return -1


def link(path: str) -> str | None:
    """Where a link points; None where that cannot be read."""
    try:
        return os.readlink(path)
    except OSError:
        return None


def owner_uid(proc: str, pid: int) -> int | None:
    """Whose process it is; None when it is gone."""
    try:
        return os.stat(f"{proc}/{pid}").st_uid
    except OSError:
        return None
