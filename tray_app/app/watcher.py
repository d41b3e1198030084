"""Watches one server: its sampler and its sources, whatever is made of the figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tray_app.app import wiring
from tray_app.core.config.settings import server_name

if TYPE_CHECKING:
    from tray_app.app.invocation import Invocation
    from tray_app.core.monitor.commands import Command
    from tray_app.core.monitor.inputs import Report
    from tray_app.core.monitor.state import State
    from tray_app.runtime.ports import Outlet


class Watcher:
    """Samples one server, from `start` to `stop`, and publishes to ``outlets``.

    ``shown`` and ``options`` are those of `wiring.make_sampler`.
    """

    def __init__(
        self,
        invocation: Invocation,
        begun: State,
        outlets: tuple[Outlet, ...],
        *,
        shown: bool,
        **options: Any,
    ) -> None:
        self.name = server_name(invocation.settings)
        self.begun = begun
        self.outlets = outlets
        self.sampler = wiring.make_sampler(invocation, begun, *outlets, shown=shown, **options)
        self._uss_pss = wiring.make_uss_pss(self.sampler, begun, shown=shown)
        self._is_whole = False

    def post(self, *items: Command | Report) -> None:
        """Hand in a command or a report, from any thread; returns at once."""
        self.sampler.post(*items)

    def start(self, *, whole: bool = False) -> None:
        """Start sampling: the processes alone at first, or with all sources."""
        probe = wiring.make_probe(self.begun.settings, demo=self.begun.demo)
        self._is_whole = whole
        helpers = wiring.make_helpers(self.sampler, self.begun, self._uss_pss) if whole else None
        self.sampler.start(probe, helpers, self._uss_pss)

    def start_rest(self) -> None:
        """Add the sources that the first figure does not need, if they are not there."""
        if not self._is_whole:
            self._is_whole = True
            self.sampler.add(wiring.make_helpers(self.sampler, self.begun, self._uss_pss))

    def stop(self, limit_s: float) -> None:
        """End sampling."""
        self.sampler.stop(limit_s)
