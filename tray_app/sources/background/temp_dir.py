"""Walks the server's temp directory, using at most 1 % of the time.

Rule of the room: an unreadable entry counts as missing. The walk never leaves the directory (it
follows no symlink), and opens nothing but directories.

A `stat` for each file is three quarters of a walk's cost, and most files in a temp directory lie
there untouched. So a walk repeats it only for files modified lately, and lists a directory again
only if its time stamp has changed, or after a minute. It does not even open an unchanged directory.
"""

from __future__ import annotations

import logging
import math
import os
import shutil
from collections.abc import Callable, Sequence
from functools import partial
from heapq import heappushpop
from operator import attrgetter
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from tray_app.core.model.readings import Disk, Now, TempUsage
from tray_app.sources.background.scheduler import BackgroundScheduler, rest_after_s

INTERVAL_S = 2.0
LIVELY_INTERVAL_S = 0.5
"""The interval during work: a job ends with its files, and that should show within a second."""
STILL_MAX = 4
"""While idle each rest is twice the last, up to this many intervals."""
DEPTH_MAX = 32
"""The server's tree has two levels; each level of a walk keeps one descriptor open."""
NAMES_MAX = 16
RECENT_S = 120.0
"""Older files say nothing about the present: a job on slow storage did not touch its newest file
for 22 s, while the files of a worker that was killed stay for days (both seen on the real
server)."""
LIST_AGAIN_S = 60.0
"""The longest that growth of a file that had been untouched for RECENT_S can go unseen."""

_STAMP_SETTLES_NS = 2 * 10**9  # FAT's time stamps have steps of 2 s, others' are finer
_KNOWN_MAX = 10_000  # directories and lively files remembered, of 0.3 and 0.1 KB: 3 MB at most
# By descriptor, so that the walk does not follow a directory swapped for a symlink meanwhile.
_BY_DESCRIPTOR = os.open in os.supports_dir_fd and os.scandir in os.supports_fd
_O_DIRECTORY = getattr(os, "O_DIRECTORY", 0)
_O_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)
_HAS_BLOCKS = hasattr(os.stat_result, "st_blocks")
_size_of = attrgetter("st_blocks" if _HAS_BLOCKS else "st_size")
_BLOCK_BYTES = 512 if _HAS_BLOCKS else 1  # st_blocks' unit is not a file system's block
_MOUNT_POINT_TAG = 0xA0000003  # a Windows junction: a symlink in all but name

_Place = int | str  # an open directory: its descriptor, or its path where there are none

_log = logging.getLogger(__name__)


class TempWalker:
    """Calls ``report(usage)`` once per walk, in the thread of ``scheduler``.

    It reports None at the start of a rest, and for an unreadable directory. ``clock`` gives both
    times: files have Unix time.
    """

    def __init__(
        self,
        report: Callable[[TempUsage | None], None],
        scheduler: BackgroundScheduler,
        clock: Callable[[], Now],
        interval_s: float = INTERVAL_S,
    ) -> None:
        self._report = report
        self._scheduler = scheduler
        self._clock = clock
        self._interval_s = interval_s
        self._path: str | None = None
        self._is_lively = False
        self._is_closed = False
        self._may_walk_s = math.inf
        self._tree: TempTree | None = None
        self._before: TempUsage | None = None
        self._still = 1

    def watch(self, path: str | None, *, lively: bool = False) -> None:
        """Walk this directory from now on (None: rest). Returns at once; repeating costs nothing.

        Another path aborts the walk in progress and is walked at once. ``lively``: the server works
        there, so do not lengthen the rests.
        """
        if self._is_closed:
            return
        is_other, is_livelier = path != self._path, lively and not self._is_lively
        self._path, self._is_lively = path, lively
        if is_other:
            self._scheduler.make(self._walk)
        elif path and is_livelier:
            self._scheduler.make(self._walk, self._may_walk_s - self._clock().mono_s)

    def close(self) -> None:
        """Abort the walk in progress; waits at most 1 s for its end and reports nothing further."""
        self._is_closed = True
        self._scheduler.end(self._walk)

    def _wants(self, path: str | None) -> bool:
        return not self._is_closed and path == self._path

    def _walk(self) -> float:
        """Measure, report, and say how long to rest."""
        path, self._may_walk_s = self._path, math.inf
        if self._tree is None or self._tree.path != path:
            self._tree, self._before = TempTree(path) if path else None, None
        wanted = partial(self._wants, path)
        every_s = LIVELY_INTERVAL_S if self._is_lively else self._interval_s
        usage, rest_s = (
            self._measure(self._tree, wanted, min(every_s, self._interval_s))
            if self._tree
            else (None, math.inf)
        )
        is_still = usage is not None and self._before is not None and _alike(usage, self._before)
        self._still = min(2 * self._still, STILL_MAX) if is_still else 1
        self._before = usage
        if wanted():
            try:
                self._report(usage)
            except Exception:  # noqa: BLE001 - a receiver's mistake must not end the walks
                _log.exception("could not report the temp directory's figures")
        # Check `lively` only after that: `watch` sets them in the opposite order.
        self._may_walk_s = self._clock().mono_s + rest_s
        return rest_s if self._is_lively else max(rest_s, self._still * self._interval_s)

    def _measure(
        self, tree: TempTree, wanted: Callable[[], bool], interval_s: float
    ) -> tuple[TempUsage | None, float]:
        """The tree's figures, and how long to rest at least."""
        began = self._clock()
        usage = tree.measure(began.mono_s, began.wall_s, wanted)
        took_s = self._clock().mono_s - began.mono_s
        if usage:
            usage = replace(usage, disk=disk_of(tree.path))
        return usage, rest_after_s(took_s, interval_s)


def _alike(one: TempUsage, other: TempUsage) -> bool:
    """Whether nothing changed between two walks."""
    return (one.size_bytes, one.file_count, one.names) == (
        other.size_bytes,
        other.file_count,
        other.names,
    )


class _Directory(Struct):
    """The state of a directory: its settled files in sum, its lively ones by name."""

    stamp_ns: int | None = None  # None: list it again, as it was changing, or never listed
    listed_s: float = 0.0
    settled_size: int = 0
    settled_count: int = 0
    lively: Sequence[str] = ()
    below: dict[str, _Directory | None] = field(default_factory=dict)  # None: not remembered


class _Walk:
    """One walk's time and sums so far; sizes are in `_BLOCK_BYTES`."""

    __slots__ = (
        "file_count",
        "is_lively",
        "listed_after_s",
        "may_remember",
        "newest",
        "recent_s",
        "settled_before_ns",
        "size",
        "taken_s",
        "wanted",
    )

    def __init__(self, taken_s: float, wall_s: float, wanted: Callable[[], bool]) -> None:
        self.taken_s = taken_s
        self.listed_after_s = taken_s - LIST_AGAIN_S
        self.settled_before_ns = wall_s * 1e9 - _STAMP_SETTLES_NS
        self.recent_s = recent_s = wall_s - RECENT_S
        self.wanted = wanted
        self.size = self.file_count = 0
        self.is_lively = False
        self.may_remember = _KNOWN_MAX
        # A heap that is full from the start: files older than all in it are skipped.
        self.newest: list[tuple[float, str]] = [(recent_s, "")] * NAMES_MAX

    def enter(self, place: _Place, directory: _Directory, levels: int) -> None:
        """Count a directory's files, and those up to ``levels`` below.

        Raises OSError when the directory itself cannot be read.
        """
        try:
            stamp_ns = _stamp_ns(place)
            if stamp_ns != directory.stamp_ns or directory.listed_s <= self.listed_after_s:
                _list(self, place, stamp_ns, directory)
            elif directory.lively:
                _ask_lively(self, place, directory.lively)
            self._add_known(directory)
            if directory.below and levels:
                self._descend(place, directory.below, levels - 1)
        finally:
            _leave(place)

    def _descend(
        self, place: _Place, directories: dict[str, _Directory | None], levels: int
    ) -> None:
        for name, known in directories.items():
            if not self.wanted():
                break
            directory = known or _Directory()
            directories[name] = directory if self.may_remember > 0 else None
            try:
                if self._is_still(place, name, directory):
                    self._add_known(directory)
                else:
                    self.enter(_below(place, name), directory, levels)
            except OSError:  # vanished, forbidden, or no longer a directory
                continue

    def _is_still(self, place: _Place, name: str, directory: _Directory) -> bool:
        """Whether its time stamp shows that it need not be opened."""
        return (
            directory.stamp_ns is not None
            and not directory.lively
            and not directory.below
            and directory.listed_s > self.listed_after_s
            and directory.stamp_ns == _status(place, name).st_mtime_ns
        )

    def add_lively(self, size: int, file_count: int) -> None:
        self.is_lively = True
        self.size += size
        self.file_count += file_count

    def _add_known(self, directory: _Directory) -> None:
        self.size += directory.settled_size
        self.file_count += directory.settled_count
        self.may_remember -= 1 + len(directory.lively)


class TempTree:
    """A directory tree, measured again and again."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._top = _Directory()

    def measure(
        self, taken_s: float, wall_s: float, wanted: Callable[[], bool] = lambda: True
    ) -> TempUsage | None:
        """Disk bytes and number of all files, and the newest files' names, newest first.

        A missing directory is empty; an unreadable one is unknown: None. ``taken_s`` and ``wall_s``
        are this moment in monotonic and in Unix time. Stops early, with the figures so far, when
        ``wanted`` returns False. Sizes are apparent ones if the system does not count blocks.
        """
        walk = _Walk(taken_s, wall_s, wanted)
        try:
            # The directory itself may be a symlink (to a larger disk, say): the user chose it.
            top = os.open(self.path, os.O_RDONLY | _O_DIRECTORY) if _BY_DESCRIPTOR else self.path
            walk.enter(top, self._top, DEPTH_MAX - 1)
        except (FileNotFoundError, NotADirectoryError):
            return TempUsage(0, 0, taken_s)
        except (OSError, ValueError):
            return None
        newest = sorted(walk.newest, reverse=True) if walk.is_lively else ()
        names = tuple([name for _, name in newest if name])
        return TempUsage(walk.size * _BLOCK_BYTES, walk.file_count, taken_s, names)


def _list(walk: _Walk, place: _Place, stamp_ns: int, directory: _Directory) -> None:
    """List and stat all files, remember them, and add the lively ones to the walk's sums."""
    # Locals: this loop is the cost.
    size_of, recent_s, newest = _size_of, walk.recent_s, walk.newest
    settled_size = lively_size = seen = 0
    below: dict[str, _Directory | None] = {}
    lively: list[str] = []
    is_whole = True
    entries = os.scandir(place)  # it closes itself at its end
    for entry in entries:
        try:
            if entry.is_dir(follow_symlinks=False):
                if not _is_junction(entry):
                    below[entry.name] = directory.below.get(entry.name)
                continue
            status = entry.stat(follow_symlinks=False)
        except OSError:  # vanished since it was listed
            continue
        modified_s = status.st_mtime
        if modified_s <= recent_s:
            settled_size += size_of(status)
        else:
            lively_size += size_of(status)
            lively.append(entry.name)
            if modified_s >= newest[0][0]:
                heappushpop(newest, (modified_s, entry.name))
        seen += 1
        if not seen & 255 and not walk.wanted():
            entries.close()
            is_whole = False
            break
    if lively:
        walk.add_lively(lively_size, len(lively))
    is_settled = is_whole and stamp_ns < walk.settled_before_ns
    is_known = is_settled and len(lively) < walk.may_remember
    directory.stamp_ns = stamp_ns if is_known else None
    directory.listed_s = walk.taken_s
    directory.settled_size = settled_size
    directory.settled_count = seen - len(lively)
    directory.lively = lively if lively and is_known else ()
    directory.below = below


def _ask_lively(walk: _Walk, place: _Place, names: Sequence[str]) -> None:
    """Add a known directory's lively files to the walk's sums."""
    size_of, newest = _size_of, walk.newest
    size = file_count = 0
    for name in names:
        try:
            status = _status(place, name)
        except OSError:
            continue
        size += size_of(status)
        file_count += 1
        modified_s = status.st_mtime
        if modified_s >= newest[0][0]:
            heappushpop(newest, (modified_s, name))
    walk.add_lively(size, file_count)


def _stamp_ns(place: _Place) -> int:
    """When an entry was last added to, removed from or renamed in the directory."""
    status = os.fstat(place) if isinstance(place, int) else Path(place).stat()
    return status.st_mtime_ns


def _status(place: _Place, name: str) -> os.stat_result:
    return os.lstat(name, dir_fd=place) if isinstance(place, int) else Path(place, name).lstat()


def disk_of(path: str) -> Disk | None:
    """The directory's file system; None if the system does not report it."""
    try:
        total_bytes, _, free_bytes = shutil.disk_usage(path)
    except OSError:
        return None
    return Disk(total_bytes, free_bytes) if total_bytes > 0 else None


def _below(place: _Place, name: str) -> _Place:
    if isinstance(place, int):
        return os.open(name, os.O_RDONLY | _O_DIRECTORY | _O_NOFOLLOW, dir_fd=place)
    return str(Path(place, name))


def _leave(place: _Place) -> None:
    if isinstance(place, int):
        os.close(place)


def _is_junction(entry: os.DirEntry[str]) -> bool:
    # Python 3.11 has no DirEntry.is_junction; on Windows the status comes with the listing.
    if os.name != "nt":
        return False
    return getattr(entry.stat(follow_symlinks=False), "st_reparse_tag", 0) == _MOUNT_POINT_TAG
