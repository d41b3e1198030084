"""Whether the disk of the temp directory is nearly full."""

from __future__ import annotations

from tray_app.core.alerts.facts import Facts
from tray_app.core.alerts.limits import AlertLimits
from tray_app.core.alerts.policy import Finding, Policy
from tray_app.core.model.readings import GIB, Disk

# A margin: the disk is all right only above this.
EASED_FACTOR = 1.2
# A small disk (a tmpfs, say) always has less free than the fixed size.
FLOOR_PART_MAX = 0.25


class DiskFull(Finding, frozen=True):
    """The temp directory's disk is nearly full."""

    disk: Disk


def floor_bytes(disk: Disk, limits: AlertLimits) -> float:
    """Below this much free the disk is full: the larger of a part and a fixed size."""
    part = limits.disk_percent / 100 * disk.total_bytes
    return max(part, min(limits.disk_gb * GIB, FLOOR_PART_MAX * disk.total_bytes))


def update(said: bool, facts: Facts) -> tuple[bool, DiskFull | None]:
    """The policy after one more sample. ``said``: an alert about the full disk was sent and still
    holds."""
    disk = facts.temp.disk if facts.temp else None
    if disk is None:
        return said, None
    floor = floor_bytes(disk, facts.limits)
    if not said and disk.free_bytes < floor:
        return True, DiskFull(disk)
    return said and disk.free_bytes <= EASED_FACTOR * floor, None


POLICY = Policy(False, update)
