"""Signals, for real: the program ends in time whatever hangs, and heeds what was ignored before."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from tests.sources.fault_server import LONG_S, Exchange, FaultServer
from tests.waiting import AMPLE_S, END_LIMIT_S, wait_for

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="pipes and signals as on Linux")

F_SETPIPE_SZ = 1031
SMALLEST_PIPE_BYTES = 4096
INTERVAL_S = 0.2


@contextmanager
def running(
    home: Path,
    *arguments: str,
    stdout: int | IO[bytes] = subprocess.DEVNULL,
    stderr: int | IO[bytes] = subprocess.DEVNULL,
    code: str = "",
    ignored: tuple[signal.Signals, ...] = (),
) -> Iterator[subprocess.Popen[bytes]]:
    """The program, with its files in ``home``; ``code`` runs before it in its process."""
    start = f"{code}\nfrom tray_app.__main__ import main\nraise SystemExit(main())"

    def ignore() -> None:
        for number in ignored:
            signal.signal(number, signal.SIG_IGN)

    process = subprocess.Popen(
        [sys.executable, "-c", start, *arguments],
        env={"HOME": str(home), "PATH": os.environ["PATH"], "LANG": "C.UTF-8"},
        cwd=Path(__file__).parents[2],
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        preexec_fn=ignore,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


def end_s(process: subprocess.Popen[bytes], number: signal.Signals = signal.SIGTERM) -> float:
    """How long it takes to end after a signal."""
    began_s = time.monotonic()
    process.send_signal(number)
    process.wait(AMPLE_S)
    return time.monotonic() - began_s


@contextmanager
def pipe_that_nobody_reads() -> Iterator[tuple[IO[bytes], Callable[[], bool]]]:
    """As small as can be; and whether a writer waits: nothing has come for several intervals."""
    import array
    import fcntl
    import termios

    reader, writer = os.pipe()
    fcntl.fcntl(writer, F_SETPIPE_SZ, SMALLEST_PIPE_BYTES)
    seen, since_s = 0, time.monotonic()

    def is_waited_for() -> bool:
        nonlocal seen, since_s
        held = array.array("i", [0])
        fcntl.ioctl(reader, termios.FIONREAD, held)
        if held[0] != seen:
            seen, since_s = held[0], time.monotonic()
        return seen > 0 and time.monotonic() - since_s > 8 * INTERVAL_S

    with os.fdopen(writer, "wb", buffering=0) as stream:
        try:
            yield stream, is_waited_for
        finally:
            os.close(reader)


def silent(exchange: Exchange) -> None:
    exchange.wait(LONG_S)


@pytest.fixture
def url() -> Iterator[str]:
    """A server that answers nobody."""
    with FaultServer(silent) as server:
        yield server.url


@pytest.mark.parametrize("view", ["--json", "--console"])
def test_an_output_that_nobody_reads(tmp_path: Path, url: str, view: str) -> None:
    """SIGTERM ends it within 2 s although its main thread waits for room in a pipe."""
    with (
        pipe_that_nobody_reads() as (stdout, is_waited_for),
        running(
            tmp_path, view, "--url", url, "--interval", str(INTERVAL_S), stdout=stdout
        ) as process,
    ):
        wait_for(is_waited_for, "nothing more goes into the pipe")
        assert process.poll() is None
        assert end_s(process) < END_LIMIT_S
        assert process.returncode == 0


SAYS_MUCH = """
import logging, threading
def speak():
    while True:
        logging.getLogger("much").error("x" * 300)
        threading.Event().wait(0.01)
threading.Thread(target=speak, daemon=True).start()
"""


def test_a_log_that_nobody_reads_stops_no_sample(tmp_path: Path, url: str) -> None:
    """Samples go on although standard error takes nothing, and SIGTERM ends it."""
    with (
        pipe_that_nobody_reads() as (stderr, is_waited_for),
        running(
            tmp_path,
            *("--json", "--url", url, "--interval", str(INTERVAL_S), "--verbose"),
            stdout=subprocess.PIPE,
            stderr=stderr,
            code=SAYS_MUCH,
        ) as process,
    ):
        assert process.stdout
        wait_for(is_waited_for, "nothing more goes into the pipe")
        for _ in range(5):
            assert process.stdout.readline().startswith(b"{")
        assert end_s(process) < END_LIMIT_S
        assert process.returncode == 0


HANGING_WALK = """
import threading
from tray_app.sources.background import temp_dir
class Hanging(temp_dir.TempWalker):
    def watch(self, path, *, lively=False):
        self._scheduler.make(self._hang)
    def _hang(self):
        print("hangs", flush=True)
        threading.Event().wait()
temp_dir.TempWalker = Hanging
"""
HANGING_CLOSE = """
import threading
from tray_app.runtime import sampler
sampler.Sampler._close_sources = lambda self: (print("hangs", flush=True), threading.Event().wait())
"""


def test_a_walk_that_hangs(tmp_path: Path, url: str) -> None:
    """A disk that does not answer does not hold up the end."""
    import inspect

    from tray_app.sources.background.temp_dir import TempWalker

    assert "_scheduler" in inspect.getsource(TempWalker), "what is replaced here is there"
    with running(
        tmp_path, "--json", "--url", url, stdout=subprocess.PIPE, code=HANGING_WALK
    ) as process:
        assert process.stdout
        wait_for(lambda: b"hangs" in process.stdout.readline(), "the walk hangs")
        assert end_s(process) < END_LIMIT_S
        assert process.returncode == 0


def test_a_close_that_hangs(tmp_path: Path, url: str) -> None:
    """Nor does whatever a source does at the end."""
    with running(
        tmp_path, "--json", "--url", url, stdout=subprocess.PIPE, code=HANGING_CLOSE
    ) as process:
        assert process.stdout
        process.stdout.readline()
        assert end_s(process) < END_LIMIT_S
        assert process.returncode == 0


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT])
def test_what_was_ignored_stays_ignored(tmp_path: Path, url: str, number: signal.Signals) -> None:
    """``nohup`` ignores SIGHUP and a script's ``&`` SIGINT: the run goes on."""
    with running(
        tmp_path,
        *("--json", "--url", url, "--interval", str(INTERVAL_S)),
        stdout=subprocess.PIPE,
        ignored=(number,),
    ) as process:
        assert process.stdout
        process.stdout.readline()
        process.send_signal(number)
        for _ in range(4):
            assert process.stdout.readline().startswith(b"{")
        assert end_s(process) < END_LIMIT_S
        assert process.returncode == 0


@pytest.mark.parametrize("module", ["tray_app.cli.parser", "tray_app.runtime.log_file"])
def test_ctrl_c_while_it_loads_ends_it_without_a_word(tmp_path: Path, module: str) -> None:
    """There is nothing yet to be summed up, and no traceback."""
    code = f"""
import os, signal, sys
class Interrupt:
    def find_spec(self, name, *_):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupt())
"""
    with (
        (tmp_path / "said").open("wb") as stderr,
        running(tmp_path, "--demo", "--console", stderr=stderr, code=code) as process,
    ):
        assert process.wait(AMPLE_S) == 130
    assert (tmp_path / "said").read_bytes() == b""
