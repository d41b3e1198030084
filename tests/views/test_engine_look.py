"""How an engine's servers are shown in one icon."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.core.prometheus.made import after, alert, begun, known, server
from tray_app.core.analysis.bands import Band
from tray_app.core.model.icon_options import Style
from tray_app.core.monitor.commands import Mute, SetPaused, SetStyle, Unmute
from tray_app.core.monitor.inputs import Delivered, MenuSeen
from tray_app.core.prometheus.step import TimePassed
from tray_app.views.engine_look import ENGINE, face, picture


def test_the_picture_is_the_worst_servers() -> None:
    """Its band and figure, and how many are orange or red."""
    shown = face(known(server("a"), server("b", "orange", 1500), server("c", "red", 3100)))
    assert (shown.picture.band, shown.picture.figure) == (Band.RED, "3.0")
    assert shown.picture.severe == 2
    assert shown.tooltip.startswith("3 servers · c:8000 3.03 GB\n")
    assert picture(known(server("a"), server("c", "red", 3100))).severe == 0


@pytest.mark.parametrize(
    ("severity", "band", "attention"),
    [
        ("critical", Band.RED, True),
        ("warning", Band.ORANGE, False),
        ("info", Band.YELLOW, False),
    ],
)
@pytest.mark.parametrize("host", ["a", "elsewhere"])
def test_an_alert_colours_the_icon(severity: str, band: Band, attention: bool, host: str) -> None:
    """A critical one reveals it."""
    shown = face(known(server("a"), alerts=(alert("Odd", host, severity),)))
    assert (shown.picture.band, shown.attention) == (band, attention)


def test_what_is_not_known_is_grey() -> None:
    """Never green: before the first answer, without servers, and when answers are old."""
    assert picture(begun()).band is Band.UNKNOWN
    assert picture(known()).band is Band.UNKNOWN
    assert picture(known(server("a"))).band is Band.GREEN
    stale, _ = after(known(server("a")), TimePassed(), seconds=25.0)
    assert (picture(stale).band, picture(stale).figure) == (Band.UNKNOWN, ".3")
    unknown, _ = after(known(server("a", "red")), TimePassed(), seconds=90.0)
    assert (picture(unknown).band, picture(unknown).figure) == (Band.UNKNOWN, "")


def test_marks_are_those_of_one_server() -> None:
    """Paused, muted and undelivered; there is no graph."""
    state, _ = after(known(server("a", "red")), Mute(60.0))
    assert picture(state).muted
    assert not picture(after(state, Unmute())[0]).muted
    assert not picture(after(state, TimePassed(), seconds=70.0)[0]).muted
    assert picture(after(state, Delivered("gone"))[0]).undelivered
    paused = picture(after(state, SetPaused(True))[0])
    assert (paused.paused, paused.band, paused.figure) == (True, Band.UNKNOWN, "")
    graph = picture(after(state, SetStyle(Style.GRAPH))[0])
    assert (graph.style, graph.figure) == (Style.NUMBER, ".3")
    bars = picture(after(state, SetStyle(Style.BARS))[0])
    assert (bars.style, bars.figure) == (Style.BARS, "")


def test_an_open_menu_is_seen() -> None:
    """So that its rows are read again."""
    state = known(server("a"))
    assert not ENGINE.is_menu_open(state)
    assert ENGINE.is_menu_open(after(state, MenuSeen(True))[0])


def test_the_rows_never_change_in_kind() -> None:
    """The panel need not measure the menu again."""
    assert face(known(server("a"))).shape == face(begun()).shape
    assert replace(face(begun()), shape=None).shape is None
