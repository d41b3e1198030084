"""All alert policies together: the state after one more sample, and their findings.

To add a kind of alert: a module with its ``POLICY`` (see `policy`), a place in `POLICIES` and in
`Found`, and its words in the presentation's `notifications`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, TypeVar, cast

from msgspec import Struct
from msgspec.structs import replace

from tray_app.core.alerts import (
    disk_space,
    forecast,
    hung,
    idle_growth,
    job_leak,
    leftover_files,
    levels,
    room,
    server_exit,
    system_memory,
)
from tray_app.core.alerts.disk_space import DiskFull
from tray_app.core.alerts.facts import Facts
from tray_app.core.alerts.forecast import (
    NO_FORECAST,
    Forecast,
    ForecastKind,
    ForecastState,
    Goal,
    Line,
)
from tray_app.core.alerts.hung import Answering, Hang
from tray_app.core.alerts.idle_growth import IdleGrowth
from tray_app.core.alerts.job_leak import Leak
from tray_app.core.alerts.leftover_files import LeftoverFiles
from tray_app.core.alerts.levels import ForecastWithdrawn, LevelReached, Recovered
from tray_app.core.alerts.limits import AlertLimits, Level
from tray_app.core.alerts.policy import Finding, Policy
from tray_app.core.alerts.room import RoomAgain
from tray_app.core.alerts.server_exit import (
    ChildKilled,
    ServerExit,
    ServerReturn,
    WorkerReplacement,
)
from tray_app.core.alerts.system_memory import MachineEased, MachineShort
from tray_app.core.analysis.job_profiles import NO_ENDS, Ends
from tray_app.core.analysis.rate import STEADY_BYTES_S
from tray_app.core.model.readings import MIB

# In the order of their notifications.
POLICIES: tuple[Policy[Any], ...] = (
    server_exit.POLICY,
    hung.POLICY,
    levels.POLICY,
    system_memory.POLICY,
    job_leak.POLICY,
    idle_growth.POLICY,
    leftover_files.POLICY,
    disk_space.POLICY,
    room.POLICY,
)

Found = (
    ServerExit
    | ServerReturn
    | WorkerReplacement
    | ChildKilled
    | Hang
    | Answering
    | LevelReached
    | ForecastWithdrawn
    | Recovered
    | MachineShort
    | MachineEased
    | Leak
    | IdleGrowth
    | LeftoverFiles
    | DiskFull
    | RoomAgain
)
"""All findings of the policies: `notifications` must word each one."""

_KINDS = {
    Level.RAISED: ForecastKind.RAISED,
    Level.HIGH: ForecastKind.HIGH,
    Level.CRITICAL: ForecastKind.CRITICAL,
}

State = TypeVar("State")


class AlertsState(Struct, frozen=True):
    """The policies' states, in the order of `POLICIES`.

    ``outlook`` is the state of the forecasts, and ``forecast`` the nearest one.
    """

    outlook: ForecastState = NO_FORECAST
    forecast: Forecast | None = None
    states: tuple[Any, ...] = tuple(policy.initial for policy in POLICIES)

    def of(self, policy: Policy[State]) -> State:
        """The state of this policy."""
        return cast(State, self.states[POLICIES.index(policy)])

    def begun_again(self, policy: Policy[Any]) -> AlertsState:
        """All as they are, but this policy at its beginning."""
        each = zip(POLICIES, self.states, strict=True)
        kept = (policy.initial if known is policy else before for known, before in each)
        return replace(self, states=tuple(kept))


CALM = AlertsState()


def with_state(alerts: AlertsState, policy: Policy[State], state: State) -> AlertsState:
    """The same, but for the state of this policy."""
    each = zip(POLICIES, alerts.states, strict=True)
    return replace(alerts, states=tuple(state if one is policy else old for one, old in each))


def starting_with(policy: Policy[State], state: State) -> AlertsState:
    """All policies at their beginning, but for this one."""
    return AlertsState(states=tuple(state if each is policy else each.initial for each in POLICIES))


def update(state: AlertsState, facts: Facts) -> tuple[AlertsState, tuple[Found, ...]]:
    """The state after one more sample, and the policies' findings."""
    outlook, ahead = _foreseen(state, facts)
    if ahead:
        facts = replace(facts, ahead=ahead)
    if state.of(hung.POLICY).said_s is not None:
        facts = replace(facts, hang_said=True)
    states: list[Any] = []
    found: list[Finding] = []
    for policy, before in zip(POLICIES, state.states, strict=True):
        after, finding = policy.update(before, facts)
        states.append(after)
        if finding is not None:
            found.append(finding)
    nearest = min(ahead, key=lambda each: each.seconds) if ahead else None
    return AlertsState(outlook, nearest, tuple(states)), cast(tuple[Found, ...], tuple(found))


def woken(state: AlertsState, now_s: float) -> AlertsState:
    """After a gap in the samples: no hold time and no line reaches across it."""
    each = zip(POLICIES, state.states, strict=True)
    return AlertsState(states=tuple(policy.woken(before, now_s) for policy, before in each))


def rebased(state: AlertsState, now_s: float) -> AlertsState:
    """The memory figure has another basis from now on. Alerts stand until the new figures say
    otherwise."""
    each = zip(POLICIES, state.states, strict=True)
    return AlertsState(states=tuple(policy.rebased(before, now_s) for policy, before in each))


def due_s(state: AlertsState, now_s: float, limits: AlertLimits) -> float:
    """When a policy needs an extra reading (monotonic); infinity: never."""
    moments = [
        policy.due_s(before, now_s, limits)
        for policy, before in zip(POLICIES, state.states, strict=True)
        if before is not policy.initial
    ]
    return min(moments, default=math.inf)


def _foreseen(state: AlertsState, facts: Facts) -> tuple[ForecastState, tuple[Forecast, ...]]:
    """The nearest forecast at the current rate."""
    outlook, now_s = state.outlook, facts.now.mono_s
    if facts.fresh_bytes is not None:
        begins_s = facts.jobs.turned_s
        outlook = forecast.update(outlook, now_s, facts.fresh_bytes, begins_s=begins_s)
    elif facts.lost:
        outlook = NO_FORECAST
    line = forecast.shown(outlook, now_s)
    if line is None or facts.memory_bytes is None:  # the usual
        return outlook, ()
    if forecast.newest_rate_bytes_s(outlook) < STEADY_BYTES_S:
        return outlook, ()  # the line may go on with the next sample
    goals = _goals(line, facts, state.of(levels.POLICY).reached)
    return forecast.foresee(outlook, now_s, facts.memory_bytes, goals)


def _goals(line: Line, facts: Facts, reached: Level) -> Iterator[Goal]:
    """What memory may reach: the levels above the current one, and the end of available memory;
    and during a job how the earlier ones ended that got as far."""
    ends = _ends_of(facts, line.now_bytes)
    for level, kind in _KINDS.items():
        if level > reached:
            limit = facts.limits.limit_mb(level) * MIB
            yield Goal(kind, limit, line.now_bytes / limit if limit else 1.0, ends(limit))
    if facts.system is not None:
        full = line.now_bytes + facts.system.available_bytes
        used_part = 1.0 - facts.system.available_bytes / facts.system.total_bytes
        yield Goal(ForecastKind.FULL, full, used_part, ends(full))


def _ends_of(facts: Facts, now_bytes: float) -> Callable[[float], Ends]:
    """For a goal: how earlier jobs ended that got as far as the one that runs."""
    profile, job = facts.profile, facts.jobs.current
    if profile is None or job is None or job.before is None:
        return lambda _: NO_ENDS
    return partial(profile.ends, job.before.memory_bytes, now_bytes)
