"""The live screen's chart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.views.terminal.shown import recent_of
from tray_app.core.alerts.limits import AlertLimits
from tray_app.core.analysis.bands import Band
from tray_app.views.terminal.chart import ASCII, BLOCKS, Piece, Recent, Signs, rows, strip

NOW_S = 100.0
CLIMB = range(100, 2500, 40)


def text_of(pieces: tuple[Piece, ...]) -> str:
    return "".join(text for text, _ in pieces)


def drawn(
    recent: Recent, width: int = 79, height: int = 12, signs: Signs = BLOCKS, now_s: float = NOW_S
) -> list[str]:
    return [text_of(row) for row in rows(recent, now_s, width, height, signs)]


def test_columns_climb_to_the_newest_at_the_right() -> None:
    """A column is as high as its memory, to the eighth of a row."""
    lines = drawn(recent_of(512, 768, 1024), 39, 9)
    assert [line[-4:] for line in lines] == [
        "╌╌╌╌",
        "    ",
        "   ▃",
        "   █",
        "  ██",
        " ▅██",
        " ███",
        " ███",
        "─now",
    ]


def test_a_column_has_its_bands_colour() -> None:
    """From bottom to top, as the icon's."""
    bottom = rows(recent_of(300, 700, 1200, 2100), NOW_S, 40, 8, BLOCKS)[-2]
    inks = [ink.band for text, ink in bottom if text.strip() and ink.band]
    assert inks == [Band.GREEN, Band.YELLOW, Band.ORANGE, Band.RED]


def test_limits_are_lines_with_their_size_and_name() -> None:
    """At the row that they are in."""
    lines = drawn(recent_of(*CLIMB), 79, 16)
    sizes = [(line[:9].strip(), line[70:].strip()) for line in lines if line[70:].strip()]
    assert sizes == [("2.93 GB", "critical"), ("1.95 GB", "high"), ("1.46 GB", "raised")]
    assert all("╌" in line for line in lines if line.endswith(("critical", "high", "raised")))


def test_a_narrow_chart_has_the_names_alone() -> None:
    """Instead of the sizes."""
    lines = drawn(recent_of(*CLIMB), 39, 16)
    assert {"critical┤", "high┤", "raised┤"} <= {line[1:10].strip() for line in lines}


def test_a_limit_is_seen_across_the_columns_above_it() -> None:
    """Cut out of them, so that it needs no colour; in ASCII by another sign."""
    recent = recent_of(*[2000] * 60)
    (row,) = (row for row in rows(recent, NOW_S, 79, 16, BLOCKS) if "raised" in text_of(row))
    assert [(ink.band, ink.is_line) for text, ink in row if set(text) == {"╌"}][-1] == (
        Band.ORANGE,
        True,
    )
    (line,) = (line for line in drawn(recent, 79, 16, ASCII) if "raised" in line)
    assert "=====" in line


def test_a_calm_server_looks_calm() -> None:
    """The next limit is in sight, unless it is so far that the columns would be flat."""
    assert drawn(recent_of(*[126] * 30))[1].endswith("raised")
    far = replace(recent_of(*[126] * 30), limits=AlertLimits(20000, 30000, 40000))
    assert "raised" not in "".join(drawn(far))
    assert sum("▁" <= char <= "█" for line in drawn(far) for char in line) == 2 * 30


def test_a_gap_is_a_gap() -> None:
    """Without a column, and a dot on the time axis."""
    lines = drawn(recent_of(900, 900, None, None, 900, *[900] * 8), 40, 8)
    assert lines[-2].endswith("██  █████████")
    assert lines[-1].endswith("··──────now")


def test_the_time_axis_stands_still() -> None:
    """It counts from now, in steps with room for their names."""
    axes = {
        drawn(recent_of(*[900] * 250, until_s=now_s), now_s=now_s)[-1]
        for now_s in (1000.0, 1002.0, 1009.0)
    }
    assert axes == {"         └───────────┴8 min──────┴6 min──────┴4 min──────┴2 min────now"}
    assert "┴1 min" in drawn(recent_of(*[900] * 45))[-1]


def test_the_columns_get_longer_until_all_that_is_kept_is_shown() -> None:
    """Two seconds each at first; the first figure stays in sight for 10 min."""
    for count in (10, 60, 61, 110, 290):
        figures = [3500, *[100] * (count - 1)]
        highest = drawn(recent_of(*figures, until_s=1000.0), now_s=1000.0)
        assert any("▁" <= char <= "█" for line in highest[:2] for char in line)


def test_a_column_keeps_its_shape_while_it_moves() -> None:
    """Its part of the time begins at a multiple of its length."""

    def tops(count: int) -> str:
        figures = [100 + 700 * (at % 7 == 0) for at in range(count)]
        recent = recent_of(*figures, until_s=2.0 * count)
        return drawn(recent, now_s=2.0 * count)[-3][10:70]

    assert tops(255)[:-2] == tops(250)[1:-1]
    assert len(set(tops(255).strip())) == 2


def test_nothing_is_drawn_before_the_first_figure() -> None:
    """The axes are there, so that nothing jumps."""
    lines = drawn(Recent(), 40, 6)
    assert lines[-1].startswith("         └")
    assert not any("▁" <= char <= "█" for line in lines for char in line)


def test_the_strip_is_a_row_of_columns() -> None:
    """Where there is no room for a chart."""
    assert text_of(strip(recent_of(100, None, None, 1024), NOW_S, 8, BLOCKS)) == "    ▁  █"


@pytest.mark.parametrize("signs", [BLOCKS, ASCII])
@given(
    sizes=st.lists(st.integers(0, 2**20) | st.none(), max_size=40),
    width=st.integers(20, 300),
    height=st.integers(2, 80),
    every_s=st.floats(0.5, 60),
)
def test_a_chart_fits_whatever_comes(
    signs: Signs, sizes: list[int | None], width: int, height: int, every_s: float
) -> None:
    """In width and height."""
    recent = recent_of(*sizes, every_s=every_s, until_s=5000.0)
    lines = drawn(recent, width, height, signs, 5000.0)
    assert len(lines) == height
    assert max(map(len, lines)) <= width
