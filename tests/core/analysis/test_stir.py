"""Weak signs of work."""

from __future__ import annotations

from msgspec.structs import replace

from tests.core.analysis.test_work_signs import NO_SIGNS
from tests.core.made import mb
from tray_app.core.analysis.stir import STIRS_AT_MOST_S, Stir, update

FILE = replace(NO_SIGNS, grows=True, computes=True)


def test_a_climb_is_a_weak_sign() -> None:
    """A smaller one is noise; one that does not go on expires."""
    assert update(None, 10.0, NO_SIGNS, grown_bytes=mb(7), began_s=9.5) is None
    stir = update(None, 10.0, NO_SIGNS, grown_bytes=mb(30), began_s=9.5)
    assert stir == Stir(9.5, 10.0, grown_bytes=mb(30))
    assert update(stir, 12.0, NO_SIGNS, grown_bytes=mb(30), began_s=0.0) is stir
    assert update(stir, 12.5, NO_SIGNS, grown_bytes=mb(30), began_s=0.0) is None


def test_memory_without_a_file_expires_sooner() -> None:
    """An upload that takes memory has its file there at once."""
    stir = Stir(9.5, 10.0, grown_bytes=mb(30))
    without = replace(NO_SIGNS, more_files=0, temp_s=10.2)
    assert update(stir, 10.4, without, grown_bytes=mb(30), began_s=0.0) is stir
    assert update(stir, 10.5, without, grown_bytes=mb(30), began_s=0.0) is None


def test_a_file_with_cpu_is_work() -> None:
    """A file alone is not, and memory with CPU only looks like it."""
    alone = update(None, 10.0, FILE, grown_bytes=0, began_s=10.0)
    assert alone is not None
    assert not alone.is_work
    both = update(alone, 11.0, replace(NO_SIGNS, cpu_percent=30.0), grown_bytes=0, began_s=0.0)
    assert both is not None
    assert both.is_work
    memory = Stir(0.0, 0.0, grown_bytes=mb(30), has_cpu=True)
    assert (memory.is_work, memory.is_likely) == (False, True)


def test_a_file_that_grows_beside_an_idle_server_is_another_programs() -> None:
    """It counts once, however often it grows."""
    idle = replace(FILE, computes=False)
    stir = update(None, 10.0, idle, grown_bytes=0, began_s=10.0)
    stir = update(stir, 12.0, idle, grown_bytes=0, began_s=0.0)
    assert stir is not None
    assert stir.temp_signs == 1


def test_what_proves_nothing_for_long_is_dropped() -> None:
    """However often it comes."""
    stir = Stir(0.0, STIRS_AT_MOST_S - 1.0, grown_bytes=mb(30))
    assert update(stir, STIRS_AT_MOST_S, NO_SIGNS, grown_bytes=mb(40), began_s=0.0) is None
