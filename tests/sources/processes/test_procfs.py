"""What the Linux table does beyond every table's duty."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ports import free_port
from tests.sources.running import LISTENER, Spawn, spawner
from tests.waiting import wait_for
from tray_app.core.model.readings import MIB

if sys.platform != "linux":
    pytest.skip("Linux's own table", allow_module_level=True)

from tray_app.sources.processes.procfs import CursorNewProcesses, DescriptorCounter, ProcfsTable

ROOT = Path(__file__).parents[3]


@pytest.fixture
def spawn(tmp_path: Path) -> Iterator[Spawn]:
    """Starts scripts; they are ended with the test."""
    with spawner(tmp_path) as started:
        yield started


@pytest.fixture
def interactive(tmp_path: Path) -> Iterator[Spawn]:
    """The same, with scripts that can be written to."""
    with spawner(tmp_path, stdin=True) as started:
        yield started


@pytest.fixture
def table() -> Iterator[ProcfsTable]:
    """The table of this machine."""
    made = ProcfsTable()
    yield made
    made.close()


def test_psutil_is_not_loaded() -> None:
    """The fast path spares the memory of a library that it does not use."""
    code = (
        "import sys\n"
        "from tray_app.sources.processes.probe import ServerProbe\n"
        "from tray_app.sources.processes.host import is_this_machine, process_table\n"
        "ServerProbe(process_table(), 'localhost', 1, 1, lambda: 0.0).read(0.0, others=True)\n"
        "assert is_this_machine('localhost')\n"
        "assert 'psutil' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_a_name_may_hold_anything(table: ProcfsTable, spawn: Spawn) -> None:
    """Brackets and spaces in a process's name do not shift its figures."""
    code = "open('/proc/self/comm', 'w').write('a) R 1 (b')\nsaid('ready')\nrest()\n"
    process = spawn(code)
    handle, facts = table.open(process.pid), table.facts(process.pid)
    assert handle is not None
    assert facts is not None
    usage = handle.read()
    assert usage is not None
    assert usage.name == facts.name == "a) R 1 (b"
    assert facts.ppid == os.getpid()
    handle.close()


def test_a_missing_cwd_keeps_its_path(table: ProcfsTable, spawn: Spawn, tmp_path: Path) -> None:
    """A folder that was removed is told as the path it had."""
    gone = tmp_path / "gone"
    process = spawn(
        f"os.mkdir({str(gone)!r}); os.chdir({str(gone)!r}); os.rmdir({str(gone)!r})\n"
        "said('ready')\nrest()\n"
    )
    facts = table.facts(process.pid)
    assert facts is not None
    assert facts.cwd == str(gone)


def test_closing_gives_back_all_descriptors(spawn: Spawn) -> None:
    """Tables and handles leave no descriptor behind, also for processes that ended."""
    process = spawn("said('ready')\nrest()\n")
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - the count is the point
    table = ProcfsTable()
    handle = table.open(process.pid)
    assert handle is not None
    assert table.open(2**22 - 1) is None
    handle.close()
    handle.close()
    table.close()
    table.close()
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208 - the same


def test_children_of_threads_are_children(spawn: Spawn) -> None:
    """The kernel lists children thread by thread; looking at every process finds the same."""
    process = spawn(
        "import subprocess, threading\n"
        "new_pids = []\n"
        "def start(): new_pids.append(subprocess.Popen(['sleep', '60'])); rest()\n"
        "threading.Thread(target=start, daemon=True).start()\n"
        "new_pids.append(subprocess.Popen(['sleep', '60']))\n"
        "while len(new_pids) < 2: pass\n"
        "said('ready')\n"
        "rest()\n"
    )
    table = ProcfsTable()
    found = table.descendants(process.pid)
    assert len(found) == 2
    assert found == table._descendants_by_parent(process.pid)
    table.close()


HOLDS_40_MB = "import time; held = bytearray(b'x') * 40 * 1024**2; time.sleep(60)"


def test_a_poll_sees_a_child_that_was_not_read_yet(table: ProcfsTable, interactive: Spawn) -> None:
    """ffmpeg lives between two readings, below a shell: with it memory is at its highest."""
    process = interactive(
        f"code = {HOLDS_40_MB!r}\n"
        "said('ready')\n"
        "for line in sys.stdin:\n"
        '    line = \'"$0" -S -c "$1"; true\'\n'
        "    child = subprocess.Popen(['sh', '-c', line, sys.executable, code], process_group=0)\n"
        "    sys.stdin.readline()\n"
        "    os.killpg(child.pid, 9)\n"
        "    child.wait()\n"
    )
    root = table.open(process.pid)
    assert root is not None
    assert process.stdin is not None
    poll = table.make_poller([root], sys.maxsize, True)
    alone_bytes = poll().rss_bytes or 0
    print("begin", file=process.stdin, flush=True)
    wait_for(lambda: (poll().rss_bytes or 0) - alone_bytes >= 40 * MIB, "the child is seen")
    print("end", file=process.stdin, flush=True)
    wait_for(lambda: abs((poll().rss_bytes or 0) - alone_bytes) < MIB, "it is seen to be gone")
    root.close()


def test_a_child_that_is_still_its_parents_program_has_no_memory_of_its_own(
    table: ProcfsTable, interactive: Spawn
) -> None:
    """Each ffprobe is a copy of the server for an instant, as large as that."""
    process = interactive(
        "held = bytearray(b'x') * 40 * 1024**2\n"
        "said('ready')\n"
        "sys.stdin.readline()\n"
        "if os.fork() == 0: rest()\n"
        "said('forked')\n"
        "rest()\n"
    )
    root = table.open(process.pid)
    assert root is not None
    assert process.stdin is not None
    assert process.stdout is not None
    poll = table.make_poller([root], sys.maxsize, True)
    alone_bytes = poll().rss_bytes or 0
    print("fork", file=process.stdin, flush=True)
    assert process.stdout.readline()
    (child,) = wait_for(lambda: table.descendants(process.pid), "the child is there")
    assert (table.name_and_rss_bytes(child) or ("", 0))[1] > 30 * MIB
    assert (poll().rss_bytes or 0) == pytest.approx(alone_bytes, abs=4 * MIB)
    root.close()


def test_a_child_that_was_read_counts_once(
    table: ProcfsTable, interactive: Spawn, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Also where the pids have begun again, and all that are there seem new (recorded: a peak of
    894 MB, where it was 770 with an ffmpeg of 124)."""
    ffmpeg = tmp_path / "ffmpeg"
    ffmpeg.symlink_to(sys.executable)
    code = f"child = subprocess.Popen([{str(ffmpeg)!r}, '-S', '-c', {HOLDS_40_MB!r}])\n"
    process = interactive(code + "said('ready')\nsys.stdin.readline()\nchild.kill()\n")
    (pid,) = wait_for(lambda: table.descendants(process.pid), "the child is there")
    root, child = table.open(process.pid), table.open(pid)
    assert root is not None
    assert child is not None

    def child_mb() -> float:
        usage = child.read()
        return usage.rss_bytes / MIB if usage else 0.0

    wait_for(lambda: child_mb() > 40, "it holds its memory")
    newest = iter((2**22, 2**22, *[2**22 - 1] * 10))
    monkeypatch.setattr(table, "newest_pid", lambda: next(newest))
    sizes = [each.read() for each in (root, child)]
    rss_bytes = sum(each.rss_bytes for each in sizes if each)
    poll = table.make_poller([root, child], sys.maxsize, True)
    assert (poll().rss_bytes or 0) == pytest.approx(rss_bytes, abs=4 * MIB)
    assert process.stdin is not None
    print("end", file=process.stdin, flush=True)
    for handle in (root, child):
        handle.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_another_users_listener_is_hidden_not_absent(spawn: Spawn) -> None:
    """The socket is seen although its holder may not be."""
    port = free_port()
    spawn(LISTENER, port)
    code = (
        "import os\n"
        "from tray_app.sources.processes.procfs import ProcfsTable\n"
        "table = ProcfsTable()\n"
        "os.seteuid(65534)\n"
        f"print(table.listeners({port}, 'localhost'))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert "pids=frozenset(), hidden=True" in done.stdout


class _FakeCursor(ProcfsTable):
    """Pids as a test says; every process's parent is 1."""

    def __init__(self, newest: int, alive: set[int]) -> None:
        self.newest = newest
        self.alive = alive
        self.listed = 0

    def newest_pid(self) -> int:
        return self.newest

    def pids(self) -> list[int]:
        self.listed += 1
        return sorted(self.alive)

    def parent(self, pid: int) -> int | None:
        return 1 if pid in self.alive else None


def test_a_few_new_pids_are_tried_without_a_listing() -> None:
    """Their number does not depend on how many processes there are."""
    table = _FakeCursor(100, {1, 99, 100})
    new_processes = CursorNewProcesses(table)
    table.newest, table.alive = 105, {1, 99, 100, 103, 105}
    assert new_processes.poll() == {103: 1, 105: 1}
    assert table.listed == 0


def test_many_new_pids_are_listed() -> None:
    """Beyond a limit one listing is cheaper than trying."""
    table = _FakeCursor(100, {1, 99, 100})
    new_processes = CursorNewProcesses(table)
    table.newest, table.alive = 5000, {1, 99, 100, 4999}
    assert new_processes.poll() == {4999: 1}
    assert table.listed == 1


def test_pids_that_began_anew_are_not_missed() -> None:
    """After the highest pid the kernel starts over at a low one."""
    table = _FakeCursor(32000, {1, 32000})
    new_processes = CursorNewProcesses(table)
    table.newest, table.alive = 310, {1, 305, 32000, 32760}
    new_pids = new_processes.poll()
    assert {305, 32760} <= new_pids.keys()
    assert 32000 not in new_pids


def test_a_pid_that_cannot_be_seen_yet_is_tried_once_more() -> None:
    """A pid is given a moment before its process can be seen."""
    table = _FakeCursor(100, {1})
    new_processes = CursorNewProcesses(table)
    table.newest = 101
    assert new_processes.poll() == {}
    table.alive = {1, 101}
    assert new_processes.poll() == {101: 1}
    assert new_processes.poll() == {}


class TestDescriptorCounter:
    """Counts what a process has open."""

    @pytest.fixture
    def listed(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """An old kernel with 23 descriptors in a folder; each listing adds a line."""
        listings: list[str] = []

        def listdir(folder: str) -> list[str]:
            listings.append(folder)
            return [str(number) for number in range(23 if folder == "few" else 1000)]

        size = os.stat_result((0o40500, 1, 1, 1, 0, 0, 0, 0, 0, 0))
        monkeypatch.setattr("tray_app.sources.processes.procfs.os.stat", lambda _path: size)
        monkeypatch.setattr("tray_app.sources.processes.procfs.os.listdir", listdir)
        return listings

    @pytest.mark.parametrize(("folder", "count", "pause"), [("few", 23, 5), ("many", 1000, 15)])
    def test_an_old_kernels_are_listed_the_less_often_the_more_there_are(
        self, listed: list[str], folder: str, count: int, pause: int
    ) -> None:
        """In between the last count stands."""
        counter = DescriptorCounter(folder)
        assert [counter.read() for _ in range(pause + 1)] == [count] * (pause + 1)
        assert len(listed) == 1
        counter.read()
        assert len(listed) == 2

    def test_what_may_not_be_read_is_unknown(self, tmp_path: Path) -> None:
        """None, never 0."""
        assert DescriptorCounter(str(tmp_path / "gone")).read() is None
