"""Which of several servers is the worst."""

from __future__ import annotations

from tests.core.fleet.made import fleet
from tray_app.core.analysis.bands import Band
from tray_app.core.fleet.rank import Rank, band_of, counts, rank_of, severe, worst_first


def test_how_many_are_orange_or_red() -> None:
    """What the icon counts."""
    members = fleet(a=1200, b=2500, c=700, d=None).members
    assert severe(members) == 2
    assert counts(members) == {Rank.ORANGE: 1, Rank.RED: 1, Rank.YELLOW: 1, Rank.LOST: 1}


def test_alike_ones_keep_their_order() -> None:
    """The rank counts first, then the figure."""
    members = fleet(b=300, a=300, lost=None, c=600).members
    assert [each.name for each in worst_first(members)] == ["lost", "c", "b", "a"]


def test_a_rank_has_the_band_that_it_comes_from() -> None:
    """One that comes from none is unknown."""
    for band in (Band.GREEN, Band.YELLOW, Band.ORANGE, Band.RED):
        assert band_of(rank_of(band)) is band
    assert {band_of(each) for each in (Rank.PAUSED, Rank.NOT_THERE, Rank.LOST)} == {Band.UNKNOWN}
