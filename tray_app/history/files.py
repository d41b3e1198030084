"""The files of one history: the database, what SQLite keeps beside it, and what was set aside."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

BESIDE = ("-wal", "-shm")


def of(path: Path) -> list[Path]:
    """Those that are there. The database comes after what belongs to it: a writer that misses the
    database begins a new one, and must not find the old one's log beside it."""
    beside = [path.with_name(path.name + suffix) for suffix in BESIDE]
    return [file for file in (*_aside(path), *beside, path) if file.is_file()]


def delete(path: Path) -> None:
    """Delete them all. :raises OSError: one could not be deleted"""
    for file in of(path):
        with suppress(FileNotFoundError):
            file.unlink()


def size_bytes(path: Path) -> int:
    """How much they take."""
    return sum(file.stat().st_size for file in of(path))


def identity(path: Path) -> tuple[int, int] | None:
    """What tells the file at this path from another one there; None: there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _aside(path: Path) -> Iterator[Path]:
    head = f"{path.stem}.unusable-"
    if path.parent.is_dir():
        yield from sorted(each for each in path.parent.iterdir() if each.name.startswith(head))
