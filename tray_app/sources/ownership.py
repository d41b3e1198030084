"""How much of the server's memory is really its own, asked in a thread of its own.

The kernel walks all of a process's pages for that: 9 to 16 ms for each GB. So it is asked seldom,
never on the sampling path, and at most 1 % of the time.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from tray_app.core.readings import OwnMemory
from tray_app.sources.table import Shares

REST_PER_WORK = 100
SHOWN_EVERY_S = 30.0
"""While a terminal or another program is shown it."""
MENU_EVERY_S = 60.0
"""In the tray, where it is a line of the menu."""

_CLOSE_PATIENCE_S = 1.0
_log = logging.getLogger(__name__)


class OwnMemoryReader:
    """Brings ``report(own)`` for the processes that it is told, from its thread.

    ``shares`` asks for one process: None once it is gone or may not be asked, and then it is left
    out. A tree of which none may be asked is not reported.
    """

    def __init__(
        self,
        report: Callable[[OwnMemory], None],
        shares: Callable[[int], Shares | None],
        clock: Callable[[], float],
        every_s: float,
    ) -> None:
        self._report = report
        self._shares = shares
        self._clock = clock
        self._every_s = every_s
        self._pids: tuple[int, ...] = ()
        self._is_closed = False
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def watch(self, pids: tuple[int, ...]) -> None:
        """The server's processes from now on, root first; none: rest. Returns at once.

        Another root is asked at once, others of the tree when it is time.
        """
        if pids == self._pids or self._is_closed:
            return
        with self._changed:
            self._pids = pids
            self._changed.notify()
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="ownership", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """End the thread; waits at most 1 s, reports no more."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(_CLOSE_PATIENCE_S)

    def _work(self) -> None:
        while not self._is_closed:
            root, rest_s = self._pids[:1], None
            if root:
                rest_s = self._ask()
            with self._changed:
                self._changed.wait_for(lambda: not self._wants(root), rest_s)  # noqa: B023 - waits here

    def _wants(self, root: tuple[int, ...]) -> bool:
        return not self._is_closed and self._pids[:1] == root

    def _ask(self) -> float:
        """Ask, report, and say how long to rest."""
        pids = self._pids
        began_s = self._clock()
        shares = []
        for pid in pids:
            if self._wants(pids[:1]) and (share := self._shares(pid)):
                shares.append(share)
        took_s = self._clock() - began_s
        if shares and self._wants(pids[:1]):
            pss = [share.pss_bytes for share in shares if share.pss_bytes is not None]
            own = OwnMemory(
                target_pid=pids[0],
                uss_bytes=sum(share.uss_bytes for share in shares),
                pss_bytes=sum(pss) if len(pss) == len(shares) else None,
                taken_s=began_s,
            )
            try:
                self._report(own)
            except Exception:  # noqa: BLE001 - a receiver's mistake must not end the thread
                _log.exception("what memory is the server's own could not be reported")
        return max(self._every_s, REST_PER_WORK * took_s)
