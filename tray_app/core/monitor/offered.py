"""The other processes that can be watched instead, each in a place of its own.

While the menu is open none of them moves: a new one takes the next free place, and one that is gone
keeps its own. So a click acts on the process whose row was shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct
from msgspec.structs import replace

from tray_app.core.model.readings import ProcessRow, Target

PLACES = 10

Identity = tuple[int, float]


class Offered(Struct, frozen=True):
    """A process as it was last seen: as a candidate, in the list of processes, or as both.

    ``gone``: it is listed no longer, because it has ended, is watched now, or has become small.
    """

    identity: Identity
    candidate: Target | None = None
    row: ProcessRow | None = None
    gone: bool = False


def update(
    kept: tuple[Offered, ...], candidates: Iterable[Target], others: Iterable[ProcessRow]
) -> tuple[Offered, ...]:
    """The places after a reading; those of ``kept`` stay. Where there are none: candidates first,
    then the others from the oldest to the newest."""
    found = {each.identity: each for each in _listed(candidates, others)}
    stayed = [found.pop(each.identity, replace(each, gone=True)) for each in kept]
    return (*stayed, *found.values())[:PLACES]


def _listed(candidates: Iterable[Target], others: Iterable[ProcessRow]) -> Iterator[Offered]:
    rows = {
        (row.pid, row.created_s): Offered((row.pid, row.created_s), row=row)
        for row in others
        if row.created_s is not None
    }
    for each in candidates:
        beside = rows.pop(each.identity, None)
        yield Offered(each.identity, each, beside.row if beside else None)
    yield from sorted(rows.values(), key=lambda offered: (offered.identity[1], offered.identity))
