"""Small real processes for tests: scripts that do one thing and say when it is done."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.ending import end_tree

Spawn = Callable[..., subprocess.Popen[str]]

# Before each script: `said(...)` tells the test, `rest()` waits to be ended.
_PRELUDE = """\
import os, socket, subprocess, sys, time

def said(*words):
    print(*words, flush=True)

def rest():
    while True:
        time.sleep(60)

def listen(port):
    return socket.create_server(("127.0.0.1", port))
"""

LISTENER = "held = listen(int(sys.argv[1]))\nsaid('ready')\nrest()\n"

# As --reload and --workers do: parent and children hold one socket.
SUPERVISOR = """\
held = listen(int(sys.argv[1]))

def work():
    pid = os.fork()
    if pid == 0:
        rest()
    return pid

workers = [work() for _ in range(int(sys.argv[2]))]
said('ready')
while True:
    ended, _ = os.wait()
    workers.append(work())
"""

# Passes a port (first argument) on to another, as an ssh tunnel or a container's proxy does.
FORWARDER = """\
from threading import Thread

def carry(source, sink):
    while data := source.recv(65536):
        sink.sendall(data)
    sink.shutdown(socket.SHUT_WR)

held = listen(int(sys.argv[1]))
said('ready')
while True:
    near, _ = held.accept()
    far = socket.create_connection(("127.0.0.1", int(sys.argv[2])))
    Thread(target=carry, args=(near, far), daemon=True).start()
    Thread(target=carry, args=(far, near), daemon=True).start()
"""


@contextmanager
def spawner(folder: Path, stdin: bool = False) -> Iterator[Spawn]:
    """Gives ``spawn(code, *args, name="main.py")``, which returns once the script said a word.

    With ``stdin`` the script can be written to. Each leads a session of its own, and is ended
    with all that it started.
    """
    started: list[subprocess.Popen[str]] = []

    def spawn(code: str, *args: object, name: str = "job.py") -> subprocess.Popen[str]:
        script = folder / name
        script.write_text(_PRELUDE + code)
        # Without site it starts sooner; a Python on Wine cannot do without.
        quick = ["-S"] if sys.platform != "win32" else []
        command = [sys.executable, *quick, str(script), *map(str, args)]
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE if stdin else None,
            stdout=subprocess.PIPE,
            text=True,
            cwd=folder,
            start_new_session=True,
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline(), "the script ended before it was ready"
        return process

    try:
        yield spawn
    finally:
        for process in started:
            end_tree(process.pid)
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()


def end(process: subprocess.Popen[str]) -> None:
    """Kill the script alone, and wait until its parent (the test) has taken note."""
    process.kill()
    process.wait()
