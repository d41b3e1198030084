"""The levels of the server's memory, in MB or as shares of the machine's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tray_app.core.alerts.limits import LEVELS, AlertLimits, Level, floor_bytes
from tray_app.core.model.readings import GIB, MIB, SystemMemory

LIMITS = AlertLimits()


def machine(total_gb: float) -> SystemMemory:
    return SystemMemory(int(total_gb * GIB), 0, 100.0)


@pytest.mark.parametrize(
    ("memory_mb", "level"),
    [
        (1500, Level.NONE),
        (1501, Level.RAISED),
        (2000, Level.RAISED),
        (2001, Level.HIGH),
        (3001, Level.CRITICAL),
    ],
)
def test_a_level_begins_above_its_limit(memory_mb: int, level: Level) -> None:
    """At the limit itself memory is still below."""
    assert LIMITS.reached(memory_mb * MIB) is level


def test_the_words_of_the_levels() -> None:
    """One vocabulary wherever a state is named."""
    assert [level.word for level in Level] == ["normal", "raised", "high", "critical"]


def test_a_share_is_of_what_the_machine_has() -> None:
    """80 % of 16 GB; the others stay in MB."""
    limits = AlertLimits(critical_percent=80.0).on_machine(machine(16))
    assert limits.critical_mb == pytest.approx(0.8 * 16 * 1024)
    assert (limits.raised_mb, limits.high_mb) == (1500.0, 2000.0)


def test_while_the_machine_is_unknown_the_limits_in_mb_hold() -> None:
    """A first sample may come before the machine's memory is read."""
    limits = AlertLimits(critical_percent=80.0)
    assert limits.on_machine(None) is limits
    assert LIMITS.on_machine(machine(16)) is LIMITS


def test_a_level_is_never_below_a_lower_one() -> None:
    """10 % of 4 GB is below 1500 MB: then high begins where raised does."""
    limits = AlertLimits(high_percent=10.0).on_machine(machine(4))
    assert (limits.raised_mb, limits.high_mb, limits.critical_mb) == (1500.0, 1500.0, 3000.0)
    assert limits.reached(1501 * MIB) is Level.HIGH


shares = st.none() | st.floats(1, 100)


@given(shares, shares, shares, st.floats(0.1, 4096))
def test_limits_rise_on_every_machine(
    raised: float | None, high: float | None, critical: float | None, total_gb: float
) -> None:
    """Whatever is set, and however large the machine is."""
    limits = AlertLimits(raised_percent=raised, high_percent=high, critical_percent=critical)
    on_machine = limits.on_machine(machine(total_gb))
    limits_mb = [on_machine.limit_mb(level) for level in LEVELS]
    assert limits_mb == sorted(limits_mb)


def test_a_fixed_size_counts_as_a_quarter_of_the_whole_at_most() -> None:
    """Of a small disk or control group less would always be free; a larger part still counts."""
    assert floor_bytes(100 * GIB, 5.0, GIB) == 5 * GIB
    assert floor_bytes(10 * GIB, 5.0, GIB) == GIB
    assert floor_bytes(GIB, 5.0, GIB) == GIB / 4
    assert floor_bytes(GIB, 50.0, GIB) == GIB / 2
