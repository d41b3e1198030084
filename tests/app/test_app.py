"""The decisions of the package that imports all others."""

from __future__ import annotations

import queue
from typing import Any

import pytest

from tray_app.app import first_instance, terminal, wiring
from tray_app.core.model.presets import Mode, Preset
from tray_app.core.monitor.commands import Command, SetInterval, SetMode, SetPreset, ShowStatus
from tray_app.core.monitor.events import Ended, Event, HostMissing, NotifierCame


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


@pytest.mark.parametrize("early", [(HostMissing(),), ()])
def test_the_rest_begins_when_the_first_sample_was_shown(
    early: tuple[Event, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once, after its events, or when none came in time; events are told to the run's end."""
    monkeypatch.setattr(wiring, "FIRST_LIMIT_S", 0.01)
    events: queue.SimpleQueue[tuple[Event, ...]] = queue.SimpleQueue()
    if early:
        events.put(early)
    done: list[Event | str] = []

    def begin() -> None:
        done.append("the rest")
        events.put((NotifierCame(), Ended(), HostMissing()))

    for event in terminal._told(events, begin):
        done.append(event)
    assert done == [*early, "the rest", NotifierCame()]
