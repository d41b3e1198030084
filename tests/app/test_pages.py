"""The pages that the menu opens, from the file to the browser's request."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from urllib.request import urlopen

from tests.core.fleet import made
from tests.history.made import T0, sample
from tests.history.test_incidents import file_of, incident, polls
from tests.waiting import AMPLE_S
from tray_app.app.pages import Pages, ServerPages
from tray_app.core.alerts.limits import AlertLimits
from tray_app.core.history.records import AlertRecord


def server_pages(path: Path, now: Callable[[], float] = lambda: T0 + 1010) -> ServerPages:
    return ServerPages(path, "http://localhost:8000", lambda: AlertLimits(), now)


NAMES = ("desk", "gpu 1/ä", "gpu-2")


def pages_of(*paths: Path) -> Pages:
    """One server's, or those of several with 300, 600, 900 MB."""
    servers = {name: server_pages(path) for name, path in zip(NAMES, paths, strict=False)}
    sizes = dict(zip(servers, (300, 600, 900), strict=False))
    return Pages(lambda: servers, lambda: made.fleet(**sizes), lambda: T0 + 1010)


def read(url: str) -> str:
    with urlopen(url, timeout=AMPLE_S) as told:
        return str(told.read().decode())


def test_the_history_is_a_page_that_asks_for_more(tmp_path: Path) -> None:
    """Over a real connection; the data after a sample are those behind it."""
    file_of(tmp_path / "h.sqlite3", *(sample(second) for second in range(0, 1000, 2)))
    pages = pages_of(tmp_path / "h.sqlite3")
    with urlopen(pages.address(), timeout=AMPLE_S) as told:
        html = told.read().decode()
    assert "connect-src &#x27;self&#x27;" in html
    with urlopen(
        f"{pages.address()}data?after={round(1000 * (T0 + 990))}", timeout=AMPLE_S
    ) as told:
        assert json.loads(told.read())["rows"]["count"] == 4


def test_the_verdict_is_made_from_time_to_time(tmp_path: Path) -> None:
    """And at once where something has happened: a job, an alert, an end of the server."""
    path, now = tmp_path / "h.sqlite3", [T0 + 1010.0]
    file_of(path, *(sample(second) for second in range(0, 1000, 2)))
    pages = server_pages(path, lambda: now[0])

    def peak(after_s: float) -> str:
        told = pages.answer("data", f"after={round(1000 * (T0 + after_s))}")
        assert told is not None
        return str(json.loads(told.body)["verdict"]["happened"]["All"]["lead"])

    assert peak(990) == "Peak 500 MB"
    file_of(path, sample(1002, 700))
    now[0] += 2.0
    assert peak(1000) == "Peak 500 MB"
    now[0] += 9.0
    assert peak(1000) == "Peak 700 MB"
    file_of(path, sample(1004, 900), AlertRecord(T0 + 1004, "high", "High", "x"))
    now[0] += 1.0
    assert peak(1002) == "Peak 900 MB"


def test_an_incident_is_a_page_of_its_own(tmp_path: Path) -> None:
    """With the polls between the samples; it asks for nothing."""
    file_of(
        tmp_path / "h.sqlite3",
        *(sample(second) for second in range(900, 1100, 2)),
        *(incident(1000), polls(1000, 990.5, 990.75)),
    )
    pages = pages_of(tmp_path / "h.sqlite3")
    with urlopen(pages.address(at_s=T0 + 1060), timeout=AMPLE_S) as told:
        html = told.read().decode()
    assert "connect-src &#x27;none&#x27;" in html
    assert "No answer for 1 min." in html
    assert '"count":102' in html


def test_what_is_not_there_is_not_found(tmp_path: Path) -> None:
    """An incident that was dropped, a name of a stranger, a query that is none."""
    pages = pages_of(tmp_path / "none.sqlite3")
    for name, query in (
        *(("incident-1", ""), ("incident-x", ""), ("../x", ""), ("data", "after=-1")),
        *(("data", ""), ("data", "after=1&x"), ("incident-" + "9" * 16, "")),
    ):
        assert pages.answer(name, query) is None
    assert pages.answer("", "") is not None


def test_several_servers_have_a_page_of_all(tmp_path: Path) -> None:
    """The worst first; each with its figure, its past in sentences and a picture, and a link to
    its own page. The browser reads it again by itself, and it has no script."""
    file_of(tmp_path / "2.sqlite3", *(sample(second) for second in range(0, 1000, 2)))
    pages = pages_of(*(tmp_path / f"{number}.sqlite3" for number in range(3)))
    html = read(pages.address())
    assert "<h1>3 servers: 2 yellow, 1 green</h1>" in html
    assert [html.index(f">{name}</a>") for name in ("gpu-2", "gpu 1/ä", "desk")] == sorted(
        html.index(f">{name}</a>") for name in NAMES
    )
    assert '<i class="dot yellow"></i><span class="spoken">yellow, </span>900 MB' in html
    assert html.count("<svg") == 1
    assert html.count("Nothing is recorded yet.") == 2
    assert "Peak 500" in html.replace("\u00a0", " ")
    assert 'http-equiv="refresh"' in html
    assert "<script" not in html


def test_a_page_leads_to_those_of_the_others(tmp_path: Path) -> None:
    """Each name is a part of the address, whatever it is made of."""
    file_of(
        tmp_path / "1.sqlite3",
        *(sample(second) for second in range(900, 1100, 2)),
        *(incident(1000), polls(1000, 990.5, 990.75)),
    )
    pages = pages_of(*(tmp_path / f"{number}.sqlite3" for number in range(3)))
    for url in (pages.address("gpu 1/ä"), pages.address("gpu 1/ä", T0 + 1060)):
        html = read(url)
        assert '<a href="../">All servers</a>' in html
        assert '<a href="../gpu%201%2F%C3%A4/" aria-current=page>gpu 1/ä</a>' in html
        assert '<a href="../gpu-2/">gpu-2</a>' in html
        assert "gpu%201%2F%C3%A4" in url
    assert "No answer for 1 min." in html
    newer = read(f"{pages.address('gpu 1/ä')}data?after={round(1000 * (T0 + 990))}")
    assert json.loads(newer)["rows"]["count"] == 10


def test_a_stranger_among_several_is_not_found(tmp_path: Path) -> None:
    """A name without its slash, a server that has left the list, a way up."""
    pages = pages_of(tmp_path / "0", tmp_path / "1")
    for place in ("desk", "gpu-2/", "../", "desk/../", "desk/data", "data"):
        assert pages.answer(place, "") is None
    assert pages.answer("desk/", "") is not None


def test_one_server_has_no_picker(tmp_path: Path) -> None:
    """Its history is at the top, and names no other."""
    pages = pages_of(tmp_path / "0")
    assert pages.address("desk") == pages.address()
    assert "<nav" not in read(pages.address())
