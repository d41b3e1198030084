"""Whether the disk of the temp directory is nearly full."""

from __future__ import annotations

from typing import ClassVar

from tray_app.core.alerts.facts import Facts
from tray_app.core.alerts.limits import AlertLimits, floor_bytes
from tray_app.core.alerts.policy import Finding, Policy
from tray_app.core.model.readings import GIB, Disk

# A margin: the disk is all right only above this.
EASED_FACTOR = 1.2


class DiskFull(Finding, frozen=True):
    """The temp directory's disk is nearly full."""

    WORD: ClassVar[str] = "disk_full"

    disk: Disk


def floor_of(disk: Disk, limits: AlertLimits) -> float:
    """Below this many bytes free the disk is full."""
    return floor_bytes(disk.total_bytes, limits.disk_percent, limits.disk_gb * GIB)


def update(said: bool, facts: Facts) -> tuple[bool, DiskFull | None]:
    """The policy after one more sample. ``said``: an alert about the full disk was sent and still
    holds."""
    disk = facts.temp.disk if facts.temp else None
    if disk is None:
        return said, None
    floor = floor_of(disk, facts.limits)
    if not said and disk.free_bytes < floor:
        return True, DiskFull(disk)
    return said and disk.free_bytes <= EASED_FACTOR * floor, None


POLICY = Policy(False, update)
