"""Finding the server by its port, or by command line if nothing listens there."""

from __future__ import annotations

import pytest

from tests.sources.processes.test_probe import PORT, SERVER, FakeTable
from tray_app.core.model.process_finding import EvidenceKind, ProcessProblemKind
from tray_app.sources.processes.command_line_index import CommandLineIndex
from tray_app.sources.processes.finder import TargetFinder


@pytest.fixture
def table() -> FakeTable:
    return FakeTable()


@pytest.fixture
def finder(table: FakeTable) -> TargetFinder:
    index = CommandLineIndex(table, lambda: 0.0)
    return TargetFinder(
        table, index, "localhost", PORT, own_pid=2, clock=lambda: table.seconds_spent
    )


def test_the_process_on_the_port_is_the_server(table: FakeTable, finder: TargetFinder) -> None:
    """No command line is read for that."""
    table.start(20, SERVER, ports={PORT})
    table.start(30, SERVER, ports={9000})
    choice = finder.find(0.0)
    assert (choice.pid, choice.by_port) == (20, True)
    assert table.asked["cmdline"] == 0


def test_without_a_listener_a_command_line_is_the_guess(
    table: FakeTable, finder: TargetFinder
) -> None:
    """A server that is still starting."""
    table.start(20, SERVER)
    choice = finder.find(0.0)
    assert choice.pid == 20
    assert choice.evidence is not None
    assert choice.evidence.kind is EvidenceKind.COMMAND_LINE
    assert not choice.by_port


def test_a_server_on_another_port_is_only_offered(table: FakeTable, finder: TargetFinder) -> None:
    """If a request to that port reaches it."""
    table.start(20, SERVER, ports={9000})
    choice = finder.find(0.0)
    assert choice.pid is None
    assert [(each.pid, each.port) for each in choice.candidates] == [(20, 9000)]


def test_a_server_that_is_watched_already_is_not_offered(table: FakeTable) -> None:
    """Another entry of the list has it."""
    index = CommandLineIndex(table, lambda: 0.0)
    finder = TargetFinder(
        table, index, "localhost", PORT, own_pid=2, clock=lambda: 0.0, watched={PORT, 9000}
    )
    table.start(20, SERVER, ports={9000})
    table.start(30, SERVER, ports={9001})
    assert [each.port for each in finder.find(0.0).candidates] == [9001]


def test_a_hidden_listener_ends_the_search(table: FakeTable, finder: TargetFinder) -> None:
    """The port belongs to another user's process, so a command line proves nothing."""
    table.start(20, "nginx", ports={PORT}, readable=False)
    table.start(30, SERVER)
    choice = finder.find(0.0)
    assert choice.pid is None
    assert choice.problem is not None
    assert choice.problem.kind is ProcessProblemKind.HELD_UNSEEN


def test_an_expensive_port_search_is_made_less_often(
    table: FakeTable, finder: TargetFinder
) -> None:
    """In between the last answer counts."""
    table.port_search_costs_s = 0.1
    table.start(20, SERVER, ports={PORT})
    assert finder.find(0.0).pid == finder.find(2.0).pid == 20
    assert table.asked["listeners"] == 1
    finder.find(6.0)
    assert table.asked["listeners"] == 2


def test_a_pattern_is_searched_among_all_but_this_programs_line(
    table: FakeTable,
) -> None:
    """The shell that started this program quotes the pattern."""
    table.start(3, "bash train")
    table.start(2, "python other.py train", ppid=3)
    table.start(20, "python train.py")
    index = CommandLineIndex(table, lambda: 0.0)
    index.seek("train")
    finder = TargetFinder(table, index, "localhost", PORT, own_pid=2, clock=lambda: 0.0)
    assert finder.find_match(0.0, "train", None).pid == 20
    table.end(20)
    assert finder.find_match(0.0, "train", None).pid is None
