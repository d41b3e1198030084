"""The words of the history page."""

from __future__ import annotations

from tray_app.core.alerts.limits import AlertLimits
from tray_app.core.history.page_data import (
    Line,
    PageAlert,
    PageData,
    PageGap,
    PageJob,
    PageServer,
    rows_of,
)
from tray_app.core.model.readings import MIB
from tray_app.core.presentation import page_text

PAGE = PageData("127.0.0.1:8000", "", "1.0", 0, 7_200_000, rows_of([]))


def test_a_job_is_told_by_its_figures() -> None:
    """Start, time, before, peak, after, kept, stages."""
    job = PageJob(
        number=1,
        started_ms=0,
        ended_ms=42_000,
        before=100 * MIB,
        peak=2048 * MIB,
        after=220 * MIB,
        kept=120 * MIB,
        stages=[("upload", 3.0), ("frames", None)],
        lost=False,
    )
    assert page_text.job(job)[1:] == [
        "42 s", "100 MB", "2.00 GB", "220 MB", "+120 MB", "upload 3 s, frames",
    ]  # fmt: skip


def test_what_is_not_known_is_a_dash() -> None:
    """And a job that the server did not survive says so."""
    job = PageJob(
        number=1,
        started_ms=0,
        ended_ms=1000,
        before=None,
        peak=None,
        after=None,
        kept=None,
        stages=[],
        lost=True,
    )
    assert page_text.job(job)[2:] == ["–", "–", "server ended", "–", ""]
    assert page_text.signed(-3 * MIB) == "−3 MB"


def test_an_alert_says_whether_it_was_shown() -> None:
    """In its own words."""
    alert = PageAlert(at_ms=0, kind="K", title="High", text="2.1 GB", fate="muted")
    assert page_text.alert(alert)[1:] == ["High", "2.1 GB", "none (muted)"]


def test_events_are_in_their_order() -> None:
    """The server's, and the times that nobody watched."""
    found = page_text.events(
        [PageServer(9000, "started", 7, "python")], [PageGap(1000, 61_000, "asleep")]
    )
    assert found == [
        (1000, "Not watched for 60 s: machine asleep"),
        (9000, "Server started: python (pid 7)"),
    ]


def test_limits_of_the_same_height_are_one_line() -> None:
    """The higher level's name counts."""
    assert page_text.lines(AlertLimits(raised_mb=1000, high_mb=2000, critical_mb=2000)) == [
        Line("Raised", 1000 * MIB),
        Line("Critical", 2000 * MIB),
    ]


def test_the_heading_names_the_server() -> None:
    """Unless the page is about something of its own: an incident."""
    assert page_text.title(PAGE) == "Memory of 127.0.0.1:8000"
    assert page_text.span(PAGE).endswith("(2 h)")
    assert "no reading" in page_text.overview(PAGE, None, None)
    assert "least 1 MB, most 2 MB" in page_text.overview(PAGE, MIB, 2 * MIB)
