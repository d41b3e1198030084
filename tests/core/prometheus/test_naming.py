"""Servers have names that people can tell apart."""

from __future__ import annotations

import pytest

from tray_app.core.prometheus.naming import names


@pytest.mark.parametrize(
    ("instance", "server", "name"),
    [
        ("gpu-1:9435", "gpu-1:8000", "gpu-1:8000"),
        ("gpu-1:9435", "localhost:8000", "gpu-1:8000"),
        ("gpu-1:9435", "127.0.0.1:8000", "gpu-1:8000"),
        ("10.0.0.1:9435", "[::1]:8001", "10.0.0.1:8001"),
        ("gpu-1:9435", "far:8000", "far:8000"),
        ("gpu-1:9435", "", "gpu-1:9435"),
        ("gpu-1", "localhost:8000", "localhost:8000"),
        ("gpu-1:9435", "no address:x", "no address:x"),
    ],
)
def test_a_server_is_called_by_its_host(instance: str, server: str, name: str) -> None:
    """ "This machine" means the exporter's."""
    assert names([(instance, server)]) == {(instance, server): name}


def test_no_two_have_one_name() -> None:
    """Two exporters that watch one server are named."""
    both = [("a:9435", "gpu:8000"), ("b:9435", "gpu:8000")]
    assert list(names(both).values()) == ["gpu:8000 (a:9435)", "gpu:8000 (b:9435)"]
