"""Keeps a bus connection alive while the other side does not read.

dbus-fast 5.2 tries to send each message at once, also while an earlier one waits for room in the
socket, and takes the kernel's refusal (EAGAIN) for the end of the connection:
https://github.com/altdesktop/python-dbus-next/issues/153, of which dbus-fast is a fork. With the
machine at its limit the icon vanished for some seconds (a panel reads 70 KB of pictures at a time).

`MessageBus._writer` is private; a contract test holds that it is there.
"""

from __future__ import annotations

import logging
from typing import Any

_log = logging.getLogger(__name__)


class PatientSocket:
    """Sends what the kernel takes now, which may be nothing."""

    def __init__(self, connected: Any) -> None:
        self._socket = connected

    def send(self, data: Any) -> int:
        """Send some of it; 0 where there is no room."""
        try:
            sent: int = self._socket.send(data)
        except BlockingIOError:
            return 0
        return sent

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)


def be_patient(bus: Any) -> None:
    """Let this connection (a `MessageBus`) wait for room instead of ending."""
    writer = getattr(bus, "_writer", None)
    if writer is None:
        _log.warning("dbus-fast has no _writer: a slow panel may make the icon vanish for seconds")
    else:
        writer.sock = PatientSocket(writer.sock)
