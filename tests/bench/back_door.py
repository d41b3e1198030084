"""A way into a stand-in server that stays open while its event loop hangs or refuses.

Copied into the server's folder; ``main.py`` calls `attach`. It stands alone: nothing of the
project can be imported there. Orders come over a Unix socket. The answer to each comes when it was
carried out and tells when that began, in monotonic time, which on Linux all processes share.
"""

from __future__ import annotations

import asyncio
import gc
import mmap
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Listener
from typing import Any

MIB = 1024**2
SOCKET = "orders"


def attach(app: Any) -> None:
    """Open the door of this FastAPI app."""
    door = _Door()

    async def delay(request: Any, answer: Callable[[Any], Any]) -> Any:
        door.loop = asyncio.get_running_loop()
        response = await answer(request)
        time.sleep(door.latency_s)  # holds up the loop, as the real server's walk does
        return response

    app.middleware("http")(delay)
    threading.Thread(target=door.serve, daemon=True).start()


class _Door:
    """Each method is an order; its argument is a number."""

    def __init__(self) -> None:
        self.loop: asyncio.AbstractEventLoop | None = None
        self.latency_s = 0.0
        self._held: list[mmap.mmap] = []

    def serve(self) -> None:
        with Listener(SOCKET, "AF_UNIX") as listener:
            while True:
                with listener.accept() as client:
                    name, value = client.recv()
                    began_s = time.monotonic()
                    getattr(self, name)(value)
                    client.send(began_s)

    def hold(self, mib: float) -> None:
        """Hold so much more, at a stroke: the kernel gives all pages in one call."""
        flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | mmap.MAP_POPULATE
        self._held.append(mmap.mmap(-1, int(mib * MIB), flags=flags))

    def free(self, blocks: float) -> None:
        """Give back so many of the blocks that were held last."""
        for _ in range(int(blocks)):
            self._held.pop().close()

    def slow(self, seconds: float) -> None:
        """Answer every request so late from now on."""
        self.latency_s = seconds

    def hang(self, seconds: float) -> None:
        """Take connections and answer none."""
        assert self.loop, "the server has not been asked yet"
        self.loop.call_soon_threadsafe(time.sleep, seconds)

    def refuse(self, _: float) -> None:
        """Stop listening."""
        done = threading.Event()

        def close() -> None:
            import uvicorn

            for running in gc.get_objects():
                if isinstance(running, uvicorn.Server):
                    for server in running.servers:  # asyncio's or uvloop's
                        server.close()
            done.set()

        assert self.loop, "the server has not been asked yet"
        self.loop.call_soon_threadsafe(close)
        assert done.wait(5)
