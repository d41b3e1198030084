"""The pages that the menu opens, from the file to the browser's request."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.request import urlopen

from tests.history.made import T0, sample
from tests.history.test_incidents import file_of, incident, polls
from tests.waiting import AMPLE_S
from tray_app.app.pages import Pages
from tray_app.core.alerts.limits import AlertLimits
from tray_app.core.history.records import AlertRecord


def pages_of(path: Path) -> Pages:
    return Pages(path, "http://localhost:8000", lambda: AlertLimits(), lambda: T0 + 1010)


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
    pages = Pages(path, "http://localhost:8000", lambda: AlertLimits(), lambda: now[0])

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
    with urlopen(pages.address(T0 + 1060), timeout=AMPLE_S) as told:
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
