"""The marks in the corners."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tray_app.core.analysis.bands import Band
from tray_app.core.presentation.icon import Picture
from tray_app.views.icon.glyphs import GRIDS, Grid
from tray_app.views.icon.marks import Mark, marks_of, side_of

PLAIN = Picture(Band.GREEN, "1.5")


def test_the_worse_of_two_is_shown() -> None:
    """To the left of the notifications, to the right of the reading."""
    assert marks_of(PLAIN) == (None, None)
    muted = replace(PLAIN, muted=True, process_source=True)
    assert marks_of(muted) == (Mark.MUTED, Mark.PROCESS)
    assert marks_of(replace(muted, no_room=True)) == (Mark.MUTED, Mark.NO_ROOM)
    worse = replace(muted, undelivered=True, hung=True, no_room=True)
    assert marks_of(worse) == (Mark.UNDELIVERED, Mark.HUNG)
    assert marks_of(replace(worse, paused=True)) == (Mark.UNDELIVERED, Mark.PAUSED)


@pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS)
def test_the_dot_takes_no_more_room_than_another_mark(grid: Grid) -> None:
    """It may stay for days."""
    assert side_of(None, grid) == 0
    assert 5 <= side_of(Mark.PROCESS, grid) <= side_of(Mark.HUNG, grid) == grid.mark
