"""Servers as tests of several need them."""

from __future__ import annotations

from msgspec.structs import replace

from tests.core.made import mb
from tray_app.core.alerts.hung import Answering, Hang, HangKind
from tray_app.core.alerts.levels import LevelReached, Recovered
from tray_app.core.alerts.limits import Level
from tray_app.core.alerts.server_exit import ServerExit
from tray_app.core.analysis.bands import Band
from tray_app.core.config.settings import Settings
from tray_app.core.fleet.grouping import Told
from tray_app.core.fleet.overview import Fleet, Member
from tray_app.core.model.presets import Mode
from tray_app.core.model.readings import GIB, Now, Source, SystemMemory
from tray_app.core.monitor.events import Alert
from tray_app.core.monitor.sample import Sample
from tray_app.core.monitor.state import State, begin
from tray_app.core.presentation import fleet_text, notifications
from tray_app.core.source_choice.circuit_breaker import ApiCondition, ApiState

NOW = Now(100.0, 1e9)
LIMITS_MB = ((2000, Band.RED), (1000, Band.ORANGE), (500, Band.YELLOW))

LEVELS_MB = ((3000, Level.CRITICAL), (2000, Level.HIGH), (1500, Level.RAISED))


def sample(memory_mb: float | None) -> Sample:
    """A sample of the API with this memory; None: no reading."""
    memory_bytes = None if memory_mb is None else mb(memory_mb)
    band = next((band for limit, band in LIMITS_MB if (memory_mb or 0) >= limit), Band.GREEN)
    level = next((level for limit, level in LEVELS_MB if (memory_mb or 0) >= limit), Level.NONE)
    return Sample(
        number=1,
        at=NOW,
        mode=Mode.AUTO,
        source=Source.NONE if memory_bytes is None else Source.API,
        api=ApiCondition(ApiState.OK),
        memory_bytes=memory_bytes,
        band=Band.UNKNOWN if memory_bytes is None else band,
        level=level,
        system=SystemMemory(16 * GIB, 10 * GIB, 37.5),
    )


def state(memory_mb: float | None, *, seen: bool = True) -> State:
    """A server with this memory. ``seen``: it has been read since the start."""
    begun = begin(Settings(), Settings(), NOW, local=True)
    run = replace(begun.run, readings=1 if seen else 0)
    return replace(begun, sample=sample(memory_mb), run=run, has_emoji=True)


def fleet(**memory_mb: float | None) -> Fleet:
    """Servers by name with this memory; None: one that was read and no longer is."""
    return Fleet(tuple(Member(name, state(it)) for name, it in memory_mb.items()))


def critical(memory_mb: float = 3100) -> Alert:
    return Alert(LevelReached(Level.CRITICAL, 3000), sample(memory_mb))


def raised() -> Alert:
    return Alert(LevelReached(Level.RAISED, 1500), sample(1600))


def recovered() -> Alert:
    return Alert(Recovered(Level.CRITICAL, mb(3100)), sample(300))


def silent() -> Alert:
    return Alert(Hang(HangKind.SILENT, 40.0, busy=False), sample(None))


def answering() -> Alert:
    return Alert(Answering(40.0, asked=True), sample(300))


def gone() -> Alert:
    return Alert(ServerExit(mb(900), busy=False), sample(None))


def told(server: str, event: Alert, at_s: float, *, remote: bool = False) -> Told:
    """An alert of a server about its memory, or about the server itself."""
    said = notifications.note(event)
    assert said
    return fleet_text.told(said, event, server, at_s, remote=remote)
