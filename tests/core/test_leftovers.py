"""What jobs leave behind on the disk."""

from __future__ import annotations

from tests.core.made import mb
from tray_app.core.alerts import AlertLimits
from tray_app.core.leftovers import Leftovers, floor_bytes, follow
from tray_app.core.readings import GIB, Disk, TempUsage

LIMITS = AlertLimits()


class Directory:
    """A temp directory, and what is said of it."""

    def __init__(self) -> None:
        self.state, self.now_s = Leftovers(), 0.0

    def see(
        self,
        size_mb: float,
        *,
        works: bool = False,
        after_job: bool = False,
        told: bool = True,
        free_gb: float = 100.0,
    ) -> tuple[float | None, Disk | None]:
        self.now_s += 2.0
        disk = Disk(100 * GIB, round(free_gb * GIB))
        temp = TempUsage(mb(size_mb), 3, self.now_s, disk=disk)
        settled_s = self.now_s - 30.0 if after_job else None
        self.state, left, full = follow(
            self.state, temp, LIMITS, works=works, told=told, settled_s=settled_s
        )
        return (None if left is None else round(left / mb(1)), full)


def test_more_than_200_mb_after_a_job_is_said() -> None:
    """Beyond what lay there before it; and only once."""
    directory = Directory()
    directory.see(50)
    directory.see(900, works=True)
    assert directory.see(260) == (None, None)
    assert directory.see(260, after_job=True) == (210, None)
    assert directory.see(260, after_job=True) == (None, None)


def test_a_little_from_each_job_adds_up() -> None:
    """What is cleaned up meanwhile does not."""
    directory = Directory()
    directory.see(0)
    assert directory.see(150, after_job=True)[0] is None
    assert directory.see(300, after_job=True)[0] == 300
    directory.see(10)
    assert directory.see(200, after_job=True)[0] is None


def test_only_like_is_compared_with_like() -> None:
    """The API counts lengths, the walker blocks."""
    directory = Directory()
    directory.see(0, told=True)
    assert directory.see(900, told=False, after_job=True)[0] is None


def test_an_api_that_falls_silent_hides_nothing() -> None:
    """What a job has left is said, once, with whichever figure there is one to compare with."""
    directory = Directory()
    directory.see(0, told=True)
    directory.see(600, works=True)
    directory.see(600, told=False, after_job=True)
    assert directory.see(590, told=True)[0] == 590
    assert directory.see(600, told=False, after_job=True)[0] is None
    assert directory.see(590, told=True, after_job=True)[0] is None


def test_a_figure_from_before_the_end_is_not_taken() -> None:
    """The walker may rest for minutes."""
    state = Leftovers(walked_bytes=0)
    old = TempUsage(mb(900), 3, 10.0)
    state, left, _ = follow(state, old, LIMITS, works=False, told=False, settled_s=50.0)
    assert left is None
    new = TempUsage(mb(900), 3, 60.0)
    assert follow(state, new, LIMITS, works=False, told=False, settled_s=None)[1] == mb(900)


def test_a_full_disk_is_said_once_until_it_is_well_again() -> None:
    """Under 5 % or 1 GB."""
    assert floor_bytes(Disk(100 * GIB, 0), LIMITS) == 5 * GIB
    assert floor_bytes(Disk(10 * GIB, 0), LIMITS) == GIB
    assert floor_bytes(Disk(GIB, 0), LIMITS) == GIB / 4  # a small one is not always full
    directory = Directory()
    full = [directory.see(0, free_gb=free)[1] is not None for free in (6, 4.9, 4, 5.5, 4, 7, 4)]
    assert full == [False, True, False, False, False, False, True]
