"""The machine's memory; limits of control groups are tested in test_cgroup."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

if sys.platform != "linux":
    pytest.skip("Linux's own table", allow_module_level=True)

from tray_app.sources.processes.procfs.machine import MachineMemory

MEMINFO = "MemTotal: {} kB\nMemFree: 100 kB\nMemAvailable: {} kB\n"
SWAP = "SwapTotal: 400 kB\nSwapFree: 100 kB\n"


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    """A /proc of a machine without control groups."""
    (tmp_path / "pressure").mkdir()
    (tmp_path / "pressure" / "memory").write_text(
        "some avg10=9.00 avg60=0.00 total=1\nfull avg10=2.50 avg60=0.00 total=1\n"
    )
    (tmp_path / "vmstat").write_text("pgfault 1\noom_kill 3\nballoon 0\n")
    (tmp_path / "meminfo").write_text(MEMINFO.format(1000, 300) + SWAP)
    return tmp_path


@pytest.fixture
def machine(proc: Path) -> Iterator[MachineMemory]:
    """Its memory."""
    made = MachineMemory(str(proc))
    yield made
    made.close()


def test_memory_swap_and_pressure(machine: MachineMemory) -> None:
    """Of the pressure the share counts in which nobody gets on."""
    memory = machine.system_memory()
    assert memory is not None
    assert (memory.total_bytes, memory.available_bytes) == (1000 << 10, 300 << 10)
    assert (memory.swap_total_bytes, memory.swap_used_bytes) == (400 << 10, 300 << 10)
    assert (memory.used_percent, memory.pressure_percent) == (70.0, 2.5)
    assert machine.available_bytes() == 300 << 10
    assert machine.oom_count().machine == 3


def test_more_available_than_there_is(proc: Path) -> None:
    """So it is in some containers: then what is free is available."""
    (proc / "meminfo").write_text(MEMINFO.format(1000, 5000))
    machine = MachineMemory(str(proc))
    memory = machine.system_memory()
    assert memory is not None
    assert memory.available_bytes == 100 << 10
    assert memory.swap_total_bytes is None
    machine.close()


def test_a_machine_that_tells_nothing(proc: Path) -> None:
    """No memory, no pressure and no kills are known; nothing raises."""
    (proc / "meminfo").write_text("")
    (proc / "vmstat").unlink()
    (proc / "pressure" / "memory").unlink()
    machine = MachineMemory(str(proc))
    assert machine.system_memory() is None
    assert machine.available_bytes() is None
    assert machine.oom_count().machine is None
    machine.close()


def test_free_pages_of_another_machine_tell_nothing(machine: MachineMemory) -> None:
    """Where a container's total is not the host's, the host's free pages do not count."""
    assert machine.enough_free_pages(1 << 20) is None


def test_a_closed_one_knows_nothing(machine: MachineMemory) -> None:
    """Closing twice is allowed."""
    machine.close()
    machine.close()
    assert machine.system_memory() is None
