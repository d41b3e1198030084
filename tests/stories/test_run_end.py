"""How a run in the terminal ends, and what it tells by its exit status."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.ports import free_port
from tests.sources.fault_server import FaultServer, answer
from tests.sources.faults import STATUS
from tests.waiting import AMPLE_S

ROOT = Path(__file__).parents[2]
PROGRAM = [sys.executable, "-m", "tray_app"]
ENVIRONMENT = {
    key: value
    for key, value in os.environ.items()
    if key not in ("DISPLAY", "DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR")
}
unix_only = pytest.mark.skipif(sys.platform == "win32", reason="Unix's signals")


@unix_only
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("flags", [("--console",), ("--json",), ()])
def test_a_run_that_is_ended_tells_its_summary(
    flags: tuple[str, ...], number: signal.Signals
) -> None:
    """As after a set duration, and status 0; beside JSON it is on standard error."""
    with subprocess.Popen(
        [*PROGRAM, "--demo", "--interval=0.2", *flags],
        cwd=ROOT,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as run:
        assert run.stdout is not None
        begun = [run.stdout.readline() for _ in range(3)]
        run.send_signal(number)
        rest, told = run.communicate(timeout=AMPLE_S)
    lines = (told if flags == ("--json",) else rest).splitlines()
    assert all(begun)
    assert run.returncode == 0
    told_at = next(n for n, line in enumerate(lines) if line.startswith("Summary"))
    assert re.match(r"Summary: peak \d+ MB", lines[told_at])
    assert re.search(r"s watched, \d+ samples", lines[told_at + 1])
    assert re.search(r"Average \d+ MB", lines[told_at + 2])
    if flags == ("--json",):
        assert all(json.loads(line) for line in rest.splitlines())


@pytest.mark.skipif(sys.platform != "linux", reason="a display without a bus is X11's")
def test_on_a_display_without_a_bus_it_does_not_fill_the_sessions_log() -> None:
    """Started by the desktop (its output is no terminal) it says so in one line, and ends: each
    sample would be a line in that log."""
    done = subprocess.run(
        PROGRAM,
        cwd=ROOT,
        env=ENVIRONMENT | {"DISPLAY": ":9876", "PYTHONWARNINGS": "default"},
        capture_output=True,
        text=True,
        timeout=AMPLE_S,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "cannot show an icon without a session bus" in done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="Linux's choice of a backend")
@pytest.mark.parametrize("backend", ["nonsense", "xorg", "\x1b[2J"])
def test_a_backend_that_cannot_be_used_is_one_line(backend: str) -> None:
    """pystray chooses while it is imported, and raises whatever its libraries raise."""
    done = subprocess.run(
        PROGRAM,
        cwd=ROOT,
        env=ENVIRONMENT | {"PYSTRAY_BACKEND": backend},
        capture_output=True,
        text=True,
        timeout=AMPLE_S,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith("runanalyze-tray: PYSTRAY_BACKEND=")
    assert done.stderr.strip().isprintable()


def once(*flags: str) -> tuple[int, str]:
    done = subprocess.run(
        [*PROGRAM, "--once", *flags],
        cwd=ROOT,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=AMPLE_S,
        check=False,
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


@pytest.mark.parametrize("flags", [("--json",), ("--console",)])
def test_one_sample_with_or_without_a_reading(flags: tuple[str, ...]) -> None:
    """Status 3 where nothing could be read; the sample is printed all the same."""
    with FaultServer(answer(STATUS)) as server:
        status, told = once("--mode=api", f"--url={server.url}", *flags)
        assert (status, told.count("\n")) == (0, 1)
    status, told = once("--mode=api", f"--url=http://127.0.0.1:{free_port()}", *flags)
    assert (status, told.count("\n")) == (3, 1)
    assert once("--demo", *flags)[0] == 0


def test_the_old_scripts_flags_are_understood() -> None:
    """``memory_monitor.py --url localhost:9 --interval 1 --duration 5 --processes``."""
    status, told = once(
        *("--url", f"127.0.0.1:{free_port()}", "--interval", "1", "--duration", "5"),
        *("--processes", "--json"),
    )
    assert status == 3
    assert json.loads(told)["mode"] == "auto"


@pytest.mark.parametrize("flags", [("--json",), ("--console",)])
def test_a_run_with_a_set_end_and_no_reading_is_status_3(flags: tuple[str, ...]) -> None:
    """As one sample is: a script need not parse the summary."""
    command = [*PROGRAM, f"--url=http://127.0.0.1:{free_port()}", "--mode=api", *flags]
    timing = ["--duration=0.6", "--interval=0.2"]
    done = subprocess.run(
        [*command, *timing],
        cwd=ROOT,
        env=ENVIRONMENT,
        capture_output=True,
        timeout=AMPLE_S,
        check=False,
    )
    assert done.returncode == 3
    assert b"Summary: no reading" in done.stdout + done.stderr
