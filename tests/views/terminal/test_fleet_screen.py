"""The table of several servers on the live screen."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from tests.core.fleet.made import sample, state
from tests.views.terminal.shown import BLIND, BUSY, CALM, texts
from tray_app.core.alerts.forecast import Forecast, ForecastKind
from tray_app.core.alerts.hung import Hang, HangKind
from tray_app.core.alerts.limits import Level
from tray_app.core.fleet.overview import Fleet, Member
from tray_app.core.monitor.sample import Sample
from tray_app.views.terminal.fleet_screen import FleetContent
from tray_app.views.terminal.lines import EMOJI, WORDS, cells

ALERTS = (
    "12:34:56 🚨 gpu-1: Critical: 3.03 GB. Above your limit of 2.93 GB; there is little left.",
    "12:35:10 ✅ desk: Recovered: 300 MB.",
)
WIDTHS = (40, 50, 60, 72, 80, 100, 120, 140, 200)


def member(name: str, shown: Sample | None, *, seen: bool = True) -> Member:
    return Member(name, replace(state(1, seen=seen), sample=shown))


SERVERS = (
    member("desk", CALM),
    member("gpu-1", BUSY),
    member("render-farm-in-the-cellar", sample(1700)),
    member("lost", BLIND),
    member("off", BLIND, seen=False),
    member("new", None, seen=False),
)


def content(servers: Sequence[Member] = SERVERS, **more: object) -> FleetContent:
    return FleetContent(Fleet(tuple(servers)), **more)  # type: ignore[arg-type]


def rows(shown: FleetContent, width: int = 100, height: int | None = None) -> list[str]:
    """The table's rows: what stands between its head and a blank line."""
    lines = texts(shown.lines(width, height))
    begin = next(at for at, line in enumerate(lines) if " Server " in line)
    end = next((at for at in range(begin, len(lines)) if not lines[at]), len(lines))
    return lines[begin + 1 : end]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("height", [None, 4, 8, 12, 24, 60])
@pytest.mark.parametrize("marks", [EMOJI, WORDS])
def test_it_fits_into_the_terminal(width: int, height: int | None, marks: object) -> None:
    """In each width and height, with and without emoji."""
    shown = content(notes=ALERTS, marks=marks, details=True, duration_s=60.0)
    lines = texts(shown.lines(width, height))
    assert max(map(cells, lines)) < max(width, 41)
    assert height is None or len(lines) <= height


def test_the_worst_comes_first_and_equals_keep_their_places() -> None:
    """By band; within one in the order of the settings, also if another has a megabyte more."""
    servers = [member(name, sample(mb)) for name, mb in (("a", 300), ("b", 301), ("c", 3000))]
    assert [row.split()[1] for row in rows(content(servers))] == ["c", "a", "b"]


def test_a_level_counts_within_a_band() -> None:
    """Who lowers the limits of alerts alone has a critical server whose icon is green."""
    critical = replace(sample(400), level=Level.CRITICAL)
    servers = [member("a", sample(300)), member("b", critical), member("c", sample(1000))]
    assert [row.split()[1] for row in rows(content(servers))] == ["c", "b", "a"]


def test_a_long_alert_leaves_room_for_servers() -> None:
    """Where space is short, its beginning is shown."""
    shown = content(notes=ALERTS[:1])
    assert len(rows(shown, 40, 10)) == 4
    assert texts(shown.lines(40, 10))[-1].strip().startswith("12:34:56 🚨 gpu-1: Critical")


def test_a_row_tells_what_a_server_does() -> None:
    """Band, name, figure, share of the limit, change, CPU, source, level and stage."""
    (busy,) = (row for row in rows(content(), 140) if "gpu-1" in row)
    words = "🔴 gpu-1 2.15 GB 73 % of 2.93 GB +120 MB/s 182 % 🔄 process high · processing frames?"
    assert busy.split() == words.split()


def test_the_columns_stand_below_each_other() -> None:
    """Also beside a name that is too long, and below the head."""
    head, *table = texts(content().lines(140))[3:]

    def end_of(text: str, line: str) -> int:
        return cells(line[: line.index(text)] + text)

    figures = {"desk": "126 MB", "gpu-1": "2.15 GB", "render": "1.66 GB"}
    ends = [end_of(it, line) for name, it in figures.items() for line in table if name in line]
    assert ends == [end_of("Memory", head)] * 3


@pytest.mark.parametrize(
    ("width", "expected"),
    [
        (140, ["Memory", "Of critical", "Change", "CPU", "Source"]),
        (100, ["Memory", "Of critical", "Change", "Source"]),
        (80, ["Memory", "Of limit", "Source"]),
        (60, ["Memory", "Source"]),
        (40, ["Memory"]),
    ],
)
def test_a_narrow_terminal_has_fewer_columns(width: int, expected: list[str]) -> None:
    """Figure and what goes on stay; the source leaves last."""
    head = texts(content().lines(width))[3]
    assert [part.strip() for part in head.split("  ") if part.strip()] == [
        "Server",
        *expected,
        "Now",
    ]


def test_without_a_figure_a_row_says_why() -> None:
    """What was read and no longer is stands out; what was never there does not."""
    told = {row.split()[1]: row for row in rows(content(), 140)}
    assert "no reading · API unreachable: connection refused" in told["lost"]
    assert "no reading" not in told["off"]
    assert "API unreachable: connection refused" in told["off"]
    assert told["new"].endswith("starting")
    paused = Member("desk", replace(state(300), paused=True))
    assert rows(content([paused]))[0].endswith("paused")


def test_what_is_ahead_and_a_hang_stand_before_the_stage() -> None:
    """A level first, then the forecast."""
    ahead = replace(sample(1700), forecast=Forecast(ForecastKind.CRITICAL, 43.0))
    hung = replace(sample(300), hung=Hang(HangKind.STOPPED, 40.0, busy=False))
    servers = [member("a", ahead), member("b", hung)]
    told = {row.split()[1]: row for row in rows(content(servers), 140)}
    assert told["a"].endswith("raised · critical in about 45 s · idle")
    assert told["b"].endswith("hung (stopped)")


def test_what_has_no_room_is_counted() -> None:
    """The worst are shown; the newest alert stays."""
    shown = content(notes=ALERTS)
    *table, rest = rows(shown, 80, 10)
    assert [row.split()[1] for row in table] == ["gpu-1", "render-farm-in-the…", "lost"]
    assert rest.strip() == "and 3 others: 1 green, 2 not running"
    assert texts(shown.lines(80, 10))[-1].strip() == ALERTS[-1]


def test_the_newest_alerts_stand_last() -> None:
    """As many as there is room for."""
    many = tuple(f"12:00:{at:02} gpu-1: High: {at} MB." for at in range(30))
    lines = texts(content(notes=many).lines(80, 16))
    assert [line.strip() for line in lines[-4:]] == list(many[-4:])
    assert len(texts(content(notes=many).lines(80))) < 24


def test_details_stand_below_each_row() -> None:
    """Source in full, machine, temp files; nothing of a server that has no sample."""
    shown = rows(content(details=True), 140)
    assert "API busy, no answer for 12 s" in shown[1]
    assert shown[-1].endswith("starting")


def test_a_plain_terminal_has_words() -> None:
    """For each band, in a column."""
    told = {row.split()[1]: row.split()[0] for row in rows(content(SERVERS[:4], marks=WORDS))}
    assert told["gpu-1"] == "red"
    assert told["desk"] == "green"
    assert told["lost"] == "lost"


def test_the_last_picture_takes_no_keys() -> None:
    """It says nothing of Ctrl-C."""
    assert "Ctrl-C" in texts(content().lines(80))[1]
    assert "Ctrl-C" not in texts(content().at_end().lines(80))[1]
