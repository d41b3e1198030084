"""Opens a directory or an address with the desktop's own program, and reports failures.

No shell is involved. The opened program outlives this one.
"""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

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


def open_place(place: str, report: Callable[[str], None]) -> None:
    """Open a path or an http(s) URL in a thread; only a problem is reported, in plain words."""

    def work() -> None:
        try:
            problem = _problem(place)
        except Exception as error:  # noqa: BLE001 - who has clicked waits for an answer
            problem = getattr(error, "strerror", None) or str(error)
        if problem:
            report(problem)
            _log.info("could not open %s: %s", place, problem)

    WorkerThread("open", work, again=False).start()


def _problem(place: str) -> str | None:
    if "://" not in place and not Path(place).is_dir():
        return "there is no such directory"
    if sys.platform == "win32":
        os.startfile(place)
        return None
    name = "open" if sys.platform == "darwin" else "xdg-open"
    program = shutil.which(name)
    if program is None:
        return f"{name} is missing (on Linux it comes with xdg-utils)"
    process = subprocess.Popen(
        [program, place],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        status = process.wait(OBSERVED_S)
    except subprocess.TimeoutExpired:
        process.wait()  # it has opened something; it must still be reaped
        return None
    return _XDG_PROBLEMS.get(status, f"{name} ended with status {status}") if status else None
