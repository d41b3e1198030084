"""The notifications of several servers: each names its server, and those that come together are
one."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from tray_app.core.alerts.policy import Condition
from tray_app.core.fleet import grouping
from tray_app.core.fleet.grouping import Group, Grouping
from tray_app.core.fleet.rank import Rank, rank_of
from tray_app.core.monitor.events import Alert, Earlier, Event
from tray_app.core.presentation import fleet_text
from tray_app.core.presentation.icon import Picture
from tray_app.core.presentation.notifications import Note, Urgency, slot_of

# What several servers may have at once: other alerts end by themselves.
_GROUPED = frozenset(Condition)


class FleetNotes:
    """Which alerts are one message now. Not thread-safe. ``clock`` gives monotonic seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._state = Grouping()
        self._pictures: dict[tuple[str, str], Picture] = {}

    def address(self, server: str, *, remote: bool) -> ServerNotes:
        """The place of this server's notifications."""
        return ServerNotes(self, server, remote)

    def take(self, note: Note, event: Event, server: str, remote: bool) -> Note:
        """The notification as it is sent."""
        said = fleet_text.addressed(note, server)
        if note.replace not in _GROUPED or not isinstance(event, Alert | Earlier):
            return said
        new = fleet_text.told(note, event, server, self._clock(), remote=remote)
        self._state, group = grouping.told(self._state, new)
        if note.picture is not None:
            self._pictures[server, note.replace] = note.picture
        return said if group is None else self._message(group, said)

    def withdrawn(self, word: str, server: str) -> Note | str:
        """What to close, or what takes the message's place."""
        self._state, group = grouping.withdrawn(self._state, server, word)
        if group is None:
            return slot_of(word, server)
        if group.is_over:
            return slot(group)
        return self._message(group, Note("", "", Urgency.LOW, word, server=server))

    def _message(self, group: Group, newest: Note) -> Note:
        """The message about all of them, with the worst one's picture."""
        known = [self._pictures.get((each.server, each.slot)) for each in group.holding]
        worst = max(filter(None, known), key=_urgency, default=newest.picture)
        return replace(message(group, newest), picture=worst)


def _urgency(picture: Picture) -> Rank:
    """How urgent a server is that looks so."""
    rank = rank_of(picture.band)
    return max(Rank.LOST, rank) if picture.hung else rank


def message(group: Group, newest: Note) -> Note:
    """The message about all of them, in the place of the first one's. Its result belongs to the
    ``newest``."""
    about = fleet_text.grouped(group)
    return replace(
        newest,
        title=about.title,
        text=about.text,
        urgency=about.urgency,
        actions=about.actions,
        silent=about.silent,
        chart=None,
        in_place_of=slot(group),
    )


def slot(group: Group) -> str:
    return slot_of(group.first.slot, group.first.server)


class ServerNotes:
    """The notifications of one of several servers."""

    def __init__(self, notes: FleetNotes, server: str, remote: bool) -> None:
        self._notes = notes
        self._server = server
        self._remote = remote

    def note(self, note: Note, event: Event) -> Note:
        """With the server's name, or as part of one message."""
        return self._notes.take(note, event, self._server, self._remote)

    def closed(self, word: str) -> Note | str:
        """What a withdrawn alert closes."""
        return self._notes.withdrawn(word, self._server)
