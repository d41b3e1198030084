"""The program in a Windows session: second starts, start at login, and a new taskbar."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.waiting import wait_for
from tests.windows.running import Runner, Server, Windows
from tests.windows.test_balloons import CREATED, HIDE_FROM_TASKBAR
from tests.windows.tray import Tray, TrayOfWindows
from tray_app.core.model.presets import Mode
from tray_app.core.presentation.program_text import already_running

RUN = r"HKCU\Software\Microsoft\Windows\CurrentVersion\Run"
CONSOLES = "[each['hwnd'] for each in windows(None, 'WineConsoleClass')]"
SCRIPTS = r"C:\users\tester\My Apps\runanalyze-tray\.venv\Scripts"
SECOND = rf"{SCRIPTS}\runanalyze-tray.exe"


@pytest.fixture(scope="module")
def server(world: Windows, installed: str) -> Iterator[Server]:
    assert installed
    world.forget_files()
    started = Server(world)
    yield started
    started.kill()


@pytest.fixture(scope="module")
def runner(server: Server) -> Iterator[Runner]:
    started = Runner(server.world)
    yield started
    started.kill()


@pytest.fixture
def tray(server: Server) -> Iterator[Tray]:
    started = Tray(server.world, "--url", server.url)
    started.watch_taskbar()
    yield started
    started.kill()


def test_a_second_start_hands_over(server: Server, tray: Tray, runner: Runner) -> None:
    """It ends with status 0; the running one takes its mode and shows the status."""
    world = server.world
    seen = tray.balloons_count()
    arguments = ("--url", server.url, "--mode", "fallback")
    heard = already_running(server.url, heard=True)

    def start() -> bool:
        """It waits 2 s for an answer, and says whether it got one."""
        folder = str(world.inside(world.project))
        status, printed = world.result(SECOND, *arguments, folder=folder)
        assert status == 0, printed
        return heard in printed

    wait_for(start, "the running one answers")
    tray.wait_for_balloon(seen, "RunAnalyze: ")
    wait_for(lambda: tray.state("state.sample.mode") == Mode.FALLBACK, "the other's mode")
    icons = runner.ask("windows(None, 'SystemTrayIcon')")
    assert {each["pid"] for each in icons} == {tray.pid()}


def test_a_new_taskbar_gets_the_icon(tray: Tray) -> None:
    """Explorer tells that it has started again; the icon is the same."""
    tray.wait_for_icon()
    tray.ask(HIDE_FROM_TASKBAR)
    wait_for(lambda: tray.icon_at() is None, "no icon")
    tray.ask(CREATED)
    tray.wait_for_icon()


def in_run_key(world: Windows) -> str | None:
    """What Windows starts at login."""
    status, printed = world.result("reg", "query", RUN, "/v", "runanalyze-tray")
    value = re.search(r"REG_SZ\s+(.*)", printed)
    assert (status == 0) == bool(value), printed
    return value[1].strip() if value else None


def test_start_at_login(server: Server, tray: Tray, runner: Runner) -> None:
    """The value is quoted for the blank in its path. A login starts the program from it, without a
    console; it knows that it does, and takes the value away."""
    world = server.world
    tray.choose("Settings", "Start at login")
    command = rf'"{SCRIPTS}\runanalyze-trayw.exe" --url={server.url}'
    wait_for(lambda: in_run_key(world) == command, "the value in the registry")
    tray.quit()
    tray.wait()
    consoles = runner.ask(CONSOLES)
    started = TrayOfWindows(runner, lambda name: world.wine("wineboot", env={"RIG_SPY": name}))
    try:
        assert started.state("state.settings.address.url") == server.url
        assert set(runner.ask(CONSOLES)) <= set(consoles)
        wait_for(lambda: started.state("state.autostart"), "it knows of its start")
        started.choose("Settings", "Start at login")
        wait_for(lambda: in_run_key(world) is None, "no value in the registry")
    finally:
        started.kill()
