"""Tooltip, status and summary."""

from __future__ import annotations

from datetime import datetime

import pytest
from msgspec.structs import replace

from tests.core.made import mb
from tests.core.presentation.samples import FRAMES, HEALTHY, NOTHING, SILENT
from tray_app.core.alerts.forecast import Forecast, ForecastKind
from tray_app.core.analysis.activity import Activity
from tray_app.core.analysis.jobs import Job, Measured
from tray_app.core.analysis.recent import Average
from tray_app.core.analysis.stage import Stage
from tray_app.core.model.readings import Now, ProcessRow, Role, Source
from tray_app.core.monitor.events import StatusRequested, Summarised, SummaryMade
from tray_app.core.presentation import (
    summary_text,
)
from tray_app.core.source_choice.selection import Why
from tray_app.core.summary.measurement import Scope, Summary


class TestTooltip:
    def test_it_has_three_lines(self) -> None:
        """Memory; source and stage; system."""
        processing = replace(HEALTHY, activity=Activity.PROCESSING, stage=FRAMES)
        assert summary_text.tooltip(processing, demo=False, paused=False) == (
            "RunAnalyze: 1.58 GB · +12 MB/s\n"
            "API · processing frames\n"
            "Machine: 10.0 GB of 16.0 GB free (38 % used)"
        )

    def test_without_a_reading_nothing_is_said_of_what_the_server_does(self) -> None:
        """Not even that it is idle."""
        text = summary_text.tooltip(NOTHING, demo=False, paused=False)
        assert "idle" not in text
        assert text.startswith("RunAnalyze: no reading\nAPI busy, no answer for 12 s")

    def test_before_between_and_for_show(self) -> None:
        """Starting, paused, and the demo's mark."""
        assert summary_text.tooltip(None, demo=False, paused=False) == "RunAnalyze: starting"
        assert summary_text.tooltip(HEALTHY, demo=False, paused=True) == "RunAnalyze: paused"
        assert summary_text.tooltip(HEALTHY, demo=True, paused=False).startswith(
            "RunAnalyze (demo): "
        )

    def test_the_usual_fits_windows(self) -> None:
        """Which takes 127 characters."""
        busy = replace(SILENT, activity=Activity.INTENSIVE, stage=Stage("encoding", inferred=True))
        assert len(summary_text.tooltip(HEALTHY, demo=True, paused=False)) <= 127
        first_two = summary_text.tooltip(busy, demo=True, paused=False).splitlines()[:2]
        assert len("\n".join(first_two)) <= 127

    def test_the_tooltip_shows_it_while_it_holds(self) -> None:
        """After the rate."""
        rising = replace(HEALTHY, forecast=Forecast(ForecastKind.CRITICAL, 60.0))
        first = summary_text.tooltip(rising, demo=False, paused=False).splitlines()[0]
        assert first.endswith("+12 MB/s · about 60 s until it is critical")


class TestStatus:
    JOB = Job(
        3,
        Now(10.0, 1e9),
        Now(52.0, 1e9 + 42.0),
        before=Measured(mb(420), Source.API),
        after=Measured(mb(560), Source.API),
        peak_bytes=mb(3287),
    )
    FULL = StatusRequested(
        replace(
            HEALTHY,
            peak_bytes=mb(3287),
            activity=Activity.PROCESSING,
            stage=FRAMES,
            forecast=Forecast(ForecastKind.FULL, 39.0),
            rows=(
                ProcessRow(42, "uvicorn", Role.TARGET, mb(1300), 104.6),
                ProcessRow(44, "sh", Role.CHILD, mb(2), 0.0),
                ProcessRow(43, "ffmpeg", Role.CHILD, mb(310), 88.0),
                ProcessRow(45, "python", Role.CHILD, mb(8), 0.0),
            ),
        ),
        demo=False,
        paused=False,
        last_job=JOB,
        average=Average(float(mb(1229)), 600.0),
    )

    def test_it_says_more_than_the_tooltip(self) -> None:
        """What is ahead and goes on; then the past, the processes, and the machine."""
        title, text = summary_text.status(self.FULL)
        assert title == "RunAnalyze: 1.58 GB · +12 MB/s"
        assert text.splitlines() == [
            "Memory full in about 40 s",
            "Processing frames",
            "Peak 3.21 GB · average 1.20 GB in 10 min",
            "Last job 42 s: 420 MB → 3.21 GB → 560 MB",
            "uvicorn 1.27 GB, ffmpeg 310 MB, python 8 MB",
            "Machine: 10.0 GB of 16.0 GB free",
        ]
        assert max(map(len, text.splitlines())) <= 46

    def test_what_is_unknown_is_left_out(self) -> None:
        """No dashes."""
        assert summary_text.status(StatusRequested(HEALTHY, False, False))[1].splitlines() == [
            "Idle",
            "Machine: 10.0 GB of 16.0 GB free",
        ]

    def test_an_unusual_source_is_said(self) -> None:
        """And why; without a reading, only that."""
        lines = summary_text.status(StatusRequested(SILENT, False, False))[1].splitlines()
        assert lines[0] == "Idle · Process (1 process) · API busy, no answer for 12 s"
        nothing = summary_text.status(StatusRequested(NOTHING, False, False))
        assert nothing[0] == "RunAnalyze: no reading"
        assert nothing[1].startswith("API busy, no answer for 12 s")
        first = replace(NOTHING, why=Why.STARTING)
        text = summary_text.status(StatusRequested(first, False, False))[1]
        assert text.startswith("Waiting for the first answer\n")

    def test_a_job_that_ended_with_its_server(self) -> None:
        """And one of which little is known."""
        lost = replace(self.JOB, after=None, lost=True)
        text = summary_text.status(replace(self.FULL, last_job=lost))[1]
        assert "Last job 42 s: 420 MB → 3.21 GB → server ended" in text
        unknown = replace(self.JOB, before=None, after=None)
        text = summary_text.status(replace(self.FULL, last_job=unknown))[1]
        assert "Last job 42 s: ? → 3.21 GB → ?" in text

    def test_before_between_and_for_show(self) -> None:
        """Starting, paused, and the demo, whose name leaves room for the figures."""
        assert summary_text.status(StatusRequested(None, False, False))[0] == "RunAnalyze: starting"
        assert summary_text.status(StatusRequested(HEALTHY, False, True))[0] == "RunAnalyze: paused"
        assert summary_text.status(replace(self.FULL, demo=True))[0].startswith("Demo: 1.58 GB")


class TestSummary:
    NOON = datetime(2026, 11, 26, 12, 5).timestamp()
    FULL = Summary(
        30.0,
        15,
        mb(1620),
        float(mb(900)),
        mb(420),
        mb(478),
        watched_s=30.0,
        missed=2,
        peak_wall_s=NOON,
        peak_stage="frames",
        bands_s=(("green", 20.0), ("unknown", 10.0)),
        levels_s=(("normal", 28.0), ("raised", 2.0)),
        jobs=3,
        alerts=1,
        kept_bytes=mb(45),
    )

    def test_it_tells_all_in_short_lines(self) -> None:
        """The peak first; a notification is some 46 characters wide."""
        title, text = summary_text.summary(self.FULL)
        assert title == "Summary: peak 1.58 GB"
        assert text.splitlines() == [
            "30 s watched, 15 samples, 2 missed",
            "Average 900 MB · peak at 12:05, frames",
            "First 420 MB, last 478 MB: +58 MB",
            "Green 20 s · no reading 10 s",
            "Raised 2 s",
            "3 jobs, 45 MB not released · 1 alert",
        ]
        assert max(map(len, text.splitlines())) <= 46

    @pytest.mark.parametrize(
        ("first", "last", "words"),
        [
            (mb(1600), mb(64), "First 1.56 GB, last 64 MB: −1.50 GB"),
            (mb(300), mb(300) + 1000, "First and last 300 MB"),
            (mb(300) + 2**19 - 9, mb(300) + 2**19 + 9, "First 300 MB, last 301 MB: +1 MB"),
        ],
    )
    def test_the_difference_is_that_of_the_figures_beside_it(
        self, first: int, last: int, words: str
    ) -> None:
        """Also where both are rounded."""
        value = replace(self.FULL, first_bytes=first, last_bytes=last)
        assert words in summary_text.summary(value)[1].splitlines()

    def test_without_much_to_tell_it_says_less(self) -> None:
        """It does not invent figures."""
        short = Summary(2.0, 1, mb(100), float(mb(100)), mb(100), watched_s=2.0)
        assert summary_text.summary(short)[1].splitlines() == [
            "2 s watched, 1 sample",
            "Average 100 MB",
        ]
        heading, text = summary_text.summary(Summary(30.0, 15, watched_s=30.0))
        assert heading == "Summary: no reading"
        assert text == "30 s watched, 15 samples\nThe server could not be read."

    def test_time_that_was_not_watched_is_told(self) -> None:
        """The machine slept."""
        slept = replace(self.FULL, elapsed_s=28800.0, watched_s=3600.0)
        assert summary_text.summary(slept)[1].startswith("60 min of 8 h watched, 15 samples")

    def test_a_quick_test_is_named(self) -> None:
        """In the tray, where the program goes on."""
        assert summary_text.quick_test(Summarised(self.FULL, ends_run=False))[0] == (
            "Quick test: peak 1.58 GB"
        )
        assert summary_text.quick_test(Summarised(self.FULL, ends_run=True))[0].startswith(
            "Summary"
        )

    def test_a_wanted_summary_names_its_time(self) -> None:
        """Today, or since when the program runs; without samples it says so."""
        begun = Now(0.0, self.NOON)
        told = [
            summary_text.of_time(SummaryMade(scope, summary, begun))
            for scope in Scope
            for summary in (self.FULL, None)
        ]
        assert [title for title, _ in told] == [
            "Since 12:05: peak 1.58 GB",
            "Since 12:05: nothing yet",
            "Today: peak 1.58 GB",
            "Today: nothing recorded",
        ]
        assert all(text for _, text in told)


def test_progress_is_time_and_samples() -> None:
    """Of a set length, or without one."""
    assert summary_text.progress(18.2, 30, 9) == "18 s of 30 s · 9 samples"
    assert summary_text.progress(31, 30, 1) == "30 s of 30 s · 1 sample"
    assert summary_text.progress(18.2, None, 9) == "18 s · 9 samples"
