"""A scriptable HTTP server on raw sockets, for everything that a proper one never does.

Rule: it binds 127.0.0.1 only, and all that it does ends when it is closed, however long the
script says. A script is a function of one ``Exchange``, called for each request.
"""

from __future__ import annotations

import itertools
import re
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Self

from tests.waiting import AMPLE_S

LONG_S = 60.0
"""Longer than any test: ends early when the server is closed."""


class Exchange:
    """One request (its ``path``, whole ``head`` and ``body``) and the socket to misbehave on."""

    def __init__(
        self, connection: socket.socket, head: str, body: bytes, closing: threading.Event
    ) -> None:
        self.connection = connection
        self.head = head
        self.body = body
        self.method = head.split(" ")[0]
        self.path = head.split(" ")[1]
        self.bytes_sent = 0
        self._closing = closing

    def send(self, data: bytes) -> None:
        """Raises OSError when the client has gone."""
        self.connection.sendall(data)
        self.bytes_sent += len(data)

    def wait(self, seconds: float) -> None:
        """Pause; raises OSError when the server is being closed meanwhile."""
        if self._closing.wait(seconds):
            raise OSError("the server is being closed")


CERTIFICATE = str(Path(__file__).parents[1] / "data" / "localhost.pem")


def tls() -> ssl.SSLContext:
    """What makes a server an https one."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context


Script = Callable[[Exchange], None]


class FaultServer:
    """Plays ``script`` for each request; a connection lives until the script closes it.

    ``exchanges`` are the requests so far, ``connections`` how many were accepted. ``tls`` makes
    it an https server; without it a TLS greeting is a request like any other. Both may be
    changed at any time.
    """

    def __init__(self, script: Script, tls: ssl.SSLContext | None = None) -> None:
        self.script = script
        self.exchanges: list[Exchange] = []
        self.connections = 0
        self.tls = tls
        self._closing = threading.Event()
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._start(self._accept)

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    @property
    def paths(self) -> list[str]:
        return [exchange.path for exchange in self.exchanges]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._hang_up()
        for sock in [self._listener, *self._open]:
            sock.close()
        for thread in self._threads:
            thread.join(AMPLE_S)

    def go_down(self) -> None:
        """Refuse connections (the port stays taken), and end those that are open."""
        self._hang_up()
        self._listener.close()
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(("127.0.0.1", self.port))

    def come_up(self) -> None:
        """Listen again, after `go_down`."""
        self._listener.listen()
        self._start(self._accept)

    def _hang_up(self) -> None:
        for sock in [self._listener, *self._open]:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)  # wakes a thread that waits in it

    def _start(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while not self._closing.is_set():
                connection, _ = self._listener.accept()
                connection.settimeout(LONG_S)
                self.connections += 1
                self._open.append(connection)
                self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError):
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
                self._open.append(connection)
            while request := _read_request(connection):
                exchange = Exchange(connection, *request, self._closing)
                self.exchanges.append(exchange)
                self.script(exchange)
        connection.close()


def _read_request(connection: socket.socket) -> tuple[str, bytes] | None:
    """Head and body of the next request; None: there is none."""
    data = b""
    length = None
    while True:
        head, end, body = data.partition(b"\r\n\r\n")
        if end and length is None:
            found = re.search(rb"\r\ncontent-length: *([0-9]+)", head, re.IGNORECASE)
            length = int(found[1]) if found else 0
        if length is not None and len(body) >= length:
            return (head + end).decode("latin-1"), body
        part = connection.recv(65536)
        if not part:
            return None
        data += part
        if data.startswith(b"\x16"):
            return "TLS greeting", b""


def head_of(length: int | None, status: str = "200 OK", *headers: str) -> bytes:
    """Status line and headers, with a Content-Length unless ``length`` is None."""
    lines = [f"HTTP/1.1 {status}", "Content-Type: application/json", *headers]
    if length is not None:
        lines.append(f"Content-Length: {length}")
    return "".join(f"{line}\r\n" for line in [*lines, ""]).encode("latin-1")


def answer(body: bytes, status: str = "200 OK", *headers: str) -> Script:
    """A proper answer; the connection is kept."""
    return lambda exchange: exchange.send(head_of(len(body), status, *headers) + body)


def in_turn(*scripts: Script) -> Script:
    """Each request gets the next script, and the last one from then on."""
    turns = itertools.chain(scripts, itertools.repeat(scripts[-1]))
    return lambda exchange: next(turns)(exchange)


def by_path(status: Script, history: Script) -> Script:
    """One script for each of the two paths that the monitor asks for."""
    return lambda exchange: (history if "/memory-history/" in exchange.path else status)(exchange)


def raw(data: bytes) -> Script:
    """Sends ``data`` as it is, then closes."""

    def script(exchange: Exchange) -> None:
        exchange.send(data)
        close(exchange)

    return script


def drip(first: bytes, piece: bytes, every_s: float = 0.02) -> Script:
    """Sends ``first``, then ``piece`` after ``piece``, without end."""

    def script(exchange: Exchange) -> None:
        exchange.send(first)
        while True:
            exchange.wait(every_s)
            exchange.send(piece)

    return script


def flood(first: bytes, length: int) -> Script:
    """Sends ``first`` and then ``length`` bytes, made as they go out."""

    def script(exchange: Exchange) -> None:
        exchange.send(first)
        for _ in range(0, length, 65536):
            exchange.send(b" " * 65536)

    return script


def stream(first: bytes, piece: bytes) -> Script:
    """Sends ``first``, then ``piece`` after ``piece`` as fast as it goes, without end."""

    def script(exchange: Exchange) -> None:
        exchange.send(first)
        pieces = piece * max(1, 8192 // len(piece))
        while True:
            exchange.send(pieces)

    return script


def hang(exchange: Exchange) -> None:
    """Accepts the request and never answers: what the real server does while it is busy."""
    exchange.wait(LONG_S)


def close(exchange: Exchange) -> None:
    """Ends the connection in the ordinary way."""
    exchange.connection.shutdown(socket.SHUT_RDWR)


def reset(exchange: Exchange) -> None:
    """Ends the connection with a TCP reset (SO_LINGER 0)."""
    exchange.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    exchange.connection.close()
