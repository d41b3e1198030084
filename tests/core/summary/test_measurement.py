"""What a measurement amounts to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.made import mb
from tray_app.core.summary.measurement import (
    Measurement,
    Reading,
    Summary,
    rebased,
    summarise,
    update,
)

STARTED = Measurement(100.0)


def after(*readings: Reading, now_s: float, run: Measurement = STARTED) -> Summary:
    """The summary of these readings at ``now_s``."""
    for reading in readings:
        run = update(run, reading)
    return summarise(run, now_s)


def read(at_s: float, memory_mb: float | None, **given: object) -> Reading:
    """A reading of an interval of 2 s."""
    memory_bytes = None if memory_mb is None else mb(memory_mb)
    return Reading(at_s, 1e9 + at_s, memory_bytes, every_s=2.0, **given)  # type: ignore[arg-type]


def test_it_tells_time_samples_peak_average_and_trend() -> None:
    """Of all samples since its start; the trend is the last reading minus the first."""
    sizes = (100, 120, 180, 160)
    told = after(*(read(100.0 + 2 * n, each) for n, each in enumerate(sizes)), now_s=107.0)
    assert (told.elapsed_s, told.watched_s, told.samples) == (7.0, 7.0, 4)
    assert told.average_bytes == pytest.approx(mb(140))
    assert (told.first_bytes, told.last_bytes, told.trend_bytes) == (mb(100), mb(160), mb(60))
    assert (told.peak_bytes, told.peak_wall_s) == (mb(180), 1e9 + 104.0)


def test_the_peak_is_the_highest_figure_between_samples_too() -> None:
    """The live screen's peak and the summary's are the same; its stage is told."""
    told = after(
        read(100.0, 100, highest_bytes=mb(180), stage="frames"),
        read(102.0, 120, highest_bytes=mb(150), stage="encoding"),
        now_s=102.0,
    )
    assert (told.peak_bytes, told.peak_stage) == (mb(180), "frames")


def test_a_sample_without_a_reading_counts_as_a_sample_only() -> None:
    """Silence is no memory of zero; of one reading there is no trend."""
    told = after(read(100.0, 100), read(102.0, None), now_s=102.0)
    assert (told.samples, told.average_bytes, told.trend_bytes) == (2, mb(100), None)


def test_nothing_read_is_nothing_known() -> None:
    """Without readings there are no figures, and no division by zero."""
    told = after(read(100.0, None), now_s=105.0)
    assert (told.peak_bytes, told.average_bytes, told.trend_bytes) == (None,) * 3


def test_a_band_lasts_from_its_sample_to_the_next() -> None:
    """The times of the bands, and those of the levels, add up to the time watched."""
    told = after(
        read(100.0, 100, band="green"),
        read(102.0, 2100, band="red", level="high"),
        read(104.0, 100, band="green"),
        now_s=105.0,
    )
    assert dict(told.bands_s) == {"green": 3.0, "red": 2.0}
    assert dict(told.levels_s) == {"normal": 3.0, "high": 2.0}
    assert told.watched_s == 5.0


def test_time_before_the_first_sample_is_in_its_band() -> None:
    """The first reading takes a moment."""
    assert after(read(100.5, 100, band="green"), now_s=101.0).bands_s == (("green", 1.0),)


def test_a_gap_is_not_watched() -> None:
    """The machine slept, or sampling was paused."""
    told = after(read(100.0, 100), read(4000.0, 100), now_s=4002.0)
    assert (told.elapsed_s, told.watched_s) == (3902.0, 2.0)


def test_jobs_alerts_and_missed_samples_are_counted() -> None:
    """And what the jobs kept is added up, where it is known."""
    told = after(
        read(100.0, 100, jobs=1, missed=True),
        read(102.0, 100, kept_bytes=mb(40), alerts=2),
        read(104.0, 100, kept_bytes=mb(-10), jobs=1),
        now_s=104.0,
    )
    assert (told.jobs, told.alerts, told.missed, told.kept_bytes) == (2, 2, 1, mb(30))


def test_on_another_basis_figures_begin_again() -> None:
    """Time, samples and counts are the run's."""
    run = rebased(update(Measurement(100.0), read(102.0, 900, jobs=1, kept_bytes=mb(9))))
    told = after(read(104.0, 100), now_s=104.0, run=run)
    assert (told.samples, told.jobs, told.watched_s, told.peak_bytes) == (2, 1, 4.0, mb(100))
    assert (told.average_bytes, told.kept_bytes) == (mb(100), None)


@given(st.lists(st.integers(0, 2**40), min_size=1, max_size=50))
def test_the_average_lies_between_the_extremes(readings: list[int]) -> None:
    """And the peak is the largest reading."""
    each = (Reading(100.0 + n, 0.0, size, every_s=1.0) for n, size in enumerate(readings))
    told = after(*each, now_s=160.0)
    assert told.peak_bytes == max(readings)
    assert told.average_bytes is not None
    assert min(readings) - 1 <= told.average_bytes <= max(readings) + 1
