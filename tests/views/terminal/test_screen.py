"""The live screen's content."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.views.terminal.shown import ALERT, BLIND, BUSY, CALM, RECOVERY, recent_of, texts
from tray_app.core.alerts.forecast import Forecast, ForecastKind
from tray_app.core.alerts.limits import Level
from tray_app.core.model.process_finding import (
    ProcessProblem,
    ProcessProblemKind,
)
from tray_app.core.model.readings import (
    GIB,
    MIB,
    ProcessRow,
    Role,
    UssPss,
)
from tray_app.core.monitor.sample import Sample
from tray_app.views.terminal.lines import (
    WORDS,
    alert_line,
    cells,
)
from tray_app.views.terminal.screen import ScreenContent


def test_the_picture_shows_every_part() -> None:
    """All that the plain line tells, and both process lists."""
    told = "\n".join(texts(ScreenContent(BUSY).lines(100)))
    wanted = (
        "🔴  2.15 GB  high",
        "+120 MB/s",
        "182 %",
        "12.0 GB of 24.0 GB free (50 % used)",
        "180 MB in 12 files",
        "processing frames?",
        "🔄 Process (2 processes) · API busy, no answer for 12 s",
        "Automatic, using processes",
        "🎯 Server",
        "🐍 Other Python",
        "jupyter-lab",
    )
    assert [part for part in wanted if part not in told] == []


def test_figures_keep_their_place_from_sample_to_sample() -> None:
    """Other values move no label and no row of the figures."""

    def places(sample: Sample) -> list[int]:
        labels = [line[1:11].strip() for line in texts(ScreenContent(sample).lines(80, 40))]
        figures = ("Peak", "CPU", "Machine", "Temp", "Activity", "Source")
        return [labels.index(figure) for figure in figures]

    assert places(CALM) == places(BUSY) == places(BLIND)


def test_a_process_that_comes_moves_nothing_above_it() -> None:
    """Process lists are the last part of the picture."""
    joined = replace(CALM, rows=BUSY.rows, others=BUSY.others)
    before = texts(ScreenContent(CALM, notes=("note",)).lines(80))
    assert texts(ScreenContent(joined, notes=("note",)).lines(80))[: len(before)] == before


def test_the_bar_grows_to_full_and_no_further() -> None:
    """The done part is the elapsed share of the duration; a late last sample does not overflow."""

    def done(elapsed_s: float) -> tuple[int, int]:
        line = texts(ScreenContent(BUSY, elapsed_s=elapsed_s, duration_s=30.0).lines(80))[1]
        return line.count("━"), line.count("─")

    (none, room), (half, _), (full, rest) = done(0.0), done(15.0), done(31.0)
    assert (none, half, full, rest) == (0, room // 2, room, 0)


def test_a_run_without_end_says_how_to_end_it() -> None:
    """Instead of a bar; the picture that stays on the terminal does not say it."""
    assert (
        texts(ScreenContent(BUSY, elapsed_s=20.0).lines(80))[1]
        == " 20 s · 2 samples · Ctrl-C to quit"
    )
    assert (
        texts(ScreenContent(BUSY, elapsed_s=20.0, final=True).lines(80))[1] == " 20 s · 2 samples"
    )


def test_the_strip_shows_the_past_in_its_bands_colours() -> None:
    """A calm past is low, a gap is a gap, and the newest sample stands last."""
    recent = recent_of(126, None, None, 2200, until_s=BUSY.at.mono_s)
    line = ScreenContent(BUSY, recent).lines(80, 16)[4]
    assert line[0] == ("    ", "")
    assert line[-3:] == (("▁", "green"), ("  ", "dim"), ("█", "red"))


def test_the_chart_takes_the_free_height_at_the_lower_end() -> None:
    """Its last row is the screen's; the figures above stay where they are, and lose the strip."""
    recent = recent_of(*range(100, 200))
    picture, without = ScreenContent(CALM, recent), ScreenContent(CALM)
    for height in (24, 40):
        lines = texts(picture.lines(80, height))
        assert len(lines) == height
        assert lines[-1].endswith("now")
        assert lines[:11] == texts(without.lines(80, height))[:11]
        assert sum("│" in line or "┤" in line for line in lines) == height - 13
    assert not any("now" in line for line in texts(picture.lines(80, 18)))


def test_the_chart_leaves_room_for_an_alert_and_the_server() -> None:
    """On 80x24 cells it has six rows, however much there is to list."""
    rows = tuple(ProcessRow(n, "worker", Role.TARGET, GIB, 1.0) for n in range(40))
    picture = ScreenContent(
        replace(BUSY, rows=rows), recent_of(*range(100), until_s=BUSY.at.mono_s), ("an alert",)
    )
    lines = texts(picture.lines(80, 24))
    assert len(lines) == 24
    assert sum("│" in line or "┤" in line for line in lines) == 5
    assert " an alert" in lines
    assert any("worker" in line for line in lines)
    assert "    …" in lines


@pytest.mark.parametrize("columns", [20, 21, 30, 40, 41, 80, 200])
def test_the_newest_column_is_on_every_terminal(columns: int) -> None:
    """A terminal narrower than the texts cuts them, and not the chart; a tiny one has none."""
    picture = ScreenContent(CALM, recent_of(*range(100, 200)))
    last = texts(picture.lines(columns, 30))[-1]
    assert last.endswith("now") == (columns > 20)
    assert cells(last) < columns
    strip = texts(picture.lines(columns, 16))[4]
    assert cells(strip) < columns


def test_the_last_picture_keeps_its_chart() -> None:
    """It is left on the first screen, whose height is free."""
    assert texts(ScreenContent(CALM, recent_of(100, 200)).lines(80))[-1].endswith("now")


def test_a_terminal_without_blocks_gets_a_chart_of_ascii() -> None:
    """The Linux console, say."""
    picture = ScreenContent(CALM, recent_of(*range(700, 800)), marks=WORDS)
    chart = texts(picture.lines(80, 30))[12:]
    assert any("#" in line for line in chart)
    assert "".join(chart).isascii()


def test_details_tell_how_the_server_was_recognised() -> None:
    """Command line, evidence and directory stand under the server's heading."""
    told = "\n".join(texts(ScreenContent(BUSY, details=True).lines(80)))
    assert "uvicorn main:app" in told
    assert "listens on port 8000, in /srv/run" in told
    assert "listens on" not in "\n".join(texts(ScreenContent(BUSY).lines(80)))


def test_a_low_screen_keeps_the_figures_and_the_newest_alert() -> None:
    """Older alerts and processes make room; the dots say that there is more."""
    picture = ScreenContent(BUSY, notes=("old", "older", "newest"))
    low = texts(picture.lines(80, 16))
    assert len(low) <= 16
    assert " newest" in low
    assert " old" not in low
    assert any(line.startswith(" Source") for line in low)
    assert "    …" in texts(picture.lines(80, 18))


def test_what_is_too_long_ends_in_an_ellipsis() -> None:
    """A forecast beside the figure, and the private memory, at 80 columns."""
    sample = replace(
        BUSY,
        forecast=Forecast(ForecastKind.FULL, 170.0),
        recovering=Level.CRITICAL,
        own=UssPss(42, 111 * MIB, 112 * MIB, 100.0),
    )
    told = texts(ScreenContent(sample, details=True).lines(80))
    private = next(line for line in told if line.startswith(" Private"))
    assert private.endswith(" 111 MB (USS), 112 MB with its share of shared pages (PSS)")
    assert texts(ScreenContent(sample).lines(80))[3].endswith("forecast: memory full in…")
    narrow = texts(ScreenContent(sample, details=True).lines(60))
    assert next(line for line in narrow if line.startswith(" Private")).endswith("…")


@given(
    width=st.integers(40, 220),
    height=st.one_of(st.none(), st.integers(1, 60)),
    name=st.text(max_size=80),
    count=st.integers(0, 30),
    sample=st.sampled_from([CALM, BUSY, BLIND]),
)
def test_a_picture_never_outgrows_its_terminal(
    width: int, height: int | None, name: str, count: int, sample: Sample
) -> None:
    """Whatever the processes are called and however many there are."""
    rows = tuple(ProcessRow(10**7 + n, name, Role.TARGET, n * GIB, 100.0 * n) for n in range(count))
    sample = replace(sample, rows=rows, others=rows)
    relay = ProcessProblem(ProcessProblemKind.HELD_BY_RELAY, port=8000, name=name)
    sample = replace(sample, problem=relay)
    notes = (alert_line(ALERT), alert_line(RECOVERY))
    recent = recent_of(*range(0, 4000, 13), until_s=sample.at.mono_s)
    picture = ScreenContent(sample, recent, notes, 9.0, 30.0, details=True)
    lines = texts(picture.lines(width, height))
    assert max(cells(line) for line in lines) <= width
    assert height is None or len(lines) <= height
