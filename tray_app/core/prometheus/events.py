"""What a step of the engine's state makes others do."""

from __future__ import annotations

from msgspec import Struct

from tray_app.core.model.api_failure import ApiProblem
from tray_app.core.monitor.events import Event
from tray_app.core.prometheus.silencing import SilenceEvent
from tray_app.core.prometheus.values import EngineAlert, Part


class AlertsChanged(Struct, frozen=True):
    """Alerts that ``began``, that ``ended``, and that nobody is to see any longer (``withdrawn``:
    silenced, inhibited, or over during a mute)."""

    began: tuple[EngineAlert, ...] = ()
    ended: tuple[EngineAlert, ...] = ()
    withdrawn: tuple[EngineAlert, ...] = ()


class EngineAway(Struct, frozen=True):
    """This part could not be read for so long that nothing is known of it."""

    part: Part
    problem: ApiProblem | None


class EngineBack(Struct, frozen=True):
    """All parts can be read again."""


class FleetStatusAsked(Struct, frozen=True):
    """The user asks for the status."""


EngineEvent = AlertsChanged | EngineAway | EngineBack | FleetStatusAsked | SilenceEvent | Event
