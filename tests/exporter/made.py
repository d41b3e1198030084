"""An exporter whose states the test makes: collector, format and server are the real ones."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from msgspec.structs import replace

from tests.core.presentation.samples import HEALTHY
from tray_app.core.config.settings import Settings
from tray_app.core.model.listen_address import ListenAddress
from tray_app.core.model.server_address import parse_address
from tray_app.core.monitor.events import Event
from tray_app.core.monitor.state import State, begin
from tray_app.exporter.exposition import Exposition
from tray_app.exporter.latest import Latest
from tray_app.exporter.server import OPEN, Guard, MetricsServer
from tray_app.runtime import clock


class MadeExporter:
    """Serves states that are published by hand, each a sample of this moment."""

    def __init__(self, *urls: str) -> None:
        self._states: dict[str, State] = {}
        self._latest: dict[str, Latest] = {}
        self.skew_s = 0.0
        for url in urls or ("http://localhost:8000",):
            settings = Settings(address=parse_address(url))
            self._states[url] = begin(settings, settings, clock.now(), local=True)
            self._latest[url] = Latest()
        self.exposition = Exposition(self._told, lambda: clock.now().wall_s + self.skew_s)

    def publish(
        self, *events: Event, url: str = "http://localhost:8000", sample: Any = HEALTHY, **more: Any
    ) -> None:
        """Publish this state: of now, whatever moment the sample has."""
        state = self._states[url]
        new = None if sample is None else replace(sample, at=clock.now())
        self._states[url] = state = replace(state, sample=new, samples=state.samples + 1, **more)
        self._latest[url].publish(state, events)

    def _told(self) -> list[Any]:
        told = (latest.told(clock.now()) for latest in self._latest.values())
        return [each for each in told if each is not None]

    @contextmanager
    def served(self, guard: Guard = OPEN) -> Iterator[ListenAddress]:
        """Serve at a port of the system's choice."""
        server = MetricsServer(ListenAddress("127.0.0.1", 0), self.exposition.page, guard)
        try:
            yield server.start()
        finally:
            server.close()


def get(
    address: ListenAddress, place: str = "/metrics", **headers: str
) -> tuple[int, http.client.HTTPMessage, str]:
    """Status, headers and body of an answer."""
    connection = http.client.HTTPConnection(address.host, address.port, timeout=30)
    try:
        connection.request("GET", place, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode()
    finally:
        connection.close()
