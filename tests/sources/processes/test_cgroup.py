"""Limits of control groups: on made-up trees of both versions, and where possible a real one."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sources.running import Spawn, spawner
from tests.waiting import AMPLE_S

if sys.platform != "linux":
    pytest.skip("control groups are Linux's", allow_module_level=True)

from tray_app.core.model.readings import GIB, MIB, OomKills
from tray_app.sources.processes.cgroup import limited_group
from tray_app.sources.processes.oom_kills import OomCount, between
from tray_app.sources.processes.procfs.table import ProcfsTable

MEMINFO = """\
MemTotal:        8388608 kB
MemFree:         1048576 kB
MemAvailable:    6291456 kB
Buffers:            8212 kB
SwapCached:            0 kB
SwapTotal:       2097152 kB
SwapFree:        1572864 kB
"""
V2_MOUNT = "30 23 0:26 / {mount} rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"
V1_MOUNT = "35 31 0:32 {root} {mount} rw,relatime - cgroup cgroup rw,memory\n"


class Machine:
    """A made-up /proc with one process (42) besides "self", and a tree of control groups."""

    def __init__(self, folder: Path) -> None:
        self.proc = folder / "proc"
        self.groups = folder / "cgroup"
        for name, text in {
            "meminfo": MEMINFO,
            "loadavg": "0.0 0.0 0.0 1/100 42\n",
            "stat": "cpu 0\nbtime 1000\n",
            "vmstat": "nr_free_pages 1\noom_kill 7\n",
            "pressure/memory": "some avg10=9.00 avg60=1.0\nfull avg10=2.50 avg60=1.00 total=1\n",
            "self/mountinfo": V2_MOUNT.format(mount=self.groups),
            "self/cgroup": "0::/\n",
            "42/cgroup": "0::/\n",
        }.items():
            self.write(self.proc / name, text)

    def write(self, file: Path, text: str) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def put(self, pid: int | str, line: str) -> None:
        """Let a process be in a group."""
        self.write(self.proc / str(pid) / "cgroup", line + "\n")

    def group(
        self,
        path: str,
        limit: str,
        used: int = 0,
        inactive: int = 0,
        kills: int = 0,
        hits: int = 1,
    ) -> None:
        """A group of version 2."""
        folder = self.groups / path
        self.write(folder / "memory.max", f"{limit}\n")
        self.write(folder / "memory.current", f"{used}\n")
        self.write(folder / "memory.stat", f"anon 5\nfile 9\ninactive_file {inactive}\nslab 1\n")
        self.write(
            folder / "memory.events", f"low 0\noom {hits}\noom_kill {kills}\noom_group_kill 0\n"
        )

    def group_v1(self, path: str, limit: int, used: int = 0, inactive: int = 0) -> None:
        """A group of version 1."""
        folder = self.groups / path
        self.write(folder / "memory.limit_in_bytes", f"{limit}\n")
        self.write(folder / "memory.usage_in_bytes", f"{used}\n")
        self.write(folder / "memory.failcnt", "4\n")
        self.write(folder / "memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 5\n")
        stat = f"cache 1\ninactive_file 1\ntotal_cache 9\ntotal_inactive_file {inactive}\n"
        self.write(folder / "memory.stat", stat)

    @contextlib.contextmanager
    def table(self) -> Iterator[ProcfsTable]:
        table = ProcfsTable(str(self.proc))
        yield table
        table.close()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """8 GB, no limits."""
    return Machine(tmp_path)


def test_without_a_limit_the_machine_counts(machine: Machine) -> None:
    """Memory, swap and pressure as the kernel tells them."""
    machine.group("app", "max")
    machine.put(42, "0::/app")
    with machine.table() as table:
        table.count_limits_of(42)
        memory = table.system_memory()
        assert memory is not None
        assert (memory.total_bytes, memory.available_bytes) == (8 * GIB, 6 * GIB)
        assert (memory.used_percent, memory.limited) == (25.0, False)
        assert (memory.swap_used_bytes, memory.swap_total_bytes) == (512 * MIB, 2 * GIB)
        assert memory.pressure_percent == 2.5
        assert table.make_poller([])()[1] == 6 * GIB
        assert table.limited_pids() is None


def test_what_is_not_told_is_unknown(machine: Machine) -> None:
    """No pressure, no swap, no kill count on some kernels and in some containers."""
    (machine.proc / "pressure/memory").unlink()
    (machine.proc / "vmstat").unlink()
    (machine.proc / "meminfo").write_text("".join(MEMINFO.splitlines(keepends=True)[:3]))
    with machine.table() as table:
        memory = table.system_memory()
        assert memory is not None
        assert (memory.swap_used_bytes, memory.swap_total_bytes) == (None, None)
        assert memory.pressure_percent is None
        assert table.oom_count() == OomCount()


def test_the_servers_limit_counts_as_the_total(machine: Machine) -> None:
    """What is used is the group's, without the file cache that can be given back at once."""
    machine.group("app", str(2 * GIB), used=1200 * MIB, inactive=200 * MIB, kills=3)
    machine.put(42, "0::/app")
    with machine.table() as table:
        table.count_limits_of(42)
        memory = table.system_memory()
        assert memory is not None
        assert memory.limited
        assert (memory.total_bytes, memory.available_bytes) == (2 * GIB, 1048 * MIB)
        assert memory.used_percent == pytest.approx(48.8, abs=0.1)
        (machine.groups / "app/memory.current").write_text(f"{1300 * MIB}\n")
        assert table.make_poller([])()[1] == 948 * MIB, "a poll follows the use"
        table.count_limits_of(None)
        memory = table.system_memory()
        assert memory is not None
        assert not memory.limited


def test_the_machine_may_have_less_than_the_limit_leaves(machine: Machine) -> None:
    """Then that is what is available."""
    machine.group("app", str(7 * GIB))
    machine.put(42, "0::/app")
    with machine.table() as table:
        table.count_limits_of(42)
        memory = table.system_memory()
        assert memory is not None
        assert (memory.total_bytes, memory.available_bytes) == (7 * GIB, 6 * GIB)
        assert table.make_poller([])()[1] == 6 * GIB


def test_the_tightest_group_above_counts(machine: Machine) -> None:
    """Of equal limits the upper group's, which is used by more."""
    machine.group("a", str(2 * GIB), used=GIB)
    machine.group("a/b", str(2 * GIB), used=1)
    machine.group("a/b/c", str(4 * GIB))
    machine.put(42, "0::/a/b/c")
    with machine.table() as table:
        table.count_limits_of(42)
        assert table.make_poller([])()[1] == GIB


def test_this_programs_limit_counts_for_a_server_without_one(machine: Machine) -> None:
    """In one container both have the same; the server's own comes first."""
    machine.group("tray", str(3 * GIB))
    machine.group("app", str(4 * GIB))
    machine.put("self", "0::/tray")
    with machine.table() as table:
        for pid, limit in ((None, 3 * GIB), (42, 3 * GIB), (43, 4 * GIB)):
            machine.put(43, "0::/app")
            table.count_limits_of(pid)
            memory = table.system_memory()
            assert memory is not None
            assert (memory.total_bytes, memory.limited) == (limit, True)


def test_a_limit_above_the_machines_memory_is_none(machine: Machine) -> None:
    """It ends nothing."""
    machine.group("app", str(16 * GIB))
    machine.put(42, "0::/app")
    assert limited_group(str(machine.proc), 42, 8 * GIB) is None


def test_version_1_is_read_too(machine: Machine) -> None:
    """Its tree may be mounted from a container's group on."""
    mount = V1_MOUNT.format(root="/docker/abc", mount=machine.groups)
    machine.write(machine.proc / "self/mountinfo", mount)
    machine.group_v1("", 2 * GIB, used=GIB, inactive=100 * MIB)
    machine.group_v1("app", 2**63 - 4096)
    machine.put(42, "9:name=systemd:/\n4:cpu,memory:/docker/abc/app\n0::/")
    with machine.table() as table:
        table.count_limits_of(42)
        memory = table.system_memory()
        assert memory is not None
        assert (memory.total_bytes, memory.available_bytes) == (2 * GIB, 1124 * MIB)


@pytest.mark.parametrize("path", ["/../app", "/elsewhere"])
def test_a_group_of_another_namespace_is_not_guessed(machine: Machine, path: str) -> None:
    """Its folder cannot be seen from here."""
    machine.write(
        machine.proc / "self/mountinfo", V1_MOUNT.format(root="/docker", mount=machine.groups)
    )
    machine.group_v1("", GIB)
    machine.put(42, f"4:memory:{path}")
    assert limited_group(str(machine.proc), 42, 8 * GIB) is None


def test_a_group_that_was_removed_limits_no_more(machine: Machine) -> None:
    """Its kept files answer an error, or nothing."""
    machine.group("app", str(GIB))
    machine.put(42, "0::/app")
    with machine.table() as table:
        table.count_limits_of(42)
        (machine.groups / "app/memory.current").write_text("")
        memory = table.system_memory()
        assert memory is not None
        assert (memory.total_bytes, memory.limited) == (8 * GIB, False)


def test_descriptors_are_given_back(machine: Machine) -> None:
    """However often the server changes."""
    machine.group("app", str(GIB))
    machine.put(42, "0::/app")
    descriptors = Path("/proc/self/fd")
    before = len(list(descriptors.iterdir()))
    with machine.table() as table:
        for _ in range(20):
            table.count_limits_of(42)
        assert len(list(descriptors.iterdir())) <= before + 10
    assert len(list(descriptors.iterdir())) == before


class TestKills:
    """What the kernel has killed, and where."""

    def test_the_servers_own_group_counts(self, machine: Machine) -> None:
        """Also without a limit, and with the group above it, which outlives it."""
        machine.group("app.slice", "max", kills=4)
        machine.group("app.slice/terminal.scope", "max", kills=3)
        machine.put(42, "0::/app.slice/terminal.scope")
        with machine.table() as table:
            table.count_limits_of(42)
            assert table.oom_count() == OomCount((3, 4))
            shutil.rmtree(machine.groups / "app.slice/terminal.scope")
            gone = table.oom_count()
            assert gone.kills[1] == 4

    def test_its_limit_counts_how_often_it_was_reached(self, machine: Machine) -> None:
        """The limit may be that of a group above."""
        machine.group("app", str(2 * GIB), kills=3, hits=6)
        machine.group("app/server", "max", kills=2, hits=0)
        machine.put(42, "0::/app/server")
        with machine.table() as table:
            table.count_limits_of(42)
            assert table.oom_count() == OomCount((2, 3), None, 2 * GIB, (6, None))

    def test_a_group_without_the_memory_controller_is_passed_over(self, machine: Machine) -> None:
        """The kernel counts in the next one above that has it."""
        machine.group("app", "max", kills=3)
        (machine.groups / "app/server").mkdir()
        machine.put(42, "0::/app/server")
        with machine.table() as table:
            table.count_limits_of(42)
            assert table.oom_count() == OomCount((3, None))

    def test_without_a_group_the_machine_is_asked(self, machine: Machine) -> None:
        """As for what runs in the group of all, or when nobody is watched."""
        machine.put(42, "0::/")
        with machine.table() as table:
            assert table.oom_count() == OomCount(machine=7)
            table.count_limits_of(42)
            assert table.oom_count() == OomCount(machine=7)

    def test_version_1(self, machine: Machine) -> None:
        """Each group counts its own; the group of all is no server's."""
        mount = V1_MOUNT.format(root="/", mount=machine.groups)
        machine.write(machine.proc / "self/mountinfo", mount)
        machine.group_v1("", 2**63 - 4096)
        machine.group_v1("app", GIB)
        machine.put(42, "4:memory:/app")
        machine.put(43, "4:memory:/")
        with machine.table() as table:
            table.count_limits_of(42)
            assert table.oom_count() == OomCount((5,), None, GIB, (4,))
            table.count_limits_of(43)
            assert table.oom_count() == OomCount(machine=7)

    def test_who_shares_a_limit(self, machine: Machine) -> None:
        """The processes of its group and of those below."""
        machine.group("app", str(GIB))
        machine.group("app/server", "max")
        machine.write(machine.groups / "app/cgroup.procs", "7\n0\n8\n")
        machine.write(machine.groups / "app/server/cgroup.procs", "42\n")
        machine.put(42, "0::/app/server")
        with machine.table() as table:
            table.count_limits_of(42)
            pids = table.limited_pids()
            assert pids is not None
            assert sorted(pids) == [7, 8, 42]


@pytest.fixture
def spawn(tmp_path: Path) -> Iterator[Spawn]:
    """Starts scripts; they are ended with the test."""
    with spawner(tmp_path, stdin=True) as started:
        yield started


@pytest.fixture
def real_group() -> Iterator[tuple[Path, str]]:
    """A new group of this machine's with a limit of 1 GB, and what its usage file is called."""
    for mount, limit, usage in (
        ("/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes"),
        ("/sys/fs/cgroup", "memory.max", "memory.current"),
    ):
        folder = Path(mount, f"tray-test-{os.getpid()}")
        try:
            folder.mkdir()
        except OSError:
            continue
        try:
            (folder / limit).write_text(str(GIB))
        except OSError:
            folder.rmdir()
            continue
        yield folder, usage
        folder.rmdir()
        return
    pytest.skip("no control group can be made here")


def test_a_real_limit_is_found(real_group: tuple[Path, str], spawn: Spawn) -> None:
    """The kernel's own limit and use, of a process that was put into the group."""
    folder, usage = real_group
    process = spawn("said('ready')\nrest()\n")
    (folder / "cgroup.procs").write_text(str(process.pid))
    table = ProcfsTable()
    table.count_limits_of(process.pid)
    memory = table.system_memory()
    assert memory is not None
    assert (memory.total_bytes, memory.limited) == (GIB, True)
    left = GIB - int((folder / usage).read_text())
    assert memory.available_bytes == pytest.approx(left, abs=16 * MIB)
    table.close()
    process.kill()
    process.wait()


def test_a_real_limit_kills(real_group: tuple[Path, str], spawn: Spawn) -> None:
    """The group counts it, and that its limit was reached; nothing is said of the machine."""
    folder, usage = real_group
    limit = folder / usage.replace("usage", "limit").replace("current", "max")
    limit.write_text(str(64 * MIB))
    process = spawn("said('ready')\nsys.stdin.read()\nheld = b'x' * (256 << 20)\nrest()\n")
    (folder / "cgroup.procs").write_text(str(process.pid))
    table = ProcfsTable()
    table.count_limits_of(process.pid)
    before = table.oom_count()
    assert table.limited_pids() == [process.pid]
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(AMPLE_S) == -signal.SIGKILL
    assert between(before, table.oom_count()) == OomKills(1, True, 64 * MIB)
    table.close()
