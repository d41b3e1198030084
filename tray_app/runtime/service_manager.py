"""Tells systemd that the program is ready, and that it is alive (sd_notify).

A datagram to the socket that systemd names in the environment:
https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html. Elsewhere it does nothing.
"""

from __future__ import annotations

import logging
import socket
import sys
from collections.abc import Mapping

_log = logging.getLogger(__name__)

USEC = 1_000_000
INTERVALS = 3.0
"""The watchdog waits for this many samples: one may be late."""


class ServiceManager:
    """Speaks to the service manager of this environment, if there is one."""

    def __init__(self, environment: Mapping[str, str], own_pid: int) -> None:
        self._address = environment.get("NOTIFY_SOCKET", "")
        usec = environment.get("WATCHDOG_USEC", "")
        is_ours = environment.get("WATCHDOG_PID", str(own_pid)) == str(own_pid)
        self._watchdog_s = int(usec) / USEC if usec.isdecimal() and is_ours else None
        self._failed = False

    def ready(self, interval_s: float) -> None:
        """The program does its work, and shows that it is alive every ``interval_s``: a watchdog
        that is shorter is made longer."""
        self._tell("READY=1")
        wanted_s = INTERVALS * interval_s
        if self._watchdog_s is not None and wanted_s > self._watchdog_s:
            self._watchdog_s = wanted_s
            self._tell(f"WATCHDOG_USEC={round(wanted_s * USEC)}")

    def alive(self) -> None:
        """The program has done a part of its work."""
        if self._watchdog_s is not None:
            self._tell("WATCHDOG=1")

    def stopping(self) -> None:
        """The program ends."""
        self._tell("STOPPING=1")

    def _tell(self, message: str) -> None:
        if sys.platform == "win32" or not self._address:
            return
        address = self._address
        if address.startswith("@"):  # Linux's abstract names
            address = f"\0{address[1:]}"
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as to:
                to.setblocking(False)
                to.sendto(message.encode(), address)
        except OSError as error:
            if not self._failed:
                _log.warning("systemd cannot be reached: %s", error)
            self._failed = True
