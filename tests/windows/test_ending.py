"""Each way in which the program ends on Windows: its state is stored, and its icon is gone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest

from tests.waiting import wait_for
from tests.windows.running import LOCAL, Runner, Server
from tests.windows.tray import Tray, TrayOfWindows

# An alert that lasts: state.json has the moment at which it was stored last.
ALERT = "interval_s = 0.5\n[alerts]\nraised_mb = 10\nraised_hold_s = 0\n"
UNHURRIED = """
from tray_app.app import wiring
from tray_app.runtime import ending
ending.EXIT_AFTER_S = wiring.JOIN_LIMIT_S = 60.0
1
"""
WM_CLOSE, WM_QUERYENDSESSION, WM_ENDSESSION = 0x10, 0x11, 0x16
CONSOLES = """
titles = [each["text"] for each in windows(None, "WineConsoleClass")]
len([title for title in titles if "runanalyze-tray.exe" in title])
"""


@pytest.fixture
def tray(server: Server) -> Iterator[Tray]:
    server.world.forget_state()
    started = Tray(server.world, "--url", server.url, settings=ALERT)
    yield started
    started.kill()


@pytest.fixture
def in_console(server: Server, runner: Runner) -> Iterator[Tray]:
    """``runanalyze-tray`` with a double click: Windows opens a console for it."""
    world = server.world
    world.forget_state()
    program = rf"{world.project_on_windows}\.venv\Scripts\runanalyze-tray.exe"
    command = f'"{program}" --url {server.url}'
    started = TrayOfWindows(
        runner, lambda name: runner.ask(f"start({command!r}, {name!r})"), settings=ALERT
    )
    yield started
    started.kill()


def stored_s() -> float:
    """When the alert was stored."""
    state = LOCAL / "state.json"
    alerts = json.loads(state.read_text("utf-8")).get("alerts") if state.is_file() else None
    return float(alerts["at"]) if alerts else 0.0


def ends(tray: Tray, end: Callable[[], object]) -> None:
    """It does, with status 0; what it knew is stored, and its icon is gone. However slow the
    machine is: what the program would give up after its 2 s is none of these tests' matter."""
    tray.ask(UNHURRIED)
    wait_for(stored_s, "the alert is stored")
    began_s = tray.ask("time.time()")
    end()
    assert tray.wait() == 0
    assert stored_s() >= began_s
    assert not list(LOCAL.glob("history/*-wal")), "the history is not closed"
    wait_for(lambda: tray.icon_at() is None, "no icon")


def test_by_the_menu(tray: Tray) -> None:
    """Its last row."""
    ends(tray, tray.quit)


@pytest.mark.parametrize("number", [0, 1])
def test_by_a_message_to_a_window(tray: Tray, number: int) -> None:
    """WM_CLOSE to either of its two."""
    hwnd = tray.windows()[number]
    ends(tray, lambda: tray.tell(f"post({hwnd}, {WM_CLOSE})"))


def test_by_taskkill(tray: Tray) -> None:
    """Without /F."""
    pid = str(tray.pid())
    ends(tray, lambda: tray.world.wine("taskkill", "/PID", pid))


def test_by_ctrl_c(in_console: Tray, runner: Runner) -> None:
    """In its console, which closes with it; no message to its windows is needed."""
    assert runner.ask(CONSOLES) == 1
    ends(in_console, lambda: runner.ask(f"press_ctrl_c({in_console.pid()})"))
    wait_for(lambda: runner.ask(CONSOLES) == 0, "no console")


def test_by_ctrl_break(tray: Tray) -> None:
    """Wine does not send it: the signal that Python makes of it is raised beside the main thread,
    which waits for a message."""
    ends(tray, lambda: tray.tell("import signal\nsignal.raise_signal(signal.SIGBREAK)"))


def test_by_a_closed_console(in_console: Tray) -> None:
    """Wine does not report it: Windows' own function that calls the handlers is called in the
    process."""
    ends(in_console, lambda: in_console.tell("ctypes.WinDLL('kernelbase').CtrlRoutine(2)"))


def test_by_the_end_of_the_session(tray: Tray, runner: Runner) -> None:
    """It agrees, and stays when another program does not; else it has stored its state when it has
    answered, for Windows may end it then."""
    hwnd, owner = tray.windows()
    assert tray.ask(f"[send(each, {WM_QUERYENDSESSION}) for each in ({hwnd}, {owner})]") == [1, 1]
    assert tray.ask(f"send({hwnd}, {WM_ENDSESSION}, 0)") == 0
    sampled_s = tray.state("state.sample.at.wall_s")
    wait_for(lambda: tray.state("state.sample.at.wall_s") > sampled_s, "a further sample")

    def end() -> None:
        began_s = tray.ask("time.time()")
        runner.ask(f"send({hwnd}, {WM_ENDSESSION}, 1)")
        assert stored_s() >= began_s

    ends(tray, end)


def test_by_logging_off(tray: Tray) -> None:
    """As Wine does it, which asks each program."""
    ends(tray, lambda: tray.world.wine("wineboot", "--end-session"))
