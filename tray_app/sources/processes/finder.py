"""Finds the server on this machine: by its port, or by command line if nothing listens there.

The port is asked at each reading as long as that costs little (on Linux it does), else as
often as its :class:`DutyCycle` allows.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Container

from msgspec.structs import replace

from tray_app.core.model.readings import Target
from tray_app.core.server.discovery import (
    Listeners,
    ProcessFacts,
    TargetChoice,
    choose,
    launcher_of,
)
from tray_app.core.server.target_override import choose_match
from tray_app.sources.processes.command_line_index import CommandLineIndex
from tray_app.sources.processes.duty_cycle import DutyCycle
from tray_app.sources.processes.process_table import ProcessTable


class TargetFinder:
    """Looks for the server that ``host`` and ``port`` name; never for ``own_pid``. Servers on
    ``watched`` ports are not offered: they are in the list."""

    def __init__(
        self,
        table: ProcessTable,
        index: CommandLineIndex,
        host: str,
        port: int,
        own_pid: int,
        clock: Callable[[], float],
        watched: Container[int] = (),
    ) -> None:
        self._table = table
        self._index = index
        self._host = host
        self._port = port
        self._own_pid = own_pid
        self._watched = watched
        self._duty = DutyCycle(clock)
        self._listeners = Listeners()

    def find(self, now_s: float) -> TargetChoice:
        """The best choice now, or the reason why there is none."""
        self._ask_port(now_s)
        facts = self._with_launchers(self._facts(self._listeners.pids))
        ports = {}
        if not facts and not self._listeners.hidden:
            self._index.update(now_s)
            facts = self._facts(self._index.servers)
            ports = {each.pid: self._table.listening_ports(each.pid) for each in facts}
        choice = choose(self._port, facts, self._listeners, ports, self._own_pid)
        if choice.pid is not None or not choice.candidates:
            return choice
        offered = (each for each in choice.candidates if self._is_offered(each))
        return replace(choice, candidates=tuple(offered))

    def _is_offered(self, found: Target) -> bool:
        """Whether the host and a port of the process lead to it, and that port is not watched."""
        if found.port is None or found.port in self._watched:
            return False
        return found.pid in self._table.listeners(found.port, self._host, {found.pid}).pids

    def find_match(self, now_s: float, match: str, current: int | None) -> TargetChoice:
        """The best choice among processes whose command line matches; ``current`` is the watched
        one."""
        self._ask_port(now_s)
        self._index.update(now_s)
        facts = self._facts(self._index.matches)
        return choose_match(match, facts, self._listeners.pids, self._own_line(), current)

    def _ask_port(self, now_s: float) -> None:
        if self._duty.is_ready(now_s):
            self._listeners = self._duty.run(now_s, self._who_listens)

    def _own_line(self) -> set[int]:
        """This program and its ancestors."""
        line: set[int] = set()
        pid: int | None = self._own_pid
        while pid and pid not in line:
            line.add(pid)
            pid = self._table.parent(pid)
        return line

    def _who_listens(self) -> Listeners:
        return self._table.listeners(self._port, self._host)

    def _with_launchers(self, listeners: list[ProcessFacts]) -> list[ProcessFacts]:
        found = {each.pid: each for each in listeners}
        for each in listeners:
            while parent := launcher_of(each, self._table.facts(each.ppid)):
                found[parent.pid] = each = parent
        return list(found.values())

    def _facts(self, pids: Collection[int]) -> list[ProcessFacts]:
        return [each for each in map(self._table.facts, pids) if each is not None]
