"""Tooltip, status and summary."""

from __future__ import annotations

from msgspec.structs import replace

from tests.core.made import mb
from tests.core.presentation.samples import FRAMES, HEALTHY, NOTHING, SILENT
from tray_app.core.alerts.forecast import Forecast, ForecastKind
from tray_app.core.analysis.activity import Activity
from tray_app.core.analysis.measurement import Summary
from tray_app.core.analysis.stage import Stage
from tray_app.core.monitor.events import Summarised
from tray_app.core.presentation import (
    summary_text,
)


class TestTooltip:
    def test_it_has_three_lines(self) -> None:
        """Memory; source and stage; system."""
        processing = replace(HEALTHY, activity=Activity.PROCESSING, stage=FRAMES)
        assert summary_text.tooltip(processing, demo=False, paused=False) == (
            "RunAnalyze: 1.58 GB · normal · +12 MB/s\n"
            "API · processing: frames\n"
            "System: 10.0 GB of 16.0 GB free (38 % used)"
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


def test_a_status_has_its_forecast_in_the_text() -> None:
    """A desktop cuts long titles; the tooltip has it in its first line."""
    rising = replace(HEALTHY, forecast=Forecast(ForecastKind.FULL, 39.0))
    title, text = summary_text.status(rising, demo=False, paused=False)
    assert "until" not in title
    assert text.splitlines()[0] == "About 40 s until memory is full"
    without = summary_text.tooltip(HEALTHY, demo=False, paused=False)
    assert "\n".join(summary_text.status(HEALTHY, demo=False, paused=False)) == without


class TestSummary:
    FULL = Summary(30.0, 15, mb(1620), float(mb(900)), mb(58))

    def test_it_tells_peak_time_samples_average_and_trend(self) -> None:
        """The peak first."""
        assert summary_text.summary(self.FULL) == (
            "Summary: peak 1.58 GB",
            "30 s, 15 samples, average 900 MB; +58 MB from start to end.",
        )
        fell = Summary(30.0, 15, mb(1620), float(mb(900)), -mb(1536))
        assert summary_text.summary(fell)[1].endswith("−1.50 GB from start to end.")
        stood = Summary(30.0, 15, mb(1620), float(mb(900)), 1000)
        assert summary_text.summary(stood)[1].endswith("unchanged from start to end.")

    def test_without_a_trend_or_any_reading_it_says_less(self) -> None:
        """It does not invent figures."""
        short = Summary(2.0, 1, mb(100), float(mb(100)), None)
        assert summary_text.summary(short)[1] == "2 s, 1 sample, average 100 MB."
        heading, text = summary_text.summary(Summary(30.0, 15, None, None, None))
        assert heading == "Summary: no reading"
        assert "could not be read" in text

    def test_a_quick_test_is_named(self) -> None:
        """In the tray, where the program goes on."""
        assert summary_text.quick_test(Summarised(self.FULL, ends_run=False))[0] == (
            "Quick test: peak 1.58 GB"
        )
        assert summary_text.quick_test(Summarised(self.FULL, ends_run=True))[0].startswith(
            "Summary"
        )


def test_progress_is_time_and_samples() -> None:
    """Of a set length, or without one."""
    assert summary_text.progress(18.2, 30, 9) == "18 s of 30 s · 9 samples"
    assert summary_text.progress(31, 30, 1) == "30 s of 30 s · 1 sample"
    assert summary_text.progress(18.2, None, 9) == "18 s · 9 samples"
