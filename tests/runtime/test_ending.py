"""The end of a run."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator

import pytest

from tests.waiting import AMPLE_S
from tray_app.runtime import ending
from tray_app.runtime.ending import Ending


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ending, "FINISH_AFTER_S", 0.05)
    monkeypatch.setattr(ending, "EXIT_AFTER_S", 0.1)


@pytest.fixture
def handlers() -> Iterator[None]:
    """Signals are handled as before, afterwards."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_parts_end_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """All are asked before one is waited for, and what one takes is not left for the next."""
    now_s = 100.0
    given: list[tuple[str, float]] = []

    def part(name: str, takes_s: float) -> Callable[[float], None]:
        def end(limit_s: float) -> None:
            nonlocal now_s
            given.append((name, limit_s))
            now_s += min(takes_s, limit_s)

        return end

    monkeypatch.setattr(ending, "mono_s", lambda: now_s)
    ending.end_together([part("a", 0.25), part("b", 99.0), part("c", 99.0)], 1.0)
    assert given[:3] == [("a", 0.0), ("b", 0.0), ("c", 0.0)]
    assert given[3:] == [("a", 1.0), ("b", 0.75), ("c", 0.0)]


def test_what_does_not_end_is_left() -> None:
    """First the parts are finished, which may hang; then the process is left, with status 0."""
    left: list[int] = []
    gone, go_on = threading.Event(), threading.Event()

    def leave(status: int) -> None:
        left.append(status)
        gone.set()

    end = Ending(lambda: None, lambda: (go_on.wait(AMPLE_S), None)[1], leave)
    end.begin()
    end.begin()
    assert gone.wait(AMPLE_S)
    go_on.set()
    assert left == [0]


def test_what_has_ended_is_not_left() -> None:
    """Neither finished nor left."""
    happened: list[str] = []
    end = Ending(
        lambda: None, lambda: happened.append("finished"), lambda _: happened.append("left")
    )
    end.over()
    end.begin()
    for thread in threading.enumerate():
        if thread.name == "ending":
            thread.join(AMPLE_S)
    assert happened == []


@pytest.mark.usefixtures("handlers")
@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_ignored_signals_stay_ignored() -> None:
    """Those that are not ignored end the run, the second time hard."""
    quits: list[str] = []
    end = Ending(lambda: quits.append("quit"), lambda: None, lambda _: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    end.heed_signals()
    os.kill(os.getpid(), signal.SIGINT)
    assert quits == []
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    os.kill(os.getpid(), signal.SIGTERM)
    assert quits == ["quit"]
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    end.over()


def test_the_exit_needs_no_main_thread() -> None:
    """Nor does it wait for threads or for what was not written: the process is gone."""
    code = (
        "import time; from tray_app.runtime import ending\n"
        "ending.FINISH_AFTER_S, ending.EXIT_AFTER_S = 0.05, 0.1\n"
        "ending.Ending(lambda: None, lambda: time.sleep(99)).begin()\n"
        "time.sleep(99)"
    )
    assert (
        subprocess.run([sys.executable, "-c", code], timeout=AMPLE_S, check=False).returncode == 0
    )


@pytest.fixture
def wakers() -> Iterator[None]:
    """Python tells signals to whom it told them before, afterwards."""
    before = signal.set_wakeup_fd(-1)
    yield
    signal.set_wakeup_fd(before)


@pytest.mark.usefixtures("handlers", "wakers")
@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_signal_is_heard_beside_a_foreign_loop() -> None:
    """Where the main thread sits in a loop that runs no Python, a thread asks for the end; a second
    signal of the kind ends the process."""
    asked: queue.SimpleQueue[str | int] = queue.SimpleQueue()
    end = Ending(lambda: asked.put("quit"), lambda: None, asked.put)
    end.over()
    end.heed_signals(in_foreign_loop=True)
    wakeup = signal.set_wakeup_fd(-1)
    for _ in range(2):  # what Python's own handler does, before any of ours can run
        os.write(wakeup, bytes([signal.SIGTERM]))
    assert [asked.get(timeout=AMPLE_S) for _ in range(3)] == ["quit", 128 + signal.SIGTERM, "quit"]
    end.over()
    for thread in threading.enumerate():
        if thread.name == "signals":
            thread.join(AMPLE_S)
            assert not thread.is_alive()


@pytest.mark.usefixtures("handlers")
def test_a_request_to_end_is_like_a_signal() -> None:
    """The parts are asked at once, and what does not end in time is left."""
    happened: queue.SimpleQueue[str] = queue.SimpleQueue()
    end = Ending(lambda: happened.put("quit"), lambda: None, lambda _: happened.put("left"))
    end.ask()
    assert [happened.get(timeout=AMPLE_S) for _ in range(2)] == ["quit", "left"]


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_loop_without_python_ends_by_a_signal() -> None:
    """A main thread that never comes back to Python does not hold up the end: as in Windows' and
    AppKit's loops."""
    code = (
        "import ctypes, os, signal, threading\n"
        "from tray_app.runtime import ending\n"
        "ending.FINISH_AFTER_S, ending.EXIT_AFTER_S = 0.05, 0.1\n"
        "end = ending.Ending(lambda: None, lambda: None)\n"
        "end.heed_signals(in_foreign_loop=True)\n"
        "threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGTERM)).start()\n"
        "signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})\n"  # it wakes another thread
        "ctypes.CDLL(None).sleep(60)\n"
    )
    assert (
        subprocess.run([sys.executable, "-c", code], timeout=AMPLE_S, check=False).returncode == 0
    )
