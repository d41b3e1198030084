"""What memory is the server's own: the kernel's figures, off the sampling path."""

from __future__ import annotations

import os
import queue
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.sources.running import Spawn, end, spawner
from tests.waiting import wait_for
from tray_app.core.readings import MIB, OwnMemory
from tray_app.sources.machine import shares
from tray_app.sources.ownership import OwnMemoryReader
from tray_app.sources.process import full_info
from tray_app.sources.slowly import SlowReadings
from tray_app.sources.table import Shares

LIMIT_S = 5.0


@pytest.fixture
def spawn(tmp_path: Path) -> Iterator[Spawn]:
    """Starts scripts; they are ended with the test."""
    with spawner(tmp_path) as started:
        yield started


class Reader:
    """A reader with a table of figures, its reports and who was asked. Its clock stands still."""

    def __init__(self, figures: dict[int, Shares], every_s: float = 3600.0) -> None:
        self.figures = figures
        self.reports: queue.SimpleQueue[OwnMemory] = queue.SimpleQueue()
        self.asked: list[int] = []
        self.threads: set[str] = set()
        self.now_s = 10.0
        self.before_answer: Callable[[], None] = lambda: None
        slowly = SlowReadings(time.monotonic)
        self.reader = OwnMemoryReader(
            self.reports.put, slowly, self._shares, lambda: self.now_s, every_s
        )

    def _shares(self, pid: int) -> Shares | None:
        self.threads.add(threading.current_thread().name)
        self.asked.append(pid)
        self.before_answer()
        return self.figures.get(pid)

    def next(self) -> OwnMemory:
        return self.reports.get(timeout=LIMIT_S)


@pytest.fixture
def made() -> Iterator[Callable[..., Reader]]:
    """Makes readers that are closed with the test."""
    readers = []

    def make(*arguments: object) -> Reader:
        readers.append(Reader(*arguments))  # type: ignore[arg-type]
        return readers[-1]

    yield make
    for each in readers:
        each.reader.close()


def test_the_trees_own_memory_is_the_sum(made: Callable[..., Reader]) -> None:
    """Without who is gone; asked off the sampling path, told with its root and its moment."""
    told = made({1: Shares(10, 15), 2: Shares(20, 25)})
    told.reader.watch((1, 2, 3))
    assert told.next() == OwnMemory(1, 30, 40, 10.0)
    assert told.asked == [1, 2, 3]
    assert told.threads == {"slowly"}


def test_a_share_that_one_does_not_tell_is_unknown(made: Callable[..., Reader]) -> None:
    """A sum with a part missing would be wrong."""
    told = made({1: Shares(10, None), 2: Shares(20, 25)})
    told.reader.watch((1, 2))
    assert told.next().pss_bytes is None


def test_who_may_not_be_asked_is_not_reported(made: Callable[..., Reader]) -> None:
    """Another root is asked at once, and then reported."""
    told = made({2: Shares(20, 25)})
    told.reader.watch((1,))
    wait_for(lambda: told.asked == [1], "the first is asked")
    told.reader.watch((2,))
    assert told.next().target_pid == 2
    assert told.reports.empty()


def test_another_member_waits_until_it_is_time(made: Callable[..., Reader]) -> None:
    """Children come and go at each reading: that alone asks nobody."""
    told = made({1: Shares(10, 15), 2: Shares(20, 25)}, 0.5)
    told.reader.watch((1,))
    first = told.next()
    told.reader.watch((1, 2))
    assert (first.uss_bytes, told.next().uss_bytes) == (10, 30)
    assert told.asked == [1, 1, 2]


def test_it_is_asked_again_after_the_interval(made: Callable[..., Reader]) -> None:
    """Without another word."""
    told = made({1: Shares(10, 15)}, 0.01)
    told.reader.watch((1,))
    assert [told.next().uss_bytes for _ in range(3)] == [10] * 3


def test_a_costly_answer_is_followed_by_a_long_rest(made: Callable[..., Reader]) -> None:
    """A hundred times as long: after 1 s of work none comes for 100 s."""
    told = made({1: Shares(10, 15)}, 0.01)

    def work() -> None:
        told.now_s += 1.0

    told.before_answer = work
    told.reader.watch((1,))
    told.next()
    with pytest.raises(queue.Empty):
        told.reports.get(timeout=0.2)
    assert told.asked == [1]


def test_after_closing_nothing_is_asked(made: Callable[..., Reader]) -> None:
    """And its thread has ended; closing twice is allowed."""
    told = made({1: Shares(10, 15)})
    told.reader.watch((1,))
    told.next()
    told.reader.close()
    told.reader.close()
    told.reader.watch((2,))
    assert told.asked == [1]
    assert "slowly" not in {thread.name for thread in threading.enumerate()}


def test_the_kernels_figures_are_psutils(spawn: Spawn) -> None:
    """What a process has taken for itself is its own; what is gone has nothing."""
    process = spawn("held = bytearray(os.urandom(1 << 20) * 64)\nsaid('ready')\nrest()\n")
    reference = psutil.Process(process.pid)
    wait_for(lambda: reference.status() == psutil.STATUS_SLEEPING, "the script is at rest")
    found, full = shares(process.pid), reference.memory_full_info()
    assert found is not None
    assert found.uss_bytes > 64 * MIB
    assert found.uss_bytes == pytest.approx(full.uss, rel=0.02)
    portable = full_info(process.pid)
    assert portable is not None
    assert portable.uss_bytes == pytest.approx(full.uss, rel=0.02)
    if sys.platform == "linux":
        assert found.pss_bytes == pytest.approx(full.pss, rel=0.02)
        assert full.uss <= full.pss <= full.rss
    end(process)
    assert shares(process.pid) is None
    assert full_info(process.pid) is None


@pytest.mark.skipif(os.name != "posix", reason="forks")
def test_memory_in_common_is_nobodys_own(spawn: Spawn) -> None:
    """A forked child has its parent's pages without owning one of them; PSS splits them."""
    code = (
        "held = bytearray(os.urandom(1 << 20) * 64)\n"
        "child = os.fork()\nif not child: rest()\nsaid('ready')\nrest()\n"
    )
    process = spawn(code)
    found = shares(process.pid)
    assert found is not None
    assert found.uss_bytes < 32 * MIB
    if sys.platform == "linux":
        assert found.pss_bytes is not None
        assert 32 * MIB <= found.pss_bytes < 60 * MIB
