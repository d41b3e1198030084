"""One process that is the exporters of many servers, here of a thousand:

    python -m tests.bench.fleet.generator 1000

Server N answers at ``/N/metrics``, one request for each connection, as the program's exporter does.
Each plays one of the `lives`, at a moment of its own. It prints a line of JSON with its port, and
serves until its input ends. Orders come as requests: ``/N/play/WHAT`` with a name in `PLAYS`.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack

from tests.bench.fleet.lives import LASTS_S, Life, lives, steady

ADDRESSES = 8
"""It listens on 127.0.0.1 to 127.0.0.8: a connection that was closed keeps its port for a minute,
and one address has too few for 5,000 servers."""
BACKLOG = 1024
KIND = "application/openmetrics-text; version=1.0.0; charset=utf-8"
CALM_MB, CRITICAL_MB = 400.0, 3500.0
USUAL = "usual"
PLAYS = ("calm", "critical", "away", USUAL)


def host(number: int) -> str:
    """The name of this server's machine."""
    return f"gpu-{number:05}"


def address(number: int, port: int) -> str:
    """Where this server is scraped."""
    return f"127.0.0.{1 + number % ADDRESSES}:{port}"


class Fleet:
    """The servers, and what each plays. ``clock_s`` is Unix time."""

    def __init__(
        self, count: int, usual: Sequence[Life], clock_s: Callable[[], float] = time.time
    ) -> None:
        self._clock_s = clock_s
        self._began_s = clock_s()
        self._usual = usual
        self._steady = {"calm": steady(CALM_MB), "critical": steady(CRITICAL_MB)}
        self._ordered: dict[int, str] = {}
        dice = random.Random(count)
        self._ahead_s = [dice.uniform(0.0, usual[0].lasts_s) for _ in range(count)]

    def answer(self, target: str) -> bytes | None:
        """The answer to a request for this path; None: there is none, as of a machine that is away.

        An order is answered with the Unix time at which it took effect.
        """
        match target.strip("/").split("/"):
            case [number, "metrics"] if self._is_there(number):
                return self._metrics(int(number))
            case [number, "play", what] if self._is_there(number) and what in PLAYS:
                self._ordered[int(number)] = what
                return _encoded("200 OK", "application/json", json.dumps(self._clock_s()).encode())
        return _encoded("404 Not Found", "text/plain", b"not found\n")

    def _is_there(self, number: str) -> bool:
        return number.isdecimal() and int(number) < len(self._ahead_s)

    def _metrics(self, number: int) -> bytes | None:
        now_s = self._clock_s()
        played = self._ordered.get(number, USUAL)
        if played == "away":
            return None
        life = self._steady.get(played, self._usual[number % len(self._usual)])
        at_s = self._ahead_s[number] + now_s - self._began_s
        return _encoded("200 OK", KIND, life.page(f"{host(number)}:8000", at_s, now_s))


def _encoded(status: str, kind: str, body: bytes) -> bytes:
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
        "Connection: close\r\n\r\n"
    )
    return head.encode() + body


class _Connection(asyncio.Protocol):
    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._head = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._head += data
        assert self._transport
        if b"\r\n\r\n" in self._head:
            answer = self._fleet.answer(self._head.split(b" ", 2)[1].decode("latin-1"))
            if answer is not None:
                self._transport.write(answer)
            self._transport.close()


async def serve(fleet: Fleet, started: Callable[[int], object], port: int = 0) -> None:
    """Answer until this task is cancelled; ``started`` hears the port."""
    loop = asyncio.get_running_loop()
    async with AsyncExitStack() as stack:
        for number in range(ADDRESSES):
            place = f"127.0.0.{1 + number}"
            server = await loop.create_server(
                lambda: _Connection(fleet), place, port, backlog=BACKLOG
            )
            await stack.enter_async_context(server)
            port = server.sockets[0].getsockname()[1]
        started(port)
        await asyncio.Event().wait()


async def _until_input_ends(fleet: Fleet, port: int) -> None:
    serving = asyncio.create_task(
        serve(fleet, lambda at: print(json.dumps({"port": at}), flush=True), port)
    )
    reading = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await asyncio.wait((serving, reading), return_when=asyncio.FIRST_COMPLETED)
    if serving.done():
        serving.result()
    serving.cancel()


def main(count: int, lasts_s: float, port: int) -> None:
    """Make the lives, then serve."""
    asyncio.run(_until_input_ends(Fleet(count, lives(lasts_s)), port))


if __name__ == "__main__":
    given = [float(each) for each in sys.argv[1:]]
    main(int(given[0]), *(given[1:2] or [LASTS_S]), port=int(*given[2:3] or [0]))
