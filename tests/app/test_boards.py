"""What the icon shows: one server, or several together."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.core.fleet.made import state
from tests.views.test_presenter import FakePanel
from tray_app.app import boards
from tray_app.app.boards import FleetBoard, OneServerBoard
from tray_app.core.fleet.overview import Fleet
from tray_app.views.fleet_look import SEVERAL_SERVERS, face
from tray_app.views.presenter import Face


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


def test_what_cannot_be_seen_makes_no_new_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten servers bring five samples a second. What can be seen of one is shown as before."""
    made: list[Fleet] = []

    def counted(shown: Fleet) -> Face:
        made.append(shown)
        return face(shown)

    monkeypatch.setattr(boards, "SEVERAL_SERVERS", replace(SEVERAL_SERVERS, face=counted))
    panel = FakePanel()
    board = FleetBoard(panel, lambda _: None, shown="")
    for name in ("desk", "gpu"):
        board.begin(name, state(300))
    board.tell("gpu", state(300))
    board.show()
    count = len(made)
    for _ in range(3):
        board.tell("gpu", state(300.1))
    assert len(made) == count
    board.tell("gpu", state(3100))
    board.show()
    assert panel.tooltips[-1].splitlines()[0] == "2 servers · gpu 3.03 GB"
    board.leave("gpu")
    board.begin("gpu", state(300))
    board.tell("gpu", state(3100))
    board.show()
    assert panel.tooltips[-1].splitlines()[0] == "2 servers · gpu 3.03 GB"
