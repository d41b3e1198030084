"""Reads the memory limits and OOM kills of a Linux control group, version 1 or 2.

The limit is the tightest of a process's group and the groups above it; the kills are those of its
own group. The files are opened once and then read by descriptor.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress

from msgspec import Struct

_STAT_MAX_BYTES = 8192


class _Names(Struct, frozen=True):
    """One version's file names, and the name of its reclaimable cache."""

    limit: str
    usage: str
    inactive: bytes


_V1 = _Names("memory.limit_in_bytes", "memory.usage_in_bytes", b"total_inactive_file ")
_V2 = _Names("memory.max", "memory.current", b"\ninactive_file ")
_COUNTS_MAX_BYTES = 512


class LimitedGroup:
    """The control group whose limit counts. ``limit_bytes`` is below the machine's total."""

    def __init__(self, folder: str, names: _Names, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        self._folder = folder
        self._inactive = names.inactive
        self._inactive_bytes = 0
        self._usage = _open(f"{folder}/{names.usage}")
        self._stat = _open(f"{folder}/memory.stat")
        above = folder.rpartition("/")[0]
        self._hits = (
            GroupCounter([folder], "memory.failcnt", b"")
            if names is _V1
            else GroupCounter([folder, above], "memory.events", b"\noom ")
        )

    def available_bytes(self, at_a_touch: bool = False) -> int | None:
        """The memory still available in the group; None if it is gone.

        ``at_a_touch`` reuses the last cache figure, which spares reading the longer file.
        """
        try:
            used_bytes = int(_read_again(self._usage, 64))
            if not at_a_touch:
                stat = _read_again(self._stat, _STAT_MAX_BYTES).partition(self._inactive)[2]
                self._inactive_bytes = int(stat.partition(b"\n")[0])
        except (OSError, ValueError):
            return None
        active_bytes = max(0, used_bytes - self._inactive_bytes)
        return max(0, self.limit_bytes - active_bytes)

    def hits(self) -> tuple[int | None, ...]:
        """How often the limit stopped an allocation, as :class:`GroupCounter`: in version 2 only if
        nothing could be reclaimed, in version 1 always."""
        return self._hits.counts()

    def pids(self) -> list[int]:
        """The processes in it and below, as this pid namespace numbers them."""
        found: list[int] = []
        for folder, _, _ in os.walk(self._folder):
            found += [int(pid) for pid in _text(f"{folder}/cgroup.procs").split() if pid != "0"]
        return found

    def close(self) -> None:
        """Stop reporting; closing twice is allowed."""
        self._hits.close()
        for fd in (self._usage, self._stat):
            if fd >= 0:
                os.close(fd)
        self._usage = self._stat = -1


class GroupCounter:
    """Counts the OOM killer's kills in one control group and in the one above.

    The parent exists in version 2 only, counts its subgroups, too, and outlives them: systemd
    removes a group as soon as its last process ends.
    """

    def __init__(self, folders: Iterable[str], name: str, line: bytes) -> None:
        self._fds = [_open(f"{folder}/{name}") for folder in folders]
        self._line = line

    def counts(self) -> tuple[int | None, ...]:
        """Since each group was made; None for one that is gone or counts nothing."""
        return tuple(map(self._count, self._fds))

    def _count(self, fd: int) -> int | None:
        try:
            text = _read_again(fd, _COUNTS_MAX_BYTES)
            if text[:1].isdigit():
                return int(text)
            return int((b"\n" + text).partition(self._line)[2].partition(b"\n")[0])
        except (OSError, ValueError):
            return None

    def close(self) -> None:
        """Stop reporting; closing twice is allowed."""
        for fd in self._fds:
            if fd >= 0:
                os.close(fd)
        self._fds = []


def limited_group(proc: str, pid: int | str, total_bytes: int) -> LimitedGroup | None:
    """The group that limits a process (or "self") to less than ``total_bytes``, if one does."""
    tightest: tuple[int, str, _Names] | None = None
    for folder, names in _groups(proc, pid):
        limit_bytes = _number(f"{folder}/{names.limit}")
        # Of equal limits, more processes use the upper one.
        if limit_bytes is not None and (tightest is None or limit_bytes <= tightest[0]):
            tightest = limit_bytes, folder, names
    if tightest is None or tightest[0] >= total_bytes:
        return None
    limit_bytes, folder, names = tightest
    return LimitedGroup(folder, names, limit_bytes)


def kill_counter(proc: str, pid: int | str) -> GroupCounter | None:
    """Counts the kills in a process's memory group, whether for the group's limit or for the
    machine.

    None in the root group (version 2 counts nothing there, and in version 1 it is not the server's
    alone), or before Linux 4.13.
    """
    folders: list[str] = []
    for folder, names in _groups(proc, pid):
        if names is _V1:
            is_root = any(root == "/" and point == folder for _, root, point in _mounts(proc))
            if folders or is_root:
                break
            counter = GroupCounter([folder], "memory.oom_control", b"\noom_kill ")
            if counter.counts() != (None,):
                return counter
            counter.close()
            break
        if folders or os.path.exists(f"{folder}/memory.events"):  # noqa: PTH110
            folders.append(folder)
    return GroupCounter(folders[:2], "memory.events", b"\noom_kill ") if folders else None


def _groups(proc: str, pid: int | str) -> Iterator[tuple[str, _Names]]:
    """The folders of a process's memory group and of the visible groups above it."""
    mounts = {version: (root, point) for version, root, point in _mounts(proc)}
    for line in _text(f"{proc}/{pid}/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        version = _V1 if "memory" in controllers.split(",") else _V2
        if (controllers and version is _V2) or version.limit not in mounts:
            continue
        root, point = mounts[version.limit]
        top = root.rstrip("/")
        if ".." in path.split("/") or not f"{path}/".startswith(f"{top}/"):
            continue  # in another namespace: not visible here
        inside = path.removeprefix(top)
        folder = f"{point}{inside}".rstrip("/")
        while len(folder) >= len(point):
            yield folder, version
            if folder == point:
                break
            folder = folder.rpartition("/")[0]


def _mounts(proc: str) -> Iterator[tuple[str, str, str]]:
    """Where the memory controllers are: the limit's file name, the root's group, the mount."""
    for line in _text(f"{proc}/self/mountinfo").splitlines():
        mount, _, filesystem = line.partition(" - ")
        kind, _, options = filesystem.split(" ", 2)
        root, point = mount.split(" ")[3:5]
        if kind == "cgroup2":
            yield _V2.limit, root, point
        elif kind == "cgroup" and "memory" in options.rpartition(" ")[2].split(","):
            yield _V1.limit, root, point


def _number(path: str) -> int | None:
    """None for "max" and for a file that cannot be read."""
    with suppress(ValueError):
        return int(_text(path))
    return None


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:  # noqa: PTH123 - the same
            return file.read()
    except OSError:
        return ""


def _read_again(fd: int, size: int) -> bytes:
    """From the beginning of a kept file, which the kernel then generates again."""
    if sys.platform != "linux":
        raise OSError
    return os.pread(fd, size, 0)


def _open(path: str) -> int:
    try:
        return os.open(path, os.O_RDONLY)
    except OSError:
        return -1
