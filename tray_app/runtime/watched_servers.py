"""Which servers a run watches: those of the flags, or else those of the config file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from tray_app.core.config.settings import Settings
from tray_app.core.model.server_address import ServerAddress

if TYPE_CHECKING:
    from tray_app.core.config.servers import ServerEntry
    from tray_app.runtime.config_file import ConfigFile


class Watched(Struct, frozen=True):
    """One server: its table in the config file (None: it has none), and its address if a flag
    gives that."""

    entry: ServerEntry | None = None
    address: ServerAddress | None = None

    @property
    def name(self) -> str:
        """What it is called."""
        if self.entry is not None:
            return self.entry.name
        return self.address.short if self.address is not None else ""

    @property
    def shown(self) -> str:
        """Its URL."""
        address = self.address or (self.entry.address if self.entry is not None else None)
        return "" if address is None else address.shown

    def config(self, whole: ConfigFile) -> tuple[ConfigFile, Settings]:
        """The config file as it is for this server, and what it sets."""
        if self.entry is None:
            return whole, whole.read()[0]
        own = whole.for_server(self.entry.name)
        return own, own.read()[0]


def watched(urls: Sequence[ServerAddress], entries: Sequence[ServerEntry]) -> tuple[Watched, ...]:
    """The servers of the flags, each with its table in the file if it has one; without flags those
    of the file. Empty: the one of the common settings."""
    if not urls:
        return tuple(Watched(entry) for entry in entries)
    by_identity = {entry.address.identity: entry for entry in entries}
    once: dict[str, ServerAddress] = {}
    for url in urls:
        once.setdefault(url.identity, url)
    return tuple(Watched(by_identity.get(identity), url) for identity, url in once.items())
