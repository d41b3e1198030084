"""Events that the monitor reports. Views turn them into notifications and log lines."""

from __future__ import annotations

from msgspec import Struct

from tray_app.core.alerts.job_leak import RetainedMemory
from tray_app.core.alerts.policies import Found
from tray_app.core.analysis.jobs import Job
from tray_app.core.analysis.measurement import Summary
from tray_app.core.config.settings import RememberedChoices, Settings
from tray_app.core.model.readings import Now, TempUsage
from tray_app.core.model.server_action import (
    ActionResult,
    NoTempPlace,
    RefusalReason,
    Risk,
    ServerAction,
)
from tray_app.core.model.server_address import ServerAddress
from tray_app.core.monitor.sample import Sample
from tray_app.core.server.target_tracker import Change


class Sampled(Struct, frozen=True):
    """A sample was made."""

    sample: Sample


class Alert(Struct, frozen=True):
    """An alert policy has found something that is worth a word to a person."""

    finding: Found
    sample: Sample


class JobCompared(Struct, frozen=True):
    """It is known what a job has kept."""

    kept: RetainedMemory
    sample: Sample


class Earlier(Struct, frozen=True):
    """What an earlier run of the program held back, at that moment: a notification's words.

    ``urgency`` is its number in the desktop's protocol; those of the same ``topic`` take turns.
    """

    title: str
    text: str
    urgency: int
    topic: str
    at: Now


AlertEvent = Alert | Earlier
"""What interrupts a person, and may be held back."""


class PendingAlerts(Struct, frozen=True):
    """What was held back, oldest first; ``dropped`` are older ones that were not kept.

    ``since`` is when the mute began; ``slept_s`` is how long the machine slept, if that was it.
    """

    events: tuple[AlertEvent, ...]
    dropped: int
    since: Now
    until: Now
    slept_s: float | None = None


class AlertMemoryChanged(Struct, frozen=True):
    """What must be remembered over a restart has changed (the presentation's `alert_memory`)."""


class SourceChanged(Struct, frozen=True):
    """Another source is used from this sample on (its reasons are in the sample)."""

    sample: Sample


class TargetChanged(Struct, frozen=True):
    """The server has ended, was started again, or a worker of it was replaced."""

    change: Change
    sample: Sample


class JobStarted(Struct, frozen=True):
    """Processing began."""

    job: Job
    sample: Sample


class JobEnded(Struct, frozen=True):
    """Processing ended, as is known from this sample on."""

    job: Job
    sample: Sample


class Summarised(Struct, frozen=True):
    """A measurement of a set length ended; ``ends_run`` when the program ends with it."""

    summary: Summary
    ends_run: bool


class Chosen(Struct, frozen=True):
    """The person chose something in the menu that the app remembers."""

    choice: RememberedChoices


class AutostartWanted(Struct, frozen=True):
    """The person wants start at login on or off."""

    on: bool


class AutostartFailed(Struct, frozen=True):
    """Start at login could not be changed; ``on``: what was wanted."""

    on: bool
    reason: str


class HostMissing(Struct, frozen=True):
    """No panel has shown the icon for a while: said once per run."""


class ActionRequested(Struct, frozen=True):
    """The server of these settings is to do this, and its effect to be measured."""

    action: ServerAction
    settings: Settings


class ActionEnded(Struct, frozen=True):
    """What a server action has brought."""

    outcome: ActionResult


class OpenAsked(Struct, frozen=True):
    """The desktop is to open this: a directory's path, or an address."""

    place: str


class PageAsked(Struct, frozen=True):
    """The desktop is to open the page that the server of these settings has for people."""

    settings: Settings


class ActionRefused(Struct, frozen=True):
    """The server was not asked for this; ``running`` is the action that has not ended yet."""

    action: ServerAction
    reason: RefusalReason
    running: ServerAction | None = None


class ConfirmationNeeded(Struct, frozen=True):
    """What a person clicked has a price: it is done if they click again. ``temp`` are the files
    that are there now, as far as is known."""

    action: ServerAction
    risk: Risk
    temp: TempUsage | None


class OpenFailed(Struct, frozen=True):
    """The desktop could not open what was asked of it."""

    place: str
    problem: str


class TempPlaceMissing(Struct, frozen=True):
    """There is no temp directory to open."""

    reason: NoTempPlace


class StatusRequested(Struct, frozen=True):
    """A person wants to read how the server is; ``sample`` is None before the first one."""

    sample: Sample | None
    demo: bool
    paused: bool


class TestRequested(Struct, frozen=True):
    """A person wants a notification that only shows that notifications work."""


class PortWatched(Struct, frozen=True):
    """A person has the server at this address watched until the program ends."""

    address: ServerAddress


class NotifierCame(Struct, frozen=True):
    """A notification service has appeared: what was not delivered may be tried again."""


class Ended(Struct, frozen=True):
    """The run is over."""


Event = (
    Sampled
    | AlertEvent
    | JobCompared
    | PendingAlerts
    | AlertMemoryChanged
    | SourceChanged
    | TargetChanged
    | JobStarted
    | JobEnded
    | Summarised
    | Chosen
    | AutostartWanted
    | AutostartFailed
    | HostMissing
    | ActionRequested
    | ActionEnded
    | OpenAsked
    | PageAsked
    | ActionRefused
    | ConfirmationNeeded
    | OpenFailed
    | TempPlaceMissing
    | StatusRequested
    | TestRequested
    | PortWatched
    | NotifierCame
    | Ended
)
