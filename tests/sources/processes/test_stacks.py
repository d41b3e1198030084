"""The Python stacks of processes: with a real py-spy, and with the words of others."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.needs import missing
from tests.waiting import AMPLE_S, wait_for
from tray_app.core.model.readings import ProcessRow, Role
from tray_app.core.model.stacks import Stacks, StacksProblem
from tray_app.runtime import clock
from tray_app.sources.processes import stacks

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="starts scripts of a shell")

# PR_SET_PTRACER_ANY: where Yama lets parents only read a process, this one may be read by all.
# PR_SET_PDEATHSIG: should the test process be killed, the kernel ends this one, too.
PROGRAM = """
import ctypes, threading, time
ctypes.CDLL(None).prctl(0x59616D61, ctypes.c_ulong(-1), 0, 0, 0)
ctypes.CDLL(None).prctl(1, 9)
def analyse_video():
    print("ready", flush=True)
    time.sleep(600)
threading.Thread(target=analyse_video, name="<b>\\x1b[31mworker", daemon=True).start()
threading.Event().wait(600)
"""


def row(pid: int, name: str = "python3", rss: int = 10) -> ProcessRow:
    return ProcessRow(pid, name, Role.TARGET, rss, None, runs="main.py")


def took(*rows: ProcessRow, limit_s: float = AMPLE_S, own: Path | None = None) -> Stacks:
    return stacks.take(rows, clock.mono_s, limit_s=limit_s, own=own and str(own))


@pytest.fixture
def server() -> Iterator[int]:
    """A Python process that all may read; the test is skipped where this system forbids it."""
    if stacks.program() is None:
        pytest.skip(missing("py-spy"))
    process = subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            with Path(f"/proc/{process.pid}/mem").open("rb"):
                pass
        except PermissionError:
            pytest.skip("this system lets no process read another")
        yield process.pid
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def fake(folder: Path, script: str) -> Path:
    """A program that stands for py-spy."""
    path = folder / "py-spy"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o700)
    return path


def test_each_thread_is_told_with_its_calls(server: int) -> None:
    """Under the process's name instead of its command line; what controls a terminal is visible."""
    taken = took(row(server))
    assert taken.problem is None
    lines = taken.text.splitlines()
    assert lines[0] == f"Process {server}: python3 main.py"
    assert any("analyse_video" in line for line in lines)
    assert any("<b>\\x1b[31mworker" in line for line in lines)


def test_a_stopped_process_is_read_too(server: int) -> None:
    """It is not woken by that."""
    os.kill(server, signal.SIGSTOP)

    def is_stopped() -> bool:
        return "State:\tT" in Path(f"/proc/{server}/status").read_text()

    wait_for(is_stopped, "it is stopped")
    assert "analyse_video" in took(row(server)).text
    assert is_stopped()


def test_what_is_no_python_is_left_out(server: int) -> None:
    """ffmpeg, say, beside the server; alone it is named as the reason."""
    with subprocess.Popen(["sleep", "600"]) as other:
        try:
            both = took(row(other.pid, "ffmpeg", rss=90), row(server))
            assert both.text.startswith(f"Process {server}")
            assert took(row(other.pid)).problem is StacksProblem.NOT_PYTHON
        finally:
            other.kill()


def test_a_process_that_has_ended_is_named_as_such() -> None:
    """By the real py-spy's words."""
    if stacks.program() is None:
        pytest.skip(missing("py-spy"))
    with subprocess.Popen(["true"]) as ended:
        ended.wait()
    assert took(row(ended.pid)).problem is StacksProblem.ENDED


DENIED = "Permission Denied: Try running again with elevated permissions by going 'sudo env !!'"
FAILED = "Error: Failed to get stack traces\n\nCaused by:\n    0: Failed to suspend process"


@pytest.mark.parametrize(
    ("words", "problem", "detail"),
    [
        (DENIED, StacksProblem.NOT_PERMITTED, DENIED),
        ("This program requires root on OSX.\n", StacksProblem.NOT_PERMITTED, None),
        ("Error: x\nReason: Operation not permitted (os error 1)", "not_permitted", "x"),
        ("Error: x\n  0: No such file or directory (os error 2)", "ended", "x"),
        ("Error: Failed to find python version from target process", "not_python", None),
        (FAILED, StacksProblem.FAILED, "Failed to get stack traces"),
        ("", StacksProblem.FAILED, ""),
    ],
)
def test_the_reason_is_read_from_its_words(words: str, problem: str, detail: str | None) -> None:
    """As py-spy 0.4 says them on Linux and macOS."""
    found = stacks.problem_of(words)
    assert found.problem == problem
    assert detail is None or found.detail == detail


def test_without_py_spy_or_a_process_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing is started."""
    monkeypatch.setattr(stacks, "program", lambda: None)
    assert took(row(1)) == Stacks(problem=StacksProblem.NOT_INSTALLED)
    assert took() == Stacks(problem=StacksProblem.NO_PROCESS)


def test_the_time_is_limited(tmp_path: Path) -> None:
    """For all processes together; py-spy is ended."""
    slow = fake(tmp_path, "exec sleep 600")
    assert took(row(1), row(2), limit_s=0.2, own=slow).problem is StacksProblem.TOO_SLOW


def test_a_stack_that_changed_meanwhile_is_read_again(tmp_path: Path) -> None:
    """A refusal is not: it would come again."""
    changing = fake(tmp_path, f"echo >> {tmp_path}/calls; echo 'Error: moved' >&2; exit 1")
    assert took(row(1), own=changing).problem is StacksProblem.FAILED
    assert len((tmp_path / "calls").read_text()) == stacks.TRIES_MAX
    refusing = fake(tmp_path, f"echo >> {tmp_path}/refused; echo '{DENIED[:17]}' >&2; exit 1")
    assert took(row(1), own=refusing).problem is StacksProblem.NOT_PERMITTED
    assert len((tmp_path / "refused").read_text()) == 1


def test_its_length_is_bounded(tmp_path: Path) -> None:
    """Whole lines, and a mark that there was more."""
    long = fake(tmp_path, "yes 'Thread 1 (idle)' | head -n 9000")
    text = took(row(1), own=long).text
    assert len(text) <= stacks.CHARACTERS_MAX + 2
    assert text.splitlines()[-2:] == ["Thread 1 (idle)", "…"]


def test_what_cannot_be_started_is_a_problem(tmp_path: Path) -> None:
    """With the system's reason."""
    found = took(row(1), own=tmp_path)
    assert found == Stacks(problem=StacksProblem.FAILED, detail="Permission denied")
