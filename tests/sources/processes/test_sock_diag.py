"""Listening sockets, by netlink and by file."""

from __future__ import annotations

import os
import socket
import sys

import pytest

if sys.platform != "linux":
    pytest.skip("Linux's own sockets", allow_module_level=True)

from tray_app.sources.processes import sock_diag
from tray_app.sources.processes.sock_diag import by_file, by_netlink, listening_sockets


@pytest.mark.parametrize(
    ("family", "address"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")]
)
def test_both_ways_tell_the_same_of_a_socket(family: socket.AddressFamily, address: str) -> None:
    """Address, port, owner and inode, whichever way the kernel is asked."""
    with socket.create_server((address, 0), family=family) as server:
        port, inode = server.getsockname()[1], os.fstat(server.fileno()).st_ino
        (told,) = [each for each in by_netlink(family) if each.inode == inode]
        (read,) = [each for each in by_file(family) if each.inode == inode]
    assert told == read
    assert (told.address, told.port, told.uid) == (address, port, os.geteuid())


def test_a_connection_is_no_listener() -> None:
    """Only listening sockets are told."""
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as client,
    ):
        inode = os.fstat(client.fileno()).st_ino
        assert inode not in {each.inode for each in listening_sockets()}
        assert inode not in {each.inode for each in by_file(socket.AF_INET)}


def test_the_files_are_read_where_netlink_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some sandboxes have no sock_diag."""

    def refuse(_: socket.AddressFamily) -> None:
        raise OSError

    monkeypatch.setattr(sock_diag, "by_netlink", refuse)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert port in {each.port for each in listening_sockets()}


def test_many_sockets_come_in_several_messages() -> None:
    """An answer longer than one datagram is read to its end."""
    servers = [socket.create_server(("127.0.0.1", 0)) for _ in range(300)]
    ports = {server.getsockname()[1] for server in servers}
    told = {each.port for each in by_netlink(socket.AF_INET)}
    for server in servers:
        server.close()
    assert ports <= told
