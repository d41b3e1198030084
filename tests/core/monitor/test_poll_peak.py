"""The highest memory that the fast polls saw."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.core.made import TARGET, mb, no_process, tree_reading
from tray_app.core.config.settings import Settings
from tray_app.core.model.readings import Loss, MemoryKind, Now, ProcessReading
from tray_app.core.monitor import poll_peak
from tray_app.core.monitor.inputs import SourcesRead
from tray_app.core.monitor.observation import observe
from tray_app.core.monitor.state import begin

NOW = Now(1002.0, 1e9)
STATE = begin(Settings(), Settings(), Now(1000.0, 1e9), local=True)
BEFORE = tree_reading(300, 1000.0)
ANOTHER = replace(BEFORE, target=replace(TARGET, pid=57))


def highest(before: ProcessReading | None, process: ProcessReading) -> int | None:
    """The peak of 700 MB between two readings, as it counts."""
    state = replace(STATE, process=before)
    readings = SourcesRead(process=process, peak_rss_bytes=mb(700))
    return poll_peak.highest_bytes(state, readings, observe(state, readings, NOW))


def test_a_poll_counts_between_two_readings_of_one_process() -> None:
    """Before there is a first reading, or of another process, it may be anything."""
    process = tree_reading(400, 1002.0)
    assert highest(BEFORE, process) == mb(700)
    assert highest(None, process) is None
    assert highest(ANOTHER, process) is None
    assert highest(BEFORE, no_process(1002.0)) is None


def test_a_poll_that_cannot_be_compared_does_not_count() -> None:
    """While shared memory is being measured a figure is too low."""
    too_low = replace(BEFORE, kind=MemoryKind.UNMEASURED)
    assert highest(too_low, tree_reading(400, 1002.0)) is None


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        (BEFORE, mb(700)),
        (ANOTHER, None),
        (None, None),
        (replace(BEFORE, kind=MemoryKind.UNMEASURED), None),
    ],
)
def test_the_last_polls_of_a_server_that_has_ended(
    before: ProcessReading | None, expected: int | None
) -> None:
    """They are its highest memory, if they were its own."""
    ended = replace(no_process(1002.0), loss=Loss(TARGET))
    readings = SourcesRead(process=ended, peak_rss_bytes=mb(700))
    assert poll_peak.last_bytes(before, readings) == expected
    assert poll_peak.last_bytes(before, SourcesRead(process=no_process(1002.0))) is None
