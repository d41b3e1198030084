"""The small picture of the whole time."""

from __future__ import annotations

from xml.etree import ElementTree

from tests.history.made import MIB, T0, sample
from tray_app.core.history.page_data import Line, Mark, PageAlert, PageData, PageGap, rows_of
from tray_app.views.page.overview import svg

NOW_MS = round(1000 * T0)


def page(**given: object) -> PageData:
    rows = rows_of([sample(0, 500), sample(2, 4000), sample(4, None), sample(6, 500)])
    made: dict[str, object] = {
        "server": "here",
        "heading": "",
        "version": "1",
        "from_ms": NOW_MS,
        "to_ms": NOW_MS + 8000,
        "rows": rows,
    }
    return PageData(**{**made, **given})  # type: ignore[arg-type]


def test_it_tells_least_and_most_in_words() -> None:
    """For who cannot see it. A place without a reading is open."""
    root = ElementTree.fromstring(svg(page()))
    assert "least 500 MB, most 3.91 GB" in root.attrib["aria-label"]
    (memory,) = (each for each in root if each.get("class") == "memory")
    assert memory.attrib["d"].count("Z") == 2


def test_a_limit_a_gap_an_alert_and_an_incident_have_their_marks() -> None:
    """A limit with its name, which may be anything."""
    text = svg(
        page(
            lines=[Line("<High>", 2000 * MIB), Line("far", 9000 * MIB)],
            gaps=[PageGap(NOW_MS, NOW_MS + 4000, "asleep")],
            marks=[Mark(NOW_MS + 4000, "incident")],
            alerts=[PageAlert(at_ms=NOW_MS + 4000, kind="", title="", text="", fate="")],
        )
    )
    root = ElementTree.fromstring(text)
    classes = [each.get("class") for each in root]
    assert classes.count("limit") == classes.count("gap") == classes.count("alert") == 1
    assert classes.count("mark") == 1
    assert "&lt;High&gt;" in text


def test_without_a_reading_it_is_empty() -> None:
    """And says so."""
    assert "no reading" in svg(page(rows=rows_of([sample(0, None)])))
