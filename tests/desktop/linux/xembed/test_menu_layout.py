"""Where each row of a menu is."""

from __future__ import annotations

from tray_app.core.monitor.commands import Quit
from tray_app.core.presentation.menu_row import Row
from tray_app.desktop.linux.xembed.geometry import Box
from tray_app.desktop.linux.xembed.menu_layout import (
    Metrics,
    clamp_scroll,
    layout,
    scroll_to,
    shown,
    text_room,
)

METRICS = Metrics(
    row=20, separator=9, mark=18, arrow=14, edge=10, border=4, measure=lambda text: 8 * len(text)
)
LINE = Row("line", separator=True)
HIDDEN = Row("hidden")
STATUS = Row("status", "300 MB")
QUIT = Row("quit", "Quit", Quit())
LOGIN = Row("login", "Start at login", Quit(), checked=False)
MORE = Row("more", "More", children=(QUIT,))


def test_rows_stand_below_each_other() -> None:
    """Separators are thin, hidden rows have no place, and the border is outside of all."""
    found = layout((STATUS, HIDDEN, LINE, QUIT), METRICS, 0, 999)
    assert [(placed.row.key, placed.box) for placed in found.rows] == [
        ("status", Box(4, 4, 72, 24)),
        ("line", Box(4, 24, 72, 33)),
        ("quit", Box(4, 33, 72, 53)),
    ]
    assert (found.width, found.height) == (76, 57)


def test_texts_are_aligned() -> None:
    """One mark or arrow makes room in all rows, so that texts begin below each other."""
    found = layout((STATUS, LOGIN, MORE), METRICS, 0, 999)
    assert {placed.text_left for placed in found.rows} == {4 + 10 + 18}
    assert found.width == 4 + 10 + 18 + 8 * len("Start at login") + 14 + 10 + 4


def test_a_menu_keeps_its_width_and_stays_on_the_monitor() -> None:
    """It does not shrink below one limit, and what is longer than the other must be cut."""
    assert layout((STATUS,), METRICS, 300, 999).width == 300
    (placed,) = layout((Row("long", "x" * 500),), METRICS, 0, 640).rows
    assert placed.box.right == 640 - 4
    assert text_room(placed, METRICS) == 640 - 2 * (4 + 10)


def test_separators_stand_between_rows_only() -> None:
    """Not at an end, and not two in a row: what was between them may be hidden."""
    rows = (LINE, STATUS, LINE, HIDDEN, LINE, QUIT, LINE)
    assert [row.key for row in shown(rows)] == ["status", "line", "quit"]
    assert shown((LINE, HIDDEN)) == ()
    assert layout((), METRICS, 50, 100).height == 8


def test_a_point_is_in_a_row_or_in_none() -> None:
    """The border belongs to no row."""
    found = layout((STATUS, QUIT), METRICS, 0, 999)
    assert found.at(10, 3) is None
    assert found.at(10, 4) == found.of("status")
    assert found.at(10, 24) == found.of("quit")


def test_a_row_is_scrolled_into_sight() -> None:
    """By as little as possible, and clear of the arrows at both ends."""
    row = Box(0, 300, 100, 320)
    assert scroll_to(row, 0, 200, 20) == 140
    assert scroll_to(row, 200, 200, 20) == 200
    assert scroll_to(row, 290, 200, 20) == 280
    assert [clamp_scroll(scroll, 500, 200) for scroll in (-5, 100, 400)] == [0, 100, 300]
    assert clamp_scroll(10, 100, 200) == 0
