"""The largest other Python processes."""

from __future__ import annotations

import pytest

from tests.sources.processes.test_probe import FakeTable
from tray_app.core.model.readings import Role
from tray_app.sources.processes.command_line_index import CommandLineIndex
from tray_app.sources.processes.other_pythons import OtherPythons


@pytest.fixture
def table() -> FakeTable:
    table = FakeTable()
    table.start(2, "python -m tray_app", rss_bytes=900)
    table.start(10, "python serve.py", rss_bytes=800)
    table.start(11, "python train.py", rss_bytes=500)
    table.start(12, "python notebook.py", rss_bytes=700)
    table.start(13, "vim main.py", rss_bytes=999)
    return table


@pytest.fixture
def others(table: FakeTable) -> OtherPythons:
    return OtherPythons(table, CommandLineIndex(table, lambda: 0.0), own_pid=2)


def test_the_largest_come_first(others: OtherPythons) -> None:
    """Without the server's tree, this program, and other programs."""
    rows = others.read(0.0, {10})
    assert [row.pid for row in rows] == [12, 11]
    assert {row.role for row in rows} == {Role.PYTHON}


def test_each_says_what_it_runs(others: OtherPythons) -> None:
    """Their names alone would look alike."""
    found = {row.pid: row.runs for row in others.read(0.0, ())}
    assert found == {10: "serve.py", 11: "train.py", 12: "notebook.py"}


def test_only_eight_are_kept_open(table: FakeTable, others: OtherPythons) -> None:
    """The smaller ones are released."""
    for pid in range(20, 32):
        table.start(pid, "python worker.py", rss_bytes=pid)
    rows = others.read(0.0, ())
    assert [row.rss_bytes for row in rows] == [800, 700, 500, 31, 30, 29, 28, 27]
    assert table.open_handles == 8


def test_between_listings_no_command_line_is_read(table: FakeTable, others: OtherPythons) -> None:
    """A new process shows with the next listing, an ended one is gone at once."""
    others.read(0.0, ())
    table.asked.clear()
    table.start(30, "python late.py", rss_bytes=5000)
    table.end(11)
    assert [row.pid for row in others.read(2.0, ())] == [10, 12]
    assert table.asked["cmdline"] == 0


def test_a_process_that_joins_the_servers_tree_leaves(
    table: FakeTable, others: OtherPythons
) -> None:
    """And is released."""
    assert len(others.read(0.0, ())) == 3
    assert [row.pid for row in others.read(2.0, {12})] == [10, 11]
    assert table.open_handles == 2


def test_cpu_is_known_from_the_second_reading_on(table: FakeTable, others: OtherPythons) -> None:
    """Of one core."""
    assert {row.cpu_percent for row in others.read(0.0, ())} == {None}
    table.processes[11].cpu_s = 1.0
    found = {row.pid: row.cpu_percent for row in others.read(2.0, ())}
    assert found[11] == pytest.approx(50.0)


def test_closing_releases_all(table: FakeTable, others: OtherPythons) -> None:
    """The next reading lists again."""
    others.read(0.0, ())
    others.close()
    assert table.open_handles == 0
    assert len(others.read(0.1, ())) == 3


def test_a_launcher_is_no_other_python(table: FakeTable) -> None:
    """A venv's python.exe on Windows waits for the one it starts: neither ours nor another's is
    listed, only what it launched."""
    table.start(1, "python.exe -m tray_app", rss_bytes=7)
    table.start(2, "python.exe -m tray_app", ppid=1)
    table.start(20, r"venv\Scripts\python.exe train.py", rss_bytes=7)
    table.start(21, r"C:\py311\python.exe train.py", ppid=20, rss_bytes=600)
    index = CommandLineIndex(table, lambda: 0.0)
    found = OtherPythons(table, index, own_pid=2, has_launchers=True).read(0.0, ())
    assert [row.pid for row in found] == [10, 12, 21, 11]


def test_a_fork_hides_no_parent(table: FakeTable) -> None:
    """Elsewhere a worker with its parent's command line is a fork, and both are shown."""
    table.start(30, "python train.py", ppid=11, rss_bytes=1)
    index = CommandLineIndex(table, lambda: 0.0)
    rows = OtherPythons(table, index, own_pid=2, has_launchers=False).read(0.0, ())
    assert {11, 30} <= {row.pid for row in rows}
