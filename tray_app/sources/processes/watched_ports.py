"""Which ports of this machine this program watches, for any of its servers.

A server that another entry of the list watches is no candidate for one that is away.
"""

from __future__ import annotations

from tray_app.sources.processes.host import is_this_machine


class WatchedPorts:
    """Each search has one port; calls may come from any thread."""

    def __init__(self) -> None:
        self._of: dict[object, int] = {}

    def enter(self, search: object, host: str, port: int) -> None:
        """This search for the server on ``port`` begins; another machine's ``host`` does not
        count."""
        if is_this_machine(host):
            self._of[search] = port

    def leave(self, search: object) -> None:
        """It has ended. A second call changes nothing."""
        self._of.pop(search, None)

    def __contains__(self, port: object) -> bool:
        return port in tuple(self._of.values())
