"""The temp directory's walker."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from operator import attrgetter
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.needs import not_on_windows, not_on_wine
from tests.waiting import AMPLE_S, wait_for
from tray_app.core.model.readings import Now, TempUsage
from tray_app.sources.background import temp_dir
from tray_app.sources.background.scheduler import BackgroundScheduler
from tray_app.sources.background.temp_dir import (
    DEPTH_MAX,
    LIST_AGAIN_S,
    NAMES_MAX,
    RECENT_S,
    TempTree,
    TempWalker,
)

NOW_WALL_S = 1_800_000_000.0
LONG_AGO_S = NOW_WALL_S - 10 * 86400


@pytest.fixture(params=["by descriptor", "by path"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways of holding a directory; what the system cannot do is left out."""
    if request.param == "by path":
        monkeypatch.setattr(temp_dir, "_BY_DESCRIPTOR", False)
    elif not temp_dir._BY_DESCRIPTOR:
        pytest.skip("no directory descriptors on this system")
    return str(request.param)


def put(path: Path, size: int = 5000, modified_s: float = LONG_AGO_S) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)
    os.utime(path, (modified_s, modified_s))
    return path


def settle(*directories: Path) -> None:
    """Give directories an old time stamp, as if nothing had been added for long."""
    for directory in directories:
        os.utime(directory, (LONG_AGO_S, LONG_AGO_S))


def on_disk(*paths: Path) -> int:
    """What the kernel says that these files take."""
    return sum(getattr(p.lstat(), "st_blocks", 0) * 512 or p.lstat().st_size for p in paths)


def measured(tree: TempTree | Path, taken_s: float = 1.0) -> TempUsage:
    tree = tree if isinstance(tree, TempTree) else TempTree(str(tree))
    usage = tree.measure(taken_s, NOW_WALL_S)
    assert usage is not None
    return usage


@pytest.mark.usefixtures("way")
class TestWhatCounts:
    def test_all_files_of_a_tree_count_with_their_blocks(self, tmp_path: Path) -> None:
        """Every file at every depth counts with the disk space it takes."""
        files = [put(tmp_path / name) for name in ("upload.mp4", "a/processed.mp4", "a/b/c/d.jpg")]
        usage = measured(tmp_path, taken_s=12.5)
        assert usage == TempUsage(on_disk(*files), 3, 12.5)

    def test_a_sparse_file_counts_what_it_takes(self, tmp_path: Path) -> None:
        """The apparent size of a file with holes is not disk space."""
        if not temp_dir._HAS_BLOCKS:
            pytest.skip("this system does not count blocks")
        with (tmp_path / "holes").open("wb") as file:
            file.truncate(100 * 2**20)
        assert measured(tmp_path).size_bytes < 2**20

    def test_the_apparent_size_counts_where_there_are_no_blocks(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A system without st_blocks tells the file's length."""
        monkeypatch.setattr(temp_dir, "_size_of", attrgetter("st_size"))
        monkeypatch.setattr(temp_dir, "_BLOCK_BYTES", 1)
        put(tmp_path / "old", 5001)
        put(tmp_path / "new", 4001, NOW_WALL_S)
        settle(tmp_path)
        tree = TempTree(str(tmp_path))
        assert measured(tree, 1).size_bytes == measured(tree, 2).size_bytes == 9002

    def test_an_empty_directory_holds_nothing(self, tmp_path: Path) -> None:
        """No file, no byte."""
        assert measured(tmp_path) == TempUsage(0, 0, 1.0)

    @not_on_wine("a file has another error than no directory")
    def test_a_missing_directory_holds_nothing(self, tmp_path: Path) -> None:
        """A directory that is not there (yet) is no error."""
        put(tmp_path / "file")
        assert measured(tmp_path / "tmp") == TempUsage(0, 0, 1.0)
        assert measured(tmp_path / "file") == TempUsage(0, 0, 1.0)

    def test_an_impossible_path_is_unknown(self) -> None:
        """What cannot even be asked for has no figure."""
        assert TempTree("tmp\0").measure(1.0, NOW_WALL_S) is None

    @not_on_wine("it has no symlinks")
    def test_symlinks_are_not_followed(self, tmp_path: Path) -> None:
        """A link counts as the little file that it is, wherever it leads; loops end."""
        put(tmp_path / "elsewhere/large", 10**6)
        own = put(tmp_path / "tmp/own")
        (tmp_path / "tmp/file").symlink_to(tmp_path / "elsewhere/large")
        (tmp_path / "tmp/directory").symlink_to(tmp_path / "elsewhere")
        (tmp_path / "tmp/loop").symlink_to(tmp_path / "tmp")
        usage = measured(tmp_path / "tmp")
        assert usage.file_count == 4
        assert usage.size_bytes < 10**5
        assert usage.size_bytes >= on_disk(own)

    @not_on_wine("it has no symlinks")
    def test_the_directory_itself_may_be_a_symlink(self, tmp_path: Path) -> None:
        """Someone who moved tmp to a larger disk sees its figures all the same."""
        file = put(tmp_path / "large-disk/file")
        (tmp_path / "tmp").symlink_to(tmp_path / "large-disk")
        assert measured(tmp_path / "tmp") == TempUsage(on_disk(file), 1, 1.0)

    def test_odd_names_are_names(self, tmp_path: Path) -> None:
        """Names that are no text on a POSIX system do not stop the walk."""
        if os.name != "posix":
            pytest.skip("names are text here")
        try:
            put(tmp_path / os.fsdecode(b"d\xff") / os.fsdecode(b"f\xfe\n"))
        except OSError:
            pytest.skip("this file system takes text only")
        assert measured(tmp_path).file_count == 1

    def test_depth_is_bounded(self, tmp_path: Path) -> None:
        """What lies deeper than anybody's files is not looked for, and is no error."""
        deep = tmp_path.joinpath(*["d"] * (DEPTH_MAX - 1))
        put(deep / "within")
        put(deep / "d" / "d" / "beyond")
        assert measured(tmp_path).file_count == 1

    def test_nothing_stays_open(self, tmp_path: Path) -> None:
        """After a walk, whole or given up, no descriptor is left."""
        put(tmp_path / "a/b/c/file")
        before = os.dup(0)
        os.close(before)
        measured(tmp_path)
        TempTree(str(tmp_path)).measure(1.0, NOW_WALL_S, lambda: False)
        after = os.dup(0)
        os.close(after)
        assert after == before


class TestWhatVanishes:
    @pytest.mark.usefixtures("way")
    @not_on_windows("a listing has the sizes")
    def test_files_that_vanish_during_the_walk_do_not_count(self, tmp_path: Path) -> None:
        """A file that is listed and gone a moment later is no error."""
        for number in range(300):
            put(tmp_path / f"{number}", 10)

        def remove_all() -> bool:
            for file in tmp_path.iterdir():
                file.unlink()
            return True

        usage = TempTree(str(tmp_path)).measure(1.0, NOW_WALL_S, remove_all)
        assert usage is not None
        assert usage.file_count < 300

    @pytest.mark.usefixtures("way")
    def test_a_directory_that_vanishes_during_the_walk_is_not_there(self, tmp_path: Path) -> None:
        """A directory that is listed and gone when its turn comes is no error."""
        put(tmp_path / "file")
        (tmp_path / "gone").mkdir()

        def remove() -> bool:
            if (tmp_path / "gone").exists():
                (tmp_path / "gone").rmdir()
            return True

        usage = TempTree(str(tmp_path)).measure(1.0, NOW_WALL_S, remove)
        assert usage is not None
        assert usage.file_count == 1

    def test_a_directory_swapped_for_a_symlink_is_not_followed(self, tmp_path: Path) -> None:
        """Nobody can lead the walk elsewhere between the listing and the opening."""
        if not temp_dir._BY_DESCRIPTOR:
            pytest.skip("no directory descriptors on this system")
        put(tmp_path / "elsewhere/secret")
        (tmp_path / "tmp/swapped").mkdir(parents=True)

        def swap() -> bool:
            swapped = tmp_path / "tmp/swapped"
            if not swapped.is_symlink():
                swapped.rmdir()
                swapped.symlink_to(tmp_path / "elsewhere")
            return True

        usage = TempTree(str(tmp_path / "tmp")).measure(1.0, NOW_WALL_S, swap)
        assert usage is not None
        assert usage.file_count == 0

    def test_a_known_directory_swapped_for_a_symlink_is_not_followed(self, tmp_path: Path) -> None:
        """What was remembered of it does not count any more, nor what the link leads to."""
        if not temp_dir._BY_DESCRIPTOR:
            pytest.skip("no directory descriptors on this system")
        put(tmp_path / "elsewhere/secret")
        swapped = put(tmp_path / "tmp/swapped/file").parent
        settle(swapped, tmp_path / "tmp")
        tree = TempTree(str(tmp_path / "tmp"))
        assert measured(tree, 1).file_count == 1
        shutil.rmtree(swapped)
        swapped.symlink_to(tmp_path / "elsewhere")
        settle(tmp_path / "tmp")
        usage = tree.measure(2.0, NOW_WALL_S)
        assert usage is not None
        assert usage.file_count == 0

    def test_what_forbids_reading_is_left_out(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A forbidden directory below is skipped; a forbidden top is unknown, which is not 0."""
        put(tmp_path / "open/file")
        put(tmp_path / "forbidden/file")
        real = os.open

        def guarded(path: str, flags: int, **options: int) -> int:
            if Path(path).name == "forbidden":
                raise PermissionError(13, "Permission denied", path)
            return real(path, flags, **options)

        if not temp_dir._BY_DESCRIPTOR:
            pytest.skip("no directory descriptors on this system")
        with monkeypatch.context() as patch:
            patch.setattr(os, "open", guarded)
            usage = TempTree(str(tmp_path)).measure(1.0, NOW_WALL_S)
            top = TempTree(str(tmp_path / "forbidden")).measure(1.0, NOW_WALL_S)
        assert usage is not None
        assert usage.file_count == 1
        assert top is None

    @pytest.mark.usefixtures("way")
    def test_a_walk_that_nobody_wants_is_given_up(self, tmp_path: Path) -> None:
        """Not wanted any more, a walk ends within 256 files."""
        for number in range(600):
            put(tmp_path / f"{number}", 1)
        usage = TempTree(str(tmp_path)).measure(1.0, NOW_WALL_S, lambda: False)
        assert usage is not None
        assert usage.file_count == 256


@pytest.mark.usefixtures("way")
class TestDisk:
    def test_size_and_room_are_as_the_system_tells(self, tmp_path: Path) -> None:
        """What is free is what is left to a user, not to root."""
        disk, usage = temp_dir.disk_of(str(tmp_path)), shutil.disk_usage(tmp_path)
        assert disk is not None
        assert disk.total_bytes == usage.total
        assert disk.free_bytes == pytest.approx(usage.free, rel=0.05)

    def test_what_is_not_there_has_none(self, tmp_path: Path) -> None:
        """A directory that is gone tells of no disk."""
        assert temp_dir.disk_of(str(tmp_path / "gone")) is None


class TestNames:
    def test_the_newest_names_come_first(self, tmp_path: Path) -> None:
        """Of the files modified lately, at most 16 names, newest first, from any depth."""
        for age_s in range(20):
            put(tmp_path / f"sub{age_s % 3}" / f"file{age_s}", 1, NOW_WALL_S - age_s)
        assert measured(tmp_path).names == tuple(f"file{n}" for n in range(NAMES_MAX))

    def test_old_files_are_not_named(self, tmp_path: Path) -> None:
        """What a killed worker left behind counts, and says nothing of the present."""
        put(tmp_path / "run_faststart.mp4", 1, NOW_WALL_S - RECENT_S - 1)
        put(tmp_path / "thumbnail_run.jpg", 1, NOW_WALL_S - RECENT_S + 1)
        usage = measured(tmp_path)
        assert usage.file_count == 2
        assert usage.names == ("thumbnail_run.jpg",)

    def test_a_known_tree_names_the_same_files(self, tmp_path: Path) -> None:
        """Names come from a second walk as from the first."""
        put(tmp_path / "thumbnail_run.jpg", 1, NOW_WALL_S)
        settle(tmp_path)
        tree = TempTree(str(tmp_path))
        assert measured(tree, 1).names == measured(tree, 2).names == ("thumbnail_run.jpg",)


@pytest.mark.usefixtures("way")
class TestWalkingAgain:
    def test_growth_of_a_recent_file_is_seen_at_once(self, tmp_path: Path) -> None:
        """A video that is being written is asked for its size at each walk."""
        video = put(tmp_path / "processed_run.mp4", 5000, NOW_WALL_S)
        settle(tmp_path)
        tree = TempTree(str(tmp_path))
        first = measured(tree, 1)
        put(video, 50_000, NOW_WALL_S)
        settle(tmp_path)
        assert measured(tree, 2).size_bytes == on_disk(video) > first.size_bytes

    def test_files_that_come_and_go_are_seen_at_once(self, tmp_path: Path) -> None:
        """The directory's own time stamp tells of it."""
        put(tmp_path / "sub/old")
        settle(tmp_path / "sub", tmp_path)
        tree = TempTree(str(tmp_path))
        assert measured(tree, 1).file_count == 1
        put(tmp_path / "sub/second")
        assert measured(tree, 2).file_count == 2
        (tmp_path / "sub/old").unlink()
        (tmp_path / "sub/second").unlink()
        assert measured(tree, 3).file_count == 0

    def test_a_stamp_that_may_not_be_its_last_is_not_trusted(self, tmp_path: Path) -> None:
        """A directory that changed less than 2 s ago is listed again: stamps are coarse."""
        put(tmp_path / "first")
        os.utime(tmp_path, (NOW_WALL_S - 1, NOW_WALL_S - 1))
        tree = TempTree(str(tmp_path))
        assert measured(tree, 1).file_count == 1
        put(tmp_path / "second")
        os.utime(tmp_path, (NOW_WALL_S - 1, NOW_WALL_S - 1))
        assert measured(tree, 2).file_count == 2

    def test_a_settled_file_is_asked_once_a_minute(self, tmp_path: Path) -> None:
        """Growth of a file that was untouched for long is seen within a minute."""
        olds = [put(tmp_path / name, 5000) for name in ("old", "sub/old")]
        settle(tmp_path / "sub", tmp_path)
        tree = TempTree(str(tmp_path))
        before = measured(tree, 0)
        for old in olds:
            with old.open("ab") as file:
                file.write(b"x" * 50_000)
        assert measured(tree, LIST_AGAIN_S - 1).size_bytes == before.size_bytes
        assert measured(tree, LIST_AGAIN_S).size_bytes == on_disk(*olds) > before.size_bytes

    def test_a_recent_file_that_vanished_does_not_count(self, tmp_path: Path) -> None:
        """Even where the directory's stamp says that nothing changed."""
        put(tmp_path / "old")
        put(tmp_path / "new", 1, NOW_WALL_S)
        settle(tmp_path)
        tree = TempTree(str(tmp_path))
        assert measured(tree, 1).file_count == 2
        (tmp_path / "new").unlink()
        settle(tmp_path)
        usage = measured(tree, 2)
        assert (usage.file_count, usage.names) == (1, ())

    @pytest.mark.parametrize("known_max", [temp_dir._KNOWN_MAX, 30, 7, 0])
    def test_a_known_tree_says_what_a_fresh_walk_says(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, known_max: int
    ) -> None:
        """Memory of a tree changes the cost, not the figures, also beyond what is remembered."""
        monkeypatch.setattr(temp_dir, "_KNOWN_MAX", known_max)
        for number in range(25):
            put(tmp_path / "lively" / f"{number}", 10, NOW_WALL_S)
        for number in range(40):
            put(tmp_path / f"{number % 7}" / "deep" / f"{number}", number * 1000)
        settle(*(path for path in tmp_path.rglob("*") if path.is_dir()), tmp_path)
        tree = TempTree(str(tmp_path))
        first, again, fresh = measured(tree), measured(tree), measured(tmp_path)
        assert first == again == fresh
        assert first.file_count == 65

    def test_memory_is_bounded(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Neither many directories nor many new files make the monitor grow."""
        monkeypatch.setattr(temp_dir, "_KNOWN_MAX", 10)
        for number in range(20):
            put(tmp_path / "old" / f"{number}" / "file")
            put(tmp_path / f"new{number}", 10, NOW_WALL_S)
        settle(*(path for path in tmp_path.rglob("*") if path.is_dir()), tmp_path)
        tree = TempTree(str(tmp_path))
        assert measured(tree).file_count == 40
        assert not tree._top.lively
        old = tree._top.below["old"]
        assert old is not None
        assert 0 < sum(known is not None for known in old.below.values()) < 10

    def test_what_rests_is_not_opened(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
    ) -> None:
        """A known directory with only old files needs one stat."""
        put(tmp_path / "still" / "old")
        put(tmp_path / "above" / "still" / "old")
        put(tmp_path / "busy" / "new", 1, NOW_WALL_S)
        settle(*(path for path in tmp_path.rglob("*") if path.is_dir()), tmp_path)
        tree = TempTree(str(tmp_path))
        first = measured(tree)
        opened: list[str] = []
        real = temp_dir._below

        def noted(place: int | str, name: str) -> int | str:
            opened.append(name)
            return real(place, name)

        monkeypatch.setattr(temp_dir, "_below", noted)
        assert measured(tree) == first
        assert sorted(opened) == ["above", "busy"]

    def test_half_a_listing_is_not_remembered(self, tmp_path: Path) -> None:
        """After a walk that was given up the next one finds all files."""
        for number in range(300):
            put(tmp_path / f"{number}", 1)
        settle(tmp_path)
        tree = TempTree(str(tmp_path))
        given_up = tree.measure(1.0, NOW_WALL_S, lambda: False)
        assert given_up is not None
        assert given_up.file_count == 256
        assert measured(tree, 2.0).file_count == 300


class Heard:
    """What a walker reported, with its thread's name."""

    def __init__(self) -> None:
        self.reports: list[TempUsage | None] = []
        self.threads: set[str] = set()

    def __call__(self, usage: TempUsage | None) -> None:
        self.threads.add(threading.current_thread().name)
        self.reports.append(usage)

    def counts(self) -> list[int | None]:
        return [None if usage is None else usage.file_count for usage in self.reports]


@pytest.fixture
def heard() -> Heard:
    return Heard()


MakeWalker = Callable[..., TempWalker]


@pytest.fixture
def make_walker(heard: Heard) -> Iterator[MakeWalker]:
    """Makes walkers on a clock that stands still; they are closed with the test."""
    walkers: list[TempWalker] = []

    def make(
        report: Callable[[TempUsage | None], None] = heard, interval_s: float = 3600.0
    ) -> TempWalker:
        scheduler = BackgroundScheduler(time.monotonic)
        walker = TempWalker(report, scheduler, lambda: Now(7.0, NOW_WALL_S), interval_s)
        walkers.append(walker)
        return walker

    yield make
    for walker in walkers:
        walker.close()


def walker_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "background"]


class TestWalker:
    def test_a_watched_directory_is_reported(
        self, tmp_path: Path, heard: Heard, make_walker: MakeWalker
    ) -> None:
        """Figures come from a thread of their own, with the moment the walk began."""
        file = put(tmp_path / "file")
        make_walker().watch(str(tmp_path))
        wait_for(lambda: heard.reports, "a report")
        (usage,) = heard.reports
        assert usage is not None
        assert replace(usage, disk=None) == TempUsage(on_disk(file), 1, 7.0)
        total_bytes = shutil.disk_usage(tmp_path).total
        assert usage.disk is not None
        assert usage.disk.total_bytes == total_bytes > usage.disk.free_bytes > 0
        assert heard.threads == {"background"}

    def test_watching_the_same_again_does_nothing(
        self, tmp_path: Path, heard: Heard, make_walker: MakeWalker
    ) -> None:
        """The engine may say at each tick what it wants."""
        walker = make_walker()
        for _ in range(100):
            walker.watch(str(tmp_path))
        wait_for(lambda: heard.reports, "a report")
        walker.watch(None)
        wait_for(lambda: heard.reports[-1] is None, "the rest")
        assert heard.counts() == [0, None]

    def test_it_walks_again_and_again(
        self, tmp_path: Path, heard: Heard, make_walker: MakeWalker
    ) -> None:
        """At its interval, when walks are cheap."""
        make_walker(interval_s=0.01).watch(str(tmp_path))
        put(tmp_path / "file")
        wait_for(lambda: heard.counts()[-3:] == [1, 1, 1], "three walks that see the file")

    def test_a_still_tree_is_walked_less_often_until_somebody_works(
        self,
        tmp_path: Path,
        heard: Heard,
        make_walker: MakeWalker,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Rests grow while nothing changes; work on the server ends such a rest at once."""
        monkeypatch.setattr(temp_dir, "STILL_MAX", 1e9)
        walker = make_walker(interval_s=1e-3)
        walker.watch(str(tmp_path))
        wait_for(lambda: len(heard.reports) == 10, "a rest of half a second")
        known = len(heard.reports)
        walker.watch(str(tmp_path), lively=True)
        wait_for(lambda: len(heard.reports) > known + 20, "walks at the interval")

    def test_another_directory_is_walked_at_once(
        self, tmp_path: Path, heard: Heard, make_walker: MakeWalker
    ) -> None:
        """A change does not wait for the end of a rest."""
        put(tmp_path / "b/file")
        walker = make_walker()
        walker.watch(str(tmp_path / "a"))
        wait_for(lambda: heard.counts() == [0], "the missing directory")
        walker.watch(str(tmp_path / "b"))
        wait_for(lambda: heard.counts() == [0, 1], "the other directory")

    def test_resting_takes_the_figure_back(
        self, tmp_path: Path, heard: Heard, make_walker: MakeWalker
    ) -> None:
        """Nothing is reported but None until something is watched again."""
        walker = make_walker(interval_s=0.01)
        walker.watch(str(tmp_path))
        wait_for(lambda: heard.reports, "a report")
        walker.watch(None)
        wait_for(lambda: heard.reports[-1] is None, "the rest")
        walker.watch(str(tmp_path))
        wait_for(lambda: heard.reports[-1] is not None, "the walks to go on")
        assert heard.reports.count(None) == 1

    def test_a_walker_with_nothing_to_do_has_no_thread(self, make_walker: MakeWalker) -> None:
        """Remote servers cost nothing."""
        before = set(walker_threads())
        make_walker().watch(None)
        assert set(walker_threads()) <= before

    def test_a_receivers_mistake_does_not_end_the_walks(
        self, tmp_path: Path, make_walker: MakeWalker, caplog: pytest.LogCaptureFixture
    ) -> None:
        """It is logged, and the next walk is reported again."""
        calls: list[TempUsage | None] = []

        def clumsy(usage: TempUsage | None) -> None:
            calls.append(usage)
            if len(calls) == 1:
                raise RuntimeError("oops")

        make_walker(clumsy, 0.01).watch(str(tmp_path))
        wait_for(lambda: len(calls) > 2, "further reports")
        assert "could not report" in caplog.text

    def test_closing_ends_a_walk_under_way(
        self,
        tmp_path: Path,
        heard: Heard,
        make_walker: MakeWalker,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """The thread ends, and the half figure is not reported."""
        walking = threading.Event()

        def endless(walk: temp_dir._Walk, *_: object) -> None:
            walking.set()
            wait_for(lambda: not walk.wanted(), "an end of the walk")

        monkeypatch.setattr(temp_dir, "_list", endless)
        walker = make_walker()
        walker.watch(str(tmp_path))
        assert walking.wait(AMPLE_S)
        thread = walker_threads()[-1]
        walker.close()
        wait_for(lambda: not thread.is_alive(), "the thread's end")
        assert heard.reports == []

    def test_a_closed_walker_does_nothing(
        self, tmp_path: Path, heard: Heard, make_walker: MakeWalker
    ) -> None:
        """Closing twice, or watching afterwards, is harmless."""
        walker = make_walker()
        walker.close()
        walker.close()
        walker.watch(str(tmp_path))
        assert heard.reports == []
