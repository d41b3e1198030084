"""One figure."""

from __future__ import annotations

from msgspec.structs import replace

from tests.core.made import mb
from tests.core.presentation.samples import HEALTHY
from tray_app.core.presentation.figure import MB, Field, Figure

PEAK = Figure(
    "peak",
    (Field("peak_mb", MB, lambda it: it.peak_bytes, "highest memory", null="none yet"),),
    label="Peak",
    width=7,
)
SAMPLE = replace(HEALTHY, peak_bytes=mb(532))
UNKNOWN = replace(HEALTHY, peak_bytes=None)


def test_a_figure_is_written_in_the_unit_of_its_first_field() -> None:
    """With its label in the menu, and as wide at each sample in a plain line."""
    assert PEAK.text(SAMPLE) == "532 MB"
    assert PEAK.menu_line(SAMPLE) == "Peak: 532 MB"
    assert PEAK.column(SAMPLE) == "peak  532 MB"


def test_a_figure_that_is_not_known_is_a_dash() -> None:
    """Also before the first sample."""
    assert PEAK.is_known(SAMPLE)
    assert not PEAK.is_known(UNKNOWN)
    assert PEAK.menu_line(UNKNOWN) == PEAK.menu_line(None) == "Peak: –"


def test_a_label_within_a_line_is_small() -> None:
    """But an abbreviation stays one."""
    assert PEAK.plain_label == "peak"
    assert replace(PEAK, label="CPU").plain_label == "CPU"
