"""What people call a server that has an address on its exporter's machine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache

from tray_app.core.model.server_address import parse_address

Key = tuple[str, str]
"""Exporter and server."""


def names(keys: Iterable[Key]) -> Mapping[Key, str]:
    """A name for each, no two alike: the server's host and port. The host is the exporter's where
    the server's is "this machine"; the exporter is named where that is not enough."""
    first = {key: _name(*key) for key in keys}
    often = Counter(first.values())
    return {key: name if often[name] == 1 else f"{name} ({key[0]})" for key, name in first.items()}


def _name(instance: str, server: str) -> str:
    if not server:
        return instance
    host, _, port = server.rpartition(":")
    exporter = instance.rpartition(":")[0]
    return f"{exporter}:{port}" if exporter and _is_loopback(host) else server


@lru_cache(maxsize=4096)
def _is_loopback(host: str) -> bool:
    try:
        return parse_address(host).identity.startswith("localhost:")
    except ValueError:
        return False
