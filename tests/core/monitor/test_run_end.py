"""The end of the run, and of a quick test."""

from __future__ import annotations

from msgspec.structs import replace

from tests.core.made import mb
from tray_app.core.config.settings import Settings
from tray_app.core.model.presets import Mode
from tray_app.core.model.readings import Now
from tray_app.core.monitor import run_end
from tray_app.core.monitor.events import Ended, Summarised
from tray_app.core.monitor.state import begin
from tray_app.core.summary import measurement
from tray_app.core.summary.measurement import Measurement, Reading

START = Now(1000.0, 1e9)
STATE = begin(Settings(), Settings(), START, local=True)


def measured(ends_s: float | None) -> Measurement:
    """A measurement with one sample."""
    return replace(measurement.update(STATE.run, Reading(1000.0, 1e9, mb(500))), ends_s=ends_s)


def test_a_run_without_a_set_time_goes_on() -> None:
    """It is summed up at its end, if there was a sample and a summary is wanted."""
    state = replace(STATE, run=measured(None))
    assert run_end.ended(state, Now(9000.0, 1e9), []) == (state, ())
    (summary,) = run_end.summary(state, Now(1030.0, 1e9))
    assert isinstance(summary, Summarised)
    assert (summary.ends_run, summary.summary.peak_bytes) == (True, mb(500))
    assert run_end.summary(state, START, wanted=False) == run_end.summary(STATE, START) == ()


def test_a_run_ends_at_its_time() -> None:
    """With a summary, after the events of the sample."""
    state = replace(STATE, run=measured(1030.0))
    assert not run_end.ended(state, Now(1029.9, 1e9), [])[0].ended
    after, events = run_end.ended(state, Now(1030.0, 1e9), [])
    assert after.ended
    assert [type(event) for event in events] == [Summarised, Ended]


def test_a_quick_test_gives_the_settings_back() -> None:
    """But for the mode, which may have been chosen since."""
    settings = replace(STATE.settings, mode=Mode.API, interval_s=1.0)
    state = replace(STATE, settings=settings, quick=measured(1030.0), before_quick=STATE.settings)
    after, (summary,) = run_end.ended(state, Now(1030.0, 1e9), [])
    assert isinstance(summary, Summarised)
    assert not summary.ends_run
    assert after.settings == replace(STATE.settings, mode=Mode.API)
    assert (after.quick, after.before_quick, after.ended) == (None, None, False)
