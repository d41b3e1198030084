"""Where windows go on the screen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tray_app.desktop.linux.xembed.geometry import (
    Box,
    beside_icon,
    beside_row,
    beyond_panel,
    box_at,
    monitor_of,
)

AREA = Box(0, 0, 1280, 720)
numbers = st.integers(-3000, 3000)
sizes = st.integers(1, 2000)


@pytest.mark.parametrize(
    ("icon", "box"),
    [
        (box_at(600, 4, 22, 22), Box(600, 26, 900, 426)),  # a panel at the top
        (box_at(600, 694, 22, 22), Box(600, 294, 900, 694)),  # at the bottom
        (box_at(1254, 4, 22, 22), Box(980, 26, 1280, 426)),  # near the right edge
        (box_at(4, 340, 22, 22), Box(4, 320, 304, 720)),  # in the middle of the left edge
    ],
)
def test_a_window_is_beside_its_icon(icon: Box, box: Box) -> None:
    """Below an icon in the upper half, above one in the lower half, wholly on the monitor."""
    assert beside_icon(icon, 300, 400, AREA) == box


def test_a_tooltip_is_in_the_middle_of_its_icon() -> None:
    """Unless an edge moves it."""
    icon = box_at(600, 4, 22, 22)
    assert beside_icon(icon, 100, 40, AREA, centred=True) == Box(561, 26, 661, 66)
    icon = box_at(1250, 4, 22, 22)
    assert beside_icon(icon, 100, 40, AREA, centred=True).right == AREA.right


@pytest.mark.parametrize(
    ("panel", "top", "bottom"),
    [
        (Box(0, 0, 1280, 30), 0, 30),
        (Box(1258, 2, 1280, 28), 2, 28),  # hardly wider than the icon, but a bar
        (Box(1240, 0, 1280, 720), 4, 26),  # a panel at the right edge
        (Box(0, 690, 1280, 720), 4, 26),  # another panel
        (Box(1258, 4, 1280, 26), 4, 26),  # the icon's own window
    ],
)
def test_windows_stand_clear_of_a_bar(panel: Box, top: int, bottom: int) -> None:
    """The icon counts as tall as the bar that it is in."""
    icon = box_at(1258, 4, 22, 22)
    assert beyond_panel(icon, panel, AREA) == Box(icon.left, top, icon.right, bottom)


@pytest.mark.parametrize(
    ("row", "box"),
    [
        (Box(100, 200, 400, 230), Box(398, 200, 598, 400)),  # to the right
        (Box(900, 200, 1200, 230), Box(702, 200, 902, 400)),  # no room there
        (Box(100, 700, 400, 720), Box(398, 520, 598, 720)),  # moved up from the lower edge
    ],
)
def test_a_submenu_is_beside_its_row(row: Box, box: Box) -> None:
    """To the right, else to the left, and as level with its row as the monitor lets it."""
    assert beside_row(row, 200, 200, AREA, overlap=2) == box


def test_where_neither_side_has_room_the_larger_one_is_taken() -> None:
    """It covers a part of its menu then, but not its own edge."""
    assert beside_row(Box(400, 0, 1000, 20), 500, 100, AREA) == Box(0, 0, 500, 100)
    assert beside_row(Box(300, 0, 900, 20), 500, 100, AREA) == Box(780, 0, 1280, 100)


@given(numbers, numbers, sizes, sizes, st.booleans())
def test_nothing_leaves_the_monitor(
    left: int, top: int, width: int, height: int, centred: bool
) -> None:
    """Wherever the icon is and however large the window is."""
    icon = box_at(left, top, 24, 24)
    for box in (
        beside_icon(icon, width, height, AREA, centred=centred),
        beside_row(icon, width, height, AREA, overlap=2),
    ):
        assert AREA.left <= box.left < box.right <= AREA.right
        assert AREA.top <= box.top < box.bottom <= AREA.bottom
        assert (box.width, box.height) == (min(width, AREA.width), min(height, AREA.height))


def test_the_icons_monitor_is_used() -> None:
    """The one that has it, or the nearest."""
    right = Box(1280, 0, 3200, 1080)
    assert monitor_of([AREA, right], box_at(1290, 4, 22, 22)) == right
    assert monitor_of([AREA, right], box_at(100, 800, 22, 22)) == AREA
