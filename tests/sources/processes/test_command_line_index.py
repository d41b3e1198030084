"""The index of command lines."""

from __future__ import annotations

import pytest

from tests.sources.processes.test_probe import FakeTable
from tray_app.sources.processes.command_line_index import CommandLineIndex


@pytest.fixture
def table() -> FakeTable:
    table = FakeTable()
    table.start(10, "python /v/bin/uvicorn main:app")
    table.start(11, "python train.py")
    table.start(12, "vim main.py")
    return table


@pytest.fixture
def index(table: FakeTable) -> CommandLineIndex:
    index = CommandLineIndex(table, lambda: 0.0)
    index.update(0.0)
    return index


def test_the_first_update_reads_all(index: CommandLineIndex) -> None:
    """An editor that shows a server's file is neither a server nor a Python process."""
    assert (index.servers, index.pythons, index.matches) == ({10}, {10, 11}, set())


def test_later_updates_read_only_new_processes(table: FakeTable, index: CommandLineIndex) -> None:
    """Until all are read again after a minute."""
    table.asked.clear()
    table.start(20, "python serve.py")
    index.update(2.0)
    assert table.asked["cmdline"] == 0
    index.note(4.0, [20])
    index.update(4.0)
    assert table.asked["cmdline"] == 1
    assert 20 in index.pythons
    index.update(61.0)
    assert table.asked["cmdline"] == 5


def test_a_young_process_is_read_again(table: FakeTable, index: CommandLineIndex) -> None:
    """Between fork and exec it carries its parent's command line."""
    child = table.start(20, "python /v/bin/uvicorn main:app")
    index.note(2.0, [20])
    index.update(2.0)
    assert 20 in index.servers
    child.line = "ffmpeg -i a.mp4"
    index.update(4.0)
    assert 20 not in index.servers | index.pythons


def test_a_pattern_selects_matches(index: CommandLineIndex) -> None:
    """All command lines are read for a new pattern; without one there are no matches."""
    index.seek(r"train\.py")
    index.update(2.0)
    assert index.matches == {11}
    index.seek(r"train\.py")  # the same again changes nothing
    assert index.matches == {11}
    index.seek(None)
    assert index.matches == set()


def test_a_program_that_quotes_the_pattern_is_no_match(
    table: FakeTable, index: CommandLineIndex
) -> None:
    """A search for the pattern, say."""
    table.start(30, "grep -r train.py")
    index.seek("train.py")
    index.update(2.0)
    assert index.matches == {11}


def test_a_full_scan_waits_for_its_cost(table: FakeTable) -> None:
    """After an expensive scan the next one is delayed, whatever asks for it."""
    ticks = iter((0.0, 1.0, 1.0, 1.0))
    index = CommandLineIndex(table, lambda: next(ticks))
    index.update(0.0)
    table.asked.clear()
    index.expire()
    index.update(10.0)
    assert table.asked["cmdline"] == 0
    index.update(51.0)
    assert table.asked["cmdline"] == 3
