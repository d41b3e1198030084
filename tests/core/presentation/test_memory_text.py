"""The words for memory."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.core.made import mb
from tests.core.presentation.samples import HEALTHY, NOTHING
from tray_app.core.alerts.forecast import Forecast, ForecastKind
from tray_app.core.alerts.job_leak import RetainedMemory
from tray_app.core.alerts.limits import Level
from tray_app.core.analysis.bands import Band
from tray_app.core.analysis.jobs import Job
from tray_app.core.model.readings import (
    GIB,
    Now,
    SystemMemory,
    TempUsage,
    UssPss,
)
from tray_app.core.presentation import (
    memory_text,
)


def test_memory_is_figure_band_and_rate() -> None:
    """Without a trend the rate is left out; without a reading there is nothing to say."""
    green = replace(HEALTHY, memory_bytes=mb(342), band=Band.GREEN)
    assert memory_text.memory(green) == "342 MB · normal · +12 MB/s"
    assert memory_text.memory(replace(green, rate_bytes_s=None)) == "342 MB · normal"
    assert memory_text.memory(NOTHING) == "no reading"


@pytest.mark.parametrize("band", [Band.YELLOW, Band.ORANGE, Band.RED])
def test_no_word_denies_the_colour(band: Band) -> None:
    """Colours have finer limits than levels: "normal" beside orange says the opposite."""
    coloured = replace(HEALTHY, band=band, rate_bytes_s=None)
    assert memory_text.memory(coloured) == "1.58 GB"
    assert memory_text.memory(replace(coloured, level=Level.HIGH)) == "1.58 GB · high"


def test_what_memory_is_its_own_is_said_plainly() -> None:
    """With the fair share where the system tells it."""
    own = UssPss(42, mb(301), mb(322), 0.0)
    assert memory_text.own_memory(own) == (
        "301 MB (USS), 322 MB with its share of shared pages (PSS)"
    )
    assert memory_text.own_memory(replace(own, pss_bytes=None)) == "301 MB (USS)"


def test_files_are_counted() -> None:
    """With their size; "1 file" is one."""
    assert memory_text.size_in_files(None) == "–"
    assert memory_text.size_in_files(TempUsage(mb(18), 3, 0)) == "18 MB in 3 files"
    assert memory_text.size_in_files(TempUsage(0, 1, 0)) == "0 MB in 1 file"


def test_the_machines_memory() -> None:
    """What is free, and only what makes it scarce."""
    assert memory_text.free_of(None) == "–"
    system = SystemMemory(round(23.5 * GIB), round(12.3 * GIB), 47.7)
    assert memory_text.free_of(system) == "12.3 GB of 23.5 GB free (48 % used)"
    limited = replace(system, limited=True, swap_used_bytes=mb(420), pressure_percent=12.4)
    assert memory_text.free_of(limited) == (
        "12.3 GB of 23.5 GB free (48 % used) · memory limit · 420 MB in swap · pressure 12 %"
    )
    calm = replace(system, swap_used_bytes=1000, swap_total_bytes=GIB, pressure_percent=0.4)
    assert memory_text.free_of(calm) == memory_text.free_of(system), "only what is worth saying"


class TestForecast:
    def test_it_says_how_long_until_what(self) -> None:
        """In steps of 5 s below a minute and a half."""
        assert (
            memory_text.forecast(Forecast(ForecastKind.FULL, 41.7))
            == "about 40 s until memory is full"
        )
        assert (
            memory_text.forecast(Forecast(ForecastKind.HIGH, 250.0))
            == "about 4 min until it is high"
        )
        assert memory_text.foretold(Forecast(ForecastKind.CRITICAL, 41.7)) == (
            "forecast: critical in about 40 s"
        )

    def test_below_ten_seconds_it_is_any_moment(self) -> None:
        """No forecast is better than that."""
        assert memory_text.forecast(Forecast(ForecastKind.HIGH, 9.9)) == "high any moment"
        assert memory_text.forecast(Forecast(ForecastKind.FULL, 0.0)) == "memory full any moment"
        assert memory_text.foretold(Forecast(ForecastKind.HIGH, 4.0)) == "forecast: high any moment"


def test_what_a_job_has_kept() -> None:
    """For the menu, where it is worth a word, and for the log."""
    kept = RetainedMemory(Job(3, Now(0, 0)), mb(126), mb(140))
    assert memory_text.kept(kept) == "140 MB not released after the last video"
    assert memory_text.kept(None) == memory_text.kept(replace(kept, kept_bytes=mb(5))) == ""
    assert memory_text.compared(kept) == "Job 3 did not release 140 MB"
    assert (
        memory_text.compared(replace(kept, kept_bytes=-mb(20))) == "Job 3 released an extra 20 MB"
    )
    assert memory_text.compared(replace(kept, kept_bytes=0)) == "Job 3 released all its memory"
