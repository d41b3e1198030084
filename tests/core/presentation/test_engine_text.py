"""An engine's servers and alerts in words."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.core.prometheus.made import (
    START,
    after,
    alert,
    begun,
    known,
    server,
    silence,
    with_manager,
)
from tray_app.core.fleet.rank import Rank
from tray_app.core.model.api_failure import ApiFailureKind, ApiProblem
from tray_app.core.model.label_selector import parse_selector
from tray_app.core.model.server_address import parse_address
from tray_app.core.monitor.commands import SetPaused
from tray_app.core.presentation import engine_text, silence_text
from tray_app.core.presentation.notifications import Urgency
from tray_app.core.prometheus.events import EngineAway, EngineBack
from tray_app.core.prometheus.state import LISTS_PACE_S
from tray_app.core.prometheus.step import TimePassed
from tray_app.core.prometheus.values import (
    AlertsRead,
    AlertStatus,
    Part,
    ReadFailed,
    ServersRead,
    SilencesRead,
)

REFUSED = ApiProblem(ApiFailureKind.REFUSED)


def lines(*servers: str, **alerts: str) -> list[str]:
    """The tooltip's lines without the heading: servers by name and band, their alerts."""
    state = known(
        *(server(*each.split(" ")) for each in servers),
        alerts=tuple(alert(f"RunAnalyze{name}", host) for name, host in alerts.items()),
    )
    return engine_text.tooltip(state).split("\n")[1:]


@pytest.mark.parametrize(
    ("band", "text"),
    [
        ("green", "a:8000: 300 MB · normal"),
        ("yellow", "a:8000: 300 MB · raised"),
        ("orange", "a:8000: 300 MB · high"),
        ("red", "a:8000: 300 MB · critical"),
    ],
)
def test_a_server_is_told_by_its_band(band: str, text: str) -> None:
    """With its figure."""
    assert lines(f"a {band}") == [text]


def test_a_server_without_a_figure_says_why() -> None:
    """An old figure is said to be old."""
    several = (server("a", "gone", None), server("b", "paused", None), server("c", "lost", None))
    assert engine_text.tooltip(known(*several, server("d", "lost"))).split("\n")[1:] == [
        *("d:8000: 300 MB · old", "c:8000: no reading", "a:8000: not running", "b:8000: paused")
    ]


def test_an_alert_of_a_rule_of_ours_has_the_trays_words() -> None:
    """Once; any other has its own."""
    assert lines("a red", Critical="a") == ["a:8000: 300 MB · critical"]
    assert lines("a red", ServerHung="a") == ["a:8000: 300 MB · critical · hangs"]
    assert lines("a green", ClockSkew="a") == ["a:8000: 300 MB · clock is wrong"]
    state = known(server("a"), alerts=(alert("Odd", "a", summary="GPU is hot"),))
    assert engine_text.tooltip(state).endswith("\na:8000: 300 MB · GPU is hot")


def test_an_alert_of_no_server_has_a_line() -> None:
    """Two at most, then a count."""
    assert lines("a green", ExporterAway="b") == [
        *("b:8000: not watched", "a:8000: 300 MB · normal")
    ]
    many = tuple(alert(f"Odd{n}", "x", server="", summary=f"odd {n}") for n in range(4))
    said = engine_text.tooltip(known(server("a"), alerts=many)).split("\n")
    assert said[1:4] == ["Odd 0", "Odd 1", "and 2 other alerts"]


def test_a_silenced_alert_is_shown_as_silenced() -> None:
    """Its server still has its band; one that another alert inhibits is not a person's doing."""
    held = alert(host="a", status=AlertStatus.SILENCED, silences=["s"])
    state = known(server("a", "red"), server("b", "red"), alerts=(held,))
    assert engine_text.tooltip(state).split("\n")[1:] == [
        *("a:8000: 300 MB · critical · silenced", "b:8000: 300 MB · critical")
    ]
    inhibited = alert(host="a", status=AlertStatus.INHIBITED)
    assert engine_text.tooltip(known(server("a", "red"), alerts=(inhibited,))).endswith("critical")


def test_the_tooltip_says_which_silences_hold() -> None:
    """Who made them and until when; nothing where none holds."""
    state = with_manager(server("a"))
    assert engine_text.tooltip(state).endswith("a:8000: 300 MB · normal")
    state, _ = after(state, SilencesRead((silence("a"), silence("b"))))
    last = engine_text.tooltip(state).split("\n")[-1]
    assert last == f"Alerts silenced {silence_text.until(silence('a').ends_s, START.wall_s)} (bob)"


def test_silences_that_cannot_be_read_are_a_trouble() -> None:
    """The last of all: servers and alerts are known without them."""
    state = with_manager(server("a"))
    assert engine_text.trouble(state) == ""
    late = LISTS_PACE_S * 6
    servers = ServersRead((server("a"),))
    failed = ReadFailed(Part.SILENCES, REFUSED)
    state, events = after(state, servers, AlertsRead(()), failed, seconds=late)
    assert engine_text.trouble(state).startswith(
        "Alertmanager: connection refused · silences last read"
    )
    assert events == []
    assert state.overview.rank is Rank.GREEN


def test_an_alert_can_be_silenced_from_its_message() -> None:
    """Where an Alertmanager is set; else it is muted here, and the button says so."""
    silenced = engine_text.message(alert(), "a:8000", "http://p/alerts", can_silence=True)
    assert [each.label for each in silenced.actions] == ["Silence for 1 h…", "Open"]
    muted = engine_text.message(alert(), "a:8000", "http://p/alerts")
    assert [each.label for each in muted.actions] == ["Mute here for 30 min", "Open"]


def test_the_worst_five_have_a_line() -> None:
    """The others are counted."""
    said = engine_text.tooltip(known(*(server(f"s{n}") for n in range(985)), server("x", "red")))
    assert said.split("\n")[0] == "986 servers · x:8000 300 MB"
    assert said.split("\n")[1] == "x:8000: 300 MB · critical"
    assert said.split("\n")[-1] == "and 981 others, all green"


def test_what_could_not_be_read_comes_first() -> None:
    """With the reason and the age of what is shown."""
    state, _ = after(known(server("a")), ReadFailed(Part.SERVERS, REFUSED), seconds=41.0)
    refused = "Prometheus: connection refused · "
    assert engine_text.trouble(state) == f"{refused}servers last read 40 s ago"
    state, _ = after(known(server("a")), ReadFailed(Part.ALERTS, REFUSED), seconds=15.0)
    assert engine_text.trouble(state) == f"{refused}alerts last read 10 s ago"
    assert engine_text.trouble(begun()) == "Servers: asking Prometheus"
    state, _ = after(begun(), ReadFailed(Part.SERVERS, REFUSED))
    assert engine_text.trouble(state) == f"{refused}servers not read yet"
    state, _ = after(known(server("a")), TimePassed(), seconds=25.0)
    assert engine_text.trouble(state) == "Servers: last read 20 s ago"
    warned, _ = after(known(), ServersRead((server("a"),), "a store is away"))
    assert engine_text.trouble(warned) == "Some servers may be missing: a store is away"
    paused, _ = after(known(server("a")), SetPaused(True))
    assert engine_text.tooltip(paused) == "1 server · a:8000 300 MB\nPaused"


def test_servers_that_could_not_be_read_are_not_none() -> None:
    """Nobody knows how many there are."""
    assert engine_text.heading(begun()) == "Servers: not known"
    away, _ = after(known(server("a")), ReadFailed(Part.SERVERS, REFUSED), seconds=600.0)
    assert engine_text.heading(away) == "Servers: not known"


def test_no_servers_name_the_series_and_the_selector() -> None:
    """So that the mistake is found: rules that are not loaded, or labels that nobody has."""
    assert engine_text.tooltip(known()).split("\n") == [
        *("No servers", "Prometheus has no server:runanalyze_memory_bytes:by_band")
    ]
    state = known()
    settings = replace(state.desk.settings, selector=parse_selector('team="x"'))
    chosen = replace(state, desk=replace(state.desk, settings=settings))
    assert engine_text.trouble(chosen).endswith('by_band with team="x"')


def test_alerts_are_counted() -> None:
    """Those that are held back apart; unknown is not none."""
    held = alert("Odd", status=AlertStatus.SILENCED)
    assert engine_text.alerts_line(known(server("a"))) == "No alerts firing"
    assert engine_text.alerts_line(known(alerts=(alert(), held))) == "1 alert firing · 1 held back"
    assert engine_text.alerts_line(begun()) == "Alerts: not known"


def test_a_message_says_what_to_do() -> None:
    """It names the server, and is as urgent as its severity."""
    one = replace(alert(), description="Memory is 4 GiB.", runbook="Free memory.")
    said = engine_text.message(one, "gpu-1:8000", "http://p/alerts")
    assert (said.title, said.text) == ("gpu-1:8000: Critical", "Memory is 4 GiB. Free memory.")
    assert said.urgency is Urgency.CRITICAL
    assert engine_text.urgency(replace(one, rank=Rank.ORANGE)) is Urgency.NORMAL
    assert engine_text.urgency(replace(one, rank=Rank.YELLOW)) is Urgency.LOW
    odd = engine_text.message(alert("Odd", summary="GPU is hot"), "gpu-1:8000", "")
    assert odd.title == "GPU is hot"
    over = engine_text.resolved(one, "gpu-1:8000")
    assert (over.title, over.text) == ("gpu-1:8000: resolved", "It was: critical.")
    assert over.slot == said.slot


def test_an_engine_that_is_away_is_one_message() -> None:
    """And its return takes the place of that."""
    said = engine_text.away(EngineAway(Part.SERVERS, REFUSED), known())
    assert said.title == "Prometheus cannot be read"
    assert said.text.startswith("Prometheus: connection refused. How the servers are is not known.")
    assert engine_text.back(EngineBack()).slot == said.slot


def test_alerts_that_are_away_name_who_is_asked_for_them() -> None:
    """Alertmanager, where one is set."""
    away = EngineAway(Part.ALERTS, None)
    said = engine_text.away(away, known())
    assert said.title == "Alerts cannot be read"
    assert said.text.startswith("Prometheus: no answer. Which alerts are firing is not known.")
    assert engine_text.away(away, with_manager()).text.startswith("Alertmanager: no answer.")


def test_pages_have_the_server_and_no_password() -> None:
    """The dashboard's variables are those of `tools.make_dashboard`."""
    member = known(server("gpu 1")).overview.members[0]
    page = engine_text.grafana_page("http://g/d/x?orgId=1", member)
    assert page == "http://g/d/x?orgId=1&var-instance=gpu%201%3A9435&var-server=localhost%3A8000"
    assert engine_text.grafana_page("http://g/d/x", member).count("?") == 1
    assert engine_text.alerts_page(parse_address("https://u:p@p/x")) == "https://p/x/alerts"
    assert engine_text.alerts_page(None) == ""


def test_grafana_reads_what_stands_before_a_fragment() -> None:
    """The variables are no part of it."""
    member = known(server("a")).overview.members[0]
    page = engine_text.grafana_page("https://g/d/fleet?orgId=1#top", member)
    assert page == "https://g/d/fleet?orgId=1&var-instance=a%3A9435&var-server=localhost%3A8000#top"
