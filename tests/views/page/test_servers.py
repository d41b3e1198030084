"""The page of all servers, as HTML."""

from __future__ import annotations

from tests.core.fleet.made import fleet
from tests.views.page.test_overview import page
from tray_app.core.history.page_data import Answer
from tray_app.core.presentation.overview_page import Past, overview
from tray_app.views.page.servers import servers_document


def test_what_came_from_a_file_is_escaped() -> None:
    """Names and sentences; nothing in them becomes a tag."""
    pasts = {"<b>x": Past((Answer("<i>", "&", concern=True),), page())}
    html = servers_document(overview(fleet(**{"<b>x": 300}), pasts, 0, "1"))
    assert "&lt;b&gt;x</a>" in html
    assert 'href="%3Cb%3Ex/"' in html
    assert "<p class=concern><b>&lt;i&gt;</b> <span>&amp;</span></p>" in html
    assert html.count("<svg") == 1


def test_it_allows_nothing_but_its_style() -> None:
    """No script, and no request."""
    html = servers_document(overview(fleet(a=300), {}, 0, "1"))
    assert "default-src &#x27;none&#x27;; style-src &#x27;sha256-" in html
    assert "script" not in html.partition("<body>")[2]
