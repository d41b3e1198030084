"""Lines and columns of figures."""

from __future__ import annotations

from msgspec.structs import replace

from tests.core.made import mb
from tests.core.presentation.samples import FRAMES, HEALTHY, NOTHING
from tray_app.core.analysis.activity import Activity
from tray_app.core.analysis.jobs import Job
from tray_app.core.model.readings import Now
from tray_app.core.presentation import figure_text


def test_columns_are_as_wide_with_and_without_a_figure() -> None:
    """Lines below each other are compared by their places."""
    for column in (figure_text.memory_column, figure_text.source_column):
        assert len(column(HEALTHY)) == len(column(NOTHING))


def test_the_activity_has_its_job() -> None:
    """While it runs its duration; after it the last one's, with its peak."""
    job = Job(3, Now(82.0, 0.0))
    busy = replace(HEALTHY, activity=Activity.PROCESSING, stage=FRAMES, job=job)
    assert figure_text.activity_line(busy) == "Activity: processing, frames, 18 s"
    ended = replace(job, ended=Now(90.0, 8.0), peak_bytes=mb(532))
    idle = replace(HEALTHY, job=ended)
    assert figure_text.activity_line(idle) == "Activity: idle · last job 8 s, peak 532 MB"
    assert figure_text.activity_line(NOTHING) == "Activity: –"
    assert figure_text.activity(NOTHING) == "–"


def test_a_source_that_gives_nothing_is_no_source() -> None:
    """The line has the reason."""
    assert figure_text.source_line(HEALTHY) == "Source: API"
    assert figure_text.source_line(NOTHING).startswith("No source: ")
