"""Keeps the last published state of each server, and counts its events.

An outlet of the sampler: it takes some microseconds there. A reader waits for nobody.
"""

from __future__ import annotations

from collections.abc import Callable

from tray_app.core.history import counts
from tray_app.core.history.counts import Counts
from tray_app.core.model.readings import Now
from tray_app.core.monitor.events import Event
from tray_app.core.monitor.state import State, set_address
from tray_app.core.presentation.metrics import Told


class Latest:
    """What is known of one server; `publish` is called by its sampler alone."""

    def __init__(self) -> None:
        # One value, so that a reader in another thread sees a state and its own counts.
        self._newest: tuple[State, Counts] | None = None

    def publish(self, state: State, events: tuple[Event, ...]) -> None:
        """Take this state; returns at once."""
        before = self._newest[1] if self._newest else Counts()
        self._newest = state, counts.update(before, events)

    def told(self, now: Now) -> Told | None:
        """What can be told of it at this moment; None before the first state."""
        newest = self._newest
        if newest is None:
            return None
        state, counted = newest
        name = state.settings.name or set_address(state).label
        return Told(name, state, counted, now)


Servers = Callable[[], list[Told]]
"""Every server that is watched, as it is now."""
