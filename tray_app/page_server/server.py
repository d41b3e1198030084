"""A server for the history page, which exists only while a page is open.

It listens on the loopback address, on a port of the system's choice. Only who knows the address
with its random token gets an answer: other programs and other users of this machine do not, and
web pages cannot guess it. The Host header must be ours, so that no name of a stranger leads here.
It answers GET, writes nothing, and closes a minute after the last page.

A page that goes on with new rows says when it is closed. One that is hidden asks seldom, and one
that crashes says nothing: without a request the server closes, too.
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

from tray_app.http_talk import Request, Response, failure, serving
from tray_app.worker_thread import WorkerThread

HOST = "127.0.0.1"
CLOSED_S = 60.0
"""After the last page was closed: time enough for a reload, or for the way back to it."""

IDLE_S = 75.0
"""Without a request: browsers let a page that nobody sees ask once a minute only."""

CLOSED = "closed"
"""What a page asks for when it is closed."""

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
    """An answer: its kind, and its bytes. ``live``: of a page that asks for more, and says when it
    is closed."""

    kind: str
    body: bytes
    live: bool = False


Answer = Callable[[str, str], Page | None]
"""Makes the page of a name (``""``, ``gpu-1/`` or ``gpu-1/data``, as the browser writes it) and its
query; None: there is none. It is called in the server's thread, and may read files."""


class PageServer:
    """Serves what ``answer`` makes. `address` may be called from any thread."""

    def __init__(
        self, answer: Answer, *, idle_s: float = IDLE_S, closed_s: float = CLOSED_S
    ) -> None:
        self._answer = answer
        self._idle_s = idle_s
        self._closed_s = closed_s
        self._pages = 0
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
        async with serving(listening, self._answered, _HEADERS, what="the page"):
            while True:
                limit_s = self._idle_s if self._pages else min(self._idle_s, self._closed_s)
                left_s = self._used_s + limit_s - loop.time()
                if left_s > 0.0:
                    await asyncio.sleep(min(left_s, self._closed_s))
                    continue
                with self._lock:
                    self._port = None  # `address` starts another one
                self._pages = 0
                return

    def _answered(self, request: Request) -> Response:
        if request.all("host") != [f"{HOST}:{self._port}"]:
            return failure(HTTPStatus.FORBIDDEN)
        token, slash, place = request.target.removeprefix("/").partition("/")
        if not slash or not compare_digest(token.encode(), self._token.encode()):
            return failure(HTTPStatus.NOT_FOUND)
        self._used_s = asyncio.get_running_loop().time()
        name, _, query = place.partition("?")
        part = name.rpartition("/")[2]
        if part == CLOSED:
            self._pages = max(0, self._pages - 1)
            return Response(b"", "text/plain; charset=utf-8")
        page = self._answer(name, query)
        if page is None:
            return failure(HTTPStatus.NOT_FOUND)
        if page.live:  # one that the browser has kept asks for rows without being read again
            self._pages = max(1, self._pages) if part else self._pages + 1
        return Response(page.body, page.kind)
