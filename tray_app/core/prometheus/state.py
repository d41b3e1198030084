"""What is known of an engine and its servers. Only `step` changes it."""

from __future__ import annotations

import math

from msgspec import Struct

from tray_app.core.model.api_failure import ApiProblem
from tray_app.core.model.readings import Now
from tray_app.core.monitor.state import State
from tray_app.core.prometheus.naming import Key
from tray_app.core.prometheus.overview import NOTHING, Overview
from tray_app.core.prometheus.silencing import Silencing
from tray_app.core.prometheus.values import EngineAlert, EngineServer, Freshness, Part

STALE_INTERVALS, STALE_MIN_S = 2.0, 5.0
UNKNOWN_INTERVALS, UNKNOWN_MIN_S = 5.0, 30.0
"""An answer older than this many intervals, and than this, is stale, and later says nothing."""
LISTS_PACE_S = 10.0
"""The list of servers is long, and the engine's rules renew it every 15 s or more seldom; so is
that of silences. Alerts are few: they are read at each interval, so that they come soon."""
LONGEST_PAUSE_S = 30.0
"""Each failure doubles the pause before the next request, up to this."""
FAILURES_DOUBLED = 10


class PartState(Struct, frozen=True):
    """One part of what an engine knows: when it was last asked and read (monotonic), why the last
    request failed (None: it did not), and how many have failed since a good one."""

    asked_s: float | None = None
    is_asked: bool = False
    read_s: float | None = None
    problem: ApiProblem | None = None
    failures: int = 0

    def freshness(self, now_s: float, interval_s: float) -> Freshness:
        """How far its last answer can be trusted now."""
        if self.read_s is None:
            return Freshness.UNKNOWN
        age_s = now_s - self.read_s
        if age_s <= max(STALE_INTERVALS * interval_s, STALE_MIN_S):
            return Freshness.FRESH
        is_stale = age_s <= max(UNKNOWN_INTERVALS * interval_s, UNKNOWN_MIN_S)
        return Freshness.STALE if is_stale else Freshness.UNKNOWN

    def due_s(self, interval_s: float) -> float:
        """When it is to be asked next; infinity: a request is under way."""
        if self.is_asked:
            return math.inf
        if self.asked_s is None:
            return 0.0
        pause_s = interval_s * 2.0 ** min(self.failures, FAILURES_DOUBLED)
        longest_s = max(interval_s, LONGEST_PAUSE_S)
        return self.asked_s + (min(pause_s, longest_s) if self.failures else interval_s)


class EngineState(Struct, frozen=True):
    """Everything the tray knows of an engine.

    ``desk`` is the state of icon, menu and notifications, as one server's monitor keeps it, too;
    ``now`` is the newest moment that the state knows. ``warning`` is why servers may be missing,
    and ``alerts_warning`` why alerts may.
    ``overview`` is made of all that. ``told`` are the alerts that were notified and still fire.
    ``listed`` are the servers in the menu's rows, in their order, which an open menu keeps.
    ``is_away`` says that the engine's absence was notified. ``silencing`` is None where no
    Alertmanager is set.
    """

    desk: State
    now: Now
    servers: tuple[EngineServer, ...] = ()
    warning: str = ""
    alerts: tuple[EngineAlert, ...] = ()
    alerts_warning: str = ""
    servers_part: PartState = PartState()
    alerts_part: PartState = PartState()
    silences_part: PartState = PartState()
    overview: Overview = NOTHING
    told: tuple[EngineAlert, ...] = ()
    listed: tuple[Key, ...] = ()
    is_away: bool = False
    silencing: Silencing | None = None

    def part(self, part: Part) -> PartState:
        """What is known of this part."""
        match part:
            case Part.SERVERS:
                return self.servers_part
            case Part.ALERTS:
                return self.alerts_part
            case Part.SILENCES:
                return self.silences_part

    def pace_s(self, part: Part) -> float:
        """Seconds between two requests for this part."""
        interval_s = self.desk.settings.interval_s
        return interval_s if part is Part.ALERTS else max(interval_s, LISTS_PACE_S)

    def freshness(self, part: Part) -> Freshness:
        """How far this part can be trusted now."""
        return self.part(part).freshness(self.now.mono_s, self.pace_s(part))

    def due_s(self, part: Part) -> float:
        """When this part is to be asked next (monotonic); infinity: not before something
        happens."""
        return math.inf if self.desk.paused else self.part(part).due_s(self.pace_s(part))


def begin(desk: State, author: str = "") -> EngineState:
    """The state before the first answer. ``author`` is the user, as silences name them."""
    settings = desk.settings
    can_silence = settings.alertmanager is not None
    silencing = Silencing(author, settings.selector) if can_silence else None
    return EngineState(desk, desk.started, silencing=silencing)
