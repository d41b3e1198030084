"""What the icon shows: one server's state, or those of several servers together."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from tray_app.core.config.settings import server_name
from tray_app.core.fleet.overview import Fleet, Member
from tray_app.core.presentation import fleet_text
from tray_app.runtime import clock
from tray_app.views.fleet_look import SEVERAL_SERVERS, appearance
from tray_app.views.fleet_notes import FleetNotes
from tray_app.views.presenter import ONE_SERVER, Panel, Presenter

if TYPE_CHECKING:
    from tray_app.core.monitor.commands import Order
    from tray_app.core.monitor.state import State
    from tray_app.core.presentation.notifications import Note
    from tray_app.views.notifications import Address


class Board(Protocol):
    """Takes the states of all servers, from their samplers' threads, and shows them."""

    def begin(self, name: str, state: State) -> None:
        """A server's state before its first sample."""

    def leave(self, name: str) -> None:
        """A server is no longer watched."""

    def tell(self, name: str, state: State) -> None:
        """A server's newest state; returns at once."""

    def show(self) -> None:
        """Show what there is in this thread, before `start`."""

    def start(self) -> None:
        """Show everything that comes in a thread of its own."""

    def close(self, limit_s: float) -> None:
        """Wait until the last state is shown."""

    def choose(self, name: str) -> None:
        """Show this server in the icon; empty: the worst."""

    def status(self) -> Note | None:
        """All servers as a notification; None: there is one, which tells it itself."""

    def address(self, begun: State) -> Address | None:
        """The place of a server's notifications among the others; None: there are no others."""


class OneServerBoard:
    """Shows the state of the only server."""

    def __init__(self, panel: Panel, submit: Callable[[Order], None]) -> None:
        self._presenter = Presenter(panel, submit, ONE_SERVER)
        self.show, self.start = self._presenter.show, self._presenter.start
        self.close = self._presenter.close

    def begin(self, _name: str, state: State) -> None:
        self._presenter.tell(state)

    tell = begin

    def choose(self, _name: str) -> None:
        pass

    def leave(self, _name: str) -> None:
        pass

    def status(self) -> None:
        return None

    def address(self, _begun: State) -> None:
        return None


class FleetBoard:
    """Shows several servers together. ``shown``: see `Fleet`."""

    def __init__(self, panel: Panel, submit: Callable[[Order], None], shown: str) -> None:
        self._presenter = Presenter(panel, submit, SEVERAL_SERVERS)
        self._notes = FleetNotes(clock.mono_s)
        self._lock = threading.Lock()
        self._fleet = Fleet((), shown)
        self._appearances: dict[str, object] = {}
        self.show, self.start = self._presenter.show, self._presenter.start
        self.close = self._presenter.close

    def begin(self, name: str, state: State) -> None:
        with self._lock:
            self._appearances.pop(name, None)
            members = (*self._fleet.members, Member(name, state))
            self._fleet = Fleet(members, self._fleet.shown)
            self._presenter.tell(self._fleet)

    def tell(self, name: str, state: State) -> None:
        new = Member(name, state)
        seen = appearance(new)
        with self._lock:
            members = tuple(new if each.name == name else each for each in self._fleet.members)
            self._fleet = Fleet(members, self._fleet.shown)
            is_same, self._appearances[name] = seen == self._appearances.get(name), seen
            self._presenter.tell(self._fleet, looks_the_same=is_same)

    def leave(self, name: str) -> None:
        with self._lock:
            members = tuple(each for each in self._fleet.members if each.name != name)
            self._fleet = Fleet(members, self._fleet.shown)
            self._presenter.tell(self._fleet)

    def choose(self, name: str) -> None:
        with self._lock:
            self._fleet = Fleet(self._fleet.members, name)
            self._presenter.tell(self._fleet)

    def status(self) -> Note:
        return fleet_text.status(self._fleet)

    def address(self, begun: State) -> Address:
        return self._notes.address(server_name(begun.settings), remote=not begun.local)
