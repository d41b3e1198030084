"""The server's processes: found, held, followed, lost and found again."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from tests.needs import not_on_windows, not_on_wine
from tests.ports import free_port
from tests.sources.running import LISTENER, SUPERVISOR, Spawn, end, spawner
from tests.waiting import wait_for
from tray_app.core.model.readings import (
    Loss,
    OomKills,
    PollReading,
    ProcessReading,
    Role,
    SystemMemory,
    Target,
)
from tray_app.core.presentation import process_text
from tray_app.core.server.discovery import Listeners, ProcessFacts
from tray_app.core.server.target_override import TargetOverride
from tray_app.sources.processes.oom_kills import OomCount
from tray_app.sources.processes.probe import ServerProbe
from tray_app.sources.processes.process_table import ListedNewProcesses, ProcessTable, Usage
from tray_app.sources.processes.psutil_table import PsutilTable

TABLES: list[type[ProcessTable]] = [PsutilTable]
if sys.platform == "linux":
    from tray_app.sources.processes.procfs.table import ProcfsTable

    TABLES.append(ProcfsTable)
PORT = 8000
SERVER = "python /v/bin/uvicorn main:app"


def said(reading: ProcessReading) -> str:
    """Why there is no server, as people read it."""
    return process_text.problem(reading.problem) if reading.problem else ""


def evidence(target: Target) -> str:
    """How it was recognised, as people read it."""
    return process_text.evidence(target.evidence)


@dataclass
class FakeProcess:
    """One process of a :class:`FakeTable`; ``readable`` is whether it is this user's."""

    pid: int
    line: str
    ppid: int = 1
    rss_bytes: int = 100
    cpu_s: float = 0.0
    reaped_s: float = 0.0
    ports: set[int] = field(default_factory=set)
    readable: bool = True
    created_s: float = 0.0


class FakeHandle:
    """Holds a process itself, as a real one does."""

    def __init__(self, table: FakeTable, process: FakeProcess) -> None:
        self.pid = process.pid
        self.created_s = process.created_s
        self._table = table
        self._process = process
        table.open_handles += 1
        self._open = True

    def read(self) -> Usage | None:
        process = self._process
        if not self._open or self._table.processes.get(self.pid) is not process:
            return None
        return Usage(process.line.split()[0], process.rss_bytes, process.cpu_s, process.reaped_s)

    def close(self) -> None:
        self._table.open_handles -= self._open
        self._open = False


class FakeTable:
    """A process table as a test says. ``asked`` counts what was asked of it."""

    def __init__(self) -> None:
        self.processes: dict[int, FakeProcess] = {}
        self.asked: Counter[str] = Counter()
        self.open_handles = 0
        self.seconds_spent = 0.0
        self.port_search_costs_s = 0.0
        self.limits_of: int | None = None
        self.killed: int | None = 3
        self.killed_in_group: int | None = None
        self.limit: list[int] | None = None

    def start(self, pid: int, line: str, **other: object) -> FakeProcess:
        self.processes[pid] = FakeProcess(pid, line, **other)  # type: ignore[arg-type]
        return self.processes[pid]

    def end(self, *pids: int) -> None:
        for pid in pids:
            del self.processes[pid]

    def pids(self) -> list[int]:
        return list(self.processes)

    def parent(self, pid: int) -> int | None:
        return self.processes[pid].ppid if pid in self.processes else None

    def cmdline(self, pid: int) -> tuple[str, ...]:
        self.asked["cmdline"] += 1
        return tuple(self.processes[pid].line.split()) if pid in self.processes else ()

    def facts(self, pid: int) -> ProcessFacts | None:
        process = self.processes.get(pid)
        if process is None:
            return None
        cmdline = tuple(process.line.split())
        return ProcessFacts(
            pid, process.ppid, cmdline[0], cmdline, process.created_s, "/srv", process.readable
        )

    def descendants(self, pid: int) -> list[int]:
        self.asked["descendants"] += 1
        children = [each.pid for each in self.processes.values() if each.ppid == pid]
        return children + [below for child in children for below in self.descendants(child)]

    def open(self, pid: int) -> FakeHandle | None:
        process = self.processes.get(pid)
        return FakeHandle(self, process) if process and process.readable else None

    def new_processes(self) -> ListedNewProcesses:
        return ListedNewProcesses(self)

    def listeners(self, port: int, host: str, among: Collection[int] | None = None) -> Listeners:
        assert host == "localhost"
        self.asked["listeners"] += 1
        self.seconds_spent += self.port_search_costs_s
        holders = {pid for pid, process in self.processes.items() if port in process.ports}
        told = {pid for pid in holders if self.processes[pid].readable}
        told &= told if among is None else set(among)
        return Listeners(frozenset(told), hidden=bool(holders) and not told)

    def listening_ports(self, pid: int) -> frozenset[int]:
        return frozenset(self.processes[pid].ports if pid in self.processes else ())

    def system_memory(self) -> SystemMemory:
        return SystemMemory(1000, 400, 60.0)

    def make_poller(
        self,
        tree: Sequence[FakeHandle],
        _floor_bytes: int = 0,
        _with_new_children: bool = False,
    ) -> Callable[[], PollReading]:
        def poll() -> PollReading:
            usages = [handle.read() for handle in tree]
            is_there = bool(usages) and usages[0] is not None
            rss_bytes = sum(each.rss_bytes for each in usages if each) if is_there else None
            return PollReading(rss_bytes, 399)

        return poll

    def count_limits_of(self, pid: int | None) -> None:
        self.limits_of = pid

    def oom_count(self) -> OomCount:
        if self.killed_in_group is None:
            return OomCount(machine=self.killed)
        return OomCount((self.killed_in_group,))

    def limited_pids(self) -> list[int] | None:
        return self.limit

    def close(self) -> None:
        self.asked["close"] += 1


@pytest.fixture
def table() -> FakeTable:
    """An empty machine."""
    return FakeTable()


@pytest.fixture
def probe(table: FakeTable) -> ServerProbe:
    """Looks for the server on port 8000 of ``table``."""
    return ServerProbe(table, "localhost", PORT, own_pid=2, clock=lambda: table.seconds_spent)


def pids(reading: ProcessReading) -> list[int]:
    """The tree, root first."""
    return [row.pid for row in reading.rows]


def test_a_server_that_the_host_does_not_reach_is_not_offered(
    table: FakeTable, probe: ServerProbe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One on another port is, as long as a request to the host gets there."""
    table.start(10, "uvicorn main:app", ports={8772})
    (offered,) = probe.read(0.0).candidates
    assert (offered.pid, offered.port) == (10, 8772)
    monkeypatch.setattr(table, "listeners", lambda *_: Listeners())
    assert probe.read(2.0).candidates == ()


def test_without_a_server_the_reading_says_why(table: FakeTable, probe: ServerProbe) -> None:
    """System memory is there all the same."""
    reading = probe.read(0.0)
    assert reading.target is None
    assert said(reading) == "no server process found on port 8000"
    assert reading.system == table.system_memory()
    assert reading.rss_bytes is None
    assert reading.worker_count == 0


def test_the_whole_tree_counts(table: FakeTable, probe: ServerProbe) -> None:
    """Root, worker, resource tracker and an ffmpeg below a shell; the worker alone answers."""
    table.start(10, SERVER, ports={PORT}, rss_bytes=27)
    table.start(11, "python -c tracker", ppid=10, rss_bytes=12)
    table.start(12, "python -c spawn", ppid=10, rss_bytes=126, ports={PORT})
    table.start(13, "sh -c ffmpeg", ppid=12, rss_bytes=1)
    table.start(14, "ffmpeg", ppid=13, rss_bytes=85)
    table.start(15, "vim main.py", rss_bytes=5)
    reading = probe.read(0.0)
    assert reading.target is not None
    assert (reading.target.pid, evidence(reading.target)) == (10, "listens on port 8000")
    assert reading.target.cwd == "/srv"
    assert sorted(pids(reading)) == [10, 11, 12, 13, 14]
    assert [row.role for row in reading.rows] == [Role.TARGET] + [Role.CHILD] * 4
    assert reading.rss_bytes == 251
    assert reading.worker_count == 1
    assert reading.answering_rss_bytes == 126
    assert reading.problem is None


def test_several_workers_have_no_single_answer(table: FakeTable, probe: ServerProbe) -> None:
    """Then no process can be compared with the API's figure."""
    table.start(10, SERVER, ports={PORT})
    table.start(11, "worker", ppid=10, ports={PORT})
    table.start(12, "worker", ppid=10, ports={PORT})
    reading = probe.read(0.0)
    assert reading.worker_count == 2
    assert reading.answering_rss_bytes is None


@pytest.mark.parametrize(
    "line", ["python -B -c from multiprocessing.spawn import spawn_main", "gunicorn main:app"]
)
def test_workers_whose_supervisor_was_killed_are_one_server(
    table: FakeTable, probe: ServerProbe, line: str
) -> None:
    """They share the port, and any of them answers; each with what it has started."""
    table.start(11, line, rss_bytes=300, ports={PORT}, created_s=1.0)
    table.start(12, line, rss_bytes=120, ports={PORT}, created_s=2.0)
    table.start(13, "ffmpeg", ppid=11, rss_bytes=80)
    table.start(14, "postgres", rss_bytes=1000)
    table.start(15, "nginx", ppid=14, rss_bytes=1000, ports={PORT})
    reading = probe.read(0.0)
    assert {row.pid for row in reading.rows} == {11, 12, 13}
    assert (reading.rss_bytes, reading.worker_count) == (500, 2)
    assert reading.answering_rss_bytes is None
    assert reading.rows[0].role is Role.TARGET
    table.end(reading.rows[0].pid)
    assert probe.read(2.0).worker_count == 1


def test_a_living_server_costs_its_handles_only(table: FakeTable, probe: ServerProbe) -> None:
    """No command line, socket or other process is looked at while nothing changes."""
    for pid in range(100, 200):
        table.start(pid, "idle")
    table.start(10, SERVER, ports={PORT})
    for now_s in range(16):
        probe.read(float(now_s))
    table.asked.clear()
    for tenth in range(160, 290):
        assert probe.read(tenth / 10).target is not None
    assert not table.asked


def test_children_join_and_leave(table: FakeTable, probe: ServerProbe) -> None:
    """A grandchild that comes with its parent is taken in at the same reading."""
    table.start(10, SERVER, ports={PORT})
    assert pids(probe.read(0.0)) == [10]
    table.start(22, "ffmpeg", ppid=21)
    table.start(21, "sh -c ffmpeg", ppid=10)
    assert pids(probe.read(1.0)) == [10, 21, 22]
    table.end(21)
    table.processes[22].ppid = 1
    assert pids(probe.read(2.0)) == [10, 22]
    table.end(22)
    assert pids(probe.read(3.0)) == [10]
    assert table.open_handles == 1


def test_a_child_that_is_still_its_parents_program_is_not_shown_yet(
    table: FakeTable, probe: ServerProbe
) -> None:
    """For an instant each new process has all of its parent's memory; a worker stays."""
    table.start(10, SERVER, ports={PORT}, rss_bytes=1500)
    probe.read(0.0)
    child = table.start(11, SERVER, ppid=10, rss_bytes=1500)
    worker = table.start(12, SERVER, ppid=10, rss_bytes=1400)
    assert probe.read(2.0).rss_bytes == 1500
    child.line, child.rss_bytes = "ffprobe video.mp4", 20
    reading = probe.read(4.0)
    assert pids(reading) == [10, 11, 12]
    assert reading.rss_bytes == 1500 + 20 + worker.rss_bytes


def test_a_poll_tells_memory_as_of_now(table: FakeTable, probe: ServerProbe) -> None:
    """Of the known tree's living members, and of the system; nothing else is looked at."""
    assert probe.make_poller()() == (None, 399)
    table.start(10, SERVER, ports={PORT}, rss_bytes=30)
    worker = table.start(11, "worker", ppid=10, rss_bytes=100)
    table.start(12, "ffmpeg", ppid=11, rss_bytes=5)
    probe.read(0.0)
    table.asked.clear()
    worker.rss_bytes = 200
    table.end(12)
    table.start(13, "ffmpeg", ppid=11, rss_bytes=7)
    assert probe.make_poller()() == (230, 399), "who is new comes with the next reading"
    table.end(10)
    assert probe.make_poller()() == (None, 399)
    assert not table.asked
    assert probe.read(2.0).target is None
    assert probe.make_poller()() == (None, 399)


def test_a_poll_leaves_cpu_to_the_readings(table: FakeTable, probe: ServerProbe) -> None:
    """What comes between two readings does not shorten their span."""
    root = table.start(10, SERVER, ports={PORT})
    probe.read(0.0)
    root.cpu_s += 1.0
    probe.make_poller()()
    assert probe.read(2.0).cpu_percent == 50.0


def test_a_worker_that_listens_late_is_noticed(table: FakeTable, probe: ServerProbe) -> None:
    """It joins while it still imports, and is seen to listen some readings later."""
    table.start(10, SERVER, ports={PORT})
    assert probe.read(0.0).answering_rss_bytes == 100
    worker = table.start(11, "worker", ppid=10, rss_bytes=50)
    probe.read(2.0)
    worker.ports.add(PORT)
    assert probe.read(4.0).answering_rss_bytes == 50


def test_cpu_is_measured_between_readings(table: FakeTable, probe: ServerProbe) -> None:
    """None at first, of one core, above 100 with threads; a newcomer counts in the sum only."""
    root = table.start(10, SERVER, ports={PORT}, cpu_s=50.0)
    first = probe.read(0.0)
    assert first.cpu_percent is None
    assert first.rows[0].cpu_percent is None
    root.cpu_s += 1.0
    child = table.start(11, "ffmpeg", ppid=10, cpu_s=3.0)
    second = probe.read(2.0)
    assert [row.cpu_percent for row in second.rows] == [50.0, None]
    assert second.cpu_percent == 200.0
    child.cpu_s += 1.0
    third = probe.read(4.0)
    assert [row.cpu_percent for row in third.rows] == [0.0, 50.0]
    assert third.cpu_percent == 50.0


def test_a_child_that_lived_between_two_readings_counts(
    table: FakeTable, probe: ServerProbe
) -> None:
    """Its time is found in its parent's, which has waited for it."""
    root = table.start(10, SERVER, ports={PORT}, reaped_s=7.0)
    probe.read(0.0)
    root.reaped_s += 1.8
    reading = probe.read(2.0)
    assert reading.cpu_percent == pytest.approx(90.0)
    assert reading.rows[0].cpu_percent == 0.0
    assert probe.read(4.0).cpu_percent == 0.0


def test_no_time_of_a_child_counts_twice(table: FakeTable, probe: ServerProbe) -> None:
    """Once while it lives, and what came later when its parents have waited for it."""
    root = table.start(10, SERVER, ports={PORT})
    probe.read(0.0)
    shell = table.start(11, "sh -c ffmpeg", ppid=10)
    table.start(12, "ffmpeg", ppid=11, cpu_s=3.0)
    assert probe.read(2.0).cpu_percent == 150.0
    table.end(12)
    assert probe.read(4.0).cpu_percent == 0.0, "nobody has waited for it yet"
    shell.reaped_s = 4.0
    assert probe.read(6.0).cpu_percent == 50.0
    table.end(11)
    root.reaped_s = 4.0
    assert probe.read(8.0).cpu_percent == 0.0


def test_a_sudden_reading_loses_no_time(table: FakeTable, probe: ServerProbe) -> None:
    """A child that ends just before a reading that comes early counts in the next one."""
    root = table.start(10, SERVER, ports={PORT})
    probe.read(0.0)
    table.start(11, "ffmpeg", ppid=10, cpu_s=1.0)
    assert probe.read(1.0).cpu_percent == 100.0
    table.end(11)
    root.reaped_s = 1.5
    assert probe.read(1.1).cpu_percent == 100.0
    assert probe.read(2.0).cpu_percent == 50.0


def test_a_child_that_is_waited_for_late_is_no_spike(table: FakeTable, probe: ServerProbe) -> None:
    """A worker's hours of CPU are not those of the moment in which its parent notes its end."""
    root = table.start(10, SERVER, ports={PORT})
    table.start(11, "worker", ppid=10, cpu_s=7200.0)
    probe.read(0.0)
    table.end(11)
    assert probe.read(2.0).cpu_percent == 0.0
    root.reaped_s = 7200.0
    assert probe.read(60.0).cpu_percent == 0.0


def test_readings_close_together_keep_the_cpu(table: FakeTable, probe: ServerProbe) -> None:
    """Over a few milliseconds the kernel's ticks say nothing, so the last figure stays."""
    root = table.start(10, SERVER, ports={PORT})
    probe.read(0.0)
    root.cpu_s += 1.0
    assert probe.read(2.0).cpu_percent == 50.0
    root.cpu_s += 0.01
    assert probe.read(2.0).cpu_percent == 50.0
    assert probe.read(2.01).cpu_percent == 50.0


def test_a_restarted_server_is_followed_at_once(table: FakeTable, probe: ServerProbe) -> None:
    """Also when it has the same pid: identity is more than that."""
    table.start(10, SERVER, ports={PORT}, created_s=1.0)
    probe.read(0.0)
    table.end(10)
    table.start(10, SERVER, ports={PORT}, created_s=2.0)
    reading = probe.read(1.0)
    assert reading.target is not None
    assert reading.target.created_s == 2.0
    assert reading.cpu_percent is None
    table.end(10)
    assert said(probe.read(2.0)) == "no server process found on port 8000"
    table.start(11, SERVER, ports={PORT})
    assert pids(probe.read(3.0)) == [11]
    assert table.open_handles == 1


def test_the_reading_that_finds_the_server_gone_tells_the_loss(
    table: FakeTable, probe: ServerProbe
) -> None:
    """Once, with how many processes the kernel has killed since the last reading."""
    table.start(10, SERVER, ports={PORT})
    first = probe.read(0.0)
    assert first.loss is None
    assert table.limits_of == 10, "the server's control group counts"
    table.killed = 9
    probe.read(2.0)
    table.end(10)
    table.killed = 11
    lost = probe.read(4.0)
    assert first.target is not None
    assert lost.loss == Loss(first.target, OomKills(2)), "six were killed before"
    assert table.limits_of is None
    assert probe.read(6.0).loss is None


def test_a_kill_at_the_last_reading_is_anothers(table: FakeTable, probe: ServerProbe) -> None:
    """The server was there then, and is for two seconds more."""
    table.start(10, SERVER, ports={PORT})
    probe.read(0.0)
    table.killed = 4
    probe.read(2.0)
    table.end(10)
    lost = probe.read(4.0).loss
    assert lost is not None
    assert lost.oom_kills == OomKills(0)


def test_a_server_is_seen_while_it_dies(table: FakeTable, probe: ServerProbe) -> None:
    """To give back some gigabytes takes a moment, in which a reading may fall."""
    table.start(10, SERVER, ports={PORT})
    probe.read(0.0)
    table.killed = 4
    probe.read(2.0)
    table.end(10)
    lost = probe.read(2.4).loss
    assert lost is not None
    assert lost.oom_kills == OomKills(1)


def test_a_child_that_was_killed_is_told(table: FakeTable, probe: ServerProbe) -> None:
    """The kernel takes the largest, often a worker; only kills in the server's own control group
    say so, and a child that ends beside none has just ended."""
    table.killed_in_group = 3
    table.start(10, SERVER, ports={PORT})
    table.start(11, "worker", ppid=10, rss_bytes=300)
    table.start(12, "ffmpeg", ppid=10, rss_bytes=100)
    probe.read(0.0)
    table.end(12)
    assert probe.read(2.0).killed is None
    table.end(11)
    table.killed_in_group = 4
    killed = probe.read(4.0).killed
    assert killed is not None
    assert [(row.pid, row.rss_bytes) for row in killed.rows] == [(11, 300)]
    assert killed.oom_kills == OomKills(1, own_group=True)
    assert probe.read(6.0).killed is None


def test_a_child_that_ends_beside_a_kill_elsewhere(table: FakeTable, probe: ServerProbe) -> None:
    """Whose kill it was is not known."""
    table.start(10, SERVER, ports={PORT})
    table.start(11, "worker", ppid=10, rss_bytes=300)
    probe.read(0.0)
    table.end(11)
    table.killed = 4
    assert probe.read(2.0).killed is None


def test_a_restart_within_an_interval_tells_both(table: FakeTable, probe: ServerProbe) -> None:
    """The old server as the loss, the new one as the target; kills may be unknown."""
    table.killed = None
    table.start(10, SERVER, ports={PORT})
    probe.read(0.0)
    table.end(10)
    table.start(11, SERVER, ports={PORT})
    reading = probe.read(1.0)
    assert reading.loss is not None
    assert (reading.loss.target.pid, reading.loss.oom_kills) == (10, None)
    assert pids(reading) == [11]


def test_another_choice_is_no_loss(table: FakeTable, probe: ServerProbe) -> None:
    """A process that is let go has not ended."""
    table.start(10, SERVER)
    probe.read(0.0)
    table.start(11, "./serve", ports={PORT})
    assert probe.read(4.0).loss is None


def test_the_answering_processes_are_told(table: FakeTable, probe: ServerProbe) -> None:
    """By their pids, without the supervisor."""
    table.start(10, SERVER, ports={PORT})
    assert probe.read(0.0).workers == (10,)
    table.start(11, "worker", ppid=10, ports={PORT})
    table.start(12, "worker", ppid=10, ports={PORT})
    table.start(13, "ffmpeg", ppid=12)
    assert probe.read(1.0).workers == (11, 12)


def test_without_the_port_the_other_candidates_are_told(
    table: FakeTable, probe: ServerProbe
) -> None:
    """Likeliest first, each with how it was recognised; the port leaves none."""
    table.start(10, "python main.py", created_s=1.0)
    table.start(11, "uvicorn main:app", created_s=2.0)
    best = table.start(12, "uvicorn main:app --port 8000")
    table.start(13, "uvicorn main:app --port 9000")
    reading = probe.read(0.0)
    assert pids(reading) == [12]
    assert [(each.pid, evidence(each)) for each in reading.candidates] == [
        (11, "command line: uvicorn main:app"),
        (10, "command line: python main.py"),
    ]
    best.ports.add(PORT)
    assert probe.read(4.0).candidates == ()


def test_a_picked_process_is_watched_whatever_listens(table: FakeTable, probe: ServerProbe) -> None:
    """With its tree; back to the evidence at the next reading without the override."""
    table.start(10, SERVER, ports={PORT})
    table.start(20, "python train.py", created_s=7.0)
    table.start(21, "worker", ppid=20)
    assert pids(probe.read(0.0)) == [10]
    chosen = probe.read(1.0, override=TargetOverride(pinned=(20, 7.0)))
    assert pids(chosen) == [20, 21]
    assert chosen.target is not None
    assert evidence(chosen.target) == "chosen by you"
    assert (chosen.loss, chosen.workers, chosen.candidates) == (None, (), ())
    assert pids(probe.read(2.0)) == [10]
    assert table.open_handles == 1


def test_a_picked_process_that_ended_is_not_replaced(table: FakeTable, probe: ServerProbe) -> None:
    """Neither by the server nor by another process that got its pid."""
    override = TargetOverride(pinned=(20, 7.0))
    table.start(10, SERVER, ports={PORT})
    table.start(20, "python train.py", created_s=7.0)
    probe.read(0.0, override=override)
    table.end(20)
    table.start(20, "python train.py", created_s=9.0)
    reading = probe.read(1.0, override=override)
    assert reading.loss is not None
    assert reading.target is None
    assert said(reading) == "process 20, chosen by you, has ended"


def test_a_pid_is_one_process_from_when_it_is_first_seen(
    table: FakeTable, probe: ServerProbe
) -> None:
    """It may come later; when it has ended, its pid in another process is not it."""
    override = TargetOverride(pid=20)
    table.start(10, SERVER, ports={PORT})
    assert said(probe.read(0.0, override=override)) == "there is no process 20"
    table.start(20, "python train.py", created_s=7.0)
    assert pids(probe.read(1.0, override=override)) == [20]
    table.end(20)
    table.start(20, SERVER, created_s=9.0)
    assert said(probe.read(2.0, override=override)) == "process 20, chosen by you, has ended"
    assert said(probe.read(9.0, override=override)) == "process 20, chosen by you, has ended"


def test_this_program_cannot_be_picked(table: FakeTable, probe: ServerProbe) -> None:
    """Its pid is 2 here."""
    table.start(2, "python -m tray_app")
    assert (
        said(probe.read(0.0, override=TargetOverride(pid=2)))
        == "process 2 is runanalyze-tray itself"
    )


def test_a_picked_process_of_another_user_is_told_with_what_to_do(
    table: FakeTable, probe: ServerProbe
) -> None:
    """Permission is missing."""
    table.start(20, "python train.py", readable=False)
    assert said(probe.read(0.0, override=TargetOverride(pid=20))) == (
        "process 20 is another user's process; run runanalyze-tray as that user to read it"
    )


def test_a_match_overrides_the_evidence(table: FakeTable, probe: ServerProbe) -> None:
    """Its newest root is watched until one of its kind listens on the port."""
    override = TargetOverride(match=r"app\.serve:\w+")
    table.start(10, SERVER, ports={PORT})
    table.start(2, "python -m tray_app --match app.serve:x", ppid=3)
    table.start(3, "sh -c runanalyze-tray --match app.serve:x", created_s=50.0)
    table.start(20, "twistd app.serve:web", created_s=7.0)
    table.start(21, "twistd app.serve:web", ppid=20, created_s=8.0)
    assert pids(probe.read(0.0, override=override)) == [20, 21]
    newer = table.start(30, "twistd app.serve:web", created_s=9.0)
    probe.read(4.0, override=override)
    settled = probe.read(8.0, override=override)
    assert pids(settled) == [20, 21], "what is watched stays"
    assert [each.pid for each in settled.candidates] == [30]
    newer.ports.add(PORT)
    found = probe.read(12.0, override=override)
    assert pids(found) == [30]
    assert found.target is not None
    assert evidence(found.target) == "chosen by you: matches 'app\\\\.serve:\\\\w+'"


def test_nothing_that_matches_is_said(table: FakeTable, probe: ServerProbe) -> None:
    """The server by evidence does not take its place, and a match that starts is followed."""
    override = TargetOverride(match="train")
    table.start(10, SERVER, ports={PORT})
    table.start(11, "grep -r train .")
    table.start(12, "vim train.py")
    assert said(probe.read(0.0, override=override)) == "no process matches 'train'"
    table.start(20, "python train.py")
    assert pids(probe.read(1.0, override=override)) == [20]


def test_a_server_that_only_starts_is_known_by_its_command(
    table: FakeTable, probe: ServerProbe
) -> None:
    """Between fork and exec it looks like its parent; when it listens, that is the evidence."""
    probe.read(0.0)
    server = table.start(10, "bash start.sh")
    assert probe.read(1.0).target is None
    server.line = SERVER
    reading = probe.read(2.0)
    assert reading.target is not None
    assert evidence(reading.target) == "command line: uvicorn main:app"
    assert (reading.worker_count, reading.answering_rss_bytes) == (0, None)
    server.ports.add(PORT)
    later = probe.read(5.5)
    assert later.target is not None
    assert evidence(later.target) == "listens on port 8000"
    assert later.worker_count == 1
    assert later.cpu_percent is not None, "the same process goes on"


def test_a_guess_that_listens_elsewhere_is_dropped(table: FakeTable, probe: ServerProbe) -> None:
    """A command line is only believed until the process shows its port."""
    server = table.start(10, SERVER)
    assert probe.read(0.0).target is not None
    server.ports.add(9000)
    reading = probe.read(4.0)
    assert reading.target is None
    assert said(reading) == "no server process found on port 8000"
    assert table.open_handles == 0


def test_a_better_listener_replaces_a_guess(table: FakeTable, probe: ServerProbe) -> None:
    """The port is stronger evidence than any command line."""
    table.start(10, SERVER)
    assert pids(probe.read(0.0)) == [10]
    table.start(11, "./serve", ports={PORT})
    assert pids(probe.read(4.0)) == [11]


def test_a_server_that_stopped_listening_is_questioned(
    table: FakeTable, probe: ServerProbe
) -> None:
    """When another took the port over, that one is followed."""
    old = table.start(10, SERVER, ports={PORT})
    for now_s in range(20):
        probe.read(float(now_s))
    old.ports.clear()
    table.start(11, SERVER, ports={PORT})
    found = [pids(probe.read(float(now_s))) for now_s in range(20, 60)]
    assert found[-1] == [11]


def test_a_late_exec_is_found_by_a_full_scan(table: FakeTable, probe: ServerProbe) -> None:
    """Old processes' command lines are read again once a minute."""
    wrapper = table.start(10, "bash start.sh")
    probe.read(0.0)
    probe.read(6.0)
    wrapper.line = SERVER
    assert probe.read(30.0).target is None
    assert probe.read(61.0).target is not None


def test_command_lines_are_read_once(table: FakeTable, probe: ServerProbe) -> None:
    """While there is no server, old processes are left alone, young ones read again."""
    for pid in range(100, 200):
        table.start(pid, "idle")
    for now_s in range(10):
        probe.read(float(now_s))
    table.asked.clear()
    for now_s in range(10, 59):
        probe.read(float(now_s))
    assert table.asked["cmdline"] == 0
    table.start(10, "idle")
    probe.read(59.0)
    assert table.asked["cmdline"] == 1


def test_a_costly_port_search_keeps_its_distance(table: FakeTable, probe: ServerProbe) -> None:
    """At most 2 % of the time: after 50 ms the next comes 2.5 s later."""
    table.port_search_costs_s = 0.05
    for tenth in range(100):
        probe.read(tenth / 10)
    assert table.asked["listeners"] == 4


def test_a_holder_that_cannot_be_read_is_said(table: FakeTable, probe: ServerProbe) -> None:
    """Then no other process is guessed at."""
    table.start(10, "uvicorn main:app", ports={PORT}, readable=False)
    table.start(11, SERVER)
    reading = probe.read(0.0)
    assert reading.target is None
    assert "belongs to another user" in said(reading)


def test_the_largest_other_pythons_are_listed(table: FakeTable, probe: ServerProbe) -> None:
    """At most eight, largest first; not the server's, not this program, nothing else."""
    table.start(10, SERVER, ports={PORT})
    table.start(11, "python worker", ppid=10, rss_bytes=999)
    table.start(2, "python -m tray_app", rss_bytes=999)
    table.start(3, "chrome", rss_bytes=999)
    for pid in range(100, 112):
        table.start(pid, "python3 job.py", rss_bytes=pid)
    assert probe.read(0.0).others == ()
    reading = probe.read(0.5, others=True)
    assert [row.pid for row in reading.others] == list(range(111, 103, -1))
    assert {row.role for row in reading.others} == {Role.PYTHON}
    assert pids(reading) == [10, 11]
    assert table.open_handles == 2 + 8


def test_other_pythons_are_listed_again_every_ten_seconds(
    table: FakeTable, probe: ServerProbe
) -> None:
    """In between those that are shown are read, and those that ended left out."""
    old = table.start(100, "python3 job.py", rss_bytes=1)
    probe.read(0.0, others=True)
    table.start(101, "python3 new.py")
    old.rss_bytes, old.cpu_s = 7, 1.0
    (row,) = probe.read(2.0, others=True).others
    assert (row.pid, row.rss_bytes, row.cpu_percent) == (100, 7, 50.0)
    table.end(100)
    assert probe.read(4.0, others=True).others == ()
    assert [row.pid for row in probe.read(10.0, others=True).others] == [101]


def test_a_server_that_has_just_ended_is_not_called_anothers(
    table: FakeTable, probe: ServerProbe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may hold its port for a moment longer than anybody sees it."""
    table.start(10, SERVER, ports={PORT})
    probe.read(0.0)
    table.end(10)
    monkeypatch.setattr(table, "listeners", lambda *_: Listeners(hidden=True))
    assert said(probe.read(1.0)) == "the server process has just ended"
    assert "belongs to another user" in said(probe.read(3.0))


def test_a_server_that_ends_while_it_is_read_leaves_a_reason(
    table: FakeTable, probe: ServerProbe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between choosing and reading anything may vanish."""
    table.start(10, SERVER, ports={PORT})
    monkeypatch.setattr(table, "descendants", lambda pid: table.end(pid) or [])
    reading = probe.read(0.0)
    assert (reading.target, said(reading)) == (None, "the server process has just ended")
    assert said(probe.read(1.0)) == "no server process found on port 8000"
    assert table.open_handles == 0


def test_forgetting_searches_again(table: FakeTable, probe: ServerProbe) -> None:
    """After sleep the server is found again, and no CPU is computed over the gap."""
    root = table.start(10, SERVER, ports={PORT})
    probe.read(0.0, others=True)
    probe.read(2.0, others=True)
    probe.forget()
    assert table.open_handles == 0
    root.cpu_s += 100.0
    reading = probe.read(5000.0)
    assert pids(reading) == [10]
    assert reading.cpu_percent is None


def test_closing_lets_go_of_everything(table: FakeTable, probe: ServerProbe) -> None:
    """Handles and table; closing twice is allowed."""
    table.start(10, SERVER, ports={PORT})
    table.start(100, "python3 job.py")
    probe.read(0.0, others=True)
    probe.close()
    probe.close()
    assert table.open_handles == 0
    assert table.asked["close"]


def test_new_processes_during_a_long_rest_are_not_hoarded(
    table: FakeTable, probe: ServerProbe
) -> None:
    """With a server found nobody reads command lines; the next search reads them all."""
    table.start(10, SERVER, ports={PORT})
    for now_s in range(600):
        table.start(1000 + now_s, "short")
        probe.read(float(now_s))
        table.end(1000 + now_s)
    table.end(10)
    table.start(11, SERVER)
    table.asked.clear()
    assert pids(probe.read(600.0)) == [11]
    assert table.asked["cmdline"] < 70


def test_a_launcher_is_the_root_of_the_tree(table: FakeTable, probe: ServerProbe) -> None:
    """As on Windows: found by its command, kept when its child listens; the child answers."""
    table.start(8, "cmd.exe")
    table.start(9, "venv/python.exe main.py", ppid=8, created_s=1.0, rss_bytes=5)
    server = table.start(10, "python.exe main.py", ppid=9, created_s=2.0)
    first = probe.read(0.0)
    server.ports.add(PORT)
    for reading in (first, probe.read(4.0)):
        assert pids(reading) == [9, 10]
        assert reading.rss_bytes == 105
    assert (reading.worker_count, reading.answering_rss_bytes) == (1, 100)
    assert reading.target is not None
    assert evidence(reading.target) == "listens on port 8000"
    table.asked.clear()
    probe.read(6.0)
    assert table.asked["listeners"] <= 1, "the search is over"


# Real processes.

Read = Callable[[], ProcessReading]


@pytest.fixture
def spawn(tmp_path: Path) -> Iterator[Spawn]:
    """Starts scripts; they are ended with the test."""
    with spawner(tmp_path) as started:
        yield started


@pytest.fixture
def port() -> int:
    """Nobody else's."""
    return free_port()


@pytest.fixture(params=TABLES)
def read(request: pytest.FixtureRequest, port: int) -> Iterator[Read]:
    """Reads the server on ``port`` with each table, four seconds after the last time.

    So each reading questions a guess: another program's main.py may be one. A reading costs nothing
    by this probe's clock.
    """
    probe = ServerProbe(request.param(), "127.0.0.1", port, os.getpid(), clock=lambda: 0.0)
    moments = iter(range(0, 10**9, 4))
    yield lambda: probe.read(float(next(moments)))
    probe.close()


def assert_port_is_free(reading: ProcessReading) -> None:
    """Other programs of this machine may look like a server that is about to listen."""
    assert reading.problem or (reading.target and "command line" in evidence(reading.target))


def test_a_real_listener_is_found_and_lost(read: Read, spawn: Spawn, port: int) -> None:
    """By its port, with the folder it works in; its end leaves a reason."""
    assert_port_is_free(read())
    process = spawn(LISTENER, port)
    reading = read()
    assert reading.target is not None
    assert reading.target.pid == process.pid
    assert evidence(reading.target) == f"listens on port {port}"
    assert reading.answering_rss_bytes == reading.rss_bytes
    reference = psutil.Process(process.pid).memory_info().rss
    assert reading.rss_bytes == pytest.approx(reference, rel=0.02)
    end(process)
    assert_port_is_free(read())
    again = spawn(LISTENER, port)
    assert pids(read()) == [again.pid]


def test_a_real_main_py_is_known_before_it_listens(read: Read, spawn: Spawn, port: int) -> None:
    """Its command line serves as evidence while it imports."""
    read()
    process = spawn("said('ready')\nrest()\n", "--port", port, name="main.py")
    reading = read()
    assert reading.target is not None
    assert reading.target.pid == process.pid
    assert evidence(reading.target) == "command line: python main.py"


def test_a_real_main_py_on_another_port_is_not_the_server(read: Read, spawn: Spawn) -> None:
    """What listens elsewhere only belongs to something else."""
    process = spawn("held = listen(0)\nsaid('ready')\nrest()\n", name="main.py")
    assert process.pid not in pids(read())


@pytest.mark.skipif(os.name != "posix", reason="forks")
def test_a_killed_worker_is_followed(read: Read, spawn: Spawn, port: int) -> None:
    """The supervisor stays the target, and the new worker answers in the old one's place."""
    process = spawn(SUPERVISOR, port, 1)
    first = read()
    assert pids(first)[0] == process.pid
    assert first.worker_count == 1
    (worker,) = pids(first)[1:]
    assert first.answering_rss_bytes == first.rows[1].rss_bytes
    os.kill(worker, signal.SIGKILL)

    def replaced() -> ProcessReading | None:
        reading = read()
        settled = worker not in pids(reading) and reading.worker_count == 1
        return reading if settled and len(reading.rows) == 2 else None

    reading = wait_for(replaced, "the new worker is in the tree and answers")
    assert reading.target == first.target
    assert reading.answering_rss_bytes == reading.rows[1].rss_bytes


@pytest.mark.skipif(os.name != "posix", reason="forks")
def test_a_real_tree_sums_to_psutils(read: Read, spawn: Spawn, port: int) -> None:
    """Supervisor, two workers and a grandchild below a shell, against the kernel's figures."""
    shell = "subprocess.Popen(['sh', '-c', 'sleep 60; true'])\n"
    process = spawn(shell + SUPERVISOR, port, 2)
    root = psutil.Process(process.pid)
    wait_for(lambda: len(root.children(recursive=True)) == 4, "shell and sleep have started")

    def agreed() -> ProcessReading | None:
        reading = read()
        expected = {each.pid: each.memory_info().rss for each in root.children(recursive=True)}
        expected[root.pid] = root.memory_info().rss
        told = {row.pid: row.rss_bytes for row in reading.rows}
        return reading if told == pytest.approx(expected, rel=0.02) else None

    # The young processes still grow while the two look, one after the other.
    reading = wait_for(agreed, "each process's RSS agrees within 2 %")
    assert (reading.worker_count, reading.answering_rss_bytes) == (2, None)
    again = read()
    assert again.cpu_percent is not None
    assert "sleep" in {row.name for row in again.rows}


# The same command starts itself once more, as Windows' launchers do.
LAUNCHER = """\
if os.environ.get("LAUNCHED"):
    said("launched")
    held = sys.stdin.readline() and listen(int(sys.argv[2]))
    said("ready")
    rest()
subprocess.call([sys.executable, "-S", *sys.argv], env=os.environ | {"LAUNCHED": "1"})
"""


@not_on_wine("who holds a port is unknown")
def test_a_real_launcher_is_the_root(read: Read, tmp_path: Path, port: int) -> None:
    """Both processes are the server, before it listens and after; the child answers."""
    read()
    with spawner(tmp_path, stdin=True) as spawn:
        process = spawn(LAUNCHER, "--port", port, name="main.py")
        assert process.stdin is not None
        assert process.stdout is not None
        (child,) = psutil.Process(process.pid).children()
        before = read()
        assert pids(before) == [process.pid, child.pid]
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.stdout.readline() == "ready\n"
        read()
        after = read()
        assert pids(after) == [process.pid, child.pid]
        assert after.target is not None
        assert evidence(after.target) == f"listens on port {port}"
        assert after.rss_bytes == sum(row.rss_bytes for row in after.rows)
        assert (after.worker_count, after.answering_rss_bytes) == (1, after.rows[1].rss_bytes)


@pytest.mark.skipif(sys.platform != "linux", reason="a process renames itself")
def test_a_real_relay_is_not_the_server(read: Read, spawn: Spawn, port: int) -> None:
    """What is called nginx holds the port for another; why there is no target is said."""
    spawn("open('/proc/self/comm', 'w').write('nginx')\n" + LISTENER, port)
    reading = read()
    assert reading.target is None
    assert f"nginx forwards port {port}, so only the API can be read" in said(reading)


@not_on_windows("no exec")
def test_what_only_names_the_server_is_never_it(read: Read, spawn: Spawn, tmp_path: Path) -> None:
    """Other scripts, an editor, tail and grep with main.py as an argument."""
    (tmp_path / "main.py").touch()
    ready = "said('ready')\nrest()\n"
    mentions = [spawn(ready, name="maintenance.py"), spawn(ready, "main.py", name="editor.py")]
    for command in (["tail", "-f", "main.py"], ["grep", "uvicorn", "main.py", "-"]):
        child = f"child = subprocess.Popen({command!r}, stdin=subprocess.PIPE)\n"
        mentions.append(spawn(child + ready))
    suspects = {each.pid for each in mentions}
    suspects |= {child.pid for pid in suspects for child in psutil.Process(pid).children()}
    assert len(suspects) == 6
    assert not suspects & set(pids(read()))


def test_this_program_is_not_the_server(read: Read, port: int) -> None:
    """Not even when it holds the port itself."""
    with socket.create_server(("127.0.0.1", port)):
        reading = read()
    assert reading.target is None
    assert said(reading) == f"port {port} is used by runanalyze-tray itself"


@pytest.mark.skipif(sys.platform != "linux", reason="Linux's namespaces")
def test_a_server_in_a_container_is_not_guessed_at(spawn: Spawn, port: int) -> None:
    """Its command line is seen from outside, but its port is not this machine's."""
    if not shutil.which("unshare") or subprocess.run(["unshare", "--net", "true"]).returncode:
        pytest.skip("network namespaces cannot be made here")
    isolate = "import ctypes\nassert ctypes.CDLL(None).unshare(0x40000000) == 0  # CLONE_NEWNET\n"
    process = spawn(isolate + LISTENER, port, name="main.py")
    table = ProcfsTable()
    inside, outside = table.facts(process.pid), table.facts(os.getpid())
    assert inside is not None
    assert outside is not None
    assert (inside.isolated, outside.isolated) == (True, False)
    probe = ServerProbe(table, "127.0.0.1", port, os.getpid(), clock=lambda: 0.0)
    assert process.pid not in pids(probe.read(0.0))
    probe.close()


def test_the_largest_processes_are_anybodys(table: FakeTable, probe: ServerProbe) -> None:
    """Of the whole machine, largest first, and no handle is kept."""
    table.start(10, "firefox", rss_bytes=900)
    table.start(11, "uvicorn main:app", rss_bytes=500)
    table.start(12, "bash", rss_bytes=5)
    table.start(13, "secret", rss_bytes=9999, readable=False)
    before = table.open_handles
    rows = probe.largest(2)
    assert [(row.pid, row.name, row.role, row.rss_bytes) for row in rows] == [
        (10, "firefox", Role.OTHER, 900),
        (11, "uvicorn", Role.OTHER, 500),
    ]
    assert table.open_handles == before


def test_the_largest_below_a_limit_are_its_groups(table: FakeTable, probe: ServerProbe) -> None:
    """Processes outside it do not count; the server counts as one, with all of its processes."""
    table.start(9, "firefox", rss_bytes=900)
    table.start(10, SERVER, ports={PORT}, rss_bytes=30)
    table.start(11, "worker", ppid=10, rss_bytes=200)
    table.start(12, "postgres", rss_bytes=100)
    table.start(13, "sh", rss_bytes=1)
    table.limit = [10, 11, 12, 13, 99]
    probe.read(0.0)
    assert [(row.pid, row.role, row.rss_bytes) for row in probe.largest(2)] == [
        (10, Role.TARGET, 230),
        (12, Role.OTHER, 100),
    ]
    table.limit = [12, 13]
    assert [row.pid for row in probe.largest(2)] == [12, 13]
