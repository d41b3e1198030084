"""Finds the server's processes once, then reads them by identity at little cost.

While the server lives, a reading uses only the kept handles of its tree. When it is gone, each
reading searches again, so that a new server is found at once.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from heapq import nlargest

from msgspec.structs import replace

from tray_app.core.model.process_finding import (
    Evidence,
    EvidenceKind,
    ProcessProblem,
    ProcessProblemKind,
)
from tray_app.core.model.readings import (
    Killed,
    Loss,
    PollReading,
    ProcessReading,
    ProcessRow,
    Role,
    Target,
)
from tray_app.core.server.discovery import (
    ProcessFacts,
    TargetChoice,
    may_outlive_its_supervisor,
)
from tray_app.core.server.target_override import NO_OVERRIDE, TargetOverride
from tray_app.sources.processes.command_line_index import CommandLineIndex
from tray_app.sources.processes.finder import TargetFinder
from tray_app.sources.processes.oom_kills import OomWatch
from tray_app.sources.processes.other_pythons import OtherPythons
from tray_app.sources.processes.process_table import ProcessHandle, ProcessTable
from tray_app.sources.processes.tree import ServerTree, TreeReading
from tray_app.sources.processes.watched_ports import WatchedPorts

# How often to search again while the server does not listen.
_RECHECK_EVERY_S = 3.0


class ServerProbe:
    """Reads the server that listens on ``port`` of this machine, as ``host`` reaches it.

    ``own_pid`` is this program, never the server. ``clock`` measures what searching costs.
    ``watched`` are the ports of all servers of this program.
    """

    def __init__(
        self,
        table: ProcessTable,
        host: str,
        port: int,
        own_pid: int,
        clock: Callable[[], float],
        watched: WatchedPorts | None = None,
    ) -> None:
        self._table = table
        self._host = host
        self._port = port
        self._new_processes = table.new_processes()
        self._index = CommandLineIndex(table, clock)
        self._watched = watched or WatchedPorts()
        self._watched.enter(self, host, port)
        self._search = TargetFinder(
            table=table,
            index=self._index,
            host=host,
            port=port,
            own_pid=own_pid,
            clock=clock,
            watched=self._watched,
        )
        self._others = OtherPythons(table, self._index, own_pid)
        self._own_pid = own_pid
        self._choice = TargetChoice()
        self._target: Target | None = None
        self._tree: ServerTree | None = None
        self._override = NO_OVERRIDE
        self._named: tuple[int, float | None] | None = None
        self._oom: OomWatch | None = None
        self._loss: Loss | None = None
        self._killed: Killed | None = None
        self._recheck_s = 0.0
        self._polled: tuple[Sequence[ProcessHandle], int, bool] | None = None
        self._poller: Callable[[], PollReading] = table.make_poller(())

    def read(
        self, now_s: float, others: bool = False, override: TargetOverride = NO_OVERRIDE
    ) -> ProcessReading:
        """One reading; ``others`` adds the largest other Python processes, ``override`` overrides
        the evidence. Never raises for a process that vanishes or may not be read."""
        if override != self._override:
            self._turn_to(override)
        new_pids = self._new_processes.poll()
        if new_pids:
            self._index.note(now_s, new_pids)
        self._loss = self._killed = None
        tree = self._read_tree(now_s, new_pids)
        if self._is_search_due(now_s):
            self._recheck_s = now_s + _RECHECK_EVERY_S
            if self._follow(self._choose(now_s), now_s):
                tree = self._read_tree(now_s, {})
        system = self._table.system_memory()
        pythons: tuple[ProcessRow, ...] = ()
        if others:
            pythons = self._others.read(now_s, self._tree.pids if self._tree else ())
        if tree is None:
            # An ending process releases its port a moment after its memory.
            known = None if self._loss and self._choice.hidden else self._choice.problem
            return ProcessReading(
                now_s,
                system,
                others=pythons,
                problem=known or ProcessProblem(ProcessProblemKind.JUST_ENDED),
                loss=self._loss,
                candidates=self._choice.candidates if self._choice.pid is None else (),
            )
        return ProcessReading(
            taken_s=now_s,
            system=system,
            target=self._target,
            rows=tree.rows,
            others=pythons,
            worker_count=len(tree.workers),
            answering_rss_bytes=tree.answering_rss_bytes,
            cpu_percent=tree.cpu_percent,
            cpu_used_s=tree.cpu_used_s,
            workers=tree.workers,
            candidates=self._choice.candidates,
            loss=self._loss,
            killed=self._killed,
        )

    def make_poller(
        self, floor_bytes: int = sys.maxsize, with_new_children: bool = False
    ) -> Callable[[], PollReading]:
        """A function that polls the memory of the last reading's processes, without any search.
        Parameters as in :meth:`ProcessTable.make_poller`."""
        polled = self._tree.handles if self._tree else (), floor_bytes, with_new_children
        if polled != self._polled:
            self._polled, self._poller = polled, self._table.make_poller(*polled)
        return self._poller

    def largest(self, count: int) -> tuple[ProcessRow, ...]:
        """The largest processes, of any user: of the machine, or of the control group whose
        limit counts. The server is one, with all of its tree. Expensive: reads every process."""
        rows = []
        tree = self._tree.rows if self._tree else ()
        children = {row.pid for row in tree[1:]}
        for pid in self._table.limited_pids() or self._table.pids():
            if pid in children:
                continue
            if tree and pid == tree[0].pid:
                server_bytes = sum(row.rss_bytes for row in tree)
                rows.append(replace(tree[0], rss_bytes=server_bytes))
                continue
            handle = self._table.open(pid)
            usage = handle.read() if handle else None
            if handle and usage:
                created_s, rss_bytes = handle.created_s, usage.rss_bytes
                rows.append(
                    ProcessRow(
                        pid=pid,
                        name=usage.name,
                        role=Role.OTHER,
                        rss_bytes=rss_bytes,
                        cpu_percent=None,
                        created_s=created_s,
                    )
                )
            if handle:
                handle.close()
        return tuple(nlargest(count, rows, key=lambda row: row.rss_bytes))

    def forget(self) -> None:
        """Forget the target: the next reading searches again (after sleep, for example)."""
        self._let_go()
        self._others.close()

    def close(self) -> None:
        """Release all handles and the table."""
        self.forget()
        self._table.close()
        self._watched.leave(self)

    def _read_tree(self, now_s: float, new_pids: Mapping[int, int]) -> TreeReading | None:
        if self._tree is None:
            return None
        # Count before reading the processes: then the next reading sees a kill in between.
        count = self._table.oom_count()
        reading = self._tree.read(now_s, new_pids)
        if self._oom is None:
            self._oom = OomWatch(count)
        if reading is None:
            if self._target is not None:
                kills = self._oom.since_last(now_s, self._table.oom_count())
                self._loss = Loss(self._target, kills)
            self._let_go()
            return None
        if reading.ended:
            kills = self._oom.since_last(now_s, self._table.oom_count())
            if kills and kills.own_group and kills.count:
                self._killed = Killed(reading.ended, kills)
        self._oom.note(now_s, count)
        return reading

    def _turn_to(self, override: TargetOverride) -> None:
        self._override = override
        self._named = override.pinned or (None if override.pid is None else (override.pid, None))
        self._choice = TargetChoice()
        self._recheck_s = 0.0
        self._index.seek(override.match)
        self._let_go()

    def _choose(self, now_s: float) -> TargetChoice:
        if self._named is not None:
            return self._choose_named(*self._named)
        if self._override.match is not None:
            current = self._tree.root.pid if self._tree else None
            return self._search.find_match(now_s, self._override.match, current)
        return self._search.find(now_s)

    def _choose_named(self, pid: int, created_s: float | None) -> TargetChoice:
        """The chosen process, as long as its identity is the same."""
        if pid == self._own_pid:
            return _none(ProcessProblemKind.IS_MONITOR, pid)
        facts = self._table.facts(pid)
        if created_s is not None and (facts is None or facts.created_s != created_s):
            return _none(ProcessProblemKind.CHOSEN_HAS_ENDED, pid)
        if facts is None:
            return _none(ProcessProblemKind.NO_SUCH_PROCESS, pid)
        self._named = (pid, facts.created_s)
        return TargetChoice(pid, Evidence(EvidenceKind.CHOSEN))

    def _is_search_due(self, now_s: float) -> bool:
        if self._tree is None:
            return True
        if self._named is not None:
            return False
        listens = self._choice.by_port and bool(self._tree.listening)
        return not listens and now_s >= self._recheck_s

    def _follow(self, choice: TargetChoice, now_s: float) -> bool:
        """Switch to the chosen process; True if it must be read again."""
        self._choice = choice
        if self._tree and self._target and choice.pid == self._tree.root.pid:
            if choice.evidence == self._target.evidence:
                return False
            self._target = replace(self._target, evidence=choice.evidence)
            self._tree.recheck(now_s)
            return True
        self._let_go()
        if choice.pid is None or choice.evidence is None:
            return True
        facts, root = self._table.facts(choice.pid), self._table.open(choice.pid)
        if facts is None or root is None:
            if root is not None:
                root.close()
            is_others = facts is not None and not facts.owned
            kind = ProcessProblemKind.PROCESS_OF_OTHER_USER
            self._choice = _none(kind if is_others else ProcessProblemKind.UNREADABLE, choice.pid)
            return True
        self._target = Target(
            pid=facts.pid,
            created_s=root.created_s,
            name=facts.name,
            cmdline=facts.cmdline,
            cwd=facts.cwd,
            evidence=choice.evidence,
        )
        siblings = self._siblings(facts) if choice.by_port else frozenset[int]()
        self._tree = ServerTree(
            table=self._table,
            root=root,
            host=self._host,
            port=self._port,
            now_s=now_s,
            siblings=siblings,
        )
        self._table.count_limits_of(choice.pid)
        self._polled = None
        self._oom = OomWatch(self._table.oom_count())
        return True

    def _siblings(self, root: ProcessFacts) -> frozenset[int]:
        """Other processes on the port beside a worker whose supervisor was killed: any of them may
        answer."""
        if not may_outlive_its_supervisor(root):
            return frozenset()
        beside = [
            pid
            for pid in self._table.pids()
            if pid != root.pid and self._table.parent(pid) == root.ppid
        ]
        return self._table.listeners(self._port, self._host, beside).pids

    def _let_go(self) -> None:
        if self._tree is not None:
            self._tree.close()
            self._table.count_limits_of(None)
            self._polled = None
            self._index.expire()
        self._tree = self._target = self._oom = None


def _none(kind: ProcessProblemKind, pid: int) -> TargetChoice:
    return TargetChoice(problem=ProcessProblem(kind, pid=pid))
