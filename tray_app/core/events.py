"""What happened: said once, lost never. Views turn these into notifications and log lines."""

from __future__ import annotations

from tray_app.core.alerts import Level
from tray_app.core.errands import Errand, Outcome
from tray_app.core.jobs import Job
from tray_app.core.sample import Sample
from tray_app.core.settings import Choice, Settings
from tray_app.core.succession import Change
from tray_app.core.summary import Summary
from tray_app.core.values import dataclass


@dataclass(frozen=True, slots=True)
class Sampled:
    """A sample was made."""

    sample: Sample


@dataclass(frozen=True, slots=True)
class Alerted:
    """Memory went above a level's limit."""

    level: Level
    limit_mb: float
    sample: Sample


@dataclass(frozen=True, slots=True)
class Recovered:
    """All levels were left; ``peak_bytes`` is the highest since the first was raised."""

    level: Level
    peak_bytes: int
    sample: Sample


@dataclass(frozen=True, slots=True)
class SourceChanged:
    """Another source is used from this sample on (its reasons are in the sample)."""

    sample: Sample


@dataclass(frozen=True, slots=True)
class TargetChanged:
    """The server has ended, was started again, or a worker of it was replaced."""

    change: Change
    sample: Sample


@dataclass(frozen=True, slots=True)
class JobStarted:
    """Processing began."""

    job: Job
    sample: Sample


@dataclass(frozen=True, slots=True)
class JobEnded:
    """Processing ended, as is known from this sample on."""

    job: Job
    sample: Sample


@dataclass(frozen=True, slots=True)
class Summarised:
    """A measurement of a set length ended; ``ends_run`` when the program ends with it."""

    summary: Summary
    ends_run: bool


@dataclass(frozen=True, slots=True)
class Chosen:
    """The person chose something in the menu that the app remembers."""

    choice: Choice


@dataclass(frozen=True, slots=True)
class AutostartWanted:
    """The person wants the program to start at login, or no more."""

    on: bool


@dataclass(frozen=True, slots=True)
class AutostartFailed:
    """Start at login could not be changed; ``on``: what was wanted."""

    on: bool
    reason: str


@dataclass(frozen=True, slots=True)
class HostMissing:
    """No panel has shown the icon for a while: said once per run."""


@dataclass(frozen=True, slots=True)
class ErrandAsked:
    """The server of these settings is to do this, and its effect to be measured."""

    errand: Errand
    settings: Settings


@dataclass(frozen=True, slots=True)
class ErrandEnded:
    """What an errand has brought."""

    outcome: Outcome


@dataclass(frozen=True, slots=True)
class OpenAsked:
    """The desktop is to open this: a directory's path, or an address."""

    place: str


@dataclass(frozen=True, slots=True)
class Told:
    """A plain answer to something that a person clicked."""

    title: str
    text: str
    replace: str


@dataclass(frozen=True, slots=True)
class NotifierCame:
    """A notification service has appeared: what was not delivered may be tried again."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The run is over."""


Event = (
    Sampled
    | Alerted
    | Recovered
    | SourceChanged
    | TargetChanged
    | JobStarted
    | JobEnded
    | Summarised
    | Chosen
    | AutostartWanted
    | AutostartFailed
    | HostMissing
    | ErrandAsked
    | ErrandEnded
    | OpenAsked
    | Told
    | NotifierCame
    | Ended
)
