"""Reads the Python stacks of processes with py-spy: the only place that starts it.

py-spy reads without pausing a process (``--nonblocking``). A pause is a signal that stops the
process, and py-spy, ended because its time is over, might leave it stopped. A reading without a
pause can fail while the stack changes, so it is tried again within the time.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from shutil import which

from tray_app import child_program
from tray_app.core.model.readings import ProcessRow
from tray_app.core.model.sanitize import visible
from tray_app.core.model.stacks import Stacks, StacksProblem

LIMIT_S = 2.0
"""For all processes together."""

PROCESSES_MAX = 8
TRIES_MAX = 20
CHARACTERS_MAX = 60_000
"""Some hundred threads. More is cut."""

DETAIL_MAX = 200

_HEAD = re.compile(r"^Process \d+: .*\n")
_DENIED_OS_ERRORS = (5,) if sys.platform == "win32" else (1, 13)
_GONE_OS_ERRORS = (87,) if sys.platform == "win32" else (2, 3)
_OS_ERROR = re.compile(r"\(os error (\d+)\)")
_WORST_FIRST = (
    StacksProblem.NOT_PERMITTED,
    StacksProblem.TOO_SLOW,
    StacksProblem.FAILED,
    StacksProblem.ENDED,
    StacksProblem.NOT_PYTHON,
)


def program() -> str | None:
    """The path of py-spy: beside this Python, or on the path; None: it is not installed."""
    return which("py-spy", path=str(Path(sys.executable).parent)) or which("py-spy")


def ptrace_scope() -> int | None:
    """Whom Linux lets read other processes: 0 each user their own, 1 parents only, 2 root only, 3
    nobody; None where it has no such setting."""
    try:
        return int(Path("/proc/sys/kernel/yama/ptrace_scope").read_text("ascii"))
    except (OSError, ValueError):
        return None


def take(
    rows: Sequence[ProcessRow],
    clock: Callable[[], float],
    *,
    limit_s: float = LIMIT_S,
    own: str | None = None,
) -> Stacks:
    """The stacks of these processes, the largest first; ``own`` is the path of another py-spy."""
    if not rows:
        return Stacks(problem=StacksProblem.NO_PROCESS)
    path = own or program()
    if path is None:
        return Stacks(problem=StacksProblem.NOT_INSTALLED)
    ends_s = clock() + limit_s
    largest = sorted(rows, key=lambda row: -row.rss_bytes)[:PROCESSES_MAX]
    found = [_read(path, row, clock, ends_s) for row in largest]
    if texts := [each.text for each in found if each.text]:
        return Stacks(_cut("\n\n".join(texts)))
    return min(found, key=lambda each: _WORST_FIRST.index(each.problem or _WORST_FIRST[-1]))


def _read(path: str, row: ProcessRow, clock: Callable[[], float], ends_s: float) -> Stacks:
    """The stacks of one process, tried again while it fails because they change."""
    found = Stacks(problem=StacksProblem.TOO_SLOW)
    for _ in range(TRIES_MAX):
        left_s = ends_s - clock()
        if left_s <= 0:
            break
        found = _run(path, row, left_s)
        if found.problem is not StacksProblem.FAILED:
            break
    return found


def _run(path: str, row: ProcessRow, limit_s: float) -> Stacks:
    command = [path, "dump", "--nonblocking", "--pid", str(row.pid)]
    try:
        quiet = os.environ | {"RUST_BACKTRACE": "0"}
        done = child_program.run(command, limit_s=limit_s, env=quiet)
    except child_program.TimeIsUp:
        return Stacks(problem=StacksProblem.TOO_SLOW)
    except OSError as error:
        return Stacks(problem=StacksProblem.FAILED, detail=error.strerror or str(error))
    if done.returncode == 0:
        named = f"Process {row.pid}: {f'{row.name} {row.runs}'.strip()}\n"
        text = done.stdout.decode(errors="replace").replace("\r\n", "\n")
        return Stacks(visible(_HEAD.sub(lambda _: named, text).strip(), keep="\n"))
    return problem_of(done.stderr.decode(errors="replace"))


def problem_of(words: str) -> Stacks:
    """What py-spy's words mean."""
    codes = {int(code) for code in _OS_ERROR.findall(words)}
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    detail = visible(lines[0].removeprefix("Error: "))[:DETAIL_MAX] if lines else ""
    if "permission denied" in words.lower() or "requires root" in words:
        problem = StacksProblem.NOT_PERMITTED
    elif codes.intersection(_DENIED_OS_ERRORS):
        problem = StacksProblem.NOT_PERMITTED
    elif codes.intersection(_GONE_OS_ERRORS):
        problem = StacksProblem.ENDED
    elif "Failed to find python version" in words:
        problem = StacksProblem.NOT_PYTHON
    else:
        problem = StacksProblem.FAILED
    return Stacks(problem=problem, detail=detail)


def _cut(text: str) -> str:
    if len(text) <= CHARACTERS_MAX:
        return text
    return f"{text[:CHARACTERS_MAX].rpartition(chr(10))[0]}\n…"
