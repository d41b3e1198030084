"""The CPU of one process between two readings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sources.processes.test_probe import FakeTable
from tray_app.sources.processes.cpu_meter import MIN_SPAN_S, CpuMeter


@pytest.fixture
def table() -> FakeTable:
    table = FakeTable()
    table.start(7, "python worker.py")
    return table


def meter_of(table: FakeTable, since_s: float | None = None) -> CpuMeter:
    handle = table.open(7)
    assert handle is not None
    return CpuMeter(handle, since_s)


def test_the_first_reading_has_no_percentage(table: FakeTable) -> None:
    """CPU from before the watch is not counted as spent."""
    table.processes[7].cpu_s = 100.0
    meter = meter_of(table)
    assert meter.is_new
    meter.read(0.0)
    assert (meter.cpu_percent, meter.spent_s, meter.is_new) == (None, 0.0, False)
    assert meter.known_s == 100.0


def test_two_readings_make_a_percentage_of_one_core(table: FakeTable) -> None:
    """Threads on several cores exceed 100."""
    meter = meter_of(table)
    meter.read(0.0)
    table.processes[7].cpu_s = 3.0
    meter.read(2.0)
    assert meter.cpu_percent == pytest.approx(150.0)
    assert meter.spent_s == pytest.approx(3.0)


def test_after_too_short_a_time_the_last_percentage_stays(table: FakeTable) -> None:
    """The CPU of that time is in the next one."""
    meter = meter_of(table)
    meter.read(0.0)
    table.processes[7].cpu_s = 0.1
    meter.read(MIN_SPAN_S / 2)
    assert meter.cpu_percent is None
    table.processes[7].cpu_s = 0.5
    meter.read(1.0)
    assert meter.cpu_percent == pytest.approx(50.0)


def test_all_cpu_of_a_new_process_counts(table: FakeTable) -> None:
    """It did not exist at the last reading."""
    table.processes[7].cpu_s = 0.5
    meter = meter_of(table, since_s=0.0)
    meter.read(1.0)
    assert (meter.cpu_percent, meter.spent_s) == (pytest.approx(50.0), 0.5)


def test_reaped_children_count_apart(table: FakeTable) -> None:
    """They add to the known CPU, not to the percentage."""
    meter = meter_of(table)
    meter.read(0.0)
    table.processes[7].reaped_s = 2.0
    meter.read(1.0)
    assert (meter.cpu_percent, meter.spent_s, meter.reaped_s) == (0.0, 0.0, 2.0)
    assert meter.known_s == 2.0


def test_a_process_that_is_gone_is_released(table: FakeTable) -> None:
    """Its reading is None, and closing it once more is allowed."""
    meter = meter_of(table)
    table.end(7)
    assert meter.read(0.0) is None
    assert table.open_handles == 0
    meter.close()
    assert table.open_handles == 0


@given(st.lists(st.tuples(st.floats(0, 10), st.floats(0, 10), st.floats(0.01, 10)), max_size=20))
def test_all_cpu_is_counted_once(steps: list[tuple[float, float, float]]) -> None:
    """The increments add up to the known CPU, and nothing is negative."""
    table = FakeTable()
    process, meter = table.start(7, "python worker.py"), meter_of(table)
    meter.read(0.0)
    now_s, sum_s = 0.0, 0.0
    for cpu_s, reaped_s, later_s in steps:
        process.cpu_s += cpu_s
        process.reaped_s += reaped_s
        now_s += later_s
        meter.read(now_s)
        sum_s += meter.spent_s + meter.reaped_s
        assert min(meter.spent_s, meter.reaped_s, meter.cpu_percent or 0.0) >= 0.0
    assert sum_s == pytest.approx(meter.known_s)
