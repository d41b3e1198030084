"""What the Linux table does beyond every table's duty."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sources.running import Spawn, spawner

if sys.platform != "linux":
    pytest.skip("Linux's own table", allow_module_level=True)

from tray_app.sources.processes.procfs.table import ProcfsTable

ROOT = Path(__file__).parents[4]


@pytest.fixture
def spawn(tmp_path: Path) -> Iterator[Spawn]:
    """Starts scripts; they are ended with the test."""
    with spawner(tmp_path) as started:
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
