"""The signs of work in one sample."""

from __future__ import annotations

from msgspec.structs import replace

from tests.core.made import answer, mb, tree_reading
from tray_app.core.analysis.work_signs import WorkSigns, memory_of, moves
from tray_app.core.model.readings import MemoryKind, TempUsage

NO_SIGNS = WorkSigns(
    reading=None,
    starts=False,
    memory=None,
    is_reading=False,
    temp=None,
    temp_told=False,
    cpu_percent=0.0,
    computes=False,
    encodes=False,
    comes=0,
    grows=False,
    more_files=None,
    is_empty=False,
    temp_s=None,
)


def test_files_that_come_or_grow() -> None:
    """Sizes are compared only where both were measured in one way."""
    before, larger = TempUsage(mb(10), 2, 0.0), TempUsage(mb(20), 2, 1.0)
    assert moves(None, larger, alike=True) == moves(before, None, alike=True) == (0, False)
    assert moves(before, larger, alike=True) == (0, True)
    assert moves(before, larger, alike=False) == (0, False)
    assert moves(before, replace(before, file_count=5), alike=False) == (3, True)
    assert moves(before, replace(before, file_count=0), alike=True) == (-2, False)


def test_processes_tell_memory_before_the_api() -> None:
    """But not while their shared memory is being measured: that figure is too low."""
    reading = tree_reading(300, 1.0, cpu_percent=0.0)
    assert memory_of(None, None) is None
    assert memory_of(answer(200, 1.0), None) == (mb(200), False)
    assert memory_of(answer(200, 1.0), reading) == (mb(300), True)
    too_low = replace(reading, kind=MemoryKind.UNMEASURED)
    assert memory_of(answer(200, 1.0), too_low) is None


def test_a_later_check_of_tmp_finds_no_file() -> None:
    """An earlier one says nothing, and neither does one whose idle files are not known."""
    checked = replace(NO_SIGNS, more_files=0, temp_s=5.0)
    assert checked.has_none_since(4.0)
    assert not checked.has_none_since(5.0)
    assert not replace(checked, more_files=1).has_none_since(4.0)
    assert not replace(checked, more_files=None).has_none_since(4.0)


def test_some_cpu_is_a_sign_beside_a_file() -> None:
    """Alone it may be anything."""
    some = replace(NO_SIGNS, cpu_percent=25.0)
    assert not some.stirs
    assert replace(some, more_files=1).stirs
    assert some.is_quiet
    assert not replace(some, encodes=True).is_quiet
    assert not replace(some, cpu_percent=40.0).is_quiet
