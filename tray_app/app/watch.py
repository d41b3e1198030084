"""Watches the servers of a run without an icon, for a terminal or a service."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from tray_app.app import wiring
from tray_app.app.servers import edited
from tray_app.app.watcher import Watcher
from tray_app.core.monitor.commands import Quit
from tray_app.core.monitor.events import Ended, Event
from tray_app.core.monitor.inputs import ThreadRestarted
from tray_app.core.monitor.state import State
from tray_app.runtime.ending import end_together
from tray_app.worker_thread import tell_restarts

if TYPE_CHECKING:
    from tray_app.app.exporter import Exporter
    from tray_app.app.invocation import Invocation
    from tray_app.core.config.servers import ServerEntry


class Told(NamedTuple):
    """What a step of a server's monitor made. ``server`` is its name among several; empty: it is
    the only one."""

    watcher: Watcher
    server: str
    state: State
    events: tuple[Event, ...]


class Watch:
    """The watchers of one run: one server or several, whose list may be edited meanwhile.

    One thread makes it and takes what `told` yields; any thread may call `quit` and `do`. ``begin``
    makes the state before the first sample. ``began`` takes each server that is watched from now
    on, ``left`` each that no longer is. ``options`` are those of a `Watcher`.
    """

    def __init__(
        self,
        invocation: Invocation,
        exporter: Exporter,
        *,
        begin: Callable[[Invocation], State] = wiring.first_state,
        began: Callable[[Watcher], None] = lambda _: None,
        left: Callable[[Watcher], None] = lambda _: None,
        **options: Any,
    ) -> None:
        self._invocation = invocation
        self._exporter = exporter
        self._begin, self._began, self._left = begin, began, left
        self._options = options
        self._told: queue.SimpleQueue[Told | Callable[[], None] | None] = queue.SimpleQueue()
        self._quit: Quit | None = None
        self.watchers = tuple(self._made(each) for each in invocation.servers or (invocation,))
        self._running = set(self.watchers)
        tell_restarts(lambda name, problem: self.watchers[0].post(ThreadRestarted(name, problem)))

    def _made(self, invocation: Invocation) -> Watcher:
        def publish(state: State, events: tuple[Event, ...]) -> None:
            if events:
                several = len(self.watchers) > 1
                self._told.put(Told(watcher, watcher.name if several else "", state, events))

        def listed(entries: tuple[ServerEntry, ...]) -> None:
            self._told.put(partial(self._follow, entries))

        outlets = (*self._exporter.outlets(), publish)
        begun = self._begin(invocation)
        watcher = Watcher(invocation, begun, outlets, listed=listed, **self._options)
        self._began(watcher)
        return watcher

    def start(self, *, whole: Callable[[State], bool] = lambda _: True) -> None:
        """Start all of them; ``whole`` says of which the first figure needs all sources."""
        for each in self.watchers:
            each.start(whole=whole(each.begun))

    def quit(self, order: Quit) -> None:
        """Ask all of them to end; from any thread."""
        self._quit = order
        for each in self.watchers:
            each.post(order)

    def end(self) -> None:
        """End `told` now, whatever runs; from any thread."""
        self._told.put(None)

    def do(self, work: Callable[[], None]) -> None:
        """Have the thread of `told` do this in its turn; from any thread."""
        self._told.put(work)

    def told(self) -> Iterator[Told]:
        """What the monitors make, until all have ended. Once the first has made something, or takes
        too long, all of them get the rest of their sources."""
        limit_s: float | None = wiring.FIRST_LIMIT_S
        while self._running:
            try:
                item = self._told.get(timeout=limit_s)
            except queue.Empty:
                pass
            else:
                if item is None:
                    return
                if not isinstance(item, Told):
                    item()
                elif item.watcher in self._running:
                    yield item
                    if any(isinstance(event, Ended) for event in item.events):
                        self._running.remove(item.watcher)
            if limit_s is not None:
                limit_s = None
                for each in self.watchers:
                    each.start_rest()

    def stop(self) -> None:
        """End sampling."""
        self._end(self.watchers)
        tell_restarts(None)

    def _follow(self, entries: tuple[ServerEntry, ...]) -> None:
        """Watch the servers of the edited list, and no others."""
        known = {each.name: each for each in self.watchers}
        stays, new = edited(self._invocation, tuple(known), entries)
        left = [each for name, each in known.items() if name not in stays]
        added = [self._made(each) for each in new]
        self.watchers = (*(known[name] for name in stays), *added)
        for each in added:
            self._running.add(each)
            each.start(whole=True)
            if self._quit is not None:
                each.post(self._quit)
        for each in left:
            self._running.discard(each)
            self._left(each)
            self._exporter.leave(each.outlets)
        self._end(left)

    @staticmethod
    def _end(watchers: Iterable[Watcher]) -> None:
        end_together([each.stop for each in watchers], wiring.JOIN_LIMIT_S)
