"""The watched process tree."""

from __future__ import annotations

import pytest

from tests.sources.processes.test_probe import PORT, SERVER, FakeTable
from tray_app.core.model.readings import Role
from tray_app.sources.processes.tree import ServerTree, TreeReading


@pytest.fixture
def table() -> FakeTable:
    """A supervisor with two workers that listen, and another program."""
    table = FakeTable()
    table.start(10, SERVER, ports={PORT}, rss_bytes=20)
    table.start(11, SERVER, ppid=10, ports={PORT}, rss_bytes=300)
    table.start(12, SERVER, ppid=10, ports={PORT}, rss_bytes=200)
    table.start(50, "python train.py", rss_bytes=999)
    return table


@pytest.fixture
def tree(table: FakeTable) -> ServerTree:
    root = table.open(10)
    assert root is not None
    return ServerTree(table, root, "localhost", PORT, 0.0)  # type: ignore[arg-type]


def read(tree: ServerTree, at_s: float, new_pids: dict[int, int] | None = None) -> TreeReading:
    reading = tree.read(at_s, new_pids or {})
    assert reading is not None
    return reading


def test_a_tree_is_the_root_and_all_below_it(tree: ServerTree) -> None:
    """The root comes first, and nothing else of the machine belongs to it."""
    rows = read(tree, 0.0).rows
    assert [(row.pid, row.role) for row in rows] == [
        (10, Role.TARGET),
        (11, Role.CHILD),
        (12, Role.CHILD),
    ]
    assert tree.pids == {10, 11, 12}


def test_with_several_workers_nobody_knows_who_answers(tree: ServerTree) -> None:
    """Both are named; neither's memory is the answering one's."""
    reading = read(tree, 0.0)
    assert set(reading.workers) == {11, 12}
    assert reading.answering_rss_bytes is None


def test_of_one_worker_the_memory_is_known(table: FakeTable, tree: ServerTree) -> None:
    """It alone can answer."""
    table.end(12)
    reading = read(tree, 0.0)
    assert reading.workers == (11,)
    assert reading.answering_rss_bytes == 300


def test_a_new_child_joins_and_an_ended_one_is_told_once(
    table: FakeTable, tree: ServerTree
) -> None:
    """With its last figures."""
    read(tree, 0.0)
    table.start(13, "ffmpeg -i a.mp4", ppid=11, rss_bytes=90)
    assert 13 in {row.pid for row in read(tree, 2.0, {13: 11}).rows}
    table.end(13)
    ended = read(tree, 4.0).ended
    assert [(row.pid, row.rss_bytes) for row in ended] == [(13, 90)]
    assert read(tree, 6.0).ended == ()


def test_a_child_of_another_program_stays_out(table: FakeTable, tree: ServerTree) -> None:
    """Only descendants of members join."""
    table.start(60, "python loader.py", ppid=50)
    read(tree, 2.0, {60: 50})
    assert 60 not in tree.pids


def test_a_child_outlives_its_parent_in_the_tree(table: FakeTable, tree: ServerTree) -> None:
    """It stays a member."""
    table.start(13, "ffmpeg -i a.mp4", ppid=12)
    read(tree, 2.0, {13: 12})
    table.end(12)
    assert {row.pid for row in read(tree, 4.0).rows} == {10, 11, 13}


def test_no_cpu_counts_twice(table: FakeTable, tree: ServerTree) -> None:
    """A reaped child's CPU comes again in its parent's counter."""
    child = table.start(13, "ffmpeg -i a.mp4", ppid=11)
    read(tree, 0.0)
    read(tree, 2.0, {13: 11})
    child.cpu_s = 2.0
    assert read(tree, 4.0).cpu_percent == pytest.approx(100.0)
    table.end(13)
    table.processes[11].reaped_s = 2.0
    assert read(tree, 6.0).cpu_percent == pytest.approx(0.0)


def test_without_its_root_there_is_no_tree(table: FakeTable, tree: ServerTree) -> None:
    """Closing it releases every handle, also twice."""
    table.end(10)
    assert tree.read(2.0, {}) is None
    tree.close()
    tree.close()
    assert table.open_handles == 0
