"""Where a server of this program listens."""

from __future__ import annotations

import pytest

from tray_app.core.model.listen_address import ListenAddress, parse_listen_address


@pytest.mark.parametrize(
    ("text", "host", "port", "is_loopback"),
    [
        ("127.0.0.1:9435", "127.0.0.1", 9435, True),
        ("9435", "127.0.0.1", 9435, True),
        ("localhost:0", "localhost", 0, True),
        ("[::1]:9435", "::1", 9435, True),
        ("0.0.0.0:9435", "0.0.0.0", 9435, False),
        ("[::]:9435", "::", 9435, False),
        (" gpu-box.lan:80 ", "gpu-box.lan", 80, False),
    ],
)
def test_address_and_port(text: str, host: str, port: int, is_loopback: bool) -> None:
    """A port alone is of the loopback address; only that one is for this machine alone."""
    address = parse_listen_address(text)
    assert address == ListenAddress(host, port)
    assert address.is_loopback is is_loopback
    assert parse_listen_address(str(address)) == address


@pytest.mark.parametrize(
    "text",
    ["", ":9435", "127.0.0.1", "127.0.0.1:", "1.2.3.4:65536", "::1:80", "[::g]:1", "a b:1", "a:-1"],
)
def test_anything_else_is_a_mistake(text: str) -> None:
    """With a plain reason."""
    with pytest.raises(ValueError, match=r"^must be ADDR:PORT"):
        parse_listen_address(text)
