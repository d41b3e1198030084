"""One instance per user and server: a lock that dies with its process, and a way to talk to it.

The system releases a file lock however a process ends, so none is ever stale. A second start sends
its message through a socket beside the lock (on Windows a named pipe, which is also the lock) that
only this user may use.

A live process may have outlived its session and show nothing. So a second start trusts the first
one only if it proves otherwise (`proves`), else it takes its place (`take_over`).
"""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import sys
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from msgspec import Struct

from tray_app import APP_ID
from tray_app.desktop import paths
from tray_app.worker_thread import WorkerThread

_log = logging.getLogger(__name__)

LIMIT_S = 2.0
"""Time limit for a message, on either side."""
MAX_BYTES = 4096
PAUSE_S = 0.2
"""The pause after a failure, and before another attempt."""
PROOF_LIMIT_S = 3.0
"""Time for a first instance that cannot show anything now: its panel or bus may be starting."""
START_LIMIT_S = 30.0
"""Time for a first instance that reports that it is starting."""
MAKE_WAY_LIMIT_S = 2.5
"""Time to end on request: somewhat more than a run needs to end."""

SOCKET_PATH_BYTES = 104
"""The least of Linux (108) and macOS (104), with the terminating zero."""

PROVE, MAKE_WAY, SHOWS, STARTS = "prove", "make_way", "shows", "starts"
_OK = b"ok"
Receive = Callable[[dict[str, Any]], Mapping[str, Any] | None]
"""Takes a later start's message, in a thread; returns the answer, or None: received."""


class TakenError(Exception):
    """Another process of this user watches the server already."""


class Answer(Struct, frozen=True):
    """The first instance's answer, and its process if the system reports it."""

    said: bytes
    pid: int | None = None

    @property
    def fields(self) -> Mapping[str, Any]:
        """The decoded answer; releases before 0.1 only answered ``ok``."""
        with suppress(ValueError, RecursionError):
            if isinstance(read := json.loads(self.said), dict):
                return read
        return {}


class Instance:
    """This process watches ``server``, and no other process of this user does.

    Messages before `listen` get the answer that it is starting. ``by_force``: take the lock from
    its holder.

    :raises TakenError: another process does
    :raises OSError: there is no place for a lock
    """

    def __init__(self, server: str, *, by_force: bool = False) -> None:
        self._name = _name(server)
        self._lock: int | None = None
        self._listener: Any = None
        self._bound: os.stat_result | None = None
        self._is_closed = False
        self._receive: Receive = _starting
        if sys.platform == "win32":
            from multiprocessing.connection import Listener

            try:
                self._listener = Listener(_pipe(self._name), family="AF_PIPE")
            except PermissionError:  # a pipe of this name is there
                raise TakenError from None
        else:
            self._lock = _lock(_place(self._name, "lock"), by_force=by_force)
            try:
                self._listener = _listening(_place(self._name, "sock"))
                self._bound = _place(self._name, "sock").stat()
            except OSError as error:  # the lock still holds
                _log.info("cannot listen for a second start: %s", error)
                return
        WorkerThread("instance", self._serve).start()

    def listen(self, receive: Receive) -> None:
        """From now on ``receive`` answers later starts."""
        self._receive = receive

    def close(self) -> None:
        """Let another process have the server; a second call does nothing."""
        if self._is_closed:
            return
        self._is_closed = True
        if sys.platform != "win32" and self._listener is not None:
            place = _place(self._name, "sock")
            with suppress(OSError):
                # The process that took over has put another one there.
                if self._bound and _is_at(place, self._bound):
                    place.unlink()
            with suppress(OSError):
                self._listener.shutdown(
                    socket.SHUT_RDWR
                )  # this wakes the thread that waits for connections
            self._listener.close()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _serve(self) -> None:
        pause = threading.Event()
        while not self._is_closed:
            try:
                if sys.platform == "win32":
                    _hear_in_pipe(self._listener, self._answer)
                else:
                    _hear(self._listener, self._answer)
            except (OSError, EOFError, ValueError, RecursionError) as error:
                # A bad message is the sender's fault; go on with the next one.
                if not self._is_closed:
                    _log.debug("could not read a second start's message: %r", error)
                    pause.wait(PAUSE_S)

    def _answer(self, said: bytes) -> bytes:
        message = json.loads(said) if said else None
        answer = self._receive(message) if isinstance(message, dict) else None
        return _OK if answer is None else json.dumps(answer).encode()


def _starting(_message: dict[str, Any]) -> Mapping[str, Any]:
    return {STARTS: True}


def hand_over(server: str, message: Mapping[str, Any]) -> bool:
    """Send this to the process that watches ``server``; False if it does not answer."""
    answer = _ask(_name(server), message)
    return answer is not None and answer.said == _OK


def proves(server: str, marks: Mapping[str, str], clock: Callable[[], float]) -> bool:
    """Whether the process that watches ``server`` proves that it can show something in the session
    with these ``marks``; asks until it does or the time is over."""
    pause = threading.Event()
    began_s = clock()
    while True:
        answer = _ask(_name(server), {PROVE: dict(marks)})
        fields = answer.fields if answer else {}
        if fields.get(SHOWS):
            return True
        limit_s = START_LIMIT_S if fields.get(STARTS) else PROOF_LIMIT_S
        if clock() - began_s >= limit_s:
            return False
        pause.wait(PAUSE_S)


def take_over(server: str, marks: Mapping[str, str], clock: Callable[[], float]) -> Instance:
    """Ask the first one to end, and take its place even if it does not.

    :raises TakenError: another start was quicker, and shows something
    :raises OSError: there is no place for a lock
    """
    if sys.platform == "win32":  # there a pipe cannot be taken from its owner
        raise TakenError
    with _one_at_a_time(_place(_name(server), "next")):
        with suppress(TakenError):
            return Instance(server)
        if proves(server, marks, clock):
            raise TakenError
        first = _ask(_name(server), {MAKE_WAY: True})
        if (came := _wait_for_way(server, clock)) is not None:
            return came
        if first is not None and first.pid is not None:
            # It may be an earlier release, or stopped: then it ends when it continues.
            with suppress(OSError):
                os.kill(first.pid, signal.SIGTERM)
            if (came := _wait_for_way(server, clock)) is not None:
                return came
        return Instance(server, by_force=True)


def _wait_for_way(server: str, clock: Callable[[], float]) -> Instance | None:
    pause = threading.Event()
    until_s = clock() + MAKE_WAY_LIMIT_S
    while clock() < until_s:
        with suppress(TakenError):
            return Instance(server)
        pause.wait(PAUSE_S)
    return None


def _ask(name: str, message: Mapping[str, Any]) -> Answer | None:
    """Send this to the process behind ``name``; None if it does not answer."""
    said = json.dumps(message).encode()
    try:
        if sys.platform == "win32":
            from multiprocessing.connection import Client

            with Client(_pipe(name), family="AF_PIPE") as pipe:
                pipe.send_bytes(said)
                return Answer(pipe.recv_bytes(MAX_BYTES)) if pipe.poll(LIMIT_S) else None
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.settimeout(LIMIT_S)
            with _short(_place(name, "sock")) as place:
                line.connect(place)
            pid = _pid_behind(line)
            try:
                line.sendall(said)
                line.shutdown(socket.SHUT_WR)
                return Answer(line.recv(MAX_BYTES), pid)
            except TimeoutError:
                return Answer(b"", pid)
    except (OSError, EOFError) as error:
        _log.debug("the running instance does not respond: %r", error)
        return None


def _name(server: str) -> str:
    return f"{zlib.crc32(server.encode()):08x}"


def _place(name: str, ending: str) -> Path:
    return paths.runtime_dir() / f"{name}.{ending}"


def _pipe(name: str) -> str:
    return rf"\\.\pipe\{APP_ID}-{os.environ.get('USERNAME', '')}-{name}"


def _lock(path: Path, *, by_force: bool = False) -> int:
    """The descriptor that holds a lock on this file."""
    if sys.platform == "win32":
        raise NotImplementedError
    import fcntl

    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if by_force:
        path.unlink(missing_ok=True)
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Another start may have put a new file in its place meanwhile.
            if _is_at(path, os.fstat(descriptor)):
                return descriptor
        except BlockingIOError:
            os.close(descriptor)
            raise TakenError from None
        except OSError:
            os.close(descriptor)
            raise
        os.close(descriptor)


@contextmanager
def _one_at_a_time(path: Path) -> Iterator[None]:
    """Only one of several starts may take over. :raises TakenError: another one does"""
    descriptor = _lock(path)
    try:
        yield
    finally:
        os.close(descriptor)


def _is_at(path: Path, status: os.stat_result) -> bool:
    try:
        there = path.stat()
    except FileNotFoundError:
        return False
    return (there.st_dev, there.st_ino) == (status.st_dev, status.st_ino)


@contextmanager
def _short(path: Path) -> Iterator[str]:
    """A name for a socket's path that is short enough: a socket's has 107 bytes at most."""
    if sys.platform != "linux" or len(os.fsencode(path)) < SOCKET_PATH_BYTES:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def _listening(path: Path) -> socket.socket:
    """A socket at ``path``. A file there belongs to a process that is gone, or that lost its
    lock."""
    path.unlink(missing_ok=True)
    if sys.platform == "win32":
        raise NotImplementedError
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with _short(path) as place:
            listener.bind(place)
        path.chmod(0o600)
        listener.listen(4)
    except OSError:
        listener.close()
        raise
    return listener


def _hear(listener: socket.socket, answer: Callable[[bytes], bytes]) -> None:
    line, _ = listener.accept()
    with line:
        if not _is_ours(line):
            return
        line.settimeout(LIMIT_S)
        said = b""
        while (part := line.recv(MAX_BYTES)) and len(said) <= MAX_BYTES:
            said += part
        line.sendall(answer(said))


def _is_ours(line: socket.socket) -> bool:
    """Whether the other side is this user; outside Linux the file's mode ensures it."""
    if sys.platform != "linux":
        return True
    return int.from_bytes(_credentials(line)[4:8], sys.byteorder) == os.getuid()


def _pid_behind(line: socket.socket) -> int | None:
    """The process on the other side, if the system reports it."""
    if sys.platform != "linux":
        return None
    return int.from_bytes(_credentials(line)[:4], sys.byteorder)


def _credentials(line: socket.socket) -> bytes:
    """Pid, uid and gid of the other side."""
    if sys.platform != "linux":
        raise NotImplementedError
    return line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)


def _hear_in_pipe(listener: Any, answer: Callable[[bytes], bytes]) -> None:
    with listener.accept() as pipe:
        said: bytes = pipe.recv_bytes(MAX_BYTES) if pipe.poll(LIMIT_S) else b""
        pipe.send_bytes(answer(said))
