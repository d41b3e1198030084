"""What the sampler needs of its sources, and what it posts and publishes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from tray_app.core.model.readings import (
    ApiOutcome,
    PollReading,
    ProcessReading,
    ProcessRow,
    Sharing,
)
from tray_app.core.monitor.commands import Command
from tray_app.core.monitor.events import Event
from tray_app.core.monitor.inputs import Report
from tray_app.core.monitor.state import State
from tray_app.core.server.target_override import NO_OVERRIDE, TargetOverride


class Api(Protocol):
    """Asks the server; every ask that returned True is reported once, from another thread."""

    def ask(self, patience_s: float, with_stage: bool = False) -> bool: ...
    def close(self) -> None: ...


class Probe(Protocol):
    """Reads this machine's processes."""

    def read(
        self, now_s: float, others: bool = False, override: TargetOverride = NO_OVERRIDE
    ) -> ProcessReading: ...

    def make_poller(self, floor_bytes: int, with_new_children: bool) -> Callable[[], PollReading]:
        """A function that polls the memory of what the last reading has found, and of children that
        have come since, where wanted. It need not say how much more than ``floor_bytes`` the
        machine has available."""

    def largest(self, count: int) -> tuple[ProcessRow, ...]:
        """The machine's largest processes."""

    def forget(self) -> None:
        """Search for the server again at the next reading."""

    def close(self) -> None: ...


class Walker(Protocol):
    """Measures a directory in its own thread; None lets it rest."""

    def watch(self, path: str | None, *, lively: bool = False) -> None: ...
    def close(self) -> None: ...


class UssPssSource(Protocol):
    """Asks in its own thread what of these processes' memory is their own; none lets it rest."""

    def watch(self, rows: tuple[ProcessRow, ...]) -> Sharing:
        """Tells what was measured so far, after a short wait for processes that are new."""

    def close(self) -> None: ...


Helpers = tuple[Api, Walker, UssPssSource | None]
"""The sources that work in threads of their own."""
Posted = ApiOutcome | Command | Report | Helpers
Outlet = Callable[[State, tuple[Event, ...]], None]
"""Takes what a step brought, from the sampler thread; it must return at once."""
