"""The writer: what it was given is on disk soon, whatever happens to disk, file or program."""

from __future__ import annotations

import queue
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.history.made import T0, sample
from tests.waiting import AMPLE_S, wait_for
from tray_app.core.history.records import GapRecord
from tray_app.core.history.thinning import Spans
from tray_app.history import database, files, writer
from tray_app.history.database import History
from tray_app.history.writer import HistoryWriter

END_S = T0 + 10**9
KILLS = 50


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "COMMIT_EVERY_S", 0.02)
    monkeypatch.setattr(writer, "RETRY_AFTER_S", 0.05)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.sqlite3"


@pytest.fixture
def started(path: Path) -> Iterator[Callable[..., HistoryWriter]]:
    """Starts writers, which end with the test."""
    made: list[HistoryWriter] = []

    def start(**given: object) -> HistoryWriter:
        each = HistoryWriter(path, clock=time.time, **given)  # type: ignore[arg-type]
        each.start()
        made.append(each)
        return each

    yield start
    for each in made:
        each.close(AMPLE_S)


def times(path: Path) -> list[float]:
    return [each.at_s - T0 for each in History(path).samples(0.0, END_S)]


def test_what_it_is_given_is_written_soon(
    path: Path, started: Callable[..., HistoryWriter]
) -> None:
    """Within the time of a batch, and without an end."""
    started().add(sample(1), sample(3))
    wait_for(lambda: times(path) == [1, 3], "two samples on disk")


def test_who_looks_need_not_wait_for_the_batch(
    path: Path, started: Callable[..., HistoryWriter], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What waits is written at once, and what comes after it soon."""
    monkeypatch.setattr(writer, "COMMIT_EVERY_S", 3600.0)
    monkeypatch.setattr(writer, "WATCHED_EVERY_S", 0.02)
    monkeypatch.setattr(writer, "WATCHED_FOR_S", 3600.0)
    each = started()
    each.add(sample(1))
    each.watched()
    wait_for(lambda: times(path) == [1], "what waited is on disk")
    each.add(sample(3))
    wait_for(lambda: times(path) == [1, 3], "the next one as well")


def test_its_end_writes_what_is_left(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also what came just before."""
    monkeypatch.setattr(writer, "COMMIT_EVERY_S", 60.0)
    each = HistoryWriter(path, clock=time.time)
    each.start()
    each.add(sample(1))
    each.close(AMPLE_S)
    assert times(path) == [1]


def test_the_time_between_two_runs_is_a_gap(
    path: Path, started: Callable[..., HistoryWriter]
) -> None:
    """A restart within seconds is none."""
    for at_s in (1, 5, 100):
        each = started()
        each.add(sample(at_s))
        each.close(AMPLE_S)
    assert list(History(path).gaps(0.0, END_S)) == [GapRecord(T0 + 5, T0 + 100, "off")]


def test_what_is_too_old_is_thinned(path: Path, started: Callable[..., HistoryWriter]) -> None:
    """A minute's row stays when its samples go."""
    spans = Spans(samples_s=60.0)
    now_s = time.time() - T0
    each = started(spans=spans)
    each.add(sample(now_s - 3600), sample(now_s))
    wait_for(lambda: len(times(path)) == 1, "the old sample gone")
    assert [row.count for row in History(path).spans(60.0, 0.0, END_S)] == [1]


def test_a_file_that_grows_too_large_loses_its_oldest_samples(
    path: Path, started: Callable[..., HistoryWriter], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However short the interval is. Their minutes stay."""
    monkeypatch.setattr(database, "DELETED_AT_ONCE", 100)
    now_s = time.time() - T0
    each = started(max_bytes=200_000)
    each.add(*(sample(now_s - 3000 + second, stage="x" * 400) for second in range(900)))
    each.add(sample(now_s))

    def is_small() -> bool:
        each.add(sample(now_s))
        return 1 < len(times(path)) < 500

    wait_for(is_small, "the oldest are gone")
    assert times(path)[-1] == pytest.approx(now_s, abs=0.01)
    assert sum(row.count for row in History(path).spans(60.0, 0.0, END_S)) == 900


def full(*_: object) -> None:
    raise sqlite3.OperationalError("database or disk is full")


def test_a_file_that_disappears_or_breaks_ends_nothing(
    path: Path, started: Callable[..., HistoryWriter], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told once, what waits is kept, and recording goes on by itself."""
    told: list[str] = []
    each = started(told=told.append)
    each.add(sample(1))
    wait_for(lambda: times(path) == [1], "the first sample")
    real = database.add
    monkeypatch.setattr(database, "add", full)
    each.add(sample(3))
    each.add(sample(5))
    wait_for(lambda: told == ["database or disk is full"], "the problem told")
    monkeypatch.setattr(database, "add", real)
    each.add(sample(7))
    wait_for(lambda: times(path) == [1, 3, 5, 7], "all of them")
    wait_for(lambda: told == ["database or disk is full", ""], "the end of it told")


def test_while_nothing_can_be_written_it_keeps_the_newest(
    path: Path, started: Callable[..., HistoryWriter], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory is not the price of a full disk."""
    monkeypatch.setattr(writer, "QUEUE_MAX", 3)
    real = database.add
    monkeypatch.setattr(database, "add", full)
    told: list[str] = []
    each = started(told=told.append)
    each.add(*(sample(at_s) for at_s in range(10)))
    wait_for(lambda: told, "a problem")
    monkeypatch.setattr(database, "add", real)
    each.add(sample(10))
    wait_for(lambda: 10 in times(path), "what was kept")
    assert times(path)[0] >= 7


def test_what_could_not_be_written_is_tried_again(
    path: Path, started: Callable[..., HistoryWriter], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Although nothing new comes, as in a pause; and that it goes on is told."""
    real = database.add
    monkeypatch.setattr(database, "add", full)
    told: list[str] = []
    started(told=told.append).add(sample(1))
    wait_for(lambda: told, "a problem")
    monkeypatch.setattr(database, "add", real)
    wait_for(lambda: times(path) == [1], "what was kept")
    wait_for(lambda: told[-1] == "", "the good news")


LIMITED = """
import resource, signal, sys, time
from pathlib import Path
from tests.history.made import sample
from tray_app.history import writer
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
writer.COMMIT_EVERY_S = writer.RETRY_AFTER_S = 0.02
told = []
each = writer.HistoryWriter(Path(sys.argv[1]), clock=time.time, told=told.append)
each.start()
each.add(sample(1))
def until(reached):
    ends_s = time.monotonic() + 50
    while not reached():
        assert time.monotonic() < ends_s, told
        time.sleep(0.01)
until(Path(sys.argv[1]).is_file)
resource.setrlimit(resource.RLIMIT_FSIZE, (64 * 1024, resource.RLIM_INFINITY))
number = 1
while not told:
    number += 1
    each.add(sample(number, stage="x" * 500))
    time.sleep(0.001)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
each.add(sample(number + 1))
until(lambda: told[-1] == "")
each.close(50)
print(number + 1, told)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits of a process are POSIX")
def test_a_disk_that_is_really_full_loses_nothing(path: Path) -> None:
    """The kernel refuses the write; once there is room, all that waited is written."""
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, path], capture_output=True, text=True, timeout=AMPLE_S
    )
    assert done.returncode == 0, done.stderr
    count, _, told = done.stdout.partition(" ")
    assert len(times(path)) == int(count), told
    assert "''" in told


WRITES = """
import itertools, sys, time
from pathlib import Path
from tests.history.made import T0, sample
from tray_app.history import writer
writer.COMMIT_EVERY_S = 0.05
each = writer.HistoryWriter(Path(sys.argv[1]), clock=time.time)
def say(word, number):
    sys.stdout.write(f"{word} {number}\\n")  # whole: two threads speak
    sys.stdout.flush()
write = each._write
def tell():
    newest = round(each._waiting[-1].at_s - T0) if each._waiting else None
    write()
    if newest is not None and not each._waiting:
        say("written", newest)
each._write = tell
each.start()
for number in itertools.count(int(sys.argv[2])):
    each.add(sample(number))
    say("given", number)
    time.sleep(0.002)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is POSIX")
def test_kill_9_at_any_moment_loses_the_last_batch_at_most(path: Path) -> None:
    """Fifty times, one after the other, into one file."""
    moments = random.Random(1)
    first = 0
    for _ in range(KILLS):
        with subprocess.Popen(
            [sys.executable, "-c", WRITES, path, str(first)], stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout
            given = [process.stdout.readline()]
            until_s = time.monotonic() + moments.uniform(0.0, 0.25)
            while time.monotonic() < until_s:
                given.append(process.stdout.readline())
            process.send_signal(signal.SIGKILL)
            given += [line for line in process.stdout if line.endswith("\n")]
        said = [line.split() for line in given]
        numbers = [int(number) for word, number in said if word == "given"]
        told = [int(number) for word, number in said if word == "written"]
        written = set(times(path)) if path.exists() else set()
        missing = [number for number in numbers if number not in written]
        # What is missing came last, and after the last batch that was written.
        assert missing == numbers[len(numbers) - len(missing) :]
        assert not missing or not told or missing[0] > told[-1]
        first = numbers[-1] + 1
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert not list(path.parent.glob("*unusable*"))


class TestForgetting:
    def test_all_is_deleted_and_recording_goes_on(self, tmp_path: Path) -> None:
        """Also what was handed in just before; the same writer begins a new file."""
        path = tmp_path / "h.sqlite3"
        begun = HistoryWriter(path, clock=lambda: T0)
        begun.start()
        done: queue.SimpleQueue[str] = queue.SimpleQueue()
        begun.add(sample(0))
        begun.forget(done.put)
        assert done.get(timeout=AMPLE_S) == ""
        assert list(tmp_path.iterdir()) == []
        begun.add(sample(2))
        begun.close(AMPLE_S)
        assert [each.at_s for each in History(path).samples(0.0, T0 + 99)] == [T0 + 2]

    @pytest.mark.skipif(sys.platform == "win32", reason="Windows deletes no file that is open")
    def test_a_file_that_somebody_deleted_is_begun_again(self, tmp_path: Path) -> None:
        """Another process may delete it at any time: nothing of the old one comes back."""
        path = tmp_path / "h.sqlite3"
        gone: list[bool] = []
        begun = HistoryWriter(path, clock=lambda: T0, gone=lambda: gone.append(True))
        begun._waiting = [sample(0)]
        begun._write()
        assert gone == []
        files.delete(path)
        begun._waiting = [sample(2)]
        begun._write()
        assert gone == [True]
        assert [each.at_s for each in History(path).samples(0.0, T0 + 99)] == [T0 + 2]
        begun._close()
