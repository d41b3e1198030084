"""The notifications of an engine's alerts."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.core.prometheus.made import after, alert, known, server
from tray_app.core.presentation.notifications import Note, Urgency
from tray_app.core.prometheus.events import AlertsChanged
from tray_app.core.prometheus.state import EngineState
from tray_app.core.prometheus.values import AlertsRead, AlertStatus, EngineAlert, ServersRead
from tray_app.views import engine_notes
from tray_app.views.engine_notes import EngineNotes

HOSTS = ("a", "b", "c")


class Told:
    """An engine's alerts change; what is sent of it."""

    def __init__(self, *hosts: str) -> None:
        self.now_s = 100.0
        self.notes = EngineNotes(lambda: self.now_s)
        self.state: EngineState = known(*(server(host) for host in hosts or HOSTS))

    def fire(self, *alerts: EngineAlert, seconds: float = 1.0) -> list[Note | str]:
        """These fire now, and no others."""
        self.now_s += seconds
        self.state, events = after(self.state, AlertsRead(alerts))
        said: list[Note | str] = []
        for event in events:
            assert isinstance(event, AlertsChanged)
            said += self.notes.take(event, self.state)
        return said

    def note(self, *alerts: EngineAlert, seconds: float = 1.0) -> Note:
        (said,) = self.fire(*alerts, seconds=seconds)
        assert isinstance(said, Note)
        return said


A, B, C = (alert(host=host) for host in HOSTS)


def test_an_alert_names_its_server_and_ends_in_its_place() -> None:
    """Its end makes no sound."""
    told = Told()
    first = told.note(A)
    assert (first.title, first.urgency, first.silent) == (
        "a:8000: Critical",
        Urgency.CRITICAL,
        False,
    )
    assert first.is_alert
    last = told.note(seconds=60)
    assert (last.title, last.slot, last.silent) == ("a:8000: resolved", first.slot, True)


def test_those_that_come_together_are_one() -> None:
    """However many one answer has, and those of the next 5 s; in the place of the first."""
    told = Told()
    both = told.note(A, B)
    assert both.title == "2 servers critical: a:8000, b:8000"
    three = told.note(A, B, C, seconds=4)
    assert three.title == "3 servers critical: a:8000, b:8000, c:8000"
    assert three.slot == both.slot
    left = told.note(A, C, seconds=60)
    assert (left.title, left.silent) == ("2 servers critical: a:8000, c:8000", True)
    assert left.text.startswith("b:8000: resolved")
    (over,) = told.fire(seconds=60)
    assert isinstance(over, Note)
    assert (over.title, over.slot) == ("All servers have recovered", both.slot)
    assert told.fire(seconds=60) == []


def test_apart_they_are_two() -> None:
    """Each in a place of its own."""
    told = Told()
    first, second = told.note(A), told.note(A, B, seconds=6)
    assert second.title == "b:8000: Critical"
    assert first.slot != second.slot


def test_several_alerts_of_a_server_are_one_message() -> None:
    """The worst; when that is over, the next one is shown without a sound."""
    told = Told()
    high = alert("RunAnalyzeHigh", "a", "warning")
    assert told.note(high, A).title == "a:8000: Critical"
    next_ = told.note(high, seconds=60)
    assert (next_.title, next_.silent) == ("a:8000: High", True)
    assert told.note(seconds=60).title == "a:8000: resolved"


def test_what_is_held_back_is_closed() -> None:
    """Without a word; it only leaves a message about several."""
    told = Told()
    first = told.note(A)
    held = alert(host="a", status=AlertStatus.SILENCED)
    assert told.fire(held) == [first.slot]
    told = Told()
    both = told.note(A, B)
    left = told.note(held, B)
    assert (left.title, left.silent, left.slot) == ("1 server critical: b:8000", True, both.slot)
    assert told.fire(held, alert(host="b", status=AlertStatus.SILENCED)) == [both.slot]


def test_an_alert_of_no_server_is_told_by_its_place() -> None:
    """Or by itself."""
    away = alert("RunAnalyzeExporterAway", "x", server="")
    assert Told().note(away).title == "x:9435: Not watched"
    odd = alert("Odd", "x", server="", summary="GPU is hot")
    assert Told().note(odd).title == "GPU is hot"


def test_a_flood_of_alerts_is_one_message() -> None:
    """The most urgent servers are named, and the work is bounded."""
    hosts = [f"s{n:03}" for n in range(1000)]
    told = Told(*hosts)
    alerts = [alert(host=host) for host in hosts]
    said = told.note(*alerts)
    assert said.title.startswith(f"{engine_notes.PLACES_MAX} servers critical: s")
    assert len(said.title) < 200
    over = told.fire()
    assert [each.title for each in over if isinstance(each, Note)] == ["All servers have recovered"]


def test_each_server_of_two_floods_recovers(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit is on what is new: no message stays."""
    monkeypatch.setattr(engine_notes, "PLACES_MAX", 2)
    told = Told("a", "b", "c", "d")
    flood = tuple(alert(host=host) for host in "abcd")
    told.fire(*flood[:2])
    told.fire(*flood, seconds=60)
    over = told.fire(seconds=60)
    assert len({each.slot for each in over if isinstance(each, Note)}) == 2
    titles = [each.title for each in over if isinstance(each, Note)]
    assert titles == ["All servers have recovered"] * 2


def test_an_alert_ends_under_the_name_that_it_began_with() -> None:
    """A second server of the same address makes both names longer."""
    told = Told("a")
    first = told.note(A)
    twin = replace(server("a"), instance="b:9435", name="a:8000 (b:9435)")
    both = ServersRead((replace(server("a"), name="a:8000 (a:9435)"), twin))
    told.state, _ = after(told.state, both)
    last = told.note(seconds=60)
    assert (last.title, last.slot) == ("a:8000: resolved", first.slot)
