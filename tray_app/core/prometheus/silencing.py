"""What a click on *Silence* does, and which silences are known."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum, auto

from msgspec import Struct
from msgspec.structs import replace

from tray_app.core.model.label_selector import Selector
from tray_app.core.model.readings import Now
from tray_app.core.model.silence_length import ends_s
from tray_app.core.monitor.commands import ForEngine, SilenceAlerts, UnsilenceAlerts
from tray_app.core.prometheus import silences
from tray_app.core.prometheus.naming import Key
from tray_app.core.prometheus.silences import (
    EndSilence,
    MakeSilence,
    SilenceOrder,
    SilenceResult,
    SilenceScope,
)
from tray_app.core.prometheus.values import EngineAlert, EngineServer, Silence, SilencesRead

COMMENT = "From the menu of runanalyze-tray"


class Silencing(Struct, frozen=True):
    """What is known of silences, where an Alertmanager is set. ``author`` is the user, as new ones
    name them. ``read`` are all that hold, ``shown`` those of the servers that are shown (their
    ``keys``) and of alerts (they are ``named`` by them). ``running`` is the order under way."""

    author: str
    selector: Selector = Selector()
    read: tuple[Silence, ...] = ()
    shown: tuple[Silence, ...] = ()
    keys: frozenset[Key] = frozenset()
    named: frozenset[str] = frozenset()
    running: SilenceOrder | None = None


class Refusal(Enum):
    """Why a click does nothing. RUNNING: the order before it is under way. NO_SERVER, NO_SILENCE:
    it is no longer known. NO_ALERTMANAGER: none is set."""

    RUNNING = auto()
    NO_SERVER = auto()
    NO_SILENCE = auto()
    NO_ALERTMANAGER = auto()


class SilenceDoubted(Struct, frozen=True):
    """The user asks for a silence, and must confirm it: it holds for everybody."""

    scope: SilenceScope
    ends_s: float
    now_s: float
    command: SilenceAlerts


class SilenceRequested(Struct, frozen=True):
    """Have Alertmanager do this."""

    order: SilenceOrder


class SilenceSettled(Struct, frozen=True):
    """An order was carried out, or failed."""

    result: SilenceResult
    now_s: float


class SilenceRefused(Struct, frozen=True):
    """The click does nothing."""

    reason: Refusal


SilenceEvent = SilenceDoubted | SilenceRequested | SilenceSettled | SilenceRefused
SilenceInput = SilencesRead | SilenceResult | ForEngine


def step(
    state: Silencing | None,
    happened: SilenceInput,
    now: Now,
    servers: tuple[EngineServer, ...],
) -> tuple[Silencing | None, tuple[SilenceEvent, ...]]:
    """The state after this, and what follows from it."""
    if state is None:
        is_asked = isinstance(happened, ForEngine)
        return None, (SilenceRefused(Refusal.NO_ALERTMANAGER),) if is_asked else ()
    match happened:
        case SilencesRead(read) if read == state.read:  # the usual
            return state, ()
        case SilencesRead(read):
            return _with_shown(replace(state, read=read)), ()
        case SilenceResult():
            return _settled(state, happened), (SilenceSettled(happened, now.wall_s),)
        case SilenceAlerts() | UnsilenceAlerts() if state.running is not None:
            return state, (SilenceRefused(Refusal.RUNNING),)
        case SilenceAlerts():
            return _silence(state, happened, now, servers)
        case UnsilenceAlerts(silence_id):
            known = next((each for each in state.read if each.id == silence_id), None)
            if known is None:
                return state, (SilenceRefused(Refusal.NO_SILENCE),)
            return _ordered(state, EndSilence(known))


def seen(
    state: Silencing, servers: Iterable[EngineServer], alerts: Iterable[EngineAlert]
) -> Silencing:
    """The state once these servers and alerts are known."""
    keys = frozenset(each.key for each in servers)
    named = frozenset(each for alert in alerts for each in alert.silences)
    if keys == state.keys and named == state.named:  # the usual
        return state
    return _with_shown(replace(state, keys=keys, named=named))


def _with_shown(state: Silencing) -> Silencing:
    shown = silences.shown(state.read, state.keys, state.named, state.selector)
    return replace(state, shown=shown)


def _silence(
    state: Silencing, asked: SilenceAlerts, now: Now, servers: tuple[EngineServer, ...]
) -> tuple[Silencing, tuple[SilenceEvent, ...]]:
    scope = silences.of_all(state.selector)
    if asked.instance and not asked.server:
        scope = silences.of_exporter(asked.instance)
    elif asked.server:
        key = asked.instance, asked.server
        server = next((each for each in servers if each.key == key), None)
        if server is None:
            return state, (SilenceRefused(Refusal.NO_SERVER),)
        scope = silences.of_server(server, servers)
    until_s = ends_s(asked.length, now.wall_s)
    if not asked.sure:
        command = replace(asked, sure=True)
        return state, (SilenceDoubted(scope, until_s, now.wall_s, command),)
    order = MakeSilence(scope, state.author, COMMENT, asked_s=now.wall_s, ends_s=until_s)
    return _ordered(state, order)


def _ordered(state: Silencing, order: SilenceOrder) -> tuple[Silencing, tuple[SilenceEvent, ...]]:
    return replace(state, running=order), (SilenceRequested(order),)


def _settled(state: Silencing, result: SilenceResult) -> Silencing:
    """A silence counts as Alertmanager has it; what failed has changed nothing."""
    state = replace(state, running=None)
    silence = result.silence
    if result.problem is not None or silence is None:
        return state
    others = tuple(each for each in state.read if each.id != silence.id)
    if isinstance(result.order, EndSilence):
        return _with_shown(replace(state, read=others))
    read = sorted((*others, silence), key=lambda each: (each.ends_s, each.id))
    return _with_shown(replace(state, read=tuple(read)))
