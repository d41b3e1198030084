"""A signal that waits while the menu is open.

MATE's panel shows a new tooltip at once where the pointer rests on the icon, and so covers the
first rows of the open menu.
"""

import asyncio
from collections.abc import Callable

# XFCE's panel never reports that its menu was closed.
HELD_AT_MOST_S = 15.0


class HeldSignal:
    """Sends at once, or once after the hold. Everything happens in the loop of the bus."""

    def __init__(self, send: Callable[[], object]) -> None:
        self._send = send
        self._end: asyncio.TimerHandle | None = None
        self._is_waiting = False

    def send(self) -> None:
        """Send the signal, or remember it until the hold ends."""
        if self._end is None:
            self._send()
        else:
            self._is_waiting = True

    def hold(self, is_held: bool) -> None:
        """Begin the hold, which ends by itself, or end it."""
        if self._end is not None:
            self._end.cancel()
        if is_held:
            self._end = asyncio.get_running_loop().call_later(HELD_AT_MOST_S, self._release)
        else:
            self._release()

    def _release(self) -> None:
        self._end = None
        if self._is_waiting:
            self._is_waiting = False
            self._send()
