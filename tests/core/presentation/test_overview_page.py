"""The page of all servers."""

from __future__ import annotations

from tests.core.fleet.made import fleet
from tray_app.core.history.page_data import Answer
from tray_app.core.presentation.overview_page import (
    NOTHING,
    Past,
    overview,
    picker,
    place,
)


def test_the_worst_is_first() -> None:
    """With what the tooltip says of it, and its sentences."""
    peak = Answer("Peak 2.10 GB", "at 03:12.")
    page = overview(
        fleet(desk=300, gpu=2100, lab=None), {"gpu": Past((peak,))}, now_ms=0, version="1"
    )
    assert page.heading == "3 servers: 1 red, 1 without a reading, 1 green"
    assert [each.link.text for each in page.servers] == ["gpu", "lab", "desk"]
    assert page.servers[0].now == "2.05 GB · high · idle"
    assert [each.colour for each in page.servers] == ["red", "without a reading", "green"]
    assert page.servers[0].answers == (peak,)
    assert page.servers[1].answers == (NOTHING,)


def test_a_name_is_one_part_of_an_address() -> None:
    """A slash in it, a blank or a question mark stay in it."""
    assert place("a/b ?") == "a%2Fb%20%3F/"
    assert [each.href for each in picker(["a/b"], "a/b")] == ["../", "../a%2Fb/"]
    assert [each.is_here for each in picker(["x", "y"], "y")] == [False, False, True]
