"""What counters tell of kills in time."""

from __future__ import annotations

import pytest

from tray_app.core.model.readings import OomKills
from tray_app.sources.processes.oom_kills import OomCount, OomWatch, between


@pytest.mark.parametrize(
    ("before", "after", "kills"),
    [
        (OomCount((3, 9)), OomCount((4, 11)), OomKills(1, True)),
        (OomCount((3, 9)), OomCount((3, 11)), OomKills(0, True)),
        (OomCount((3, 9)), OomCount((None, 10)), OomKills(1, True)),
        (OomCount((3,)), OomCount((None,)), None),
        (OomCount(machine=5), OomCount(machine=7), OomKills(2)),
        (OomCount(machine=5), OomCount(), None),
        (OomCount(), OomCount(), None),
        (OomCount((3,), None, 64, (8,)), OomCount((4,), None, 64, (9,)), OomKills(1, True, 64)),
        (OomCount((3,), None, 64, (8,)), OomCount((4,), None, 64, (8,)), OomKills(1, True)),
        (OomCount((3,), None, 64, (8,)), OomCount((3,), None, 64, (9,)), OomKills(0, True)),
    ],
    ids=[
        "own group",
        "a group beside it",
        "the group is gone with its last process",
        "version 1, gone",
        "machine",
        "not told any more",
        "never told",
        "limit reached",
        "the machine's shortage",
        "limit reached, nobody killed",
    ],
)
def test_between(before: OomCount, after: OomCount, kills: OomKills | None) -> None:
    """The group's own figure first, that of the group above once it is gone."""
    assert between(before, after) == kills


def test_only_kills_since_the_last_reading_count() -> None:
    """Whatever was killed while the server went on was another."""
    watch = OomWatch(OomCount(machine=0))
    for now_s, killed in ((2.0, 0), (4.0, 6), (6.0, 6)):
        watch.note(now_s, OomCount(machine=killed))
    assert watch.since_last(6.1, OomCount(machine=6)) == OomKills(0)
    assert watch.since_last(6.1, OomCount(machine=7)) == OomKills(1)


def test_a_dying_process_is_there_for_a_moment() -> None:
    """Up to a second after the kill was counted."""
    watch = OomWatch(OomCount((2,)))
    watch.note(2.0, OomCount((3,)))
    assert watch.since_last(2.9, OomCount((3,))) == OomKills(1, True)
    assert watch.since_last(3.1, OomCount((3,))) == OomKills(0, True)
