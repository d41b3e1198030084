"""What the server is doing, in words."""

from __future__ import annotations

from msgspec.structs import replace

from tests.core.made import mb
from tests.core.presentation.samples import FRAMES, HEALTHY
from tray_app.core.analysis.activity import Activity
from tray_app.core.analysis.jobs import Job, Measured
from tray_app.core.analysis.stage import Stage
from tray_app.core.model.readings import (
    Now,
    Source,
)
from tray_app.core.presentation import (
    activity_text,
    summary_text,
)


def test_a_stage_that_was_inferred_is_marked() -> None:
    """A question mark is the difference between told and guessed."""
    guessed = Stage("encoding", inferred=True)
    assert activity_text.stage(Activity.IDLE, None) == "idle"
    assert activity_text.stage(Activity.PROCESSING, None) == "processing"
    assert activity_text.stage(Activity.PROCESSING, guessed) == "processing encoding?"
    assert activity_text.stage(Activity.INTENSIVE, FRAMES) == "processing frames"


class TestJob:
    def test_what_is_known_of_a_job_is_said(self) -> None:
        """Memory before, at most and after."""
        job = Job(3, Now(10, 10), Now(51, 51), Measured(mb(126), Source.API), peak_bytes=mb(532))
        assert activity_text.job(job) == "Job 3: 41 s, 126 MB before, peak 532 MB"
        whole = replace(job, after=Measured(mb(301), Source.API))
        assert activity_text.job(whole) == "Job 3: 41 s, 126 MB before, peak 532 MB, 301 MB after"
        assert activity_text.job(replace(job, before=None, peak_bytes=None)) == "Job 3: 41 s"

    def test_a_running_job_says_how_long_it_takes(self) -> None:
        """In the tooltip; the last one does not."""
        job = Job(3, Now(82, 0))
        sample = replace(HEALTHY, activity=Activity.PROCESSING, stage=FRAMES, job=job)
        assert activity_text.doing(sample) == "processing frames, 18 s"
        assert "API · processing frames, 18 s" in summary_text.tooltip(
            sample, demo=False, paused=False
        )
        ended = replace(sample, activity=Activity.IDLE, job=replace(job, ended=Now(90, 8)))
        assert activity_text.doing(ended) == "idle"
