"""What an engine says of servers: which there are, how each is, and which alerts fire."""

from __future__ import annotations

from enum import IntEnum, StrEnum

from msgspec import Struct

from tray_app.core.fleet.rank import Rank
from tray_app.core.model.api_failure import ApiProblem
from tray_app.core.model.label_selector import Matcher
from tray_app.core.prometheus.naming import Key


class Part(StrEnum):
    """What is read from an engine, each in a request of its own."""

    SERVERS = "servers"
    ALERTS = "alerts"
    SILENCES = "silences"


OF_PICTURE = (Part.SERVERS, Part.ALERTS)
"""What icon and figures are made of."""


class Freshness(IntEnum):
    """How far an answer can be trusted."""

    FRESH = 0
    STALE = 1
    UNKNOWN = 2


class EngineServer(Struct, frozen=True):
    """A server as the engine's rules have judged it. ``instance`` is its exporter, ``server`` its
    address as that exporter knows it: together they tell servers apart. ``name`` is what people
    call it. ``memory_bytes`` None: not known, or there is none."""

    instance: str
    server: str
    name: str
    rank: Rank
    memory_bytes: int | None = None

    @property
    def key(self) -> Key:
        """What tells it from the others."""
        return self.instance, self.server


class AlertStatus(StrEnum):
    """FIRING: somebody is to hear of it. SILENCED: a person wants no notification of it.
    INHIBITED: another alert says the same and more."""

    FIRING = "firing"
    SILENCED = "silenced"
    INHIBITED = "inhibited"


class EngineAlert(Struct, frozen=True):
    """An alert of the engine. ``key`` tells it from others. ``rank`` is how urgent its severity is.

    ``instance`` and ``server`` are those of its labels; empty: it has none. ``labels`` are all of
    them, in order, and empty where they are too many or too long to name them in a silence.
    ``silences`` are the identifiers of the silences that hold it back. ``begun_s`` is Unix time.
    """

    key: str
    name: str
    rank: Rank
    instance: str = ""
    server: str = ""
    summary: str = ""
    description: str = ""
    runbook: str = ""
    status: AlertStatus = AlertStatus.FIRING
    silences: tuple[str, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    begun_s: float | None = None

    @property
    def is_firing(self) -> bool:
        """Whether it counts towards the icon, and is notified."""
        return self.status is AlertStatus.FIRING

    @property
    def title(self) -> str:
        """What it says in one line: the summary of its rule, or else its name."""
        return self.summary or self.name


class ServersRead(Struct, frozen=True):
    """All servers that the engine knows. ``warning`` is why some may be missing."""

    servers: tuple[EngineServer, ...]
    warning: str = ""


class AlertsRead(Struct, frozen=True):
    """All alerts that fire or are held back. ``warning`` is why some may be missing."""

    alerts: tuple[EngineAlert, ...]
    warning: str = ""


class SilenceState(StrEnum):
    """As Alertmanager says it: whether it holds, begins later, or is over."""

    ACTIVE = "active"
    PENDING = "pending"
    EXPIRED = "expired"


class Silence(Struct, frozen=True):
    """A silence that Alertmanager knows. Times are Unix time, by Alertmanager's clock."""

    id: str
    matchers: tuple[Matcher, ...]
    author: str
    comment: str
    starts_s: float
    ends_s: float
    state: SilenceState = SilenceState.ACTIVE


class SilencesRead(Struct, frozen=True):
    """The silences that hold, those that end first in front."""

    silences: tuple[Silence, ...]


class ReadFailed(Struct, frozen=True):
    """This part could not be read, or what came is not understood."""

    part: Part
    problem: ApiProblem


EngineOutcome = ServersRead | AlertsRead | SilencesRead | ReadFailed
"""What a request brings."""
