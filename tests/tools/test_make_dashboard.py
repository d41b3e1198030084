"""The dashboard for Grafana. Its queries: tests/fleet/test_engine.py."""

from __future__ import annotations

import json
from importlib.util import find_spec

import pytest

from tools.make_dashboard import PAGE, ROWS, page


@pytest.mark.skipif(find_spec("grafana_foundation_sdk") is None, reason="the extra dashboard")
def test_the_file_is_up_to_date() -> None:
    """``python -m tools.make_dashboard`` writes it."""
    assert PAGE.read_text("utf-8") == page()


def test_the_file_has_the_panels_of_the_table() -> None:
    """With their queries, in their order. Each panel has an id of its own, and options."""
    panels = json.loads(PAGE.read_text("utf-8"))["panels"]
    shown = [panel for panel in panels if panel["type"] != "row"]
    told = [(panel["title"], [each["expr"] for each in panel["targets"]]) for panel in shown]
    table = [panel for row in ROWS.values() for panel in row]
    assert told == [(panel.title, [query.expr for query in panel.queries]) for panel in table]
    assert [panel["title"] for panel in panels if panel["type"] == "row"] == list(ROWS)
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert all(panel["options"] for panel in shown)
