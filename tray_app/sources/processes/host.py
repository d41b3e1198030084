"""This machine: which process table it has, and which hosts are its own names."""

from __future__ import annotations

import os
import socket
import sys
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path

from tray_app.core.model.readings import OwnUse
from tray_app.sources.processes.process_table import ProcessHandle, ProcessTable, Shares


def process_table() -> ProcessTable:
    """The fast table on Linux, psutil's elsewhere (and only there is psutil loaded)."""
    if sys.platform == "linux":
        from tray_app.sources.processes.procfs.table import ProcfsTable

        return ProcfsTable()
    from tray_app.sources.processes.psutil_table import PsutilTable

    return PsutilTable()


def on_battery(supplies: Path = Path("/sys/class/power_supply")) -> bool:
    """Whether this machine runs on battery; False if unknown."""
    if sys.platform != "linux":
        from tray_app.sources.processes.psutil_table import on_battery as portable

        return portable()
    for supply in supplies.glob("*"):
        try:
            # A wireless mouse has a battery, too: its scope is the device.
            is_own = not (supply / "scope").exists()
            if is_own and (supply / "status").read_text() == "Discharging\n":
                return True
        except OSError:
            continue
    return False


def shares(pid: int) -> Shares | None:
    """A process's USS and PSS; None if it is gone or unreadable."""
    if sys.platform == "linux":
        from tray_app.sources.processes.procfs.process import rollup

        return rollup(pid)
    from tray_app.sources.processes.psutil_table import full_info

    return full_info(pid)


@lru_cache(maxsize=1)
def _own_process() -> ProcessHandle | None:
    return process_table().open(os.getpid())


def own_use() -> OwnUse | None:
    """This program's own memory and CPU; None if unreadable."""
    process = _own_process()
    usage = process.read() if process else None
    return OwnUse(usage.rss_bytes, usage.cpu_s) if usage else None


def is_this_machine(host: str) -> bool:
    """Whether a URL's host is this machine, asking no name server.

    An address is ours if a socket can be bound to it (no packet leaves).
    """
    name = host.strip("[]").lower().removesuffix(".")
    try:
        address = ip_address(name)
    except ValueError:
        own = socket.gethostname().lower()
        return name.rpartition(".")[2] == "localhost" or name in (own, f"{own}.local")
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as trial:
            trial.bind((name, 0))
    except OSError:
        return address.is_loopback
    return not address.is_multicast
