"""The notifications of an engine's alerts: one for each server, and one for those that come
together."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec import Struct
from msgspec.structs import replace

from tray_app.core.fleet import grouping
from tray_app.core.fleet.grouping import Grouping, Told
from tray_app.core.presentation import engine_text
from tray_app.core.presentation.notifications import Note, slot_of
from tray_app.core.prometheus.events import AlertsChanged
from tray_app.core.prometheus.overview import by_rank
from tray_app.core.prometheus.state import EngineState
from tray_app.core.prometheus.values import EngineAlert
from tray_app.views.fleet_notes import message, slot

PLACES_MAX = 500
"""New servers in one change; the icon and the menu count all."""
_SLOT = "alert"


class _Place(Struct):
    """What a change means for one server: its alerts that fire then, and what came and went."""

    left: list[EngineAlert] = []
    began: list[EngineAlert] = []
    ended: list[EngineAlert] = []


class EngineNotes:
    """Which notification stands for which alerts. Not thread-safe. ``clock`` gives monotonic
    seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._grouping = Grouping()
        self._shown: set[str] = set()
        self._names: dict[str, str] = {}

    def take(self, changed: AlertsChanged, state: EngineState) -> list[Note | str]:
        """What to send, and the slots to close, each once. ``state`` is the one that the change
        led to."""
        found: dict[str, Note | str] = {}
        places = self._places(changed, state)
        ordered = sorted(places, key=lambda name: -_rank(places[name]))
        new = [name for name in ordered if name not in self._shown]
        left_out = frozenset(new[PLACES_MAX:])
        for name in (each for each in ordered if each not in left_out):
            said = self._said(name, places[name], state)
            if said is not None:
                found[said if isinstance(said, str) else said.slot] = said
        return list(found.values())

    def _places(self, changed: AlertsChanged, state: EngineState) -> dict[str, _Place]:
        """The servers that a change is about. An alert keeps the name of its place: a server has
        another one while a second one is called the same."""
        names = {each.server.key: each.name for each in state.overview.members}
        places: dict[str, _Place] = {}

        def at(alert: EngineAlert) -> _Place:
            name = self._names.setdefault(alert.key, engine_text.place(alert, names))
            return places.setdefault(name, _Place([], [], []))

        for alert in changed.began:
            at(alert).began.append(alert)
        for alert in changed.ended:
            at(alert).ended.append(alert)
        for alert in changed.withdrawn:
            at(alert)
        for alert in state.told:
            if (name := self._names.get(alert.key, "")) in places:
                places[name].left.append(alert)
        for alert in (*changed.ended, *changed.withdrawn):
            self._names.pop(alert.key, None)
        return places

    def _said(self, name: str, place: _Place, state: EngineState) -> Note | str | None:
        """What to say of one server."""
        if not place.began and name not in self._shown:
            return None
        if place.left:
            worst = by_rank(place.left)[0]
            can_silence = state.silencing is not None
            note = engine_text.message(worst, name, _page(state), can_silence=can_silence)
            self._shown.add(name)
            return self._joined(note, engine_text.word(worst), is_quiet=not place.began)
        self._shown.discard(name)
        if place.ended:
            note = engine_text.resolved(by_rank(place.ended)[0], name)
            return self._joined(note, engine_text.RESOLVED, ends=True)
        self._grouping, group = grouping.withdrawn(self._grouping, name, _SLOT)
        if group is None:
            return slot_of(_SLOT, name)
        if group.is_over:
            return slot(group)
        return message(group, engine_text.quiet(name))

    def _joined(self, note: Note, word: str, *, ends: bool = False, is_quiet: bool = False) -> Note:
        """The notification, or the one about several servers that it becomes a part of."""
        told = Told(
            note.server,
            _SLOT,
            title=note.title.removeprefix(f"{note.server}: "),
            word=word,
            urgency=note.urgency,
            at_s=self._clock(),
            ends=ends,
            is_quiet=is_quiet,
        )
        self._grouping, group = grouping.told(self._grouping, told)
        return replace(note, silent=ends or is_quiet) if group is None else message(group, note)


def _rank(place: _Place) -> int:
    several: Iterable[EngineAlert] = (*place.left, *place.ended)
    return max((each.rank for each in several), default=0)


def _page(state: EngineState) -> str:
    return engine_text.alerts_page(state.desk.settings.prometheus)
