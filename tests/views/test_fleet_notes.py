"""The notifications of several servers."""

from __future__ import annotations

from msgspec.structs import replace

from tests.core.fleet.made import answering, critical, raised, recovered, silent
from tray_app.core.analysis.bands import Band
from tray_app.core.monitor.events import Event, TestRequested
from tray_app.core.presentation import notifications
from tray_app.core.presentation.icon import Picture
from tray_app.core.presentation.notifications import Note
from tray_app.views.fleet_notes import FleetNotes


class Clock:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def sent(
    notes: FleetNotes,
    server: str,
    event: Event,
    *,
    remote: bool = False,
    picture: Picture | None = None,
) -> Note:
    note = notifications.note(event)
    assert note
    return notes.address(server, remote=remote).note(replace(note, picture=picture), event)


def test_a_lone_one_names_its_server() -> None:
    """It replaces that server's earlier ones alone."""
    notes = FleetNotes(Clock())
    one, other = sent(notes, "a", TestRequested()), sent(notes, "b", TestRequested())
    assert one.title.startswith("a: ")
    assert one.slot != other.slot


def test_two_at_once_are_one_in_the_place_of_the_first() -> None:
    """And what follows changes it there."""
    clock = Clock()
    notes = FleetNotes(clock)
    first = sent(notes, "a", critical())
    clock.now_s += 2
    second = sent(notes, "b", critical())
    assert second.title == "2 servers critical: a, b"
    assert second.slot == first.slot
    assert second.is_alert
    clock.now_s += 600
    assert sent(notes, "b", recovered()).slot == first.slot


def test_each_alert_is_known_by_its_own_title() -> None:
    """The history and the server's own menu name no server; a group is reported to the newest."""
    notes = FleetNotes(Clock())
    first, second = (sent(notes, name, critical(mb)) for name, mb in (("a", 3100), ("b", 3200)))
    assert (first.recorded_title, first.server) == ("Critical: 3.03 GB", "a")
    assert (second.recorded_title, second.server) == ("Critical: 3.12 GB", "b")


def test_a_message_about_several_has_the_picture_of_the_worst() -> None:
    """Not of the one that came last: a green tile beside "in trouble" would be a lie."""
    notes = FleetNotes(Clock())
    red, hung = Picture(Band.RED, "3.1"), Picture(Band.GREEN, ".1", hung=True)
    orange = Picture(Band.ORANGE, "1.2")
    green = Picture(Band.GREEN, ".3")
    sent(notes, "a", critical(), picture=red)
    assert sent(notes, "b", silent(), picture=hung).picture == red
    sent(notes, "c", raised(), picture=orange)
    assert sent(notes, "a", recovered(), picture=green).picture == orange
    left = notes.address("c", remote=False).closed("memory")
    assert isinstance(left, Note)
    assert left.picture == hung
    assert sent(notes, "b", answering(), picture=green).picture == green


def test_apart_they_are_two() -> None:
    """Each in a place of its own."""
    clock = Clock()
    notes = FleetNotes(clock)
    first = sent(notes, "a", critical())
    clock.now_s += 60
    assert sent(notes, "b", critical()).slot != first.slot


def test_a_dead_network_is_told_once() -> None:
    """Three servers elsewhere that fall silent one after another."""
    clock = Clock()
    notes = FleetNotes(clock)
    titles = []
    for name in "abc":
        titles.append(sent(notes, name, silent(), remote=True).title)
        clock.now_s += 10
    assert titles[1:] == ["No answer from 2 servers: a, b", "No answer from 3 servers: a, b, c"]


def test_a_withdrawn_alert_closes_its_own_or_changes_the_group() -> None:
    """The last one closes the message."""
    notes = FleetNotes(Clock())
    first = sent(notes, "a", critical())
    assert notes.address("a", remote=False).closed("memory") == first.slot
    first = sent(notes, "a", critical())
    sent(notes, "b", critical())
    left = notes.address("a", remote=False).closed("memory")
    assert isinstance(left, Note)
    assert (left.title, left.slot) == ("1 server critical: b", first.slot)
    assert notes.address("b", remote=False).closed("memory") == first.slot
