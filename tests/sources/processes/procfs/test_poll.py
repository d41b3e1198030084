"""What the fast poll sees between two readings."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sources.running import Spawn, spawner
from tests.waiting import wait_for
from tray_app.core.model.readings import MIB

if sys.platform != "linux":
    pytest.skip("Linux's own table", allow_module_level=True)

from tray_app.sources.processes.procfs.table import ProcfsTable


@pytest.fixture
def interactive(tmp_path: Path) -> Iterator[Spawn]:
    """Starts scripts that can be written to."""
    with spawner(tmp_path, stdin=True) as started:
        yield started


@pytest.fixture
def table() -> Iterator[ProcfsTable]:
    """The table of this machine."""
    made = ProcfsTable()
    yield made
    made.close()


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
