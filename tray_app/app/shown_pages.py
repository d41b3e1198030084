"""Opens the pages of the servers in the browser. Their parts are loaded with the first one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from tray_app.core.fleet.overview import Fleet, Member
from tray_app.runtime import clock

if TYPE_CHECKING:
    from tray_app.app.pages import Pages
    from tray_app.app.server_run import ServerRun
    from tray_app.desktop.panel_icon import Desktop

HISTORY = "the history"


class ShownPages:
    """``runs``: the servers as they are now. ``not_opened`` is called with a place, and why."""

    def __init__(
        self,
        runs: Callable[[], Sequence[ServerRun]],
        desktop: Desktop,
        not_opened: Callable[[str, str], None],
    ) -> None:
        self._runs = runs
        self._desktop = desktop
        self._not_opened = not_opened
        self._pages: Pages | None = None

    def open(self, server: str = "", at_s: float | None = None) -> None:
        """Open a server's history, or its incident of this moment; without a name, the page of all
        servers."""
        from tray_app.app.pages import Pages  # it needs SQLite, asyncio and the page

        if self._pages is None:
            self._pages = Pages(
                lambda: {run.name: run.pages for run in self._runs()},
                lambda: Fleet(tuple(Member(run.name, run.last) for run in self._runs())),
                now_s=lambda: clock.now().wall_s,
            )
        try:
            url = self._pages.address(server, at_s)
        except OSError as error:
            self._not_opened(HISTORY, error.strerror or str(error))
        else:
            self._desktop.open(url, lambda problem: self._not_opened(url, problem))
