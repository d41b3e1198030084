"""When the machine runs short of memory."""

from __future__ import annotations

import math

import pytest

from tests.core.made import facts, mb
from tray_app.core.alerts.limits import AlertLimits
from tray_app.core.alerts.system_memory import (
    NO_SHORTAGE,
    MachineShort,
    SystemMemoryState,
    due_s,
    floor_of,
    update,
    woken,
)
from tray_app.core.model.readings import GIB, SystemMemory

LIMITS = AlertLimits()


def system(
    available_mb: float, pressure: float | None = None, total_gb: float = 16
) -> SystemMemory:
    return SystemMemory(round(total_gb * GIB), mb(available_mb), 50.0, pressure_percent=pressure)


def limited(available_mb: float) -> SystemMemory:
    return SystemMemory(GIB, mb(available_mb), 50.0, limited=True)


def said_of(
    state: SystemMemoryState, what: SystemMemory | None, now_s: float
) -> tuple[SystemMemoryState, bool | None]:
    """After one more reading; True: an alert, False: its end, None: nothing."""
    state, found = update(state, facts(now_s, system=what))
    return state, None if found is None else isinstance(found, MachineShort)


class Told:
    """The results at readings 2 s apart: True (short), False (over), None."""

    def __init__(self) -> None:
        self.state, self.now_s = NO_SHORTAGE, 0.0

    def read(self, what: SystemMemory | None) -> bool | None:
        self.now_s += 2.0
        self.state, verdict = said_of(self.state, what, self.now_s)
        return verdict


@pytest.mark.parametrize(
    ("total_gb", "floor_mb"), [(16, 0.05 * 16 * 1024), (4, 400), (1, 256), (0.5, 128)]
)
def test_short_is_below_five_percent_or_400_mb(total_gb: float, floor_mb: float) -> None:
    """The larger of them, but at most a quarter of a small limit."""
    assert floor_of(system(1, total_gb=total_gb), LIMITS) == pytest.approx(mb(floor_mb))


def test_it_is_said_once_after_two_seconds() -> None:
    """And over after 30 s with a margin."""
    told = Told()
    assert [told.read(system(700)) for _ in range(5)] == [None, True, None, None, None]
    assert [told.read(system(900)) for _ in range(30)] == [None] * 30
    back = [told.read(system(4000)) for _ in range(20)]
    assert back.index(False) == 15
    assert back.count(None) == 19


def test_a_limit_is_said_at_the_next_reading() -> None:
    """The list of processes is read at once: at the limit the kernel soon kills."""
    state, said = said_of(NO_SHORTAGE, limited(100), 10.0)
    assert (said, due_s(state, 10.0, LIMITS)) == (None, 10.2)
    assert said_of(state, limited(100), 10.2)[1] is True
    assert said_of(state, limited(900), 10.2)[1] is None


def test_a_moment_of_it_is_not_said() -> None:
    """Nor is what cannot be read."""
    told = Told()
    readings = (system(700), system(4000), system(700), None, system(4000))
    assert [told.read(each) for each in readings] == [None] * 5


def test_pressure_is_said_after_ten_seconds() -> None:
    """Also with memory available."""
    told = Told()
    said = [told.read(system(4000, pressure=15.0)) for _ in range(8)]
    assert said == [None, None, None, None, None, True, None, None]
    assert Told().read(system(4000, pressure=9.0)) is None


def test_what_looms_asks_who_holds_the_memory() -> None:
    """From the first reading until the alert; and for a reading when its hold time ends."""
    told = Told()
    assert not told.state.looms
    assert due_s(told.state, told.now_s, LIMITS) == math.inf
    told.read(system(700))
    assert told.state.looms
    assert due_s(told.state, told.now_s, LIMITS) == told.now_s + 2.0
    told.read(system(700))
    assert not told.state.looms
    assert due_s(told.state, told.now_s, LIMITS) == math.inf


def test_sleep_is_no_hold() -> None:
    """An alert stays valid."""
    assert woken(SystemMemoryState(short_s=1.0), 9.0) == NO_SHORTAGE
    assert woken(SystemMemoryState(short_s=1.0, said=True, eased_s=2.0), 9.0) == SystemMemoryState(
        said=True
    )
