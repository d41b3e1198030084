"""The page as one file."""

from __future__ import annotations

import json
import re
from html import escape
from html.parser import HTMLParser

from tests.views.page.test_overview import NOW_MS, page
from tray_app.core.history.page_data import (
    Answer,
    LeftOut,
    PageAlert,
    PageJob,
    PageServer,
    PageVerdict,
    Section,
    rows_of,
)
from tray_app.core.presentation import page_text
from tray_app.views.page.document import data, document

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>{{data}}'\"&"


class Tags(HTMLParser):
    """The tags of a page and its policy."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.policy = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append(tag)
        told = dict(attrs)
        if told.get("http-equiv") == "Content-Security-Policy":
            self.policy = told["content"] or ""


VERDICT = PageVerdict(
    opens="24 h",
    times={"24 h": "The last 24 h", "All": "All"},
    happened={"24 h": Answer("Peak 2 GB", f"while processing {HOSTILE}."), "All": Answer("A", "")},
    leak=Answer("Possible leak:", "3 jobs.", True),
    next=Answer("The next video fits:", "9 GB are free."),
)


def hostile_page() -> object:
    return page(
        server=HOSTILE,
        jobs=[
            PageJob(
                number=1,
                started_ms=NOW_MS,
                ended_ms=NOW_MS + 4000,
                before=1,
                peak=2,
                after=3,
                kept=4,
                stages=[(HOSTILE, 2.0)],
                lost=False,
            )
        ],
        alerts=[PageAlert(at_ms=NOW_MS, kind="K", title=HOSTILE, text=HOSTILE, fate=HOSTILE)],
        servers=[PageServer(NOW_MS, HOSTILE, 1, HOSTILE)],
        sections=[Section(HOSTILE, HOSTILE)],
        verdict=VERDICT,
    )


def test_what_came_from_others_is_text() -> None:
    """Never markup: names, stages, alerts, sections, the server's address."""
    text = document(hostile_page())  # type: ignore[arg-type]
    tags = Tags(text).found
    assert tags.count("script") == 2
    assert "img" not in tags
    (inside,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', text)
    assert json.loads(inside)["alerts"][0]["title"] == HOSTILE


def test_the_verdict_is_at_the_top() -> None:
    """Three sentences, also without the script; hostile words are words. A page of nothing, or of
    an incident, has none."""
    text = document(hostile_page())  # type: ignore[arg-type]
    top = text.partition('<section id="verdict">')[2].partition("</section>")[0]
    assert top == (
        "<h2>The last 24 h</h2><p><b>Peak 2\u00a0GB</b>"
        f" <span>while processing {escape(HOSTILE)}.</span></p>"
        "<p class=concern><b>Possible leak:</b> <span>3 jobs.</span></p>"
        "<p><b>The next video fits:</b> <span>9\u00a0GB are free.</span></p>"
    )
    assert 'id="verdict"' not in document(page())


def test_it_asks_nobody_for_anything() -> None:
    """Its policy forbids it; style and script are named by their hashes."""
    text = document(page())
    policy = Tags(text).policy
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "connect-src 'none'" in policy
    assert "unsafe" not in policy
    assert re.findall(r"""\b(?:src|href)=["']?[^ >]+""", text.partition("<script")[0]) == [
        'href="data:,"'
    ]


def test_a_live_page_may_ask_its_own_server() -> None:
    """And nobody else."""
    text = document(page(), live_url="data")
    assert "connect-src 'self';" in Tags(text).policy
    assert 'data-live="data"' in text


def test_it_can_be_read_without_scripts() -> None:
    """Tables of jobs and alerts, and a picture of the whole time."""
    tags = Tags(document(hostile_page())).found  # type: ignore[arg-type]
    assert tags.count("table") == 3
    assert "svg" in tags


def test_an_empty_history_says_so() -> None:
    """And what it has no rows of."""
    text = document(page(rows=rows_of([])))
    for sentence in (page_text.NOTHING_YET, page_text.NO_JOBS, page_text.NO_ALERTS):
        assert sentence in text


def test_it_says_what_it_has_no_room_for() -> None:
    """With the command that has all of it."""
    text = document(page(left_out=LeftOut(jobs=1200)))
    assert page_text.older(1200, "jobs") in text
    assert page_text.older(1200, "jobs").startswith("1,200 older jobs")


def test_sections_that_lead_are_above_the_charts() -> None:
    """The others are below them, before the tables."""
    text = document(page(sections=[Section("Below", "b"), Section("Above", "a", leads=True)]))
    places = ("<h2>Above", 'id="app"', "<h2>Below", 'id="jobs"')
    assert sorted(places, key=text.index) == list(places)


def test_the_data_is_what_a_live_page_is_sent() -> None:
    """The same shape."""
    told = json.loads(data(page()))
    assert {"rows", "jobs", "alerts", "servers", "gaps", "lines", "sections"} <= set(told)
