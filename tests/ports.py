"""Ports for tests' servers, which no other test gets meanwhile.

A port that the system chose and that was given back may be another's a moment later: with tests
side by side it is. These lie below the range that systems choose from (49152, Linux: 32768), and
each process gives each of its own out once.
"""

from __future__ import annotations

import itertools
import os
import socket

_FIRST, _BEHIND_LAST = 10_000, 32_000
_STEP = 7_919  # a prime: processes with neighbouring ids begin far from each other
_next = itertools.count(os.getpid() * _STEP)


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on."""
    while True:
        port = _FIRST + next(_next) % (_BEHIND_LAST - _FIRST)
        with socket.socket() as trial:
            if os.name == "posix":  # else one that was used a minute ago is refused
                trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
