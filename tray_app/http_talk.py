"""Answers HTTP requests on asyncio: one request for each connection, within limits.

A client that is too slow, says too much, or comes beside too many others, loses its connection.
What answers is a plain function, called in the loop's thread. A failure of it costs one answer.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus

from msgspec import Struct

REQUEST_S = 5.0
REQUEST_BYTES = 8192
ANSWER_S = 30.0
CONNECTIONS_MAX = 32
CLOSE_S = 0.5

_log = logging.getLogger(__name__)


class Request(Struct, frozen=True):
    """The head of a request. ``target`` is the path with its query."""

    method: str
    target: str
    fields: tuple[tuple[str, str], ...]

    def all(self, name: str) -> list[str]:
        """The values of all headers of this name."""
        return [value for each, value in self.fields if each == name]


class Response(Struct, frozen=True):
    """An answer: its kind and bytes, and more headers as they are sent."""

    body: bytes
    kind: str = "text/plain; charset=utf-8"
    status: HTTPStatus = HTTPStatus.OK
    headers: tuple[str, ...] = ()


def failure(status: HTTPStatus, *headers: str) -> Response:
    """An answer that says no."""
    return Response(f"{status.phrase}\n".encode(), status=status, headers=headers)


Answer = Callable[[Request], Response]


@asynccontextmanager
async def serving(
    listening: socket.socket,
    answer: Answer,
    headers: tuple[str, ...] = (),
    *,
    what: str,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[None]:
    """Answer at this socket until the end of the block, which closes it with each connection.
    ``headers`` go with each answer; ``what`` is made, for the log."""
    talk = Talk(answer, headers, what)
    server = await asyncio.start_server(
        talk,
        sock=listening,
        limit=REQUEST_BYTES,
        ssl=tls,
        ssl_handshake_timeout=REQUEST_S if tls else None,
    )
    try:
        yield
    finally:
        # Stop accepting first, and let a connection that was just accepted begin: once it is
        # closed, a server of Python 3.11 loses its socket (https://github.com/python/cpython/issues/109564).
        with suppress(NotImplementedError):  # on Windows
            asyncio.get_running_loop().remove_reader(listening.fileno())
        await asyncio.sleep(0)
        accepted = asyncio.all_tasks() - {asyncio.current_task()} - talk.tasks
        if accepted:
            await asyncio.wait(accepted, timeout=CLOSE_S)
        server.close()
        for task in talk.tasks:
            task.cancel()
        if talk.tasks:
            await asyncio.wait(talk.tasks, timeout=CLOSE_S)
        for _ in range(2):  # the sockets are closed by calls of their own
            await asyncio.sleep(0)


class Talk:
    """The connections of one server."""

    def __init__(self, answer: Answer, headers: tuple[str, ...], what: str) -> None:
        self._answer = answer
        self._headers = headers
        self._what = what
        self.tasks: set[asyncio.Task[None]] = set()

    def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Talk on a new connection. It is closed also where the server ends before that began."""
        task = asyncio.create_task(self._talk(reader, writer))
        self.tasks.add(task)  # the loop itself forgets a task that nobody keeps
        task.add_done_callback(lambda task: self._over(task, writer))

    def _over(self, task: asyncio.Task[None], writer: asyncio.StreamWriter) -> None:
        self.tasks.discard(task)
        writer.transport.abort()
        if not task.cancelled() and (error := task.exception()):
            _log.error("a connection failed", exc_info=error)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request and its answer."""
        try:
            if len(self.tasks) <= CONNECTIONS_MAX:
                async with asyncio.timeout(REQUEST_S):
                    head = await reader.readuntil(b"\r\n\r\n")
                writer.write(self._encoded(self._answered(head.decode("latin-1"))))
                async with asyncio.timeout(ANSWER_S):
                    await writer.drain()
        except asyncio.LimitOverrunError:
            writer.write(self._encoded(failure(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)))
        except (TimeoutError, asyncio.IncompleteReadError, OSError):
            writer.transport.abort()
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    def _answered(self, head: str) -> Response:
        request = _parsed(head)
        if request.method != "GET":
            return failure(HTTPStatus.METHOD_NOT_ALLOWED)
        try:
            return self._answer(request)
        except Exception:  # noqa: BLE001 - an answer that fails must not end the others
            _log.exception("%s could not be made", self._what)
            return failure(HTTPStatus.INTERNAL_SERVER_ERROR)

    def _encoded(self, response: Response) -> bytes:
        head = (
            f"HTTP/1.1 {response.status.value} {response.status.phrase}",
            f"Content-Type: {response.kind}",
            f"Content-Length: {len(response.body)}",
            *response.headers,
            *self._headers,
            "Connection: close",
        )
        return "\r\n".join([*head, "", ""]).encode() + response.body


def _parsed(head: str) -> Request:
    first, *lines = head.split("\r\n")
    method, _, rest = first.partition(" ")
    fields = (line.partition(":") for line in lines if ":" in line)
    return Request(
        method,
        rest.partition(" ")[0],
        tuple((name.lower(), value.strip()) for name, _, value in fields),
    )
