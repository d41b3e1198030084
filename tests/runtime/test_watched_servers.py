"""Which servers a run watches."""

from __future__ import annotations

from tray_app.core.config.servers import ServerEntry
from tray_app.core.model.server_address import ServerAddress, parse_address
from tray_app.runtime.watched_servers import Watched, watched


def entry(name: str, url: str) -> ServerEntry:
    return ServerEntry(name, parse_address(url), {})


def urls(*several: str) -> list[ServerAddress]:
    return [parse_address(each) for each in several]


GPU, LAB = entry("gpu", "gpu:8000"), entry("lab", "lab:8000")


def test_without_flags_those_of_the_file() -> None:
    """None of either: the one of the common settings."""
    assert watched([], [GPU, LAB]) == (Watched(GPU), Watched(LAB))
    assert watched([], []) == ()


def test_flags_choose_in_their_order() -> None:
    """One with a table in the file keeps it; the same address twice is one server."""
    chosen = watched(urls("new:1", "http://gpu:8000/", "new:1"), [GPU, LAB])
    assert [(each.name, each.entry) for each in chosen] == [("new:1", None), ("gpu", GPU)]
