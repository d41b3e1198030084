"""Opens directories, addresses and text files with the desktop's own program, and reports failures.

No shell is involved. The opened program outlives this one.
"""

from __future__ import annotations

import logging
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tray_app import child_program
from tray_app.worker_thread import WorkerThread

_log = logging.getLogger(__name__)

OBSERVED_S = 5.0
"""xdg-open ends at once, except if it waits for the browser itself."""

# xdg-open's exit status, as its manual has it.
_XDG_PROBLEMS = {
    2: "it does not exist",
    3: "no program is set to open it",
    4: "the program that opens it failed",
}
# Editors that can begin at a line, by the first word of their desktop entry's name or of its last
# part (org.xfce.mousepad), with the option that says which.
_LINE_OPTIONS = {
    "mousepad": "--line={}",
    "gedit": "+{}",
    "texteditor": "+{}",
    "xed": "+{}",
    "pluma": "+{}",
    "kate": "--line={}",
    "kwrite": "--line={}",
    "featherpad": "+{}",
    "geany": "+{}",
}
_PROGRAMS = {"texteditor": "gnome-text-editor"}


def open_place(place: str, report: Callable[[str], None]) -> None:
    """Open a path or an http(s) URL in a thread; only a problem is reported, in plain words."""
    _in_thread(place, lambda: _problem(place), report)


def edit_file(file: str, line: int, report: Callable[[str], None]) -> None:
    """Open a text file in the desktop's editor, likewise; at ``line`` (from 1; 0: anywhere) if the
    editor is known to have an option for it."""
    _in_thread(file, lambda: _edit(file, line), report)


def _in_thread(place: str, work: Callable[[], str | None], report: Callable[[str], None]) -> None:
    def run() -> None:
        try:
            problem = work()
        except Exception as error:  # noqa: BLE001 - who has clicked waits for an answer
            problem = getattr(error, "strerror", None) or str(error)
        if problem:
            report(problem)
            _log.info("could not open %s: %s", place, problem)

    WorkerThread("open", run, again=False).start()


def _problem(place: str) -> str | None:
    if "://" not in place and not Path(place).exists():
        return "there is no such file or directory"
    if sys.platform == "win32":
        os.startfile(place)
        return None
    name = "open" if sys.platform == "darwin" else "xdg-open"
    program = shutil.which(name)
    if program is None:
        return f"{name} is missing (on Linux it comes with xdg-utils)"
    return _run([program, place])


def _edit(file: str, line: int) -> str | None:
    if not Path(file).exists():
        return "there is no such file"
    if sys.platform == "win32":
        child_program.start(["notepad.exe", file])
        return None
    if sys.platform == "darwin":
        return _run(["open", "-t", file])
    # Not xdg-open first: it asks for the program of this kind of file, which is often not set.
    for command in _editors(file, line):
        if _run(command) is None:
            return None
    return _problem(file)


def _editors(file: str, line: int) -> Iterator[list[str]]:
    """Commands that open this file in the desktop's editor of plain text, the best first."""
    query = shutil.which("xdg-mime")
    if query is None:
        return
    answer = child_program.run([query, "query", "default", "text/plain"], limit_s=OBSERVED_S)
    entry = answer.stdout.decode().strip().removesuffix(".desktop")
    if not entry:
        return
    name = entry.rpartition(".")[2].lower()
    program = shutil.which(_PROGRAMS.get(name, name))
    if line and program and name in _LINE_OPTIONS:
        yield [program, _LINE_OPTIONS[name].format(line), file]
    if launch := shutil.which("gtk-launch"):
        yield [launch, entry, file]
    elif program:
        yield [program, file]


def _run(command: Sequence[str]) -> str | None:
    """Start a program and observe it for a while; its problem, if it fails in that time."""
    process = child_program.start(command)
    try:
        status = process.wait(OBSERVED_S)
    except child_program.TimeIsUp:
        process.wait()  # it has opened something; it must still be reaped
        return None
    name = Path(command[0]).name
    return _XDG_PROBLEMS.get(status, f"{name} ended with status {status}") if status else None
