"""How much of the server's memory is really its own.

The kernel walks all of a process's pages for that: 9 to 16 ms for each GB. So it is asked seldom,
never on the sampling path, and at most 1 % of the time.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable

from tray_app.core.readings import OwnMemory
from tray_app.sources.slowly import SlowReadings, rest_after_s
from tray_app.sources.table import Shares

SHOWN_EVERY_S = 30.0
"""While a terminal or another program is shown it."""
MENU_EVERY_S = 60.0
"""In the tray, where it is a line of the menu."""

_log = logging.getLogger(__name__)


class OwnMemoryReader:
    """Brings ``report(own)`` for the processes that it is told, from the thread of ``slowly``.

    ``shares`` asks for one process: None once it is gone or may not be asked, and then it is left
    out. A tree of which none may be asked is not reported.
    """

    def __init__(
        self,
        report: Callable[[OwnMemory], None],
        slowly: SlowReadings,
        shares: Callable[[int], Shares | None],
        clock: Callable[[], float],
        every_s: float,
    ) -> None:
        self._report = report
        self._slowly = slowly
        self._shares = shares
        self._clock = clock
        self._every_s = every_s
        self._pids: tuple[int, ...] = ()
        self._is_closed = False

    def watch(self, pids: tuple[int, ...]) -> None:
        """The server's processes from now on, root first; none: rest. Returns at once.

        Another root is asked at once, others of the tree when it is time.
        """
        if self._is_closed:
            return
        is_other = pids[:1] != self._pids[:1]
        self._pids = pids
        if is_other:
            self._slowly.make(self._ask)

    def close(self) -> None:
        """Ask no more; waits at most 1 s for an answer under way, reports no more."""
        self._is_closed = True
        self._slowly.end(self._ask)

    def _wants(self, root: tuple[int, ...]) -> bool:
        return not self._is_closed and self._pids[:1] == root

    def _ask(self) -> float:
        """Ask, report, and say how long to rest."""
        pids = self._pids
        if not pids:
            return math.inf
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
        return rest_after_s(took_s, self._every_s)
