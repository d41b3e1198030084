"""Mutes: which alerts wait, and how they come afterwards."""

from __future__ import annotations

import math

from tests.core.made import SYSTEM, mb
from tray_app.core.alerts.levels import LevelReached, Recovered
from tray_app.core.alerts.limits import Level
from tray_app.core.alerts.policy import Condition
from tray_app.core.alerts.system_memory import MachineShort
from tray_app.core.model.presets import Mode
from tray_app.core.model.readings import Now, Source
from tray_app.core.monitor.events import Alert, AlertEvent, AlertWithdrawn, PendingAlerts
from tray_app.core.monitor.mute import (
    PENDING_MAX,
    UNMUTED,
    WAKING_S,
    MuteState,
    due_s,
    mute,
    unmute,
    update,
    woken,
)
from tray_app.core.monitor.sample import Sample
from tray_app.core.source_choice.circuit_breaker import ApiCondition, ApiState

WALL_S = 1_795_000_000.0


def at(seconds: float, wall_step_s: float = 0.0) -> Now:
    return Now(seconds, WALL_S + seconds + wall_step_s)


SAMPLE = Sample(1, at(0), Mode.AUTO, Source.API, ApiCondition(ApiState.OK), memory_bytes=mb(2100))
HIGH = Alert(LevelReached(Level.HIGH, 2000), SAMPLE)
CRITICAL = Alert(LevelReached(Level.CRITICAL, 3000), SAMPLE)
BACK = Alert(Recovered(Level.HIGH, mb(2100)), SAMPLE)


def filtered(
    state: MuteState, now: Now, *events: AlertEvent, exempt: bool = True
) -> tuple[MuteState, tuple[AlertEvent | AlertWithdrawn | PendingAlerts, ...]]:
    return update(state, now, events, critical_exempt=exempt)


def test_usually_everything_is_let_through() -> None:
    """At no cost."""
    assert filtered(UNMUTED, at(0), HIGH) == (UNMUTED, (HIGH,))


def test_muted_alerts_come_as_one_summary_afterwards() -> None:
    """None is lost, a recovery least of all."""
    state = mute(UNMUTED, at(0), 1800.0)
    state, said = filtered(state, at(10), HIGH)
    assert said == ()
    state, said = filtered(state, at(100), BACK)
    assert said == (AlertWithdrawn(Condition.MEMORY),)  # the screen may still show an alert
    assert due_s(state, at(100)) == 1800.0
    state, said = filtered(state, at(1801))
    assert said == (PendingAlerts((HIGH, BACK), 0, at(0), at(1801)),)
    assert state is UNMUTED


def test_a_mute_can_be_ended() -> None:
    """Then the summary comes at once."""
    state, _ = filtered(mute(UNMUTED, at(0), None), at(10), HIGH)
    assert state.muted_s(at(1e9)) == math.inf
    assert due_s(state, at(10)) == math.inf
    _, said = filtered(unmute(state), at(20))
    assert said == (PendingAlerts((HIGH,), 0, at(0), at(20)),)


def test_critical_is_exempt_unless_set_otherwise() -> None:
    """And so is a machine that is short of memory."""
    state = mute(UNMUTED, at(0), 1800.0)
    scarce = Alert(MachineShort(SYSTEM, ()), SAMPLE)
    assert filtered(state, at(10), CRITICAL, scarce, HIGH)[1] == (CRITICAL, scarce)
    assert filtered(state, at(10), CRITICAL, exempt=False)[1] == ()


def test_a_critical_alert_that_was_said_is_muted() -> None:
    """Its repeats wait, whatever is exempt; after a sleep they do not."""
    again = Alert(LevelReached(Level.CRITICAL, 3000, again=True), SAMPLE)
    assert filtered(mute(UNMUTED, at(0), 1800.0), at(600), again)[1] == ()
    assert filtered(woken(UNMUTED, at(10, 3600), 3600.0), at(11, 3600), again)[1] == (again,)


def test_a_level_that_lasts_is_pending_once() -> None:
    """Its repeats take each other's place."""
    state = mute(UNMUTED, at(0), None)
    again = Alert(LevelReached(Level.HIGH, 2000, again=True), SAMPLE)
    for at_s in (10, 20, 30):
        state, _ = filtered(state, at(at_s), again)
    assert state.pending == (again,)


def test_pending_alerts_are_bounded() -> None:
    """The oldest are counted only."""
    state = mute(UNMUTED, at(0), None)
    for at_s in range(PENDING_MAX + 5):
        state, _ = filtered(state, at(at_s), HIGH)
    assert (len(state.pending), state.dropped) == (PENDING_MAX, 5)


def test_a_clock_that_is_set_makes_no_mute_longer() -> None:
    """And one that goes on while the machine sleeps ends it."""
    state = mute(UNMUTED, at(0), 1800.0)
    set_back = woken(state, at(60, -3600), -3540.0)
    assert set_back.muted_s(at(60, -3600)) == 1800.0
    assert set_back.muted_s(at(1870, -3600)) == 0.0
    assert state.muted_s(at(60, 7200)) == 0.0


def test_what_a_sleep_brings_comes_as_one_summary() -> None:
    """Some seconds after waking; critical does not wait."""
    state = woken(UNMUTED, at(10, 3600), 3600.0)
    state, said = filtered(state, at(11, 3600), HIGH)
    assert said == ()
    state, said = filtered(state, at(12, 3600), CRITICAL, exempt=False)
    assert said == (CRITICAL,)
    _, said = filtered(state, at(10 + WAKING_S, 3600))
    assert said == (PendingAlerts((HIGH,), 0, at(10, 3600), at(10 + WAKING_S, 3600), 3600.0),)
    assert woken(UNMUTED, at(10), 8.0) is UNMUTED
