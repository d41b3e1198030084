"""What memory is the server's own: the kernel's figures, off the sampling path."""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from msgspec.structs import replace

from tests.needs import not_on_windows
from tests.ports import free_port
from tests.sources.running import Spawn, end, spawner
from tests.waiting import AMPLE_S, wait_for
from tray_app.core.analysis.shared_memory import corrected
from tray_app.core.model.process_finding import Evidence, EvidenceKind
from tray_app.core.model.readings import (
    MIB,
    MemoryKind,
    ProcessReading,
    ProcessRow,
    Role,
    Sharing,
    Target,
    UssPss,
)
from tray_app.sources.background import uss_pss
from tray_app.sources.background.scheduler import BackgroundScheduler
from tray_app.sources.background.uss_pss import UssPssReader
from tray_app.sources.processes.host import process_table, shares
from tray_app.sources.processes.process_table import Shares
from tray_app.sources.processes.psutil_table import full_info
from tray_app.sources.processes.tree import ServerTree


def row(pid: int, rss_mb: float = 1, name: str = "python", faulted_mb: float = 0) -> ProcessRow:
    """A process of a tree. Of less than 8 MB nobody waits to hear."""
    rss_bytes, faulted_bytes = round(rss_mb * MIB), round(faulted_mb * MIB)
    child = ProcessRow(pid, name, Role.CHILD, rss_bytes, 0.0, float(pid))
    return replace(child, faulted_bytes=faulted_bytes)


def rows(*pids: int) -> tuple[ProcessRow, ...]:
    """Small ones."""
    return tuple(row(pid) for pid in pids)


def mb(own: float, pss: float | None, rss: float) -> Shares:
    return Shares(round(own * MIB), None if pss is None else round(pss * MIB), round(rss * MIB))


@pytest.fixture
def spawn(tmp_path: Path) -> Iterator[Spawn]:
    """Starts scripts; they are ended with the test."""
    with spawner(tmp_path, stdin=True) as started:
        yield started


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A measurement that is waited for comes, however busy the machine is."""
    monkeypatch.setattr(uss_pss, "PATIENCE_S", AMPLE_S)


class Reader:
    """A reader with a table of figures, its reports and who was asked. Its clock stands still."""

    def __init__(self, figures: dict[int, Shares], every_s: float = 3600.0) -> None:
        self.figures = figures
        self.reports: queue.SimpleQueue[UssPss] = queue.SimpleQueue()
        self.asked: list[int] = []
        self.threads: set[str] = set()
        self.now_s = 10.0
        self.cpu_s = 0.0
        self.before_answer: Callable[[], None] = lambda: None
        scheduler = BackgroundScheduler(time.monotonic)
        self.reader = UssPssReader(
            self.reports.put,
            scheduler,
            self._shares,
            clock=lambda: self.now_s,
            cpu_clock=lambda: self.cpu_s,
            every_s=every_s,
        )

    def _shares(self, pid: int) -> Shares | None:
        self.threads.add(threading.current_thread().name)
        self.asked.append(pid)
        self.before_answer()
        return self.figures.get(pid)

    def next(self) -> UssPss:
        return self.reports.get(timeout=AMPLE_S)


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
    """Without ended processes; measured in another thread, reported with root and time."""
    told = made({1: Shares(10, 15, 20), 2: Shares(20, 25, 30)})
    told.reader.watch(rows(1, 2, 3))
    assert told.next() == UssPss(1, 30, 40, 10.0)
    assert told.asked == [1, 2, 3]
    assert told.threads == {"background"}


def test_a_share_that_one_does_not_tell_is_unknown(made: Callable[..., Reader]) -> None:
    """A sum with a part missing would be wrong."""
    told = made({1: Shares(10, None, 20), 2: Shares(20, 25, 30)})
    told.reader.watch(rows(1, 2))
    assert told.next().pss_bytes is None


def test_who_may_not_be_asked_is_not_reported(made: Callable[..., Reader]) -> None:
    """Another root is asked at once, and then reported."""
    told = made({2: Shares(20, 25, 30)})
    told.reader.watch(rows(1))
    wait_for(lambda: told.asked == [1], "the first is asked")
    told.reader.watch(rows(2))
    assert told.next().target_pid == 2
    assert told.reports.empty()


def test_a_small_member_waits_until_it_is_time(made: Callable[..., Reader]) -> None:
    """Children come and go at each reading: one that has little asks nobody."""
    told = made({1: Shares(10, 15, 20), 2: Shares(20, 25, 30)}, 0.5)
    told.reader.watch(rows(1))
    first = told.next()
    told.now_s += 0.1
    told.reader.watch(rows(1, 2))
    assert (first.uss_bytes, told.next().uss_bytes) == (10, 30)
    assert told.asked == [1, 2]


def test_it_is_asked_again_after_the_interval(made: Callable[..., Reader]) -> None:
    """Without another word."""
    told = made({1: Shares(10, 15, 20)}, 0.01)
    told.reader.watch(rows(1))
    assert [told.next().uss_bytes for _ in range(3)] == [10] * 3


def test_a_costly_answer_is_followed_by_a_long_rest(made: Callable[..., Reader]) -> None:
    """A hundred times as long: after 1 s of work none comes for 100 s."""
    told = made({1: Shares(10, 15, 20)}, 0.01)

    def work() -> None:
        told.cpu_s += 1.0

    told.before_answer = work
    told.reader.watch(rows(1))
    told.next()
    with pytest.raises(queue.Empty):
        told.reports.get(timeout=0.2)
    assert told.asked == [1]


def test_after_closing_nothing_is_asked(made: Callable[..., Reader]) -> None:
    """And its thread has ended; closing twice is allowed."""
    told = made({1: Shares(10, 15, 20)})
    told.reader.watch(rows(1))
    told.next()
    told.reader.close()
    told.reader.close()
    assert told.reader.watch(rows(2)) == Sharing()
    assert told.asked == [1]
    wait_for(
        lambda: "background" not in {thread.name for thread in threading.enumerate()},
        "the end of the thread",
    )


class TestSharing:
    """What the processes of a tree share, in time for the sample that needs it."""

    def shared_mb(self, sharing: Sharing) -> dict[int, float]:
        """By pid."""
        assert not sharing.is_pending
        return {each.pid: each.shared_bytes / MIB for each in sharing.shares}

    def test_the_first_sample_of_several_processes_has_it(
        self, made: Callable[..., Reader]
    ) -> None:
        """It waits until each of them was asked."""
        told = made({1: mb(2, 52, 502), 2: mb(1, 51, 501)})
        sharing = told.reader.watch((row(1, 502), row(2, 501)))
        assert self.shared_mb(sharing) == {1: 500, 2: 500}

    def test_a_fork_is_asked_for_at_once_with_all_of_the_tree(
        self, made: Callable[..., Reader]
    ) -> None:
        """What was its parent's own is so no longer."""
        told = made({1: mb(500, 500, 502)})
        told.reader.watch((row(1, 502),))
        told.next()
        told.now_s += 5.0
        told.figures = {1: mb(2, 252, 502), 2: mb(1, 251, 501)}
        sharing = told.reader.watch((row(1, 502), row(2, 501)))
        assert self.shared_mb(sharing) == {1: 500, 2: 500}

    def test_of_a_helper_that_shares_nothing_no_other_is_asked(
        self, made: Callable[..., Reader]
    ) -> None:
        """An ffmpeg that lives for a second."""
        told = made({1: mb(300, 300, 302), 2: mb(98, 99, 100)})
        told.reader.watch((row(1, 302),))
        told.next()
        told.now_s += 5.0
        sharing = told.reader.watch((row(1, 302), row(2, 100, "ffmpeg")))
        assert self.shared_mb(sharing) == {1: 2, 2: 2}
        assert told.asked == [1, 2]

    def test_another_program_in_the_same_process_is_new(self, made: Callable[..., Reader]) -> None:
        """Between fork and exec a child has all of its parent's memory."""
        told = made({1: mb(2, 152, 302), 2: mb(0, 150, 300)})
        told.reader.watch((row(1, 302), row(2, 300)))
        told.now_s += 5.0
        told.figures = {1: mb(300, 301, 302), 2: mb(98, 99, 100)}
        sharing = told.reader.watch((row(1, 302), row(2, 100, "ffmpeg")))
        assert self.shared_mb(sharing)[2] == 2

    def test_memory_that_went_was_shared(self, made: Callable[..., Reader]) -> None:
        """What comes after it is the process's own, until it is asked again."""
        told = made({1: mb(2, 152, 302), 2: mb(0, 150, 300)})
        told.reader.watch((row(1, 302), row(2, 300)))
        told.before_answer = lambda: pytest.fail("not asked so soon")
        told.reader.watch((row(1, 302), row(2, 10)))
        sharing = told.reader.watch((row(1, 302), row(2, 90)))
        assert self.shared_mb(sharing)[2] == 10

    def test_who_ends_is_forgotten(self, made: Callable[..., Reader]) -> None:
        """And a pid that comes again is another process."""
        told = made({1: mb(2, 152, 302), 2: mb(0, 150, 300)})
        told.reader.watch((row(1, 302), row(2, 300)))
        assert self.shared_mb(told.reader.watch((row(1, 302),))) == {1: 300}
        told.now_s += 5.0
        told.figures[2] = mb(50, 50, 50)
        again = replace(row(2, 50), created_s=99.0)
        assert self.shared_mb(told.reader.watch((row(1, 302), again)))[2] == 0

    def test_who_may_not_be_asked_is_not_waited_for(self, made: Callable[..., Reader]) -> None:
        """It is told once, and then known not to tell."""
        told = made({1: mb(2, 152, 302)})
        sharing = told.reader.watch((row(1, 302), row(2, 300)))
        assert self.shared_mb(sharing) == {1: 300}
        assert told.asked == [1, 2]
        told.reader.watch((row(1, 302), row(2, 300)))
        assert told.asked == [1, 2]

    def test_an_answer_that_takes_long_is_pending(
        self, made: Callable[..., Reader], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """No sample waits for it; after 10 s it is given up, until it comes."""
        monkeypatch.setattr(uss_pss, "PATIENCE_S", 0.01)
        answered = threading.Event()
        told = made({1: mb(2, 152, 302), 2: mb(0, 150, 300)})
        told.before_answer = lambda: answered.wait(AMPLE_S) and None
        tree = row(1, 302), row(2, 300)
        assert told.reader.watch(tree) == Sharing((), is_pending=True)
        told.now_s += uss_pss.PENDING_AT_MOST_S
        assert told.reader.watch(tree) == Sharing((), is_pending=False)
        answered.set()
        told.next()
        assert self.shared_mb(told.reader.watch(tree)) == {1: 300, 2: 300}

    def test_copies_of_what_is_shared_are_found_by_page_faults(
        self, made: Callable[..., Reader]
    ) -> None:
        """RSS stays as it is. It is asked a second later, and not while nothing is touched."""
        told = made({1: mb(2, 152, 302), 2: mb(0, 150, 300)})
        told.reader.watch((row(1, 302), row(2, 300)))
        told.next()
        told.figures[2] = mb(100, 200, 300)
        told.now_s += 2.0
        told.reader.watch((row(1, 302), row(2, 300, faulted_mb=7)))
        assert told.asked == [1, 2]
        told.now_s += 2.0
        told.reader.watch((row(1, 302), row(2, 300, faulted_mb=107)))
        told.next()
        sharing = told.reader.watch((row(1, 302), row(2, 300, faulted_mb=107)))
        assert self.shared_mb(sharing) == {1: 300, 2: 200}
        assert told.asked == [1, 2, 1, 2]

    def test_an_answer_that_waits_for_a_busy_machine_costs_nothing(
        self, made: Callable[..., Reader]
    ) -> None:
        """While six workers copy what they share, an answer takes long. It was made before the
        last copies, so the next one is asked for a second later."""
        told = made({1: mb(2, 152, 302), 2: mb(0, 150, 300)})

        def wait() -> None:
            told.now_s += 0.2
            told.cpu_s += 0.01

        told.before_answer = wait
        told.reader.watch((row(1, 302), row(2, 300)))
        told.next()
        for copied_mb in (50, 100):
            told.figures[2] = mb(copied_mb, 150 + copied_mb, 300)
            told.now_s += 1.1
            told.reader.watch((row(1, 302), row(2, 300, faulted_mb=copied_mb)))
            told.next()
        sharing = told.reader.watch((row(1, 302), row(2, 300, faulted_mb=100)))
        assert self.shared_mb(sharing) == {1: 300, 2: 200}


@not_on_windows("the status of a process is unknown there")
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


@pytest.mark.skipif(sys.platform != "linux", reason="compares with smaps_rollup")
def test_a_real_forked_server_holds_what_the_kernel_says(spawn: Spawn) -> None:
    """200 MB that six workers share: the first reading has them once; so has the one after a fork,
    after copies were written, and after a worker was killed."""
    code = (
        "held = [bytearray(os.urandom(1 << 20)) for _ in range(200)]\n"
        "def work():\n"
        "    pid = os.fork()\n"
        "    if pid: return pid\n"
        "    if sys.stdin.readline() == 'copy\\n':\n"
        "        for each in held[:100]:\n"
        "            for at in range(0, len(each), 4096): each[at] = 1\n"
        "        said('copied')\n"
        "    rest()\n"
        "said('ready')\n"
        "sys.stdin.readline()\n"
        "for _ in range(6): work()\n"
        "said('forked')\n"
        "os.wait()\nsaid('ended')\nrest()\n"
    )
    process = spawn(code)
    assert process.stdin is not None
    assert process.stdout is not None
    scheduler = BackgroundScheduler(time.monotonic)
    table = process_table()
    handle = table.open(process.pid)
    assert handle is not None
    tree = ServerTree(table, handle, "127.0.0.1", free_port(), 0.0)
    new_processes = table.new_processes()
    reader = UssPssReader(
        lambda _: None, scheduler, shares, time.monotonic, time.thread_time, every_s=3600.0
    )

    def read() -> tuple[ProcessReading, float]:
        """What the tree holds by our figure, and the sum of PSS."""
        found = tree.read(time.monotonic(), new_processes.poll())
        assert found is not None
        target = Target(
            process.pid, handle.created_s, "python", (), None, Evidence(EvidenceKind.CHOSEN)
        )
        reading = ProcessReading(0.0, None, target, found.rows)
        reading = corrected(reading, reader.watch(found.rows))
        return reading, sum(psutil.Process(row.pid).memory_full_info().pss for row in found.rows)

    try:
        alone, _ = read()
        assert (alone.kind, alone.shared_bytes) == (MemoryKind.RSS, 0)
        process.stdin.write("fork\n")
        process.stdin.flush()
        process.stdout.readline()

        def is_measured() -> bool:
            """Never too high. On a busy machine the shares may come after the reading, which says
            then that it is the sum of RSS."""
            reading, _ = read()
            if reading.kind is not MemoryKind.SHARED_ONCE:
                return False
            assert reading.footprint_bytes is not None
            assert 200 * MIB < reading.footprint_bytes < 260 * MIB
            return len(reading.rows) == 7

        wait_for(is_measured, "the workers are seen, and measured")
        forked, pss_bytes = read()
        assert forked.rss_bytes is not None
        assert forked.footprint_bytes is not None
        assert len(forked.rows) == 7
        assert forked.rss_bytes > 1200 * MIB
        assert forked.kind is MemoryKind.SHARED_ONCE
        assert forked.footprint_bytes == pytest.approx(pss_bytes, abs=12 * MIB)
        process.stdin.write("copy\n")
        process.stdin.flush()
        process.stdout.readline()

        def knows_the_copy() -> bool:
            reading, pss_bytes = read()
            assert reading.footprint_bytes is not None
            return pss_bytes > 290 * MIB and abs(reading.footprint_bytes - pss_bytes) < 12 * MIB

        wait_for(knows_the_copy, "the copy is known")
        worker = forked.rows[-1].pid
        os.kill(worker, signal.SIGKILL)
        process.stdout.readline()
        after, pss_bytes = read()
        assert len(after.rows) == 6
        assert after.footprint_bytes == pytest.approx(pss_bytes, abs=12 * MIB)
    finally:
        reader.close()
        tree.close()
        table.close()
