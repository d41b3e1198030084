"""The largest other Python processes: listed every 10 s, read cheaply in between."""

from __future__ import annotations

import math
import sys
from collections.abc import Collection

from tray_app.core.model.readings import ProcessRow, Role
from tray_app.core.model.sanitize import visible
from tray_app.core.server.command_line import only_launches, what_runs
from tray_app.sources.processes.command_line_index import CommandLineIndex
from tray_app.sources.processes.cpu_meter import CpuMeter
from tray_app.sources.processes.process_table import ProcessTable

_SHOWN = 8
_LIST_EVERY_S = 10.0


class OtherPythons:
    """Keeps handles of those shown, from one listing to the next.

    ``has_launchers``: as on Windows a process is no fork, so one with its parent's command line was
    launched by it, and only the launched one is shown.
    """

    def __init__(
        self,
        table: ProcessTable,
        index: CommandLineIndex,
        own_pid: int,
        *,
        has_launchers: bool = sys.platform == "win32",
    ) -> None:
        self._table = table
        self._index = index
        self._own_pid = own_pid
        self._has_launchers = has_launchers
        self._meters: dict[int, CpuMeter] = {}
        self._runs: dict[int, str] = {}
        self._listed_s = -math.inf

    def read(self, now_s: float, tree: Collection[int]) -> tuple[ProcessRow, ...]:
        """The largest first; ``tree`` are the server's own, which are left out."""
        if now_s - self._listed_s >= _LIST_EVERY_S:
            self._listed_s = now_s
            self._index.update(now_s)
            self._join(self._index.pythons - {self._own_pid} - self._launchers())
        rows = []
        for pid, meter in tuple(self._meters.items()):
            usage = None if pid in tree else meter.read(now_s)
            if usage is None:
                self._leave(pid)
            else:
                name, rss_bytes = usage.name, usage.rss_bytes
                row = ProcessRow(
                    pid=pid,
                    name=name,
                    role=Role.PYTHON,
                    rss_bytes=rss_bytes,
                    cpu_percent=meter.cpu_percent,
                    created_s=meter.created_s,
                    runs=self._runs[pid],
                )
                rows.append(row)
        rows.sort(key=lambda row: row.rss_bytes, reverse=True)
        for row in rows[_SHOWN:]:
            self._leave(row.pid)
        return tuple(rows[:_SHOWN])

    def close(self) -> None:
        """Release all handles."""
        for pid in tuple(self._meters):
            self._leave(pid)
        self._listed_s = -math.inf

    def _launchers(self) -> set[int]:
        """Those that only wait for the Python that they started: a venv's python.exe."""
        if not self._has_launchers:
            return set()
        parents = {pid: self._table.parent(pid) for pid in self._index.pythons | {self._own_pid}}
        cmdline = self._table.cmdline
        return {
            parent
            for pid, parent in parents.items()
            if parent in self._index.pythons and only_launches(cmdline(parent), cmdline(pid))
        }

    def _join(self, pids: Collection[int]) -> None:
        for pid in pids - self._meters.keys():
            handle = self._table.open(pid)
            if handle is not None:
                self._meters[pid] = CpuMeter(handle)
                self._runs[pid] = visible(what_runs(self._table.cmdline(pid)))

    def _leave(self, pid: int) -> None:
        self._meters.pop(pid).close()
        del self._runs[pid]
