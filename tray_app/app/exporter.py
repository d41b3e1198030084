"""Serves the figures to Prometheus beside whatever else shows them, where that was asked for."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from tray_app.core.config.settings import Settings
from tray_app.core.model.listen_address import ListenAddress
from tray_app.core.presentation import program_text
from tray_app.exporter.latest import Latest
from tray_app.runtime import clock

if TYPE_CHECKING:
    from tray_app.core.presentation.metrics import Told
    from tray_app.exporter.server import Guard, MetricsServer
    from tray_app.runtime.ports import Outlet

_log = logging.getLogger(__name__)


class Exporter:
    """The metrics of the watched servers at ``listen``; None: nowhere, and then it does nothing.

    A failure to serve them is one line, and stops nothing else.
    """

    def __init__(self, settings: Settings, listen: ListenAddress | None) -> None:
        self._settings = settings
        self._listen = listen
        self._watched: list[Latest] = []
        self._server: MetricsServer | None = None

    def outlets(self) -> tuple[Outlet, ...]:
        """What the sampler of one more server must publish to."""
        if self._listen is None:
            return ()
        latest = Latest()
        self._watched = [*self._watched, latest]
        return (latest.publish,)

    def leave(self, outlets: tuple[Outlet, ...]) -> None:
        """Serve no longer what is published to these."""
        self._watched = [each for each in self._watched if each.publish not in outlets]

    def start(self, complain: Callable[[str], None] = _log.warning) -> bool:
        """Serve from now on. False: it cannot, and ``complain`` has heard why."""
        if self._listen is None:
            return False
        try:
            from tray_app.exporter.exposition import Exposition
        except ImportError:
            complain(program_text.NO_PROMETHEUS_CLIENT)
            return False
        from tray_app.exporter.server import MetricsServer

        guard = _guard(self._settings)
        page = Exposition(self._told, lambda: clock.now().wall_s).page
        server = MetricsServer(self._listen, page, guard)
        try:
            address = server.start()
        except OSError as error:
            complain(program_text.exporter_failed(str(self._listen), error.strerror or str(error)))
            return False
        self._server = server
        if guard.is_open and not address.is_loopback:
            complain(program_text.exporter_is_open(str(address)))
        scheme = "http" if guard.cert_file is None else "https"
        _log.info("%s", program_text.exporter_serves(f"{scheme}://{address}"))
        return True

    def _told(self) -> list[Told]:
        now = clock.now()
        return [told for each in self._watched if (told := each.told(now)) is not None]

    def close(self) -> None:
        """Serve no longer."""
        if self._server is not None:
            self._server.close()


def attach(settings: Settings) -> Exporter:
    """The exporter that these settings ask for, if they ask for one."""
    return Exporter(settings, settings.exporter_listen)


def _guard(settings: Settings) -> Guard:
    from tray_app.exporter.server import Guard

    files = (
        settings.exporter_cert_file,
        settings.exporter_key_file,
        settings.exporter_client_ca_file,
    )
    cert_file, key_file, client_ca_file = (Path(each) if each else None for each in files)
    return Guard(
        token=settings.exporter_token.text if settings.exporter_token else None,
        cert_file=cert_file,
        key_file=key_file,
        client_ca_file=client_ca_file,
    )
