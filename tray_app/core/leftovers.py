"""What jobs leave behind in the temp directory, and whether its disk is full."""

from __future__ import annotations

from tray_app.core.alerts import AlertLimits
from tray_app.core.readings import GIB, MIB, Disk, TempUsage
from tray_app.core.values import dataclass

# The disk is well again with a margin.
EASED_FACTOR = 1.2
# A small one (of memory, say) would always have less free than the fixed size.
FLOOR_PART_MAX = 0.25


@dataclass(frozen=True, slots=True)
class Leftovers:
    """So much lay there without work since the last word: by the walker's and the API's figure.

    ``settled_s``: a job has ended and its files have had time to go; the figure is awaited.
    ``disk_said``: it was said that the disk is full, and it still is.
    """

    walked_bytes: int | None = None
    told_bytes: int | None = None
    settled_s: float | None = None
    disk_said: bool = False


def follow(
    state: Leftovers,
    temp: TempUsage | None,
    limits: AlertLimits,
    *,
    works: bool,
    told: bool,
    settled_s: float | None,
) -> tuple[Leftovers, int | None, Disk | None]:
    """After one more sample: bytes that were left behind, and the disk if it has become full.

    ``settled_s`` is the end of a job whose files have had time to go, else None. The API counts
    file lengths and the walker disk blocks (``told``): only like is compared with like.
    """
    if temp is None:
        return state, None, None
    disk, full = temp.disk, None
    disk_said = state.disk_said
    if disk is not None:
        floor = floor_bytes(disk, limits)
        if not disk_said and disk.free_bytes < floor:
            disk_said, full = True, disk
        elif disk_said and disk.free_bytes > EASED_FACTOR * floor:
            disk_said = False
    left, size_bytes = None, temp.size_bytes
    least, other = state.walked_bytes, state.told_bytes
    if told:
        least, other = other, least
    awaited_s = state.settled_s if settled_s is None else settled_s
    if works:
        pass
    elif least is None:  # what is awaited waits for a figure of the other kind
        least = size_bytes
    elif awaited_s is not None and temp.taken_s >= awaited_s:
        if size_bytes - least > limits.temp_mb * MIB:
            left, least, other = size_bytes - least, size_bytes, None
        awaited_s = None
    elif size_bytes < least:
        least = size_bytes
    walked, api = (other, least) if told else (least, other)
    if (walked, api, awaited_s, disk_said) == (
        state.walked_bytes,
        state.told_bytes,
        state.settled_s,
        state.disk_said,
    ):
        return state, left, full
    return Leftovers(walked, api, awaited_s, disk_said), left, full


def floor_bytes(disk: Disk, limits: AlertLimits) -> float:
    """Below this much free the disk is full: the larger of a part and a fixed size."""
    part = limits.disk_percent / 100 * disk.total_bytes
    return max(part, min(limits.disk_gb * GIB, FLOOR_PART_MAX * disk.total_bytes))
