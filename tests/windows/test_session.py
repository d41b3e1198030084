"""The program in a Windows session: second starts, start at login, and a new taskbar."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.waiting import wait_for
from tests.windows.running import Runner, Server, Windows
from tests.windows.tray import HIDE_FROM_TASKBAR, TASKBAR_CREATED, Tray, TrayOfWindows
from tray_app.core.model.presets import Mode
from tray_app.core.presentation.program_text import already_running

RUN = r"HKCU\Software\Microsoft\Windows\CurrentVersion\Run"
CONSOLES = "[each['hwnd'] for each in windows(None, 'WineConsoleClass')]"


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
    program = rf"{world.project_on_windows}\.venv\Scripts\runanalyze-tray.exe"
    heard = already_running(server.url, heard=True)

    def start() -> bool:
        """It waits 2 s for an answer, and says whether it got one."""
        status, printed = world.result(program, *arguments, folder=world.project_inside)
        assert status == 0, printed
        return heard in printed

    wait_for(start, "the running one answers")
    tray.wait_for_balloon(seen, "RunAnalyze: ")
    wait_for(lambda: tray.state("state.sample.mode") == Mode.FALLBACK, "the other's mode")
    icons = runner.ask("windows(None, 'SystemTrayIcon')")
    assert {each["pid"] for each in icons} == {tray.pid()}


def test_a_new_taskbar_gets_the_icon(tray: Tray) -> None:
    """Explorer announces that it has started again; the icon is the same."""
    tray.wait_for_icon()
    tray.ask(HIDE_FROM_TASKBAR)
    wait_for(lambda: tray.icon_at() is None, "no icon")
    tray.ask(TASKBAR_CREATED)
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
    program = rf"{world.project_on_windows}\.venv\Scripts\runanalyze-trayw.exe"
    command = f'"{program}" --url={server.url}'
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
