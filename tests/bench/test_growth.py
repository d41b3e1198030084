"""The monitor does not do what it watches others for: it does not grow."""

from __future__ import annotations

import sys

import pytest

from tests.bench.growth import grow

MB = 10**6


@pytest.mark.skipif(sys.platform != "linux", reason="descriptors are counted in /proc")
def test_samples_leave_nothing_behind() -> None:
    """Neither memory nor descriptors nor threads grow over hours of samples."""
    growth = grow(5_000)
    assert growth.rss_bytes < 1 * MB
    assert growth.descriptors == growth.threads == 0
