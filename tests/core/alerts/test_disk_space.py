"""The alert about a nearly full disk."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.core.made import facts
from tray_app.core.alerts.disk_space import EASED_FACTOR, DiskFull, floor_of, update
from tray_app.core.alerts.limits import AlertLimits
from tray_app.core.model.readings import GIB, Disk, TempUsage

LIMITS = AlertLimits()


def alerts(*free_gb: float | None, total_gb: int = 100) -> list[float | None]:
    """Which of these samples raise an alert; None: the disk is unknown."""
    said, raised = False, []
    for free in free_gb:
        disk = None if free is None else Disk(total_gb * GIB, round(free * GIB))
        said, finding = update(said, facts(0.0, temp=TempUsage(0, 0, 0.0, disk=disk)))
        if finding is not None:
            assert finding == DiskFull(disk) if disk else False
            raised.append(free)
    return raised


def test_the_floor_is_the_larger_of_5_percent_and_1_gb() -> None:
    """A small disk has a quarter of its size at most, so that it is not always full."""
    assert floor_of(Disk(100 * GIB, 0), LIMITS) == 5 * GIB
    assert floor_of(Disk(10 * GIB, 0), LIMITS) == GIB
    assert floor_of(Disk(GIB, 0), LIMITS) == GIB / 4


def test_a_full_disk_alerts_once_until_it_has_recovered() -> None:
    """It recovers above 1.2 times the floor."""
    assert alerts(6, 4.9, 4.8, 5.5, 4.7, 7, 4.6) == [4.9, 4.6]


def test_an_unknown_disk_changes_nothing() -> None:
    """Neither an alert nor a recovery."""
    assert alerts(None, None) == []
    assert alerts(4.9, None, 4.8) == [4.9]
    assert update(True, facts(0.0)) == (True, None)


@given(
    st.lists(st.floats(0, 100), max_size=20),
    st.floats(0, 100),
    st.integers(1, 10_000),
)
def test_between_two_alerts_there_is_a_recovery(
    shares: list[float], last: float, total_gb: int
) -> None:
    """On a disk of any size, whatever its free space does."""
    disk = Disk(total_gb * GIB, 0)
    floor = floor_of(disk, LIMITS)
    said, recovered = False, True
    for percent in (*shares, last):
        now = Disk(disk.total_bytes, round(disk.total_bytes * percent / 100))
        said, finding = update(said, facts(0.0, temp=TempUsage(0, 0, 0.0, disk=now)))
        if finding is not None:
            assert recovered
            assert now.free_bytes < floor
        recovered = now.free_bytes > EASED_FACTOR * floor or (recovered and finding is None)
