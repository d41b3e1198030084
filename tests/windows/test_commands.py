"""The program in a terminal of Windows, installed as README says."""

from __future__ import annotations

import json
import tomllib

from tests.waiting import wait_for
from tests.windows.conftest import readme_commands
from tests.windows.running import LOCAL, Program, Server, Windows
from tray_app import __version__

SCRIPT = r".venv\Scripts\runanalyze-tray.exe"


def ran(world: Windows, *arguments: str) -> tuple[int, str]:
    """Status and output."""
    return world.result(SCRIPT, *arguments, folder=world.project_inside)


def test_readmes_commands_install_it(world: Windows, installed: str) -> None:
    """In a folder with a blank in its path; the last command is the program."""
    assert installed.strip().splitlines()[-1] == f"runanalyze-tray {__version__}"
    assert "My Apps" in str(world.project)
    program = readme_commands()[-1].rpartition("\\")[2]
    assert (world.project / ".venv" / "Scripts" / f"{program}.exe").is_file()


def test_help(fresh: Windows) -> None:
    """Every line of it, to a pipe that is not UTF-8."""
    status, printed = ran(fresh, "--help")
    assert status == 0
    assert "--console" in printed


def test_init_config(fresh: Windows) -> None:
    """Below %LOCALAPPDATA%, with every setting; a second time it is not written over."""
    status, printed = ran(fresh, "--init-config")
    assert status == 0, printed
    config = LOCAL / "config.toml"
    assert "AppData\\Local\\runanalyze-tray\\config.toml" in printed
    tomllib.loads(config.read_text("utf-8"))
    assert ran(fresh, "--init-config")[0] == 2


def test_once(own_server: Server) -> None:
    """One sample, by the API and the process that it is of."""
    status, printed = ran(own_server.world, "--once", "--url", own_server.url)
    assert status == 0, printed
    assert "MB" in printed


def test_once_as_json(own_server: Server) -> None:
    """The server is found by its port."""
    status, printed = ran(own_server.world, "--once", "--json", "--url", own_server.url)
    assert status == 0, printed
    sample = json.loads(printed)
    assert sample["target"]["pid"] == own_server.pid()


def test_without_a_server(fresh: Windows) -> None:
    """Status 3, and the reason."""
    status, printed = ran(fresh, "--once", "--url", "http://127.0.0.1:9")
    assert status == 3, printed


def test_a_wrong_flag(fresh: Windows) -> None:
    """One line, and status 2."""
    status, printed = ran(fresh, "--nope")
    assert (status, printed.count("\n")) == (2, 1)
    assert "unknown option: --nope" in printed


def test_json_goes_on(own_server: Server, programs: list[Program]) -> None:
    """A line per sample, each whole, until it is ended."""
    world = own_server.world
    program = Program(
        world, SCRIPT, "--json", "--interval", "0.5", "--url", own_server.url, folder=world.project
    )
    programs.append(program)
    wait_for(lambda: program.output.count("\n") >= 3, "three samples", 60)
    first = json.loads(program.output.splitlines()[0])
    assert first["target"]["pid"] == own_server.pid()


def test_console(own_server: Server) -> None:
    """Plain lines where nothing is a terminal, and a summary at the end."""
    arguments = ("--console", "--duration", "2", "--interval", "0.5", "--url", own_server.url)
    status, printed = ran(own_server.world, *arguments)
    assert status == 0, printed
    assert "Summary" in printed


def test_demo(fresh: Windows) -> None:
    """The scripted server."""
    status, printed = ran(fresh, "--demo", "--console", "--duration", "3")
    assert status == 0, printed
    assert "Summary" in printed


def test_doctor(own_server: Server) -> None:
    """The whole report, with Windows' own facts."""
    _, printed = ran(own_server.world, "--doctor", "--url", own_server.url)
    assert f"listens on port {own_server.port}" in printed
    assert "Traceback" not in printed
