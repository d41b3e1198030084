"""The connections of a small HTTP server. What it answers: tests/page_server, tests/exporter."""

from __future__ import annotations

import asyncio
import gc
import logging
import socket

import pytest

from tray_app.http_talk import Request, Response, serving


def answer(_: Request) -> Response:
    return Response(b"here")


@pytest.mark.parametrize("said", [b"", b"GET /", b"GET / HTTP/1.1\r\n\r\n"])
@pytest.mark.parametrize("rounds", range(8))
def test_the_end_closes_each_connection(
    rounds: int, said: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """Also one that is just being accepted, whatever step of that the end comes in. Nothing is
    logged; a socket left open is a failure of this test."""
    listening = socket.create_server(("127.0.0.1", 0))
    address = listening.getsockname()

    async def run() -> socket.socket:
        async with serving(listening, answer, what="the answer"):
            client = socket.create_connection(address, timeout=30)
            client.sendall(said)
            for _ in range(rounds):
                await asyncio.sleep(0)
        return client

    with caplog.at_level(logging.DEBUG):
        client = asyncio.run(run())
    with client:
        try:
            while client.recv(1000):
                pass
        except ConnectionResetError:
            pass
    gc.collect()
    assert [each for each in caplog.records if each.levelno > logging.DEBUG] == []
