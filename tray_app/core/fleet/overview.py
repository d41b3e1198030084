"""Several servers side by side, as the monitors here know them."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from tray_app.core.alerts.limits import Level
from tray_app.core.fleet.rank import Rank, rank_of
from tray_app.core.monitor.state import State


class Member(Struct, frozen=True):
    """One of the servers: its name, and all that is known of it."""

    name: str
    state: State

    @property
    def rank(self) -> Rank:
        """How urgent it is."""
        state, sample = self.state, self.state.sample
        if state.paused:
            return Rank.PAUSED
        if sample is not None and sample.hung is not None:
            return max(Rank.LOST, rank_of(sample.band))
        if sample is None or sample.memory_bytes is None:
            return Rank.LOST if state.run.readings else Rank.NOT_THERE
        return rank_of(sample.band)

    @property
    def level(self) -> Level:
        """The alert level that its memory is in: own limits may lie below those of the bands."""
        sample = self.state.sample
        return Level.NONE if sample is None or self.state.paused else sample.level

    @property
    def urgency(self) -> tuple[Rank, int]:
        """What servers are ordered by: the rank, then the figure."""
        sample = self.state.sample
        return self.rank, (sample.memory_bytes or 0) if sample else 0


class Fleet(Struct, frozen=True):
    """The servers in the order of the settings. ``shown`` is the one that the icon shows whatever
    the others do; empty: the worst."""

    members: tuple[Member, ...]
    shown: str = ""

    def member(self, name: str) -> Member | None:
        """The server with this name."""
        return next((each for each in self.members if each.name == name), None)


def by_rank(members: Iterable[Member]) -> tuple[Member, ...]:
    """The worst rank first, then the highest alert level; else in the order that they have: rows
    that are shown again and again do not change places because of a megabyte."""
    return tuple(sorted(members, key=lambda each: (each.rank, each.level), reverse=True))


def in_icon(fleet: Fleet) -> Member:
    """The server whose figure the icon shows."""
    return fleet.member(fleet.shown) or max(fleet.members, key=lambda each: each.urgency)
