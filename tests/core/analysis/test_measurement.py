"""What a measurement amounts to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.made import mb
from tray_app.core.analysis.measurement import Measurement, summarise, update


def test_a_measurement_tells_time_samples_peak_average_and_trend() -> None:
    """Of all samples since its start."""
    run = Measurement(started_s=100.0)
    for memory_mb in (100, 120, 140, 160):
        run = update(run, mb(memory_mb))
    summary = summarise(run, 107.0)
    assert (summary.elapsed_s, summary.samples, summary.peak_bytes) == (7.0, 4, mb(160))
    assert summary.average_bytes == pytest.approx(mb(130))
    assert summary.trend_bytes == mb(60)


def test_the_peak_is_the_highest_figure_between_samples_too() -> None:
    """The live screen's peak and the summary's are the same."""
    run = update(Measurement(0.0), mb(100), mb(180))
    run = update(run, mb(120), mb(150))
    assert summarise(run, 4.0).peak_bytes == mb(180)


def test_a_sample_without_a_reading_counts_as_a_sample_only() -> None:
    """Silence is no memory of zero."""
    run = update(update(Measurement(0.0), mb(100)), None)
    summary = summarise(run, 2.0)
    assert (summary.samples, summary.average_bytes) == (2, mb(100))
    assert summary.trend_bytes is None


def test_nothing_read_is_nothing_known() -> None:
    """Without readings there are no figures, and no division by zero."""
    summary = summarise(update(Measurement(0.0), None), 5.0)
    assert (summary.peak_bytes, summary.average_bytes, summary.trend_bytes) == (None,) * 3


def test_the_trend_is_last_minus_first() -> None:
    """Whatever memory did between them; of one reading there is none."""
    run = Measurement(0.0)
    for memory_mb in (300, 900, 1600, 900, 310):
        run = update(run, mb(memory_mb))
    assert summarise(run, 10.0).trend_bytes == mb(10)
    assert summarise(update(Measurement(0.0), mb(300)), 0.0).trend_bytes is None


@given(st.lists(st.integers(0, 2**40), min_size=1, max_size=50))
def test_the_average_lies_between_the_extremes(readings: list[int]) -> None:
    """And the peak is the largest reading."""
    run = Measurement(0.0)
    for reading in readings:
        run = update(run, reading)
    summary = summarise(run, 60.0)
    assert summary.peak_bytes == max(readings)
    assert summary.average_bytes is not None
    assert min(readings) - 1 <= summary.average_bytes <= max(readings) + 1
