"""Index of command lines: server candidates, Python processes, and matches of a pattern.

It reads only processes that are new since the last call, and young ones twice: between fork and
exec a child carries its parent's command line. Every 60 s it reads all of them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable

from tray_app.core.server.command_line import is_python, server_command
from tray_app.core.server.target_override import matches
from tray_app.sources.processes.duty_cycle import DutyCycle
from tray_app.sources.processes.process_table import ProcessTable

_FULL_SCAN_S = 60.0
_YOUNG_S = 5.0


class CommandLineIndex:
    """``servers``, ``pythons`` and ``matches`` are pids as of the last :meth:`update`; some may be
    gone."""

    def __init__(self, table: ProcessTable, clock: Callable[[], float]) -> None:
        self.servers: set[int] = set()
        self.pythons: set[int] = set()
        self.matches: set[int] = set()
        self._pattern: re.Pattern[str] | None = None
        self._table = table
        self._duty = DutyCycle(clock)
        self._full_s = -math.inf
        self._young: dict[int, float] = {}

    def seek(self, match: str | None) -> None:
        """From now on ``matches`` are the processes whose command line contains this pattern."""
        if match != (self._pattern.pattern if self._pattern else None):
            self._pattern = re.compile(match) if match is not None else None
            self.matches.clear()
            self.expire()

    def note(self, now_s: float, new_pids: Iterable[int]) -> None:
        """Remember new processes for the next update."""
        if now_s - self._full_s >= _FULL_SCAN_S:
            self._young.clear()  # the next update reads all of them
        self._young.update(dict.fromkeys(new_pids, now_s))

    def expire(self) -> None:
        """Read everything at the next update, as soon as its cost allows."""
        self._full_s = -math.inf

    def update(self, now_s: float) -> None:
        """Update the sets."""
        if now_s - self._full_s >= _FULL_SCAN_S and self._duty.is_ready(now_s):
            self._duty.run(now_s, self._look_at_all)
            self._full_s = now_s
            return
        for pid, noted_s in tuple(self._young.items()):
            self._look_at(pid)
            if now_s - noted_s > _YOUNG_S:
                del self._young[pid]

    def _look_at_all(self) -> None:
        self.servers.clear()
        self.pythons.clear()
        self.matches.clear()
        for pid in self._table.pids():
            self._look_at(pid)

    def _look_at(self, pid: int) -> None:
        cmdline = self._table.cmdline(pid)
        _set(self.pythons, pid, is_python(cmdline))
        _set(self.servers, pid, server_command(cmdline) is not None)
        if self._pattern is not None:
            _set(self.matches, pid, matches(self._pattern, cmdline))


def _set(pids: set[int], pid: int, belongs: bool) -> None:
    if belongs:
        pids.add(pid)
    else:
        pids.discard(pid)
