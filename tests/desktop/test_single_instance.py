"""One instance per user and server."""

from __future__ import annotations

import itertools
import os
import queue
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.waiting import AMPLE_S
from tray_app.desktop import single_instance
from tray_app.desktop.single_instance import Instance, TakenError, hand_over, proves, take_over

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a pipe there, not run")

URL = "http://localhost:8000"


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return tmp_path / "runanalyze-tray"


@pytest.fixture
def first() -> Iterator[Instance]:
    held = Instance(URL)
    yield held
    held.close()


def test_a_server_has_one_instance(first: Instance) -> None:
    """Another server may have its own; a closed one makes room."""
    with pytest.raises(TakenError):
        Instance(URL)
    Instance("http://localhost:9000").close()
    first.close()
    Instance(URL).close()


def test_what_a_second_start_says_is_heard(first: Instance, folder: Path) -> None:
    """Each in turn, over a socket that nobody else may use."""
    heard: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    first.listen(heard.put)
    assert hand_over(URL, {"mode": "api"})
    assert hand_over(URL, {})
    assert [heard.get(timeout=AMPLE_S), heard.get(timeout=AMPLE_S)] == [{"mode": "api"}, {}]
    (place,) = folder.glob("*.sock")
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    first.close()
    assert not place.exists()


@pytest.mark.parametrize("said", [b"", b"{", b"[1]", b"\xff" * 9000, b"[" * 4000])
def test_nonsense_is_passed_over(first: Instance, folder: Path, said: bytes) -> None:
    """The next one is heard."""
    heard: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    first.listen(heard.put)
    (place,) = folder.glob("*.sock")
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(str(place))
        line.sendall(said)
    assert hand_over(URL, {"preset": "heavy"})
    assert heard.get(timeout=AMPLE_S) == {"preset": "heavy"}
    assert heard.empty()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the socket's mode keeps others out")
def test_another_user_is_not_heard(first: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root could open the socket of anybody."""
    heard: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    first.listen(heard.put)
    own = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: own + 1)
    assert not hand_over(URL, {"mode": "api"})
    assert heard.empty()


def test_the_lock_of_a_killed_process_is_free(folder: Path) -> None:
    """What it left lying does not block, not even its socket."""
    code = (
        "import sys, time; from tray_app.desktop.single_instance import Instance\n"
        f"held = Instance({URL!r}); held.listen(print); print('up', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "up\n"
        with pytest.raises(TakenError):
            Instance(URL)
        other.kill()
        other.wait()
    assert list(folder.glob("*.sock"))
    heard: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    held = Instance(URL)
    held.listen(heard.put)
    assert hand_over(URL, {"n": 1})
    assert heard.get(timeout=AMPLE_S) == {"n": 1}
    held.close()


def test_nobody_there_hears_nothing() -> None:
    """A second start does not wait for whom it cannot reach."""
    assert not hand_over(URL, {})


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is no shorter name for it")
def test_a_path_that_is_too_long_for_a_socket(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A shorter name leads to the same place."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / ("x" * 120)))
    heard: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    held = Instance(URL)
    held.listen(heard.put)
    with pytest.raises(TakenError):
        Instance(URL)
    assert hand_over(URL, {"n": 1})
    assert heard.get(timeout=AMPLE_S) == {"n": 1}
    held.close()


def test_a_listener_that_fails_does_not_spin(
    monkeypatch: pytest.MonkeyPatch, first: Instance
) -> None:
    """After a fault it waits before it listens again."""
    waits: list[float] = []

    class Pause:
        def wait(self, pause_s: float) -> None:
            waits.append(pause_s)
            if len(waits) == 3:
                raise SystemExit

    first.close()
    held = Instance(URL)
    held.close()  # whatever was listening has ended
    held._is_closed = False
    monkeypatch.setattr(single_instance.threading, "Event", Pause)
    held._listener = socket.socket()  # does not listen: each accept fails
    with pytest.raises(SystemExit):
        held._serve()
    held._listener.close()
    assert waits == [single_instance.PAUSE_S] * 3


# Whether the first one is believed, and what becomes of one that is not

MARKS = {"bus": "unix:path=/run/bus", "session": "7"}


@pytest.fixture
def short_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(single_instance, "PAUSE_S", 0.02)
    monkeypatch.setattr(single_instance, "PROOF_LIMIT_S", 0.1)
    monkeypatch.setattr(single_instance, "START_LIMIT_S", 0.2)
    monkeypatch.setattr(single_instance, "MAKE_WAY_LIMIT_S", 0.3)
    # Who lives answers some time, and is not told from one who does not by that.
    monkeypatch.setattr(single_instance, "LIMIT_S", AMPLE_S)


class First:
    """A first instance that answers as told, and remembers what it was asked."""

    def __init__(self, *shows: bool) -> None:
        self._shows = list(shows)
        self.asked: list[dict[str, Any]] = []

    def __call__(self, message: dict[str, Any]) -> dict[str, Any] | None:
        self.asked.append(message)
        if single_instance.PROVE not in message:
            return None
        shows = self._shows.pop(0) if len(self._shows) > 1 else self._shows[0]
        return {single_instance.SHOWS: shows}


@pytest.mark.usefixtures("short_limits")
def test_only_a_proof_is_believed(first: Instance) -> None:
    """Not that somebody is there, nor that it has heard; it is asked for some time."""
    assert not proves(URL, MARKS, time.monotonic), "it is starting, for ever"
    first.listen(lambda _: None)
    assert not proves(URL, MARKS, time.monotonic), "an earlier release says ok to everything"
    first.listen(First(False))
    assert not proves(URL, MARKS, time.monotonic)
    able = First(False, False, True)
    first.listen(able)
    moments_s = itertools.count(0.0, single_instance.PROOF_LIMIT_S / 9)
    assert proves(URL, MARKS, lambda: next(moments_s)), "its panel has come meanwhile"
    assert able.asked == [{single_instance.PROVE: MARKS}] * 3
    assert not proves("http://localhost:9", MARKS, time.monotonic), "nobody is there"


@pytest.mark.usefixtures("short_limits")
def test_one_that_makes_way_is_followed(first: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked to, and its place is free."""
    monkeypatch.setattr(single_instance, "MAKE_WAY_LIMIT_S", AMPLE_S)
    asked: list[dict[str, Any]] = []

    def receive(message: dict[str, Any]) -> dict[str, Any] | None:
        asked.append(message)
        if message.get(single_instance.MAKE_WAY):
            threading.Timer(0.05, first.close).start()
            return None
        return {single_instance.SHOWS: False}

    first.listen(receive)
    second = take_over(URL, MARKS, time.monotonic)
    assert asked[-1] == {single_instance.MAKE_WAY: True}
    with pytest.raises(TakenError):
        Instance(URL)
    second.close()


@pytest.mark.usefixtures("short_limits")
def test_one_that_does_not_is_followed_all_the_same(
    first: Instance, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told to end by a signal, too; what it does at its end does no harm to its successor."""
    killed: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda pid, number: killed.append((pid, number)))
    first.listen(First(False))
    second = take_over(URL, MARKS, time.monotonic)
    assert killed == [(os.getpid(), signal.SIGTERM)]
    with pytest.raises(TakenError):
        Instance(URL)
    heard: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    second.listen(heard.put)
    first.close()
    assert hand_over(URL, {"n": 1})
    assert heard.get(timeout=AMPLE_S) == {"n": 1}
    with pytest.raises(TakenError):
        Instance(URL)
    second.close()
    Instance(URL).close()
    assert [path.suffix for path in folder.glob("*.sock")] == []


@pytest.mark.usefixtures("short_limits")
def test_of_two_that_would_take_over_one_does(
    first: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one believes it."""
    monkeypatch.setattr(os, "kill", lambda _pid, _number: None)
    first.listen(First(False))
    second = take_over(URL, MARKS, time.monotonic)
    second.listen(First(True))
    with pytest.raises(TakenError):
        take_over(URL, MARKS, time.monotonic)
    second.close()


@pytest.mark.usefixtures("short_limits")
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the process is not told")
def test_a_stopped_process_is_followed_and_ends_when_it_goes_on(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it was doing, it does not come back as a second icon."""
    monkeypatch.setattr(single_instance, "LIMIT_S", 0.2)
    code = (
        "import sys, time; from tray_app.desktop.single_instance import Instance\n"
        f"held = Instance({URL!r}); print('up', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "up\n"
        other.send_signal(signal.SIGSTOP)
        second = take_over(URL, MARKS, time.monotonic)
        with pytest.raises(TakenError):
            Instance(URL)
        other.send_signal(signal.SIGCONT)
        assert other.wait(AMPLE_S) == -signal.SIGTERM
    second.close()
