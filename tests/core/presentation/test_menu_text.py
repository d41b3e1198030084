"""The lines of the menu."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from tests.core.made import mb
from tests.core.presentation.test_menu import HEALTHY, after
from tray_app.core.alerts.forecast import Forecast, ForecastKind
from tray_app.core.alerts.job_leak import RetainedMemory
from tray_app.core.alerts.limits import LEVELS, AlertLimits, Level
from tray_app.core.analysis.activity import Activity
from tray_app.core.analysis.jobs import Job
from tray_app.core.analysis.stage import Stage
from tray_app.core.model.readings import GIB, Now, SystemMemory
from tray_app.core.monitor.delivery_log import Delivery
from tray_app.core.presentation import menu_text
from tray_app.core.presentation.menu_text import ROOM_CHARS, ROW_CHARS, counted, fate

GOOD = Delivery(Now(10, 1e9), "High: 2.10 GB", "notification service", is_alert=True)
BAD = Delivery(Now(20, 1e9 + 10), "High: 2.10 GB", None, "notification service: not running")


def activity(**fields: Any) -> str:
    """The second row for HEALTHY with these fields of its sample."""
    assert HEALTHY.sample is not None
    return menu_text.activity(replace(HEALTHY, sample=replace(HEALTHY.sample, **fields)))


def test_deliveries_are_counted() -> None:
    """What got through, and what did not."""
    assert counted(()) == "0 delivered, 0 failed"
    assert counted((GOOD, BAD, GOOD)) == "2 delivered, 1 failed"


def test_a_fate_is_one_line() -> None:
    """When, or why not."""
    assert fate(GOOD, Now(18, 1e9 + 8)) == "High: 2.10 GB · just now"
    assert fate(GOOD, Now(50, 1e9 + 40)) == "High: 2.10 GB · 40 s ago"
    assert fate(GOOD, Now(250, 1e9 + 240)) == "High: 2.10 GB · 4 min ago"
    assert fate(BAD, Now(28, 1e9 + 18)) == (
        "High: 2.10 GB · just now, not delivered: notification service: not running"
    )


JOB = Job(3, Now(-16.0, 0.0))
KEPT = RetainedMemory(Job(3, Now(0, 0)), mb(126), mb(140))
FRAMES = Stage("frames", inferred=False)


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({}, "Idle · peak 342 MB"),
        (
            {"activity": Activity.INTENSIVE, "stage": FRAMES, "job": JOB},
            "Processing frames, 18 s · peak 342 MB",
        ),
        (
            {"activity": Activity.PROCESSING, "stage": Stage("encoding", inferred=True)},
            "Processing encoding? · peak 342 MB",
        ),
        ({"kept": KEPT}, "Idle · 140 MB not released after the last video"),
        (
            {"activity": Activity.PROCESSING, "stage": FRAMES, "job": JOB, "kept": KEPT},
            "Processing frames, 18 s · 140 MB not released",
        ),
        ({"recovering": Level.HIGH, "kept": KEPT}, "Idle · recovering"),
        (
            {
                "activity": Activity.PROCESSING,
                "stage": FRAMES,
                "job": JOB,
                "forecast": Forecast(ForecastKind.CRITICAL, 40.0),
                "kept": KEPT,
            },
            "Critical in about 40 s · processing frames, 18 s",
        ),
        ({"forecast": Forecast(ForecastKind.FULL, 4.0)}, "Memory full any moment · idle"),
    ],
)
def test_the_second_row_says_what_goes_on_and_what_is_ahead(
    fields: dict[str, Any], text: str
) -> None:
    """A forecast before all else: a narrow panel cuts the end. Then what memory has done; without
    that the peak."""
    assert activity(**fields) == text
    assert len(text) <= ROOM_CHARS


def test_a_limit_says_whose_it_is() -> None:
    """A default, a setting, or a share of what the machine has."""
    shares = AlertLimits(high_mb=6000.0, critical_mb=9000.0, critical_percent=80.0)
    limits = shares.on_machine(SystemMemory(16 * GIB, 10 * GIB, 38.0))
    assert [menu_text.limit(limits, level) for level in (Level.RAISED, Level.HIGH)] == [
        "Raised: above 1500 MB (default)",
        "High: above 6000 MB (your setting)",
    ]
    assert menu_text.limit(limits, Level.CRITICAL) == "Critical: above 12.8 GB (80 %)"


def test_a_limit_that_was_lifted_to_the_one_below_says_so() -> None:
    """A share that is less than the level below, or a level below that is a large share."""
    machine = SystemMemory(64 * GIB, 60 * GIB, 6.0)
    small = AlertLimits(critical_percent=1.0).on_machine(machine)
    assert menu_text.limit(small, Level.CRITICAL) == (
        "Critical: above 1.95 GB (same as high: 1 % is less)"
    )
    assert menu_text.limit(small, Level.HIGH) == "High: above 2000 MB (default)"
    large = AlertLimits(raised_percent=50.0).on_machine(machine)
    assert [menu_text.limit(large, level) for level in LEVELS] == [
        "Raised: above 32.0 GB (50 %)",
        "High: above 32.0 GB (same as raised)",
        "Critical: above 32.0 GB (same as high)",
    ]


def test_memory_is_never_named_after_a_colour() -> None:
    """The first row has the level that memory is in."""
    assert HEALTHY.sample is not None
    orange = replace(HEALTHY.sample, memory_bytes=mb(1620), level=Level.RAISED)
    assert menu_text.memory(replace(HEALTHY, sample=orange)) == "1.58 GB · raised"
    assert menu_text.memory(after()) == "Starting"


def test_long_texts_are_broken_between_words() -> None:
    """Over as many rows as are given; what does not fit ends with an ellipsis."""
    text = "one two three " * 20
    shown = menu_text.lines(text, 3)
    assert all(len(line) <= ROW_CHARS for line in shown)
    assert shown[-1].endswith("…")
    assert menu_text.lines("short", 3) == ("short", "", "")
    assert menu_text.lines("", 2) == ("", "")
