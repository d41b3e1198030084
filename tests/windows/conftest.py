"""The rig for tests: one world and one desktop for all of them, installed once as README says."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

import pytest

from tests.windows import rig
from tests.windows.rig import PROJECT, NoRig, Refused
from tests.windows.running import Program, Runner, Server, Windows

MAKES = "RUN_WINDOWS"


@pytest.fixture(scope="session")
def world() -> Iterator[Windows]:
    """Wine's desktop with its taskbar. Without a rig the tests are skipped; in
    ``tests/run --windows`` and where ``CI=true`` they fail, unless the machine refuses it."""
    try:
        if os.environ.get(MAKES):
            rig.make()
        elif not rig.is_made():
            raise NoRig("tests/run --windows makes it")
        opened = Windows()
        with opened:
            opened.open_desktop()
            yield opened
    except NoRig as reason:
        if os.environ.get(MAKES) and not isinstance(reason, Refused):
            pytest.fail(f"no Windows rig: {reason}", pytrace=False)
        pytest.skip(f"no Windows rig: {reason}")


def readme_commands() -> list[str]:
    """What README tells Windows' users to type, one command each."""
    block = re.search(r"```bat\n(.*?)```", (PROJECT / "README.md").read_text("utf-8"), re.DOTALL)
    assert block
    (line,) = [line for line in block[1].splitlines() if not line.startswith("::")]
    return [command.strip() for command in line.split("&&")]


@pytest.fixture(scope="session")
def installed(world: Windows) -> str:
    """README's commands, but for the last, which would run the tray; what they print."""
    folder = rig.copy_project()
    world.project = folder
    command = " && ".join([*readme_commands()[:-1], "runanalyze-tray --version"])
    status, printed = world.result(
        "cmd", "/c", command, folder=str(world.inside(folder)), within_s=540
    )
    assert status == 0, printed
    return printed


@pytest.fixture
def fresh(world: Windows, installed: str) -> Windows:
    """The world with the program installed, and none of its files left."""
    assert installed
    world.forget_files()
    return world


@pytest.fixture
def own_server(fresh: Windows) -> Iterator[Server]:
    """RunAnalyze's API on a port of its own, by a process that Windows knows as its server."""
    started = Server(fresh)
    yield started
    started.kill()


@pytest.fixture(scope="module")
def server(world: Windows, installed: str) -> Iterator[Server]:
    """The same for all tests of a file, which begins without the program's files."""
    assert installed
    world.forget_files()
    started = Server(world)
    yield started
    started.kill()


@pytest.fixture(scope="module")
def runner(server: Server) -> Iterator[Runner]:
    """Starts programs as Windows does, for all tests of a file."""
    started = Runner(server.world)
    yield started
    started.kill()


@pytest.fixture
def programs(fresh: Windows) -> Iterator[list[Program]]:
    """Those that a test starts; what still runs is ended with it."""
    started: list[Program] = []
    yield started
    for each in started:
        each.kill()
