"""What every process table must tell: psutil's and the one from /proc, by the same tests."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.needs import not_on_windows
from tests.ports import free_port
from tests.sources.running import LISTENER, SUPERVISOR, Spawn, end, spawner
from tests.waiting import wait_for
from tray_app.core.model.readings import MIB
from tray_app.sources.processes import psutil_table
from tray_app.sources.processes.process_table import ProcessTable
from tray_app.sources.processes.psutil_table import PsutilTable

TABLES: list[type[ProcessTable]] = [PsutilTable]
if sys.platform == "linux":
    from tray_app.sources.processes.procfs.table import ProcfsTable

    TABLES.append(ProcfsTable)
NO_PID = 2**22 - 1


@pytest.fixture(params=TABLES)
def table(request: pytest.FixtureRequest) -> Iterator[ProcessTable]:
    """Each table that this system has."""
    made: ProcessTable = request.param()
    yield made
    made.close()


@pytest.fixture
def spawn(tmp_path: Path) -> Iterator[Spawn]:
    """Starts scripts; they are ended with the test."""
    with spawner(tmp_path) as started:
        yield started


@not_on_windows("the status of a process is unknown there")
def test_memory_and_cpu_are_psutils(table: ProcessTable, spawn: Spawn) -> None:
    """RSS and CPU seconds of a process at rest agree with psutil's own figures."""
    code = "held = bytearray(os.urandom(1 << 20) * 64)\n"
    burn = "while time.process_time() < 0.3: pass\nsaid('ready')\nrest()\n"
    process = spawn(code + burn)
    handle = table.open(process.pid)
    assert handle is not None
    reference = psutil.Process(process.pid)
    wait_for(lambda: reference.status() == psutil.STATUS_SLEEPING, "the script is at rest")
    usage = handle.read()
    assert usage is not None
    assert usage.rss_bytes > 64 << 20
    assert usage.rss_bytes == pytest.approx(reference.memory_info().rss, rel=0.02)
    times = reference.cpu_times()
    assert usage.cpu_s >= 0.25
    assert usage.cpu_s == pytest.approx(times.user + times.system, abs=0.05)
    assert usage.name == reference.name()
    assert table.make_poller([handle])()[0] == pytest.approx(usage.rss_bytes, rel=0.02)
    handle.close()


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_a_process_that_ends_has_no_reading(table: ProcessTable, spawn: Spawn) -> None:
    """It gives back its memory some time before it is a zombie: 0 bytes would be a false figure."""
    process = spawn("held = b'x' * (256 << 20)\nsaid('ready')\nrest()\n")
    handle = table.open(process.pid)
    assert handle is not None
    os.kill(process.pid, signal.SIGKILL)
    read = [usage for usage in iter(handle.read, None) if usage.rss_bytes == 0]
    assert read == []
    handle.close()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not tell")
def test_the_cpu_of_children_that_have_ended_is_told(table: ProcessTable, spawn: Spawn) -> None:
    """With what they had waited for themselves: ffmpeg runs below a shell."""
    burn = "import time; end = time.process_time() + 0.2\nwhile time.process_time() < end: pass"
    process = spawn(
        f"code = [sys.executable, '-S', '-c', {burn!r}]\n"
        f"outer = 'import subprocess, sys; subprocess.run(sys.argv[1:])'\n"
        "subprocess.run([sys.executable, '-S', '-c', outer, *code])\n"
        "said('ready')\nrest()\n"
    )
    handle = table.open(process.pid)
    assert handle is not None
    usage = handle.read()
    assert usage is not None
    assert usage.reaped_s >= 0.2
    handle.close()


@not_on_windows("it has handles")
def test_open_descriptors_are_counted(table: ProcessTable, spawn: Spawn) -> None:
    """Files, sockets and pipes, as psutil counts them."""
    process = spawn("kept = [open('/dev/null') for _ in range(100)]\nsaid('ready')\nrest()\n")
    handle = table.open(process.pid)
    assert handle is not None
    usage = handle.read()
    assert usage is not None
    assert usage.descriptors == psutil.Process(process.pid).num_fds() > 100
    handle.close()


def test_facts_are_psutils(table: ProcessTable, spawn: Spawn, tmp_path: Path) -> None:
    """Parent, name, command line, folder and start time agree with psutil's."""
    process = spawn("said('ready')\nrest()\n", "ünï cödé", "", "last")
    reference = psutil.Process(process.pid)
    facts = table.facts(process.pid)
    assert facts is not None
    assert facts.pid == process.pid
    assert facts.ppid == os.getpid() == table.parent(process.pid)
    assert facts.name == reference.name()
    assert facts.cmdline == tuple(reference.cmdline()) == table.cmdline(process.pid)
    assert facts.cmdline[-3:] == ("ünï cödé", "", "last")
    assert facts.created_s == pytest.approx(reference.create_time(), abs=1)
    assert facts.cwd == str(tmp_path)
    assert facts.owned


def test_a_command_line_that_is_no_text_can_be_printed(table: ProcessTable, spawn: Spawn) -> None:
    """Bytes that do not decode are replaced, not smuggled as surrogates."""
    process = spawn("said('ready')\nrest()\n", "a\udcffb")
    assert table.cmdline(process.pid)[-1].encode()


@pytest.mark.skipif(sys.platform != "linux", reason="names are cut to 15 characters on Linux")
def test_a_long_name_is_whole(table: ProcessTable, spawn: Spawn, tmp_path: Path) -> None:
    """A name that the kernel cut is completed from the command line."""
    program = tmp_path / "a-very-long-program-name"
    program.symlink_to(sys.executable)
    code = f"subprocess.Popen([{str(program)!r}, '-S', '-c', 'import time; time.sleep(60)'])\n"
    process = spawn(code + "said('ready')\nrest()\n")
    (child,) = wait_for(lambda: table.descendants(process.pid), "the child is there")

    def name() -> bool:
        facts = table.facts(child)
        return facts is not None and facts.name == "a-very-long-program-name"

    wait_for(name, "the child has its name")


def test_a_poll_is_the_sum_of_those_that_live(table: ProcessTable, spawn: Spawn) -> None:
    """Of a tree's handles, the root's first; without the root there is nothing to sum."""
    processes = [spawn("said('ready')\nrest()\n") for _ in range(3)]
    root, *others = (table.open(process.pid) for process in processes)
    assert root
    assert all(others)
    single = [table.make_poller([handle])()[0] for handle in (root, *others)]
    poll = table.make_poller([root, *others])
    assert poll()[0] == pytest.approx(sum(map(int, single)), rel=0.02)
    end(processes[1])
    for each in (poll, table.make_poller([root, *others])):
        assert each()[0] == pytest.approx(single[0] + single[2], rel=0.02)
    end(processes[0])
    for each in (poll, table.make_poller([root, *others]), table.make_poller([])):
        assert each()[0] is None
    for handle in (root, *others):
        handle.close()


def test_a_poll_follows_the_memory(table: ProcessTable) -> None:
    """Each poll reads the memory again."""
    handle = table.open(os.getpid())
    poll = table.make_poller([handle])
    before_bytes = poll()[0] or 0
    held = bytearray(b"x") * 64 * MIB
    assert (poll()[0] or 0) - before_bytes == pytest.approx(len(held), rel=0.1)
    del held
    assert poll()[0] == pytest.approx(before_bytes, abs=8 * MIB)


def test_a_poll_need_not_say_what_is_above_its_floor(table: ProcessTable) -> None:
    """It never reports more than there is, and never leaves out what is below the floor."""

    def agreed() -> bool:
        available_bytes = psutil.virtual_memory().available
        above_floor = table.make_poller([], available_bytes // 2)().available_bytes
        below_floor = table.make_poller([], 2 * available_bytes)().available_bytes
        return (above_floor or 0) <= 1.05 * available_bytes and (
            below_floor == pytest.approx(available_bytes, rel=0.05)
        )

    wait_for(agreed, "both agree, between what other programs take and give back")


def test_a_process_that_ended_is_gone(table: ProcessTable, spawn: Spawn) -> None:
    """Its handle reads None, and the table knows nothing of its pid."""
    process = spawn("said('ready')\nrest()\n")
    handle = table.open(process.pid)
    assert handle is not None
    assert handle.read() is not None
    end(process)
    assert handle.read() is None
    assert table.make_poller([handle])()[0] is None
    assert table.open(process.pid) is None
    assert table.facts(process.pid) is None
    assert table.parent(process.pid) is None
    assert table.cmdline(process.pid) == ()
    assert table.descendants(process.pid) == []
    assert table.listening_ports(process.pid) == frozenset()
    handle.close()
    handle.close()
    assert handle.read() is None


@pytest.mark.skipif(os.name != "posix", reason="zombies are Unix's")
def test_a_zombie_counts_as_gone(table: ProcessTable, spawn: Spawn) -> None:
    """A process that ended but was not waited for has no memory to read."""
    process = spawn("said('ready')\nrest()\n")
    handle = table.open(process.pid)
    assert handle is not None
    process.kill()
    reference = psutil.Process(process.pid)
    wait_for(lambda: reference.status() == psutil.STATUS_ZOMBIE, "the script is a zombie")
    assert handle.read() is None
    assert table.make_poller([handle])()[0] is None
    assert table.open(process.pid) is None
    assert table.facts(process.pid) is None
    handle.close()


def test_a_pid_that_never_was_is_no_error(table: ProcessTable) -> None:
    """Asking for it brings nothing."""
    assert table.open(NO_PID) is None
    assert table.facts(NO_PID) is None
    assert table.parent(NO_PID) is None
    assert table.cmdline(NO_PID) == ()
    assert table.listeners(free_port(), "localhost", [NO_PID]).pids == frozenset()


NS_LAST_PID = Path("/proc/sys/kernel/ns_last_pid")


@pytest.mark.skipif(not os.access(NS_LAST_PID, os.W_OK), reason="pids cannot be chosen here")
def test_a_reused_pid_does_not_fool_a_handle(table: ProcessTable, spawn: Spawn) -> None:
    """When the pid lives on in another process, the handle still reads None."""
    process = spawn("said('ready')\nrest()\n")
    handle = table.open(process.pid)
    assert handle is not None
    end(process)

    def same_pid_again() -> subprocess.Popen[str] | None:
        NS_LAST_PID.write_text(str(process.pid - 1))
        other = spawn("said('ready')\nrest()\n")
        return other if other.pid == process.pid else None

    try:
        wait_for(same_pid_again, "the pid is given again")
    except AssertionError:
        pytest.skip("another program took the pid")
    assert table.open(process.pid) is not None
    assert table.make_poller([handle])()[0] is None
    assert handle.read() is None
    handle.close()


@not_on_windows("no fork")
def test_descendants_are_recursive(table: ProcessTable, spawn: Spawn) -> None:
    """What a shell started for the server is found, too."""
    process = spawn("subprocess.Popen(['sh', '-c', 'sleep 60; true'])\nsaid('ready')\nrest()\n")
    wait_for(lambda: len(table.descendants(process.pid)) == 2, "shell and sleep are found")
    reference = [each.pid for each in psutil.Process(process.pid).children(recursive=True)]
    assert sorted(table.descendants(process.pid)) == sorted(reference)


@not_on_windows("no fork")
def test_each_new_process_is_told_with_its_parent(table: ProcessTable, spawn: Spawn) -> None:
    """Each is told once; none when none was created since."""
    new_processes = table.new_processes()
    seen: dict[int, int] = {}

    def is_seen(pid: int) -> bool:
        seen.update(new_processes.poll())
        return pid in seen

    process = spawn("subprocess.Popen(['sleep', '60'])\nsaid('ready')\nrest()\n")
    wait_for(lambda: is_seen(process.pid), "the script's start is told")
    (child,) = table.descendants(process.pid)
    wait_for(lambda: is_seen(child), "its child's start is told")
    assert seen[process.pid] == os.getpid()
    assert seen[child] == process.pid
    new_processes.poll()
    assert not {process.pid, child} & new_processes.poll().keys()


def test_threads_are_no_new_processes(table: ProcessTable, spawn: Spawn) -> None:
    """A thread takes a pid's number, but is no child of its process's parent."""
    new_processes = table.new_processes()
    threads = "import threading\nfor _ in range(9): threading.Thread(target=rest).start()\n"
    process = spawn(threads + "said('ready')\nrest()\n")
    new_pids: dict[int, int] = {}

    def is_seen() -> bool:
        new_pids.update(new_processes.poll())
        return process.pid in new_pids

    wait_for(is_seen, "the script's start is told")
    new_pids.update(new_processes.poll())
    assert [pid for pid, parent in new_pids.items() if parent == os.getpid()] == [process.pid]


def test_the_listener_is_found_by_its_port(table: ProcessTable, spawn: Spawn) -> None:
    """By address and port, among all and among some; another port or address is another's."""
    port = free_port()
    process = spawn(LISTENER, port)
    pids = frozenset({process.pid})
    assert table.listeners(port, "localhost").pids == pids
    assert table.listeners(port, "127.0.0.1", {process.pid, os.getpid()}).pids == pids
    assert table.listeners(port, "127.0.0.1", {os.getpid()}).pids == frozenset()
    assert table.listeners(port, "::1").pids == frozenset()
    assert not table.listeners(port, "::1").hidden
    assert table.listening_ports(process.pid) == {port}
    end(process)
    assert not table.listeners(port, "localhost").pids


@pytest.mark.skipif(os.name != "posix", reason="forks")
def test_holders_of_a_shared_socket_lead_to_the_root(table: ProcessTable, spawn: Spawn) -> None:
    """The supervisor is told, and nobody but its workers besides; among the tree, all of them."""
    port = free_port()
    process = spawn(SUPERVISOR, port, 2)
    workers = set(table.descendants(process.pid))
    holders = table.listeners(port, "localhost").pids
    assert process.pid in holders
    assert holders <= workers | {process.pid}
    tree = {process.pid, *workers}
    assert table.listeners(port, "localhost", tree).pids == tree


def test_an_ipv6_listener_is_found(table: ProcessTable, spawn: Spawn) -> None:
    """A socket on ::1 is localhost's, not 127.0.0.1's."""
    code = "held = socket.create_server(('::1', 0), family=socket.AF_INET6)\n"
    process = spawn(code + "said('ready')\nrest()\n")
    (port,) = table.listening_ports(process.pid)
    assert table.listeners(port, "localhost").pids == {process.pid}
    assert table.listeners(port, "127.0.0.1").pids == frozenset()


def test_system_memory_is_psutils(table: ProcessTable) -> None:
    """Total, available and used % agree with psutil's."""

    def agreed() -> bool:
        memory, reference = table.system_memory(), psutil.virtual_memory()
        assert memory is not None
        assert memory.total_bytes == reference.total
        available_bytes = pytest.approx(reference.available, rel=0.05)
        return (
            memory.available_bytes == available_bytes
            and table.make_poller([])()[1] == available_bytes
            and memory.used_percent == pytest.approx(reference.percent, abs=5)
        )

    wait_for(agreed, "both agree, between what other programs take and give back")


@not_on_windows("no SIGSTOP")
def test_a_stopped_process_is_still_there(table: ProcessTable, spawn: Spawn) -> None:
    """SIGSTOP takes nothing away, and is told; so is its end."""
    process = spawn("said('ready')\nrest()\n")
    handle = table.open(process.pid)
    assert handle is not None
    usage = handle.read()
    assert usage is not None
    assert not usage.stopped
    process.send_signal(signal.SIGSTOP)
    wait_for(lambda: (usage := handle.read()) and usage.stopped, "it is stopped")
    process.send_signal(signal.SIGCONT)
    wait_for(lambda: (usage := handle.read()) and not usage.stopped, "it runs again")
    handle.close()


ODD = OSError(22, "The parameter is incorrect")
"""An error of Windows that psutil passes on as it is: neither access denied nor no such process."""


@pytest.mark.parametrize(
    "method",
    ["ppid", "cwd", "children", "memory_info", "cpu_times", "net_connections", "memory_full_info"],
)
def test_a_process_that_fails_oddly_is_one_that_cannot_be_read(
    monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    """It never ends the reading of all others."""

    def odd(*_: object, **__: object) -> None:
        raise ODD

    for name in ("cache_activate", "cache_deactivate"):  # psutil's own decorator has them
        setattr(odd, name, lambda _: None)
    monkeypatch.setattr(psutil.Process, method, odd)
    table, pid = PsutilTable(), os.getpid()
    assert (table.parent(pid) is None) is (method == "ppid")
    assert (table.facts(pid) is None) is (method == "ppid")
    assert isinstance(table.descendants(pid), list)
    assert (table.open(pid) is None) is (method in ("memory_info", "cpu_times"))
    ports = table.listening_ports(pid)  # other tests of this process may listen
    assert ports == frozenset() or method != "net_connections"
    assert (psutil_table.full_info(pid) is None) is (method == "memory_full_info")


def test_a_process_without_a_name_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where only the name cannot be read, its memory still counts."""

    def odd(_: object) -> str:
        raise ODD

    monkeypatch.setattr(psutil.Process, "name", odd)
    table = PsutilTable()
    handle, facts = table.open(os.getpid()), table.facts(os.getpid())
    assert handle is not None
    assert facts is not None
    usage = handle.read()
    assert usage is not None
    assert usage.name == facts.name == psutil_table.NAMELESS
    assert usage.rss_bytes > MIB


def test_sockets_that_cannot_be_listed_at_once_are_read_one_by_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever the error is."""

    def odd(_kind: str) -> None:
        raise ODD

    monkeypatch.setattr(psutil, "net_connections", odd)
    with socket.create_server(("127.0.0.1", 0)) as server:
        held = PsutilTable().listeners(server.getsockname()[1], "127.0.0.1")
    assert held.pids == {os.getpid()}
