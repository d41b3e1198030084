"""A server for the history page, which exists only while a page is open.

It listens on the loopback address, on a port of the system's choice. Only who knows the address
with its random token gets an answer: other programs and other users of this machine do not, and
web pages cannot guess it. The Host header must be ours, so that no name of a stranger leads here.
It answers GET, writes nothing, and closes some time after the last request.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections.abc import Callable
from hmac import compare_digest
from http import HTTPStatus
from threading import Lock

from msgspec import Struct

from tray_app.http_talk import REQUEST_BYTES, Request, Response, Talk, failure
from tray_app.worker_thread import WorkerThread

HOST = "127.0.0.1"
IDLE_S = 75.0
"""A page that nobody sees may ask once a minute only: browsers see to that."""

_HEADERS = (
    "Cache-Control: no-store",
    "X-Content-Type-Options: nosniff",
    "X-Frame-Options: DENY",
    "Referrer-Policy: no-referrer",
    "Cross-Origin-Opener-Policy: same-origin",
    "Cross-Origin-Resource-Policy: same-origin",
    "Content-Security-Policy: frame-ancestors 'none'",
)


class Page(Struct, frozen=True):
    """An answer: its kind, and its bytes."""

    kind: str
    body: bytes


Answer = Callable[[str, str], Page | None]
"""Makes the page of a name (``""`` or ``data``) and its query; None: there is none. It is called
in the server's thread, and may read files."""


class PageServer:
    """Serves what ``answer`` makes. `address` may be called from any thread."""

    def __init__(self, answer: Answer, *, idle_s: float = IDLE_S) -> None:
        self._answer = answer
        self._idle_s = idle_s
        self._token = secrets.token_urlsafe(24)
        self._lock = Lock()
        self._port: int | None = None
        self._used_s = 0.0

    def address(self, name: str = "") -> str:
        """Where the page of this name is now; the server is started if it is not there.

        :raises OSError: there is no port for it
        """
        with self._lock:
            if self._port is None:
                listening = socket.create_server((HOST, 0))
                self._port = listening.getsockname()[1]
                WorkerThread("live page", lambda: self._run(listening), again=False).start()
            return f"http://{HOST}:{self._port}/{self._token}/{name}"

    @property
    def is_open(self) -> bool:
        """Whether it listens."""
        return self._port is not None

    def _run(self, listening: socket.socket) -> None:
        try:
            asyncio.run(self._serve(listening))
        finally:
            listening.close()

    async def _serve(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        self._used_s = loop.time()
        talk = Talk(self._answered, _HEADERS, what="the page")
        server = await asyncio.start_server(talk, sock=listening, limit=REQUEST_BYTES)
        async with server:
            while True:
                left_s = self._used_s + self._idle_s - loop.time()
                if left_s > 0.0:
                    await asyncio.sleep(left_s)
                    continue
                with self._lock:
                    self._port = None  # `address` starts another one
                return

    def _answered(self, request: Request) -> Response:
        if request.all("host") != [f"{HOST}:{self._port}"]:
            return failure(HTTPStatus.FORBIDDEN)
        token, slash, place = request.target.removeprefix("/").partition("/")
        if not slash or not compare_digest(token.encode(), self._token.encode()):
            return failure(HTTPStatus.NOT_FOUND)
        self._used_s = asyncio.get_running_loop().time()
        name, _, query = place.partition("?")
        page = self._answer(name, query)
        return failure(HTTPStatus.NOT_FOUND) if page is None else Response(page.body, page.kind)
