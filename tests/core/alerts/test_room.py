"""Whether there is room for the next video."""

from __future__ import annotations

from tests.core.analysis.test_job_profiles import learned
from tests.core.made import SYSTEM, facts, mb
from tray_app.core.alerts.facts import Facts
from tray_app.core.alerts.room import NO_ROOM_KNOWN, POLICY, RoomAgain, RoomState, Short, update
from tray_app.core.analysis.activity import Activity, ActivityState
from tray_app.core.model.readings import GIB, SystemMemory

PROFILE = learned((120, 1520), (130, 1530), (125, 1525))
WORKS = ActivityState(activity=Activity.PROCESSING)


def seen(at_s: float, free_mb: float, memory_mb: float = 130, **more: object) -> Facts:
    system = SystemMemory(8 * GIB, mb(free_mb), 50.0)
    return facts(at_s, mb(memory_mb), system=system, profile=PROFILE, **more)


def lived(*samples: Facts) -> tuple[RoomState, list[RoomAgain]]:
    state, told = NO_ROOM_KNOWN, []
    for each in samples:
        state, found = update(state, each)
        told += [found] if found else []
    return state, told


def test_what_the_next_video_needs_is_compared_with_the_machine() -> None:
    """And with the way to critical."""
    state, _ = lived(seen(0, 6000))
    assert state.next is not None
    assert (state.next.needs_bytes, state.next.free_bytes) == (mb(1400), mb(6000))
    assert (state.next.short, state.next.jobs) == (None, 3)
    short, _ = lived(seen(0, 900))
    assert short.next is not None
    assert short.next.short is Short.MACHINE
    near, _ = lived(seen(0, 6000, memory_mb=1700))
    assert near.next is not None
    assert (near.next.short, near.next.left_bytes) == (Short.CRITICAL, mb(1300))


def test_nothing_is_known_without_a_profile_or_during_a_job() -> None:
    """Nor from a server that is gone."""
    assert lived(facts(0, mb(130), system=SYSTEM))[0] == NO_ROOM_KNOWN
    during, _ = lived(seen(0, 900), seen(2, 900, activity=WORKS))
    assert (during.next, during.short_s) == (None, 0)
    assert lived(seen(0, 900), seen(2, 900, lost=True))[0] == NO_ROOM_KNOWN


def test_room_that_is_back_is_reported_once() -> None:
    """After 10 s of it, if there was none for a minute."""
    short = [seen(2 * n, 900) for n in range(40)]
    state, told = lived(*short, *(seen(80 + 2 * n, 3000) for n in range(5)))
    assert told == []
    assert state.next is not None
    assert state.next.short is None, "the mark goes at once: no text says wait beside 3000 MB"
    state, told = lived(*short, *(seen(80 + 2 * n, 3000) for n in range(40)))
    (again,) = told
    assert again.waited_s == 80
    assert state == RoomState(next=again.next)
    assert again.next.short is None


def test_a_short_shortage_is_not_reported() -> None:
    """Nor one that comes back at once."""
    briefly = [seen(2 * n, 900) for n in range(20)]
    assert lived(*briefly, *(seen(40 + 2 * n, 3000) for n in range(20)))[1] == []
    flickers = [seen(2 * n, 900 if n % 4 else 3000) for n in range(200)]
    assert lived(*flickers)[1] == []


def test_a_gap_forgets_it() -> None:
    """Nobody waited for it while the machine slept."""
    state, _ = lived(seen(0, 900))
    assert POLICY.woken(state, 10.0) == POLICY.rebased(state, 10.0) == NO_ROOM_KNOWN
