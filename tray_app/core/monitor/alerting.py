"""Turns what the alert policies find into events, except for what a mute holds back."""

from __future__ import annotations

from msgspec.structs import replace

from tray_app.core.alerts import hung, levels, policies, system_memory
from tray_app.core.alerts.policies import AlertsState, Found
from tray_app.core.alerts.policy import Condition
from tray_app.core.model.readings import Now
from tray_app.core.monitor import mute
from tray_app.core.monitor.events import Alert, AlertFate, AlertMemoryChanged, AlertWithdrawn, Event
from tray_app.core.monitor.mute import MuteState
from tray_app.core.monitor.sample import Sample
from tray_app.core.monitor.state import State, alert_limits

# While an alert holds, its stored time is renewed this often.
STAMP_EVERY_S = 600.0


def tell(
    state: State, alerts: AlertsState, found: tuple[Found, ...], sample: Sample
) -> tuple[MuteState, float | None, tuple[Event, ...]]:
    """The events of the findings that are not muted: returns the mute, when the stored state last
    changed, and the events. ``state`` is the last sample's."""
    now, limits = sample.at, state.settings.alerts
    muted, said = mute.update(
        state.mute,
        now,
        tuple(Alert(each, sample) for each in found),
        critical_exempt=limits.critical_exempt,
    )
    if not _is_news(state, alerts, muted, now.mono_s):
        return muted, state.noted_s, said
    return muted, now.mono_s, (*said, AlertMemoryChanged())


def fate(about_s: float | None, title: str, problem: str | None) -> tuple[AlertFate, ...]:
    """What became of an alert's notification when it was sent; empty: it is of no alert."""
    if about_s is None:
        return ()
    return (AlertFate(about_s, title, "shown" if problem is None else f"not delivered: {problem}"),)


def unwatched(state: State, *, machine: bool) -> tuple[AlertWithdrawn, ...]:
    """Withdraws the alerts of the memory of a server that has ended; ``machine``: the program
    pauses, so that it withdraws those of the machine's memory, too."""
    level = state.alerts.of(levels.POLICY)
    stand = {
        Condition.MEMORY: level.told or level.foreseen_s is not None,
        Condition.MACHINE: machine and state.alerts.of(system_memory.POLICY).said,
    }
    return tuple(AlertWithdrawn(each) for each, stands in stand.items() if stands)


def after_change(before: State, after: State) -> tuple[State, tuple[Event, ...]]:
    """The state after an edit of the settings or another choice of server, and the alerts that are
    no longer true: all those of another server, and that of a level whose limit was raised above
    memory. A lower level that memory is still in is then entered as any other."""
    if after.settings.address != before.settings.address:
        hangs = before.alerts.of(hung.POLICY).said_s is not None
        silent = (AlertWithdrawn(Condition.SERVER),) if hangs else ()
        return after, (*unwatched(before, machine=True), *silent)
    level = after.alerts.of(levels.POLICY).level
    memory_bytes = after.sample.memory_bytes if after.sample else None
    if not level or memory_bytes is None:
        return after, ()
    limits = alert_limits(after)
    is_raised = limits.limit_mb(level) > alert_limits(before).limit_mb(level)
    if not is_raised or limits.reached(memory_bytes) >= level:
        return after, ()
    withdrawn = () if after.paused else unwatched(after, machine=False)
    calm = replace(after, alerts=after.alerts.begun_again(levels.POLICY))
    return calm, (*withdrawn, AlertMemoryChanged())


def muted(state: State, now: Now, duration_s: float | None) -> tuple[State, tuple[Event, ...]]:
    """Hold alerts back from now on; None: until the program ends."""
    changed = mute.mute(state.mute, now, duration_s)
    return replace(state, mute=changed), (AlertMemoryChanged(),)


def unmuted(state: State, now: Now) -> tuple[State, tuple[Event, ...]]:
    """End the mute, and deliver the pending alerts."""
    changed, said = mute.update(mute.unmute(state.mute), now, (), critical_exempt=True)
    return replace(state, mute=changed), (*said, AlertMemoryChanged())


def woken(state: State, now: Now, slept_s: float) -> State:
    """After a gap in the samples."""
    alerts = policies.woken(state.alerts, now.mono_s)
    return replace(state, alerts=alerts, mute=mute.woken(state.mute, now, slept_s))


def _is_news(state: State, alerts: AlertsState, muted: MuteState, now_s: float) -> bool:
    """Whether the stored state is out of date."""
    old, new = state.alerts.of(levels.POLICY), alerts.of(levels.POLICY)
    if (old.level, old.highest, old.hushed) != (new.level, new.highest, new.hushed):
        return True
    if (old.foreseen_s is None) != (new.foreseen_s is None):
        return True
    before = state.mute
    if before is not muted and (before.until_wall_s, before.pending) != (
        muted.until_wall_s,
        muted.pending,
    ):
        return True
    if not new.highest:
        return False
    return state.noted_s is None or now_s - state.noted_s >= STAMP_EVERY_S
