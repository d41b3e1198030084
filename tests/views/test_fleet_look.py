"""How several servers are shown in one icon."""

from __future__ import annotations

from msgspec.structs import replace

from tests.core.fleet.made import NOW, fleet
from tray_app.core.analysis.bands import Band
from tray_app.core.fleet.overview import Fleet
from tray_app.core.monitor import mute
from tray_app.core.monitor.mute import UNMUTED
from tray_app.views.fleet_look import SEVERAL_SERVERS, face


def muted(it: Fleet, *names: str) -> Fleet:
    silence = mute.mute(UNMUTED, NOW, 600.0)
    members = tuple(
        replace(each, state=replace(each.state, mute=silence)) if each.name in names else each
        for each in it.members
    )
    return replace(it, members=members)


def test_the_picture_is_the_worst_servers() -> None:
    """Its band and its figure; the tooltip has all."""
    shown = face(fleet(desk=300, gpu=3100))
    assert (shown.picture.band, shown.picture.figure) == (Band.RED, "3.0")
    assert shown.tooltip.startswith("2 servers · gpu 3.03 GB\n")


def test_several_severe_ones_are_counted() -> None:
    """From two on; one alone is the picture itself."""
    assert face(fleet(a=1200, b=2500, c=300)).picture.severe == 2
    assert face(fleet(a=300, b=2500, c=300)).picture.severe == 0


def test_the_muted_mark_is_for_all() -> None:
    """One server that is muted does not say that the others are."""
    it = fleet(a=300, b=2500)
    assert not face(muted(it, "b")).picture.muted
    assert face(muted(it, "a", "b")).picture.muted


def test_a_failed_delivery_of_any_is_shown() -> None:
    """Notifications have one way for all."""
    it = fleet(a=300, b=2500)
    first, second = it.members
    failed = replace(first, state=replace(first.state, delivery_problem="gone"))
    assert face(replace(it, members=(failed, second))).picture.undelivered


def test_an_open_menu_is_seen() -> None:
    """Each server learns that it is open, so any of them tells."""
    it = fleet(a=300, b=2500)
    assert not SEVERAL_SERVERS.is_menu_open(it)
    first, second = it.members
    opened = replace(first, state=replace(first.state, menu_until_s=NOW.mono_s + 60))
    assert SEVERAL_SERVERS.is_menu_open(replace(it, members=(opened, second)))
