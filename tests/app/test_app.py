"""The decisions of the package that imports all others."""

from __future__ import annotations

from typing import Any

import pytest

from tray_app.app import first_instance
from tray_app.core.model.presets import Mode, Preset
from tray_app.core.monitor.commands import Command, SetInterval, SetMode, SetPreset, ShowStatus


@pytest.mark.parametrize(
    ("message", "commands"),
    [
        ({}, []),
        (
            {"interval_s": 0.5, "mode": "api", "preset": "heavy"},
            [SetPreset(Preset.HEAVY), SetMode(Mode.API), SetInterval(0.5)],
        ),
        ({"interval_s": 0, "mode": ["api"], "preset": "heavy"}, [SetPreset(Preset.HEAVY)]),
        ({"url": "http://elsewhere", "quit": True}, []),
    ],
)
def test_what_a_second_start_may_change(message: dict[str, Any], commands: list[Command]) -> None:
    """Preset, then mode and pace over it, each checked as a flag is; then the status is shown."""
    assert first_instance.handed_over(message) == [*commands, ShowStatus()]
