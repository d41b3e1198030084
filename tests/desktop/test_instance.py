"""One instance per user and server."""

from __future__ import annotations

import os
import queue
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tray_app.desktop import instance as instances
from tray_app.desktop.instance import Instance, TakenError, hand_over

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
    assert [heard.get(timeout=5), heard.get(timeout=5)] == [{"mode": "api"}, {}]
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
    assert heard.get(timeout=5) == {"preset": "heavy"}
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
        "import sys, time; from tray_app.desktop.instance import Instance\n"
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
    assert heard.get(timeout=5) == {"n": 1}
    held.close()


def test_nobody_there_hears_nothing() -> None:
    """A second start does not wait for whom it cannot reach."""
    assert not hand_over(URL, {})


def test_a_path_that_is_too_long_for_a_socket_still_locks(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A second start is told so, and ends all the same."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / ("x" * 120)))
    held = Instance(URL)
    held.listen(lambda _: None)
    with pytest.raises(TakenError):
        Instance(URL)
    assert not hand_over(URL, {})
    held.close()


def test_a_listener_that_fails_does_not_spin(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a fault it waits before it listens again."""
    waits: list[float] = []

    class Pause:
        def wait(self, pause_s: float) -> None:
            waits.append(pause_s)
            if len(waits) == 3:
                raise SystemExit

    monkeypatch.setattr(instances.threading, "Event", Pause)
    held = Instance(URL)
    held._listener = socket.socket()  # does not listen: each accept fails
    with pytest.raises(SystemExit):
        held._serve(lambda _: None)
    held._listener.close()
    held.close()
    assert waits == [instances.PAUSE_S] * 3
