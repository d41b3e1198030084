"""The sampler's interfaces: its sources, inputs and outlets."""

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
        """A function that polls the memory of the last reading's processes and, on request, of
        their new children. It need not report available memory above ``floor_bytes``."""

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
    """Measures in its own thread how much of these processes' memory is private; no processes:
    rest."""

    def watch(self, rows: tuple[ProcessRow, ...]) -> Sharing:
        """Returns the measurements so far, after a short wait for new processes."""

    def close(self) -> None: ...


Helpers = tuple[Api, Walker, UssPssSource | None]
"""The sources that work in threads of their own."""
Posted = ApiOutcome | Command | Report | Helpers
Outlet = Callable[[State, tuple[Event, ...]], None]
"""Takes the result of a step, in the sampler's thread; it must return at once."""
