"""Several servers side by side: which one is the worst."""

from __future__ import annotations

from msgspec.structs import replace

from tests.core.fleet.made import fleet, state
from tray_app.core.alerts.limits import Level
from tray_app.core.fleet.overview import Fleet, Member, by_rank, in_icon
from tray_app.core.fleet.rank import Rank, worst_first


def names(it: Fleet) -> list[str]:
    return [each.name for each in worst_first(it.members)]


def test_the_worst_is_first() -> None:
    """By band, then by figure."""
    it = fleet(a=300, b=2500, c=700, d=2700, e=1200)
    assert names(it) == ["d", "b", "e", "c", "a"]
    assert in_icon(it).name == "d"


def test_one_that_can_no_longer_be_read_is_not_green() -> None:
    """It stands between yellow and orange, for nobody knows what it does."""
    assert names(fleet(green=300, lost=None, orange=1500, yellow=800)) == [
        *("orange", "lost", "yellow", "green")
    ]


def test_one_that_never_was_there_comes_last() -> None:
    """A machine that is switched off is no news."""
    it = Fleet((Member("off", state(None, seen=False)), Member("on", state(300))))
    assert names(it) == ["on", "off"]
    assert it.members[0].rank is Rank.NOT_THERE


def test_a_paused_one_is_not_the_worst() -> None:
    """Its figure is old."""
    it = Fleet((Member("paused", replace(state(2500), paused=True)), Member("on", state(300))))
    assert names(it) == ["on", "paused"]


def test_alike_ones_keep_the_order_of_the_settings() -> None:
    """So the tooltip's lines do not change places."""
    assert names(fleet(b=300, a=300, c=300)) == ["b", "a", "c"]


def test_rows_that_stand_still_are_ordered_by_band_and_level() -> None:
    """A higher figure alone moves nothing; a paused server's level is old."""
    it = fleet(a=300, b=301, c=2500, d=3100)
    assert [each.name for each in by_rank(it.members)] == ["d", "c", "a", "b"]
    paused = Member("paused", replace(state(3100), paused=True))
    assert paused.level is Level.NONE
    assert by_rank((paused, *it.members))[-1].name == "paused"


def test_the_chosen_one_is_in_the_icon() -> None:
    """Whatever the others do; a name that is gone means the worst again."""
    it = fleet(a=300, b=2500)
    assert in_icon(replace(it, shown="a")).name == "a"
    assert in_icon(replace(it, shown="gone")).name == "b"
