"""What can happen to the monitor: every input of `core.step.step`, besides a person's commands."""

from __future__ import annotations

from tray_app.core.config.settings import Settings
from tray_app.core.model.readings import (
    ApiOutcome,
    OwnMemory,
    OwnUse,
    ProcessReading,
    Sharing,
    TempUsage,
)
from tray_app.core.model.records import dataclass
from tray_app.core.model.server_action import Outcome
from tray_app.core.monitor.commands import Command
from tray_app.core.presentation.icon import Theme


@dataclass(frozen=True, slots=True)
class Asked:
    """A request to the API was sent."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A request ended; ``jitter`` in [0, 1) spreads the pause after a failure."""

    outcome: ApiOutcome
    jitter: float = 0.5


@dataclass(frozen=True, slots=True)
class Looked:
    """A reading of this machine, where it may be read, which took ``took_s``.

    ``sudden``: it was not due yet, but a quick look (`looks`) or a person called for it.
    ``monitor`` is this program itself, where `wants_health`; ``late_s``: so long after its time.
    ``peak_rss_bytes`` is the highest RSS of the tree that quick looks have seen since the last one.
    ``sharing`` is what was measured of the processes; None: nobody measures them.
    """

    process: ProcessReading | None = None
    temp: TempUsage | None = None
    took_s: float = 0.0
    sudden: bool = False
    own: OwnMemory | None = None
    monitor: OwnUse | None = None
    late_s: float = 0.0
    peak_rss_bytes: int | None = None
    sharing: Sharing | None = None


@dataclass(frozen=True, slots=True)
class TimeUp:
    """A set time (`ends_s`) is over, whether a sample is due or not."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """What became of a notification; ``problem`` is None when it got through, by ``means``."""

    problem: str | None = None
    title: str = ""
    means: str | None = None


@dataclass(frozen=True, slots=True)
class NotifierSeen:
    """A notification service has appeared on this desktop."""


@dataclass(frozen=True, slots=True)
class Brought:
    """An errand has ended."""

    outcome: Outcome


@dataclass(frozen=True, slots=True)
class NotOpened:
    """The desktop could not open what was asked of it."""

    place: str
    problem: str


@dataclass(frozen=True, slots=True)
class HostSeen:
    """Whether a panel that shows icons is there."""

    present: bool


@dataclass(frozen=True, slots=True)
class MenuSeen:
    """The menu was opened, or closed where the panel tells."""

    open: bool


@dataclass(frozen=True, slots=True)
class ThemeSeen:
    """The desktop's colour scheme; AUTO: it has none, or does not tell."""

    theme: Theme


@dataclass(frozen=True, slots=True)
class AutostartSeen:
    """Whether the program starts with the desktop session, and why it could not be changed."""

    on: bool
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class ThreadRestarted:
    """The work of one of the program's own threads has failed, and was begun again."""

    name: str
    problem: str


@dataclass(frozen=True, slots=True)
class Reconfigured:
    """The config file was edited; ``local``: whether the URL's host is this machine."""

    base: Settings
    local: bool


Report = (
    Delivered
    | HostSeen
    | NotifierSeen
    | Brought
    | NotOpened
    | MenuSeen
    | ThemeSeen
    | AutostartSeen
    | ThreadRestarted
)


Input = Asked | Answered | Looked | TimeUp | Reconfigured | Report | Command
