"""New processes, found by the kernel's newest pid."""

from __future__ import annotations

from tray_app.sources.processes.procfs.new_processes import CursorNewProcesses


class _FakeCursor:
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


def test_pids_that_begin_again_are_not_missed() -> None:
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
