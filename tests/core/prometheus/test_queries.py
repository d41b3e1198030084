"""One query brings all servers. `tests/fleet` asks it of a real Prometheus."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from tray_app.core.model.label_selector import Selector, parse_selector
from tray_app.core.prometheus import queries


def test_the_selector_is_in_each_part_of_the_query() -> None:
    """Without one, every server is meant."""
    chosen = 'server:runanalyze_memory_bytes:by_band{team="video"}'
    assert queries.servers(parse_selector('team="video"')).count(chosen) == 2
    assert "{" not in queries.servers(Selector())


def test_the_query_stands_in_the_request() -> None:
    """Whatever characters it has."""
    selector = parse_selector('team="a&b=c+d #%"')
    parts = urlsplit(queries.servers_path(selector))
    assert parts.path == "/api/v1/query"
    assert parse_qs(parts.query) == {"query": [queries.servers(selector)]}
