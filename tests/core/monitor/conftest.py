"""What the monitor's tests share."""

from __future__ import annotations

import pytest

from tests.core.monitor.told import Told, started


@pytest.fixture
def told() -> Told:
    return Told(started())
