"""Which processes listen on a port: sockets from netlink, their holders from /proc."""

# ruff: noqa: PTH208 - a Path costs three times the call on it
from __future__ import annotations

import os
from collections.abc import Collection
from typing import Protocol

from tray_app.core.server.discovery import Listeners, reaches
from tray_app.sources.processes.procfs.files import link, owner_uid
from tray_app.sources.processes.sock_diag import listening_sockets


class ParentSource(Protocol):
    """Which processes there are, and whose children they are."""

    def pids(self) -> list[int]: ...

    def parent(self, pid: int) -> int | None: ...


class ListenerSearch:
    """Finds holders of listening sockets among the processes of ``table``."""

    def __init__(self, table: ParentSource, proc: str) -> None:
        self._table = table
        self._proc = proc

    def listeners(self, port: int, host: str, among: Collection[int] | None = None) -> Listeners:
        """As :meth:`ProcessTable.listeners`."""
        inodes = _inodes(port, host)
        if among is not None:
            holders = {pid for pid in among if inodes and inodes.keys() & self._socket_inodes(pid)}
        else:
            holders = self._holders(inodes) if inodes else set()
        # An ending process may have released its socket during the search.
        hidden = bool(inodes) and not holders and bool(inodes.keys() & _inodes(port, host))
        return Listeners(frozenset(holders), hidden)

    def listening_ports(self, pid: int) -> frozenset[int]:
        """The TCP ports that a process listens on."""
        inodes = self._socket_inodes(pid)
        sockets = listening_sockets() if inodes else ()
        return frozenset(each.port for each in sockets if each.inode in inodes)

    def _holders(self, inodes: dict[int, int]) -> set[int]:
        """For each socket its newest holder, and those ancestors that hold one too."""
        # The maker's own processes first: a socket that was handed on is rare.
        uids = set(inodes.values())
        newest_first = sorted(self._table.pids(), reverse=True)
        holders: set[int] = set()
        missing = set(inodes)
        for pid in sorted(newest_first, key=lambda pid: owner_uid(self._proc, pid) not in uids):
            if not missing:
                break
            held = missing & self._socket_inodes(pid)
            missing -= held
            holder: int | None = pid if held else None
            while holder and holder not in holders and inodes.keys() & self._socket_inodes(holder):
                holders.add(holder)
                holder = self._table.parent(holder)
        return holders

    def _socket_inodes(self, pid: int) -> set[int]:
        """Empty when its descriptors may not be read."""
        folder = f"{self._proc}/{pid}/fd"
        found: set[int] = set()
        try:
            for fd in os.listdir(folder):
                target = link(f"{folder}/{fd}")
                if target and target.startswith("socket:["):
                    found.add(int(target[8:-1]))
        except OSError:
            pass
        return found


def _inodes(port: int, host: str) -> dict[int, int]:
    """The listening sockets that a request reaches: their makers' uid by inode."""
    return {
        each.inode: each.uid
        for each in listening_sockets()
        if each.port == port and reaches(host, each.address)
    }
