"""Which ports of this machine this program watches, for any of its servers.

A server that another entry of the list watches is no candidate for one that is away.
"""

from __future__ import annotations


class WatchedPorts:
    """Each search has one port; from any thread."""

    def __init__(self) -> None:
        self._of: dict[object, int] = {}

    def enter(self, search: object, port: int) -> None:
        """This search for the server on ``port`` begins."""
        self._of[search] = port

    def leave(self, search: object) -> None:
        """It has ended; ending twice is allowed."""
        self._of.pop(search, None)

    def __contains__(self, port: object) -> bool:
        return port in tuple(self._of.values())
