"""How long a text may be on a platform: what is cut, and what never is."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.core.made import SYSTEM
from tests.desktop.fake_icon import desktop
from tray_app.core.alerts.forecast import Forecast, ForecastKind
from tray_app.core.analysis.activity import Activity
from tray_app.core.analysis.bands import Band
from tray_app.core.analysis.stage import Stage
from tray_app.core.model.api_failure import ApiFailureKind, ApiProblem
from tray_app.core.model.presets import Mode
from tray_app.core.model.process_finding import ProcessProblem, ProcessProblemKind
from tray_app.core.model.readings import GIB, Now, Source
from tray_app.core.monitor.sample import Sample
from tray_app.core.presentation import summary_text
from tray_app.core.source_choice.circuit_breaker import ApiCondition, ApiState
from tray_app.core.source_choice.selection import Why
from tray_app.desktop.text_limits import WINDOWS, cut_utf16, fit_lines

LONGEST = Sample(
    number=123456,
    at=Now(1e6, 1e9),
    mode=Mode.AUTO,
    source=Source.API,
    api=ApiCondition(ApiState.UNREACHABLE, problem=ApiProblem(ApiFailureKind.CLOSED)),
    memory_bytes=round(12.34 * GIB),
    band=Band.YELLOW,
    rate_bytes_s=-123 * 1024**2,
    system=replace(SYSTEM, total_bytes=128 * GIB, available_bytes=100 * GIB),
    activity=Activity.PROCESSING,
    stage=Stage("video_processing_frames", inferred=True),
    problem=ProcessProblem(ProcessProblemKind.NOT_FOUND, port=8000),
)


@pytest.mark.parametrize(
    ("text", "limit", "cut"),
    [("short", 127, "short"), ("x" * 128, 127, "x" * 126 + "…"), ("🟢" * 4, 5, "🟢🟢…")],
)
def test_texts_are_cut_in_utf16_units(text: str, limit: int, cut: str) -> None:
    """Windows counts UTF-16 units; a pair is never torn apart."""
    assert cut_utf16(text, limit) == cut
    assert len(cut.encode("utf-16-le")) <= 2 * limit


def test_short_lines_are_left_whole() -> None:
    """Only what does not fit is cut: of the second line first, and never all of it."""
    assert fit_lines("a\nb\nc", 127) == "a\nb\nc"
    assert fit_lines("", 127) == ""
    assert fit_lines("a\n" + "x" * 50 + "\nc", 34) == "a\n" + "x" * 29 + "…\nc"
    assert fit_lines("a" * 30 + "\n" + "x" * 50, 40) == "a" * 30 + "\n" + "x" * 8 + "…"


@pytest.mark.parametrize(
    "sample",
    [
        replace(LONGEST, source=Source.API, stale=True, age_s=5999.0),
        replace(LONGEST, source=Source.PROCESS, why=Why.API_AWAY),
        replace(LONGEST, source=Source.NONE, memory_bytes=None, why=Why.NO_PROCESS),
        replace(LONGEST, source=Source.API),
    ],
    ids=["last value", "process", "nothing", "api"],
)
def test_the_longest_tooltip_fits_windows(sample: Sample) -> None:
    """127 UTF-16 units hold all three lines: memory and system whole, of the source the most."""
    shown, icon = desktop()
    text = summary_text.tooltip(sample, demo=True, paused=False)
    shown.show_tooltip(text)
    assert len(icon.title.encode("utf-16-le")) <= 2 * WINDOWS.tooltip
    lines, whole = icon.title.splitlines(), text.splitlines()
    assert (lines[0], lines[2]) == (whole[0], whole[2])
    assert lines[1].removesuffix("…") in whole[1]
    assert len(lines[1]) >= 25


@pytest.mark.parametrize("kind", list(ForecastKind))
@pytest.mark.parametrize("source", list(Source))
def test_a_forecast_is_never_cut(source: Source, kind: ForecastKind) -> None:
    """With all that can make memory scarce besides: the ends of the other lines give way."""
    shown, icon = desktop()
    system = replace(
        LONGEST.system or SYSTEM, limited=True, swap_used_bytes=12 * GIB, pressure_percent=100.0
    )
    sample = replace(
        LONGEST,
        source=source,
        why=Why.API_AWAY,
        rate_bytes_s=999 * 1024**2,
        forecast=Forecast(kind, 5999.0),
        system=system,
    )
    text = summary_text.tooltip(sample, demo=True, paused=False)
    shown.show_tooltip(text)
    assert len(icon.title.encode("utf-16-le")) <= 2 * WINDOWS.tooltip
    lines, whole = icon.title.splitlines(), text.splitlines()
    assert lines[0] == whole[0]
    assert len(lines) == 3
    assert all(line.removesuffix("…") in full for line, full in zip(lines, whole, strict=True))
