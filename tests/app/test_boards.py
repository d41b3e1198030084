"""What the icon shows: one server, or several together."""

from __future__ import annotations

from tests.core.fleet.made import state
from tests.views.test_presenter import FakePanel
from tray_app.app.boards import FleetBoard, OneServerBoard


def test_one_server_is_shown_as_it_is() -> None:
    """Its notifications need no name, and it tells its status itself."""
    panel = FakePanel()
    board = OneServerBoard(panel, lambda _: None)
    board.begin("desk", state(300))
    board.show()
    assert panel.tooltips[-1].startswith("RunAnalyze: 300 MB")
    assert board.address(state(300)) is None
    assert board.status() is None


def test_several_servers_are_shown_together() -> None:
    """The newest state of each; one that has left is no longer there."""
    panel = FakePanel()
    board = FleetBoard(panel, lambda _: None, shown="")
    for name in ("desk", "gpu"):
        board.begin(name, state(300))
    board.tell("gpu", state(3100))
    board.show()
    assert panel.tooltips[-1].splitlines()[0] == "2 servers · gpu 3.03 GB"
    board.choose("desk")
    board.show()
    assert panel.tooltips[-1].splitlines()[0] == "2 servers · desk 300 MB"
    board.leave("desk")
    board.show()
    assert panel.tooltips[-1].splitlines() == [
        "1 server · gpu 3.03 GB",
        "gpu: 3.03 GB · critical · idle",
    ]
    assert board.status().title == "1 server · gpu 3.03 GB"
