"""Serves the metrics over HTTP or HTTPS, from one thread, to whom may read them.

TLS is Python's own, with the same files as prometheus-client's server takes. The token is what
Prometheus sends with ``authorization`` (Bearer), or as the password of ``basic_auth``.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from hmac import compare_digest
from http import HTTPStatus
from pathlib import Path
from threading import Event

from msgspec import Struct

from tray_app.core.model.listen_address import ListenAddress
from tray_app.http_talk import Request, Response, failure, serving
from tray_app.worker_thread import WorkerThread

PATH = "/metrics"
_HEADERS = ("Cache-Control: no-store", "X-Content-Type-Options: nosniff")
_WHO = 'WWW-Authenticate: Basic realm="runanalyze-tray", charset="UTF-8"'
_HOME = b"runanalyze-tray: the metrics are at /metrics\n"


class Guard(Struct, frozen=True):
    """Who may read: with this token, or with a certificate of this CA. Without ``cert_file`` it is
    plain HTTP."""

    token: str | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    client_ca_file: Path | None = None

    def __repr__(self) -> str:
        return "Guard()"

    @property
    def is_open(self) -> bool:
        """Whether it lets everybody in."""
        return self.token is None and (self.cert_file is None or self.client_ca_file is None)


OPEN = Guard()


class MetricsServer:
    """Answers at ``address``. ``page`` makes the answer's kind and bytes for an Accept header; it
    is called in the server's thread."""

    def __init__(
        self,
        address: ListenAddress,
        page: Callable[[str], tuple[str, bytes]],
        guard: Guard = OPEN,
    ) -> None:
        self._address = address
        self._page = page
        self._guard = guard
        self._is_closed = Event()
        self._wake: Callable[[], object] | None = None

    def start(self) -> ListenAddress:
        """Listen from now on; where, with the port that it got.

        :raises OSError: the address is taken or not of this machine, or a file cannot be read
        """
        tls = _tls(self._guard)
        family = socket.AF_INET6 if ":" in self._address.host else socket.AF_INET
        listening = socket.create_server((self._address.host, self._address.port), family=family)
        port = listening.getsockname()[1]
        WorkerThread("exporter", lambda: self._run(listening, tls)).start()
        return ListenAddress(self._address.host, port)

    def close(self) -> None:
        """Listen no longer; from any thread."""
        self._is_closed.set()
        if self._wake is not None:
            with suppress(RuntimeError):  # the loop has ended
                self._wake()

    def _run(self, listening: socket.socket, tls: ssl.SSLContext | None) -> None:
        asyncio.run(self._serve(listening.dup(), tls))  # a failure closes the copy alone
        listening.close()

    async def _serve(self, listening: socket.socket, tls: ssl.SSLContext | None) -> None:
        loop, over = asyncio.get_running_loop(), asyncio.Event()
        self._wake = lambda: loop.call_soon_threadsafe(over.set)
        async with serving(listening, self._answered, _HEADERS, what="the metrics", tls=tls):
            if not self._is_closed.is_set():
                await over.wait()

    def _answered(self, request: Request) -> Response:
        if not self._may_read(request):
            return failure(HTTPStatus.UNAUTHORIZED, _WHO)
        path = request.target.partition("?")[0]
        if path == PATH:
            kind, body = self._page(", ".join(request.all("accept")))
            return Response(body, kind)
        return Response(_HOME) if path == "/" else failure(HTTPStatus.NOT_FOUND)

    def _may_read(self, request: Request) -> bool:
        token = self._guard.token
        if token is None:
            return True
        given = request.all("authorization")
        return len(given) == 1 and compare_digest(_secret(given[0]).encode(), token.encode())


def _secret(authorization: str) -> str:
    """The token of a Bearer header, or the password of a Basic one."""
    scheme, _, rest = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(rest).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return ""
    return ""


def _tls(guard: Guard) -> ssl.SSLContext | None:
    if guard.cert_file is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(guard.cert_file, guard.key_file)
    if guard.client_ca_file is not None:
        context.load_verify_locations(guard.client_ca_file)
        context.verify_mode = ssl.CERT_REQUIRED
    return context
