"""Where a server of this program listens: checked and split once."""

from __future__ import annotations

import re
from ipaddress import ip_address

from msgspec import Struct

LOOPBACK = "127.0.0.1"


class ListenAddress(Struct, frozen=True):
    """An address of this machine, or a name of it, and a port; 0: any free one."""

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine reaches it."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host.lower() == "localhost"

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def parse_listen_address(text: str) -> ListenAddress:
    """``127.0.0.1:9435``, ``[::1]:9435``, ``gpu-box:9435``; a port alone is of the loopback
    address.

    :raises ValueError: it is none of these; with a plain reason for people
    """
    found = re.fullmatch(r"(?:(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):)?([0-9]{1,5})", text.strip())
    if found is None or int(found[2]) > 65535:
        raise ValueError("must be ADDR:PORT, for example 127.0.0.1:9435")
    host = (found[1] or LOOPBACK).strip("[]")
    if ":" in host:
        try:
            ip_address(host)
        except ValueError:
            raise ValueError(f"must be ADDR:PORT, and {host} is no address") from None
    return ListenAddress(host, int(found[2]))
