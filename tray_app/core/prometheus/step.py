"""The transition: an input in, the next state and events out. Pure; time comes in."""

from __future__ import annotations

from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from tray_app.core.fleet.rank import Rank
from tray_app.core.model.readings import Now
from tray_app.core.monitor.commands import (
    Command,
    ForEngine,
    LeftClick,
    SetPaused,
    ShowStatus,
    SilenceAlerts,
    UnsilenceAlerts,
)
from tray_app.core.monitor.inputs import Report
from tray_app.core.monitor.state import is_menu_open, is_muted
from tray_app.core.monitor.step import step as desk_step
from tray_app.core.prometheus import silencing, telling
from tray_app.core.prometheus.events import (
    EngineAway,
    EngineBack,
    EngineEvent,
    FleetStatusAsked,
)
from tray_app.core.prometheus.overview import overview
from tray_app.core.prometheus.silences import SilenceResult
from tray_app.core.prometheus.silencing import SilenceInput, Silencing
from tray_app.core.prometheus.state import EngineState, PartState
from tray_app.core.prometheus.values import (
    OF_PICTURE,
    AlertsRead,
    EngineAlert,
    EngineOutcome,
    Freshness,
    Part,
    ReadFailed,
    ServersRead,
    SilencesRead,
)

Each = TypeVar("Each")

LISTED = 15
"""Servers that have a row of the menu."""
MISSING_MAX = 1000
"""Alerts that are kept although an answer lacks them: an engine may be short of something for
weeks."""
FAILURES_AWAY = 2
"""One failure is no absence: the machine may just have woken."""


class PartAsked(Struct, frozen=True):
    """A request for this part was sent."""

    part: Part


class TimePassed(Struct, frozen=True):
    """Nothing happened, but what is known is older."""


EngineInput = PartAsked | TimePassed | EngineOutcome | SilenceResult | Command | ForEngine | Report


def step(
    state: EngineState, happened: EngineInput, now: Now
) -> tuple[EngineState, tuple[EngineEvent, ...]]:
    """The state after this, and what follows from it."""
    before = state
    state, events = _taken(replace(state, now=now), happened, now)
    state, alerts = _alerts_told(state, now)
    state, away = _absence_told(state)
    return _seen(state, before), (*events, *alerts, *away)


def _taken(
    state: EngineState, happened: EngineInput, now: Now
) -> tuple[EngineState, tuple[EngineEvent, ...]]:
    match happened:
        case TimePassed():
            return state, ()
        case PartAsked(part):
            asked = replace(state.part(part), asked_s=now.mono_s, is_asked=True)
            return _with_part(state, part, asked), ()
        case ServersRead(servers, warning):
            state = _with_part(state, Part.SERVERS, _read(state.servers_part, now))
            return replace(state, servers=_kept(state.servers, servers), warning=warning), ()
        case AlertsRead(alerts, warning):
            state = _with_part(state, Part.ALERTS, _read(state.alerts_part, now))
            return _with_alerts(replace(state, alerts_warning=warning), alerts), ()
        case SilencesRead():
            state = _with_part(state, Part.SILENCES, _read(state.silences_part, now))
            return _silenced(state, happened, now)
        case SilenceResult():
            # What holds now is asked for at once: Alertmanager judges each alert.
            for part in (Part.ALERTS, Part.SILENCES):
                state = _with_part(state, part, replace(state.part(part), asked_s=None))
            return _silenced(state, happened, now)
        case SilenceAlerts() | UnsilenceAlerts():
            return _silenced(state, happened, now)
        case ReadFailed(part, problem):
            known = state.part(part)
            failures = known.failures + 1
            failed = replace(known, is_asked=False, problem=problem, failures=failures)
            return _with_part(state, part, failed), ()
        case ShowStatus() | LeftClick():
            return state, (FleetStatusAsked(),)
        case SetPaused(False):
            for part in Part:
                state = _with_part(state, part, PartState())
    desk, events = desk_step(state.desk, happened, now)
    return replace(state, desk=desk), events


def _with_alerts(state: EngineState, alerts: tuple[EngineAlert, ...]) -> EngineState:
    """With these; where others fire than before, the servers are asked for at once, so that their
    bands and figures fit the alerts."""
    if _firing(alerts) != _firing(state.alerts):
        state = replace(state, servers_part=replace(state.servers_part, asked_s=None))
    return replace(state, alerts=_kept(state.alerts, alerts))


def _firing(alerts: tuple[EngineAlert, ...]) -> set[str]:
    return {each.key for each in alerts if each.is_firing}


def _kept(old: tuple[Each, ...], new: tuple[Each, ...]) -> tuple[Each, ...]:
    """The old ones where the new ones are the same: then nothing is to be put together again."""
    return old if old == new else new


def _with_part(state: EngineState, part: Part, known: PartState) -> EngineState:
    match part:
        case Part.SERVERS:
            return replace(state, servers_part=known)
        case Part.ALERTS:
            return replace(state, alerts_part=known)
        case Part.SILENCES:
            return replace(state, silences_part=known)


def _read(known: PartState, now: Now) -> PartState:
    return replace(known, is_asked=False, read_s=now.mono_s, problem=None, failures=0)


def _alerts_told(state: EngineState, now: Now) -> tuple[EngineState, tuple[EngineEvent, ...]]:
    """What is new and what is over among the alerts, as far as somebody is to hear of it."""
    if state.desk.paused or state.alerts_part.read_s is None:
        return state, ()
    alerts = state.alerts
    if state.alerts_warning:  # one that is missing may still fire
        listed = {each.key for each in alerts}
        missing = [each for each in state.told if each.key not in listed]
        alerts = (*alerts, *missing[-MISSING_MAX:])
    changed = telling.changes(alerts, state.told, _least(state, now))
    if changed is None:
        return state, ()
    return replace(state, told=telling.known_after(state.told, changed)), (changed,)


def _least(state: EngineState, now: Now) -> Rank | None:
    """The rank from which on alerts are notified now; None: a mute holds back all."""
    if not is_muted(state.desk, now):
        return Rank.PAUSED
    return Rank.RED if state.desk.settings.alerts.critical_exempt else None


def _absence_told(state: EngineState) -> tuple[EngineState, tuple[EngineEvent, ...]]:
    """Once that the engine is away, and once that it is back. A mute that lets critical alerts
    through lets this through, too: they could not be seen."""
    if state.desk.paused or _least(state, state.now) is None:
        return state, ()
    if state.is_away:
        if any(state.freshness(part) is not Freshness.FRESH for part in OF_PICTURE):
            return state, ()
        return replace(state, is_away=False), (EngineBack(),)
    for part in OF_PICTURE:
        if state.freshness(part) is Freshness.UNKNOWN and _is_away(state, part):
            named = Part.SERVERS if state.servers_part.failures else part
            return replace(state, is_away=True), (EngineAway(named, state.part(named).problem),)
    return state, ()


def _is_away(state: EngineState, part: Part) -> bool:
    """Whether it fails for longer than a start takes."""
    known = state.part(part)
    first = replace(known, read_s=state.desk.started.mono_s) if known.read_s is None else known
    age = first.freshness(state.now.mono_s, state.pace_s(part))
    return known.failures >= FAILURES_AWAY and age is Freshness.UNKNOWN


def _seen(state: EngineState, before: EngineState) -> EngineState:
    """With everything put together, where something has changed."""
    if _inputs(state) != _inputs(before):
        known = [state.freshness(part) for part in OF_PICTURE]
        is_partial = bool(state.warning or state.alerts_warning)
        is_known = {part: state.freshness(part) is not Freshness.UNKNOWN for part in Part}
        whole = overview(
            state.servers if is_known[Part.SERVERS] else (),
            state.alerts if is_known[Part.ALERTS] else (),
            is_whole=max(known) is Freshness.FRESH and not is_partial,
        )
        state = replace(state, overview=whole, silencing=_silences_seen(state))
    if is_menu_open(state.desk, state.now.mono_s):  # the rows keep their places
        return state
    was_open = is_menu_open(before.desk, before.now.mono_s)
    if state.overview is before.overview and not was_open:
        return state
    worst = state.overview.members[:LISTED]
    return replace(state, listed=tuple(each.server.key for each in worst))


def _inputs(state: EngineState) -> tuple[object, ...]:
    """What is put together; `_kept` lets equal ones be the same."""
    return (
        *(id(state.servers), state.warning, id(state.alerts), state.alerts_warning),
        *(state.freshness(part) for part in Part),
    )


def _silences_seen(state: EngineState) -> Silencing | None:
    """Silences together with servers and alerts; none, where they are not known."""
    known = state.silencing
    if known is None:
        return None
    if state.freshness(Part.SILENCES) is Freshness.UNKNOWN:
        known = replace(known, read=(), shown=())
    return silencing.seen(known, state.servers, state.alerts)


def _silenced(
    state: EngineState, happened: SilenceInput, now: Now
) -> tuple[EngineState, tuple[EngineEvent, ...]]:
    known, events = silencing.step(state.silencing, happened, now, state.servers)
    return replace(state, silencing=known), events
