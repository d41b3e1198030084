"""The unit tests under Windows' Python: what cannot be there is marked with its reason."""

from __future__ import annotations

import pytest

from tests.windows.rig import PYTHON, Output
from tests.windows.running import Windows

SLOW = "sources"  # mostly waits: it runs beside the others, except those that look for servers
ROOMS = ["core", "views", "runtime", "history page_server", SLOW, "cli"]
LIMIT_S = 540.0


class UnitTests:
    """Pytest in the rig, with the tests of some rooms."""

    def __init__(self, world: Windows, rooms: str) -> None:
        options = ("-q", "-p", "no:cacheprovider", "--tb=short", "--timeout=300")
        folders = [f"tests/{room}" for room in rooms.split()]
        self._process = world.start(
            *("wine", PYTHON, "-m", "pytest", *options, *folders),
            folder=world.project_inside,
        )
        self._output = Output(self._process)

    def end(self) -> str:
        """What failed; nothing, where all passed."""
        status = self._process.wait(LIMIT_S)
        return "" if status == 0 else self._output.rest()[-20_000:]


@pytest.fixture(scope="module")
def slow(world: Windows, installed: str) -> UnitTests:
    assert installed
    return UnitTests(world, SLOW)


@pytest.mark.parametrize("rooms", ROOMS)
def test_they_pass(world: Windows, slow: UnitTests, rooms: str) -> None:
    """Those of each room; none is skipped for lack of a program that the rig has."""
    failed = (slow if rooms == SLOW else UnitTests(world, rooms)).end()
    assert not failed, failed


def test_the_desktops_tests_can_be_collected(world: Windows, installed: str) -> None:
    """Off Linux, too."""
    assert installed
    collect = ("-q", "-p", "no:cacheprovider", "--collect-only", "tests/desktop")
    status, printed = world.result(
        *(PYTHON, "-m", "pytest", *collect),
        folder=world.project_inside,
    )
    assert status == 0, printed[-5000:]
