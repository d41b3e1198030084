"""The page of all servers: the worst first, each with its figure and its past in sentences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import quote

from msgspec import Struct

from tray_app.core.fleet.overview import Fleet, Member
from tray_app.core.fleet.rank import Rank, worst_first
from tray_app.core.history.page_data import Answer, Link, PageData
from tray_app.core.presentation import fleet_text
from tray_app.core.presentation.format import counted
from tray_app.core.presentation.page_text import moment

HOME = "All servers"
"""What a link to the page says."""
NOTHING = Answer("", "Nothing is recorded yet.")


class Past(Struct, frozen=True):
    """What is recorded of a server. ``answers`` are the sentences about the last day and about a
    leak, ``recent`` is what the picture shows. Both are empty where nothing is recorded."""

    answers: tuple[Answer, ...] = ()
    recent: PageData | None = None


class ServerPart(Struct, frozen=True):
    """A server's part of the page: ``now`` is ``3.03 GB · critical``, ``colour`` is ``red``, or
    where it has none, how the server is: ``paused``."""

    link: Link
    rank: Rank
    colour: str
    now: str
    answers: tuple[Answer, ...]
    recent: PageData | None


class OverviewPage(Struct, frozen=True):
    """All of the page; ``heading`` is ``3 servers: 1 red, 2 green``."""

    heading: str
    time: str
    servers: tuple[ServerPart, ...]
    version: str


def place(server: str) -> str:
    """Where a server's page is, below that of all."""
    return f"{quote(server, safe='')}/"


def picker(names: Iterable[str], here: str) -> list[Link]:
    """The links from a server's page to that of all, and to each other server's."""
    others = (Link(each, f"../{place(each)}", each == here) for each in names)
    return [Link(HOME, "../"), *others]


def overview(fleet: Fleet, pasts: Mapping[str, Past], now_ms: int, version: str) -> OverviewPage:
    """The page; ``pasts`` by the servers' names."""
    return OverviewPage(
        heading=f"{counted(len(fleet.members), 'server')}: {fleet_text.by_band(fleet.members)}",
        time=moment(now_ms),
        servers=tuple(
            _part(each, pasts.get(each.name, Past())) for each in worst_first(fleet.members)
        ),
        version=version,
    )


def _part(member: Member, past: Past) -> ServerPart:
    return ServerPart(
        link=Link(member.name, place(member.name)),
        rank=member.rank,
        colour=fleet_text.by_band((member,)),
        now=fleet_text.how(member),
        answers=past.answers or (NOTHING,),
        recent=past.recent,
    )
