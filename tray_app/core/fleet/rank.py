"""How urgent a server is among others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from enum import IntEnum
from typing import Protocol, TypeVar

from tray_app.core.analysis.bands import Band


class Rank(IntEnum):
    """How urgent a server is: its band, and where one that cannot be read stands among the bands.

    What was read and now cannot be is worse than yellow, for nobody knows what it does. What has
    never been read since the start is not there: a machine that is switched off.
    """

    PAUSED = 0
    NOT_THERE = 1
    GREEN = 2
    YELLOW = 3
    LOST = 4
    ORANGE = 5
    RED = 6


_OF_BAND = {
    Band.GREEN: Rank.GREEN,
    Band.YELLOW: Rank.YELLOW,
    Band.ORANGE: Rank.ORANGE,
    Band.RED: Rank.RED,
}


def rank_of(band: Band) -> Rank:
    """The rank of a server in this band."""
    return _OF_BAND.get(band, Rank.LOST)


def band_of(rank: Rank) -> Band:
    """The band of a server with this rank."""
    return next((band for band, its in _OF_BAND.items() if its is rank), Band.UNKNOWN)


class Ranked(Protocol):
    """One of several servers."""

    @property
    def rank(self) -> Rank:
        """How urgent it is."""

    @property
    def urgency(self) -> tuple[Rank, int]:
        """What servers are ordered by: the rank, then the figure."""


Each = TypeVar("Each", bound=Ranked)


def worst_first(members: Iterable[Each]) -> tuple[Each, ...]:
    """By urgency; those that are alike in the order that they have."""
    return tuple(sorted(members, key=lambda each: each.urgency, reverse=True))


def severe(members: Iterable[Ranked]) -> int:
    """How many of them are orange or red."""
    return sum(each.rank >= Rank.ORANGE for each in members)


def counts(members: Iterable[Ranked]) -> Mapping[Rank, int]:
    """How many of them have each rank; ranks without any are left out."""
    return Counter(each.rank for each in members)
