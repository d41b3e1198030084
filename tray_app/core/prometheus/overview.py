"""Servers and alerts put together: how urgent each server is, and what the icon shows.

Nothing is judged here but the truth of a picture: it is never green while an alert fires, or while
something could not be read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

from tray_app.core.fleet.rank import Rank, worst_first
from tray_app.core.prometheus.naming import Key
from tray_app.core.prometheus.values import AlertStatus, EngineAlert, EngineServer


class EngineMember(Struct, frozen=True):
    """A server, and its alerts that fire: its own, and those of its whole exporter. ``silenced``:
    a person holds back one of them."""

    server: EngineServer
    alerts: tuple[EngineAlert, ...]
    rank: Rank
    silenced: bool = False

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
    that are held back. ``rank`` is the icon's; ``firing`` is the number of alerts that fire."""

    members: tuple[EngineMember, ...] = ()
    elsewhere: tuple[EngineAlert, ...] = ()
    held_back: tuple[EngineAlert, ...] = ()
    firing: int = 0
    rank: Rank = Rank.LOST


NOTHING = Overview()
"""Before the first answer."""


def overview(
    servers: Sequence[EngineServer], alerts: Sequence[EngineAlert], *, is_whole: bool
) -> Overview:
    """All of it. ``is_whole``: everything was read, and recently."""
    by_place = _by_place(alerts, AlertStatus.FIRING)
    silenced = _by_place(alerts, AlertStatus.SILENCED).keys()
    placed: set[Key] = set()
    members = []
    for server in servers:
        places = {server.key, (server.instance, "")}
        placed |= places
        own = by_rank(each for place in places for each in by_place.get(place, ()))
        rank = max(server.rank, own[0].rank) if own else server.rank
        members.append(EngineMember(server, own, rank, silenced=not places.isdisjoint(silenced)))
    ordered = worst_first(members)
    elsewhere = by_rank(
        each for place, several in by_place.items() if place not in placed for each in several
    )
    known = [*(each.rank for each in ordered[:1]), *(each.rank for each in elsewhere[:1])]
    return Overview(
        members=ordered,
        elsewhere=elsewhere,
        held_back=by_rank(each for each in alerts if not each.is_firing),
        firing=sum(map(len, by_place.values())),
        rank=max(known if is_whole and ordered else [Rank.LOST, *known]),
    )


def by_rank(alerts: Iterable[EngineAlert]) -> tuple[EngineAlert, ...]:
    """The most urgent first; those that are alike by name and place, which stay the same."""
    return tuple(
        sorted(alerts, key=lambda each: (-each.rank, each.name, each.instance, each.server))
    )


def _by_place(alerts: Iterable[EngineAlert], status: AlertStatus) -> dict[Key, list[EngineAlert]]:
    """Those in this status, by exporter and server."""
    found: dict[Key, list[EngineAlert]] = {}
    for alert in alerts:
        if alert.status is status:
            found.setdefault((alert.instance, alert.server), []).append(alert)
    return found
