"""Measured values and the figures derived from them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.core.made import mb, no_process, tree_reading


def test_a_tree_is_the_sum_of_its_rows() -> None:
    """Less the memory that the sum counts more than once."""
    reading = replace(tree_reading(300, 0.0, children={"ffmpeg": 90}), shared_bytes=mb(40))
    assert reading.rss_bytes == mb(390)
    assert reading.footprint_bytes == mb(350)


def test_without_a_target_there_is_no_figure() -> None:
    """Neither a sum nor a footprint."""
    assert no_process(0.0).rss_bytes is None
    assert no_process(0.0).footprint_bytes is None


@given(st.lists(st.integers(0, 10**5), max_size=5))
def test_a_footprint_without_sharing_is_the_sum(children_mb: list[int]) -> None:
    """For any number of children."""
    children = {f"child-{number}": each for number, each in enumerate(children_mb)}
    reading = tree_reading(100, 0.0, children=children)  # type: ignore[arg-type]
    assert reading.footprint_bytes == reading.rss_bytes == mb(100 + sum(children_mb))


def test_a_supervisors_own_cpu_is_no_work() -> None:
    """It checks for edits; only its workers work."""
    reading = tree_reading(20, 0.0, cpu_percent=4.0, children={"worker": 300})
    supervised = replace(reading, cpu_percent=54.0, workers=(43,))
    assert supervised.working_percent == pytest.approx(50.0)
    assert replace(supervised, workers=(42,)).working_percent == 54.0
    assert replace(supervised, workers=()).working_percent == 54.0
    assert replace(supervised, cpu_percent=None).working_percent is None


def test_a_tree_is_stopped_with_all_that_answer() -> None:
    """If none is known to answer, the root decides."""
    reading = tree_reading(20, 0.0, children={"worker": 300})
    root, worker = reading.rows
    halted = replace(reading, rows=(root, replace(worker, stopped=True)))
    assert replace(halted, workers=(43,)).is_stopped
    assert not replace(halted, workers=(42, 43)).is_stopped
    assert not replace(halted, workers=()).is_stopped
