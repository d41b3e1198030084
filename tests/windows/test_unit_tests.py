"""The unit tests under Windows' Python: what cannot be there is marked with its reason."""

from __future__ import annotations

import pytest

from tests.windows.rig import PYTHON
from tests.windows.running import Windows

ROOMS = ["core", "views", "runtime", "sources", "cli", "history page_server"]


@pytest.mark.parametrize("rooms", ROOMS)
def test_they_pass(world: Windows, installed: str, rooms: str) -> None:
    """Those of each room; none is skipped for lack of a program that the rig has."""
    assert installed
    folders = [f"tests/{room}" for room in rooms.split()]
    options = ("-q", "-p", "no:cacheprovider", "--tb=short", "--timeout=300")
    status, printed = world.result(
        *(PYTHON, "-m", "pytest", *options, *folders),
        folder=str(world.inside(world.project)),
        within_s=540,
    )
    assert status == 0, printed[-20_000:]


def test_the_desktops_tests_can_be_collected(world: Windows, installed: str) -> None:
    """Off Linux, too."""
    assert installed
    status, printed = world.result(
        *(
            PYTHON,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "--collect-only",
            "tests/desktop",
        ),
        folder=str(world.inside(world.project)),
    )
    assert status == 0, printed[-5000:]
