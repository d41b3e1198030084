"""One instance per user and server: a lock that dies with its process, and a way to talk to it.

A lock on a file is given back by the system however a process ends, so none is ever stale. What
a second start has to say goes through a socket beside the lock (on Windows a named pipe, which is
the lock as well) that only this user may use.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import sys
import threading
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from tray_app.desktop import paths
from tray_app.worker_thread import WorkerThread

_log = logging.getLogger(__name__)

LIMIT_S = 2.0
"""For either side to say what it has to say."""
MAX_BYTES = 4096
PAUSE_S = 0.2
"""After a fault, which might be there at every turn."""


class TakenError(Exception):
    """Another process of this user watches the server already."""


class Instance:
    """This process watches ``server``, and no other process of this user does.

    :raises TakenError: another one does
    :raises OSError: there is no place for a lock
    """

    def __init__(self, server: str) -> None:
        self._name = f"{zlib.crc32(server.encode()):08x}"
        self._lock: int | None = None
        self._listener: Any = None
        if sys.platform == "win32":
            from multiprocessing.connection import Listener

            try:
                self._listener = Listener(_pipe(self._name), family="AF_PIPE")
            except PermissionError:  # a pipe of this name is there
                raise TakenError from None
        else:
            self._lock = _lock(_place(self._name, "lock"))

    def listen(self, receive: Callable[[dict[str, Any]], None]) -> None:
        """Call ``receive`` with what later starts have to say, in a thread of its own."""
        if sys.platform != "win32":
            try:
                self._listener = _listening(_place(self._name, "sock"))
            except OSError as error:  # e.g. a path that is too long; the lock holds all the same
                _log.info("a second start cannot be heard: %s", error)
                return
        WorkerThread("instance", lambda: self._serve(receive)).start()

    def close(self) -> None:
        """Let another process have the server."""
        if sys.platform != "win32" and self._listener is not None:
            with suppress(OSError):
                _place(self._name, "sock").unlink()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _serve(self, receive: Callable[[dict[str, Any]], None]) -> None:
        pause = threading.Event()
        while True:
            try:
                said = (
                    _heard_in_pipe(self._listener)
                    if sys.platform == "win32"
                    else _heard(self._listener)
                )
                message = json.loads(said) if said else None
                if isinstance(message, dict):
                    receive(message)
            except (OSError, EOFError, ValueError, RecursionError) as error:
                # Whoever said it has the fault; the next one is heard.
                _log.debug("what a second start said was not understood: %r", error)
                pause.wait(PAUSE_S)


def hand_over(server: str, message: dict[str, Any]) -> bool:
    """Say this to the process that watches ``server``; False when it does not hear."""
    said = json.dumps(message).encode()
    name = f"{zlib.crc32(server.encode()):08x}"
    try:
        if sys.platform == "win32":
            from multiprocessing.connection import Client

            with Client(_pipe(name), family="AF_PIPE") as pipe:
                pipe.send_bytes(said)
                return pipe.poll(LIMIT_S) and pipe.recv_bytes(MAX_BYTES) == b"ok"
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.settimeout(LIMIT_S)
            line.connect(str(_place(name, "sock")))
            line.sendall(said)
            line.shutdown(socket.SHUT_WR)
            return line.recv(MAX_BYTES) == b"ok"
    except (OSError, EOFError) as error:
        _log.debug("the running instance does not hear: %r", error)
        return False


def _place(name: str, ending: str) -> Path:
    return paths.runtime_dir() / f"{name}.{ending}"


def _pipe(name: str) -> str:
    return rf"\\.\pipe\{paths.APP_ID}-{os.environ.get('USERNAME', '')}-{name}"


def _lock(path: Path) -> int:
    """The descriptor that holds a lock on this file."""
    if sys.platform == "win32":
        raise NotImplementedError
    import fcntl

    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise TakenError from None
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _listening(path: Path) -> socket.socket:
    """A socket at ``path``. What lies there is of a process that is gone: we have its lock."""
    path.unlink(missing_ok=True)
    if sys.platform == "win32":
        raise NotImplementedError
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(str(path))
        path.chmod(0o600)
        listener.listen(4)
    except OSError:
        listener.close()
        raise
    return listener


def _heard(listener: socket.socket) -> bytes:
    line, _ = listener.accept()
    with line:
        if not _is_ours(line):
            return b""
        line.settimeout(LIMIT_S)
        said = b""
        while (part := line.recv(MAX_BYTES)) and len(said) <= MAX_BYTES:
            said += part
        line.sendall(b"ok")
    return said


def _is_ours(line: socket.socket) -> bool:
    """Whether the other side is this user; elsewhere than on Linux the file's mode sees to it."""
    if sys.platform != "linux":
        return True
    credentials = line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)  # pid, uid, gid
    return int.from_bytes(credentials[4:8], sys.byteorder) == os.getuid()


def _heard_in_pipe(listener: Any) -> bytes:
    with listener.accept() as pipe:
        said: bytes = pipe.recv_bytes(MAX_BYTES) if pipe.poll(LIMIT_S) else b""
        pipe.send_bytes(b"ok")
    return said
