"""The end of the run, and of a quick test: each has a summary."""

from __future__ import annotations

from msgspec.structs import replace

from tray_app.core.model.readings import Now
from tray_app.core.monitor.events import Ended, Event, Summarised
from tray_app.core.monitor.state import State
from tray_app.core.summary import measurement
from tray_app.core.summary.measurement import Measurement


def _over(run: Measurement | None, now: Now) -> bool:
    return run is not None and run.ends_s is not None and now.mono_s >= run.ends_s


def summary(state: State, now: Now, wanted: bool = True) -> tuple[Event, ...]:
    """The summary of the run, when it ends; None without samples."""
    if not wanted or not state.run.samples:
        return ()
    return (Summarised(measurement.summarise(state.run, now.mono_s), ends_run=True),)


def ended(state: State, now: Now, events: list[Event]) -> tuple[State, tuple[Event, ...]]:
    """After a set time: a summary, and the end of the run or of the quick test."""
    if state.quick and state.before_quick and _over(state.quick, now):
        events.append(Summarised(measurement.summarise(state.quick, now.mono_s), ends_run=False))
        settings = replace(state.before_quick, mode=state.settings.mode)
        state = replace(state, settings=settings, quick=None, before_quick=None)
    if _over(state.run, now):
        events += [Summarised(measurement.summarise(state.run, now.mono_s), ends_run=True), Ended()]
        state = replace(state, ended=True)
    return state, tuple(events)
