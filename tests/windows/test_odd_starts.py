"""Starts as the shell makes them: without a terminal, and without any standard handle."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image

from tests.waiting import AMPLE_S, wait_for
from tests.windows.rig import PYTHON
from tests.windows.running import Program, Windows

SCRIPTS = r".venv\Scripts"
NO_CONSOLE = "cannot write to standard output: there is no console; in a terminal use"
DETACHED_PROCESS = 8
WM_CLOSE = 0x10
TRAY = "SystemTrayIcon"


@pytest.fixture
def starter(fresh: Windows, programs: list[Program]) -> Iterator[Program]:
    """Something that starts programs; what it started ends with the test."""
    waits = "import subprocess, time; started = []; time.sleep(3600)"
    program = Program(fresh, PYTHON, "-c", waits, folder=fresh.project)
    programs.append(program)
    yield program
    with contextlib.suppress(AssertionError):
        ours = f"[it for it in windows() if it['class'] == '#32770' or '{TRAY}' in it['class']]"
        for window in program.ask(ours):
            fresh.result("taskkill", "/F", "/PID", str(window["pid"]))


def start(starter: Program, *arguments: str) -> None:
    """The program without any standard handle, as the shell starts it."""
    command = [rf"{SCRIPTS}\runanalyze-trayw.exe", *arguments]
    flags = f"creationflags={DETACHED_PROCESS}"
    starter.ask(f"import subprocess\nbegun = subprocess.Popen({command!r}, {flags})\n1")


def box(starter: Program) -> dict[str, Any]:
    """The open message box: its title and its words."""
    seen = wait_for(
        lambda: starter.ask("[it for it in windows(class_part='#32770') if it['visible']]"),
        "a message box",
        AMPLE_S,
    )
    (shown,) = seen
    words = starter.ask(f"[it['text'] for it in children({shown['hwnd']})]")
    return {**shown, "words": " ".join(words).strip()}


@pytest.mark.parametrize(
    ("flag", "words"),
    [
        ("--nonsense", "unknown option: --nonsense"),
        ("--console", NO_CONSOLE),
        ("--json", NO_CONSOLE),
        ("--once", NO_CONSOLE),
    ],
)
def test_an_error_comes_in_a_window(starter: Program, flag: str, words: str) -> None:
    """A mistake, and what needs a terminal: one sentence; closed, it ends with status 2."""
    start(starter, flag)
    shown = box(starter)
    assert shown["text"] == "runanalyze-tray"
    assert words in shown["words"]
    starter.ask(f"post({shown['hwnd']}, {WM_CLOSE})")
    assert starter.ask(f"begun.wait({AMPLE_S})", AMPLE_S) == 2


def taskbar_end(world: Windows) -> Image.Image:
    """Where the taskbar has its icons."""
    return world.screen().crop((900, 680, 1024, 700))


def test_the_start_menus_shortcut_starts_the_tray(starter: Program) -> None:
    """The shell starts it, and its icon comes; the shortcut goes again."""
    world = starter.world
    program = rf"{SCRIPTS}\runanalyze-tray.exe"
    folder = world.project_inside
    status, printed = world.result(program, "--install-desktop-entry", folder=folder)
    assert status == 0, printed
    shortcut = next(line.partition("wrote ")[2] for line in printed.splitlines() if ".lnk" in line)
    before = taskbar_end(world)

    starter.ask(f"os.startfile({shortcut!r})")

    wait_for(lambda: starter.ask(f"windows(class_part='{TRAY}')"), "the icon's window", AMPLE_S)
    wait_for(lambda: taskbar_end(world) != before, "an icon in the taskbar", AMPLE_S)
    window = starter.ask(f"windows(class_part='{TRAY}')")[0]["hwnd"]
    starter.ask(f"post({window}, {WM_CLOSE})")
    wait_for(lambda: not starter.ask(f"windows(class_part='{TRAY}')"), "its end", AMPLE_S)

    status, printed = world.result(program, "--uninstall-desktop-entry", folder=folder)
    assert (status, printed.count("removed ")) == (0, 2)
    assert not starter.ask(f"os.path.exists({shortcut!r})")


def test_what_the_tray_starts_has_no_window(starter: Program) -> None:
    """A program of the console, started by one without a console: no console to be seen."""
    asks = "import ctypes; print(ctypes.WinDLL('kernel32').GetConsoleWindow())"
    code = (
        "import pathlib, sys\nfrom tray_app import child_program\n"
        f"done = child_program.run([{PYTHON!r}, '-c', {asks!r}], limit_s={AMPLE_S})\n"
        "pathlib.Path(sys.argv[1]).write_bytes(done.stdout)"
    )
    told = rf"C:\bridge\{starter.name}\console.txt"
    command = [rf"{SCRIPTS}\pythonw.exe", "-c", code, told]
    starter.ask(f"import subprocess\nsubprocess.call({command!r}, creationflags=8)", AMPLE_S)
    assert starter.ask(f"open({told!r}).read().strip()") == "0"
