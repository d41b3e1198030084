"""Servers and alerts put together: how urgent each server is, and what the icon shows.

Nothing is judged here but the truth of a picture: it is never green while an alert fires, or while
something could not be read.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from tray_app.core.fleet.rank import Rank, worst_first
from tray_app.core.prometheus.state import EngineState, Freshness, worst_freshness
from tray_app.core.prometheus.values import EngineAlert, EngineServer


class EngineMember(Struct, frozen=True):
    """A server, and its alerts that fire: its own, and those of its whole exporter."""

    server: EngineServer
    alerts: tuple[EngineAlert, ...]
    rank: Rank

    @property
    def name(self) -> str:
        """What people call it."""
        return self.server.name

    @property
    def urgency(self) -> tuple[Rank, int]:
        """What servers are ordered by: the rank, then the figure."""
        return self.rank, self.server.memory_bytes or 0


class Overview(Struct, frozen=True):
    """All servers, the worst first; the firing alerts of none of them, the worst first; and those
    that are held back. ``rank`` is the icon's."""

    members: tuple[EngineMember, ...]
    elsewhere: tuple[EngineAlert, ...]
    held_back: tuple[EngineAlert, ...]
    rank: Rank
    freshness: Freshness

    @property
    def firing(self) -> int:
        """How many alerts fire."""
        keys = {each.key for member in self.members for each in member.alerts}
        return len(keys) + len(self.elsewhere)


def overview(state: EngineState) -> Overview:
    """All of it as it is now."""
    firing = [each for each in state.alerts if each.is_firing]
    by_place: dict[tuple[str, str], list[EngineAlert]] = {}
    for alert in firing:
        by_place.setdefault((alert.instance, alert.server), []).append(alert)
    placed: set[tuple[str, str]] = set()
    members = []
    for server in state.servers:
        places = dict.fromkeys((server.key, (server.instance, "")))
        own = [each for place in places for each in by_place.get(place, ())]
        placed |= places.keys()
        alerts = by_rank(own)
        rank = max(server.rank, alerts[0].rank) if alerts else server.rank
        members.append(EngineMember(server, alerts, rank))
    elsewhere = by_rank(
        each for place, several in by_place.items() if place not in placed for each in several
    )
    ordered = worst_first(members)
    freshness = worst_freshness(state)
    return Overview(
        members=ordered,
        elsewhere=elsewhere,
        held_back=by_rank(each for each in state.alerts if not each.is_firing),
        rank=_rank(state, ordered, elsewhere, freshness),
        freshness=freshness,
    )


def by_rank(alerts: Iterable[EngineAlert]) -> tuple[EngineAlert, ...]:
    """The most urgent first; those that are alike by name and place, which stay the same."""
    return tuple(
        sorted(alerts, key=lambda each: (-each.rank, each.name, each.instance, each.server))
    )


def _rank(
    state: EngineState,
    members: tuple[EngineMember, ...],
    elsewhere: tuple[EngineAlert, ...],
    freshness: Freshness,
) -> Rank:
    """The worst of all; at least LOST where something could not be read or is missing."""
    if state.desk.paused:
        return Rank.PAUSED
    known = [*(each.rank for each in members[:1]), *(each.rank for each in elsewhere[:1])]
    is_whole = members and freshness is Freshness.FRESH and not state.warning
    return max(known, default=Rank.LOST) if is_whole else max([Rank.LOST, *known])
