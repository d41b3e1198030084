"""Silences in the menu."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from msgspec.structs import replace

from tests.core.prometheus.made import server
from tray_app.core.model.label_selector import parse_selector
from tray_app.core.model.silence_length import SilenceLength
from tray_app.core.monitor.commands import SilenceAlerts, UnsilenceAlerts
from tray_app.core.presentation import silence_menu
from tray_app.core.presentation.menu_row import Row
from tray_app.core.prometheus import silencing
from tray_app.core.prometheus.silences import EndSilence
from tray_app.core.prometheus.silencing import Silencing
from tray_app.core.prometheus.values import Silence, SilencesRead

NOW_S = datetime(2026, 11, 27, 13, 30).timestamp()
SERVERS = (server("gpu-1"), server("gpu-2"))


def silence(silence_id: str, text: str = 'instance="gpu-1:9435"') -> Silence:
    matchers = parse_selector(text).matchers
    return Silence(silence_id, matchers, "bob", "new disk", NOW_S, NOW_S + 3600)


def state(*held: Silence) -> Silencing:
    begun = silencing.seen(Silencing("ana@desk"), SERVERS, ())
    known = replace(begun, read=SilencesRead(held).silences)
    return silencing.seen(replace(known, keys=frozenset()), SERVERS, ())


def of_server(known: Silencing, which: int = 0) -> Row:
    return silence_menu.of_server("member-0", known, SERVERS[which], SERVERS, NOW_S)


def whole(row: Row) -> Iterator[Row]:
    yield row
    for child in row.children:
        yield from whole(child)


def texts(row: Row) -> list[str]:
    return [each.text for each in whole(row) if each.text]


def test_a_server_can_be_silenced_for_a_while() -> None:
    """Each length says what it does, in the row above the one that does it."""
    assert texts(of_server(state())) == [
        "Silence",
        "For 1 h",
        "Silences gpu-1:8000, for everybody, until 14:30",
        "Silence for everybody",
        "For 4 h",
        "Silences gpu-1:8000, for everybody, until 17:30",
        "Silence for everybody",
        "Until 08:00 tomorrow",
        "Silences gpu-1:8000, for everybody, until 08:00 tomorrow",
        "Silence for everybody",
    ]
    commands = [each.command for each in whole(of_server(state())) if each.command and each.text]
    assert commands == [
        SilenceAlerts(length, "gpu-1:9435", "localhost:8000", sure=True) for length in SilenceLength
    ]


def test_a_silence_that_holds_is_shown_and_can_be_ended() -> None:
    """Who made it, until when and why, also of one made elsewhere."""
    row = of_server(state(silence("s")))
    assert row.text == "Silenced until 14:30 · bob"
    assert texts(row)[-3:] == [
        "Silenced until 14:30 · bob",
        'instance="gpu-1:9435" · new disk',
        "End this silence",
    ]
    assert UnsilenceAlerts("s") in [each.command for each in whole(row)]
    assert of_server(state(silence("s")), 1).text == "Silence"


def test_a_silence_of_some_alerts_says_so() -> None:
    """A server that is silenced in part is not silenced."""
    partly = silence("s", 'instance="gpu-1:9435", severity="info"')
    assert of_server(state(partly)).text == "Partly silenced until 14:30 · bob"
    assert of_server(state(partly, silence("t"))).text == "Silenced until 14:30 · bob"


def test_all_can_be_silenced() -> None:
    """The row counts the silences that hold."""
    row = silence_menu.of_all(state(), NOW_S)
    assert texts(row)[:3] == [
        "Silence all",
        "For 1 h",
        "Silences all servers, for everybody, until 14:30",
    ]
    assert SilenceAlerts(SilenceLength.HOUR, sure=True) in [each.command for each in whole(row)]
    held = silence_menu.of_all(state(silence("a"), silence("b", 'instance="gpu-2:9435"')), NOW_S)
    assert held.text == "2 silences hold alerts back, first until 14:30"


def test_the_rows_keep_their_number_and_keys() -> None:
    """However many silences hold: an open menu keeps still."""
    many = [silence(str(number)) for number in range(9)]
    few, more = of_server(state()), of_server(state(*many))
    assert [each.key for each in few.children] == [each.key for each in more.children]
    assert more.children[-1].text == "and 7 more: see Alertmanager"
    hidden = silence_menu.of_server("member-0", None, None, (), NOW_S)
    assert [each.key for each in hidden.children] == [each.key for each in few.children]
    assert [each.text for each in whole(hidden) if each.text] == []
    assert silence_menu.of_all(None, NOW_S).text == ""
    keys = [each.key for each in whole(more)]
    assert len(keys) == len(set(keys))


def test_a_server_that_no_label_names_cannot_be_silenced() -> None:
    """Its row would silence all servers."""
    nameless = replace(SERVERS[0], instance="", server="")
    row = silence_menu.of_server("member-0", state(), nameless, (nameless,), NOW_S)
    assert texts(row) == []


def test_one_order_at_a_time() -> None:
    """While Alertmanager is asked, the rows say so and cannot be clicked."""
    busy = replace(state(), running=EndSilence(silence("s")))
    sure = [each for each in whole(of_server(busy)) if isinstance(each.command, SilenceAlerts)]
    assert all(each.barred for each in sure)
    assert "Waiting for Alertmanager…" in texts(of_server(busy))
