"""The menu of an engine's servers."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from tests.core.prometheus.made import START, after, alert, known, server, silence, with_manager
from tray_app.core.model.server_address import parse_address
from tray_app.core.model.silence_length import SilenceLength
from tray_app.core.monitor.commands import (
    Mute,
    OpenPage,
    Quit,
    SetInterval,
    SetPaused,
    ShowStatus,
    SilenceAlerts,
    UnsilenceAlerts,
)
from tray_app.core.monitor.inputs import MenuSeen
from tray_app.core.presentation import engine_menu, menu_text, silence_text
from tray_app.core.presentation.fleet_text import MARKS
from tray_app.core.presentation.menu_row import Row
from tray_app.core.prometheus.state import EngineState
from tray_app.core.prometheus.step import LISTED
from tray_app.core.prometheus.values import EngineAlert, EngineServer, ServersRead, SilencesRead


def shown(*servers: EngineServer, alerts: tuple[EngineAlert, ...] = (), **more: str) -> EngineState:
    """With these servers, and pages for the browser."""
    state = known(*servers, alerts=alerts)
    address = parse_address("http://prometheus:9090")
    settings = replace(state.desk.settings, prometheus=address, **more)
    return replace(state, desk=replace(state.desk, settings=settings))


def all_rows(rows: tuple[Row, ...]) -> Iterator[Row]:
    for row in rows:
        yield row
        yield from all_rows(row.children)


def of(state: EngineState) -> dict[str, Row]:
    return {row.key: row for row in all_rows(engine_menu.rows(state))}


def members(state: EngineState) -> list[str]:
    keys = [f"member-{number}" for number in range(LISTED)]
    return [row.text for row in engine_menu.rows(state) if row.key in keys and row.text]


def test_the_worst_have_rows_and_the_others_are_counted() -> None:
    """A thousand servers are as many rows as fifteen."""
    many = [server(f"s{n:03}", "yellow" if n % 200 == 7 else "green", n) for n in range(1000)]
    state = shown(*many)
    texts = members(state)
    assert len(texts) == LISTED
    assert texts[0] == "🟡 s807:8000: 807 MB · raised"
    assert texts[5] == "🟢 s999:8000: 999 MB · normal"
    assert of(state)["more-servers"].text == "and 985 others, all green"


def test_without_a_font_there_is_no_mark() -> None:
    """Neither of servers nor of alerts."""
    state = shown(server("a", "red", 500), alerts=(alert("1", server="a:8000"), alert("2")))
    plain = replace(state, desk=replace(state.desk, has_emoji=False))
    texts = " ".join(row.text for row in all_rows(engine_menu.rows(plain)))
    assert "a:8000: 500 MB" in texts
    assert not set(texts) & set("".join(MARKS.values()))


def test_long_names_leave_room_for_figures() -> None:
    """In the first row and in each server's."""
    name = f"gpu-1.{'rack.' * 40}internal"
    many = [server("b"), *(server(f"c{n}") for n in range(1000)), server(name, "red", 3100)]
    state = shown(*many)
    assert of(state)["status"].text == "1002 servers · gpu-1.rack.…nternal:8000 3.03 GB"
    assert members(state)[0] == "🔴 gpu-1.rack.…nternal:8000: 3.03 GB · critical"


def test_rows_keep_number_order_and_kind() -> None:
    """Also in submenus, whatever is known."""
    few = shown(server("a"))
    alerts = tuple(alert(f"A{n}", host) for n in range(9) for host in ("a", "x"))
    many = shown(*(server(f"s{n}", "red") for n in range(99)), server("a"), alerts=alerts)
    shapes = [
        [(row.key, row.separator, bool(row.children)) for row in all_rows(engine_menu.rows(it))]
        for it in (few, many, shown())
    ]
    assert shapes[0] == shapes[1] == shapes[2]
    keys = [key for key, *_ in shapes[0]]
    assert len(keys) == len(set(keys))
    texts = [row.text for row in engine_menu.rows(many)]
    assert all(len(text) <= menu_text.ROOM_CHARS for text in texts)


def test_a_server_has_its_alerts_and_pages() -> None:
    """The dashboard with the server chosen, and what the worst alert says to do."""
    urgent = replace(alert("RunAnalyzeCritical", "a"), description="Much.", runbook="Do it.")
    alerts = (alert("RunAnalyzeClockSkew", "a", "warning"), urgent)
    rows = of(shown(server("a", "red"), alerts=alerts, grafana="http://g/d/x"))
    assert [rows[f"member-0-alert-{n}"].text for n in range(3)] == [
        *("🔴 Critical", "🟠 Clock is wrong", "")
    ]
    assert rows["member-0-text-0"].text == "Much. Do it."
    assert rows["member-0-grafana"].command == OpenPage(
        "http://g/d/x?var-instance=a%3A9435&var-server=localhost%3A8000"
    )
    assert rows["member-0-prometheus"].command == OpenPage("http://prometheus:9090/alerts")
    assert rows["open-grafana"].command == OpenPage("http://g/d/x")
    assert of(shown(server("a")))["open-grafana"].text == ""


def test_many_alerts_of_a_server_are_counted() -> None:
    """The last row says how many have none."""
    rows = of(shown(server("a"), alerts=tuple(alert(f"A{n}", "a") for n in range(9))))
    assert rows["member-0-alert-3"].text == "and 6 other alerts"


def test_alerts_of_no_server_have_a_row() -> None:
    """Where there are any."""
    assert of(shown(server("a")))["elsewhere"].text == ""
    lost = tuple(alert(f"Odd{n}", "x", server="", summary=f"odd {n}") for n in range(12))
    rows = of(shown(server("a"), alerts=lost))
    assert rows["elsewhere"].text == "🔴 Other alerts: 12"
    assert rows["elsewhere-0"].text == "🔴 Odd 0"
    assert rows["elsewhere-9"].text == "and 3 other alerts"


def test_the_rows_of_an_open_menu_keep_their_places() -> None:
    """What is shown in them is of now; a server that is gone leaves its row."""
    state = shown(server("a", "green", 500), server("b"), server("c"))
    state, _ = after(state, MenuSeen(True), ServersRead((server("b", "red"), server("a"))))
    assert members(state) == ["🟢 a:8000: 300 MB · normal", "🔴 b:8000: 300 MB · critical"]


def test_silences_have_their_rows() -> None:
    """Of each server and of all, where an Alertmanager is set; else they are hidden, and *Mute*
    says that it is local."""
    without = of(shown(server("a")))
    assert (without["silence"].text, without["member-0-silence"].text) == ("", "")
    assert without["mute"].text == "Mute on this desktop only"
    state, _ = after(with_manager(server("a"), server("b")), SilencesRead((silence("a"),)))
    rows = of(state)
    until = silence_text.until(silence("a").ends_s, START.wall_s)
    assert rows["silence"].text == f"Alerts silenced {until} (bob)"
    assert rows["member-0-silence"].text == f"Silenced {until} · bob"
    assert rows["member-0-silence held-0 end"].command == UnsilenceAlerts("a")
    assert rows["member-1-silence"].text == "Silence"
    assert rows["member-1-silence hour sure"].command == SilenceAlerts(
        SilenceLength.HOUR, "b:9435", "localhost:8000", sure=True
    )
    assert len(rows) == len(without)


def test_the_tray_itself_is_served_as_for_one_server() -> None:
    """Mute, pause, interval, look, help and end; nothing that is about one server's limits."""
    rows = of(shown(server("a")))
    assert rows["status"].command == ShowStatus()
    assert rows["mute-0"].command == Mute(1800.0)
    assert rows["pause"].command == SetPaused(True)
    assert rows["interval-5"].command == SetInterval(5.0)
    assert rows["interval-2"].checked
    assert rows["quit"].command == Quit()
    assert {"style", "palette", "theme", "autostart", "open-settings", "report"} <= rows.keys()
    assert not {"mode", "preset", "edit-limits", "bands-limits", "about-samples"} & rows.keys()
    paused, _ = after(shown(server("a")), SetPaused(True))
    assert of(paused)["pause"].command == SetPaused(False)
