"""Events that the monitor reports. Views turn them into notifications and log lines."""

from __future__ import annotations

from msgspec import Struct

from tray_app.core.alerts.job_leak import RetainedMemory
from tray_app.core.alerts.policies import Found
from tray_app.core.alerts.policy import Condition
from tray_app.core.analysis.jobs import Job
from tray_app.core.analysis.recent import Average
from tray_app.core.config.mistake import Mistake
from tray_app.core.config.settings import RememberedChoices, Settings
from tray_app.core.model.document import Document
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
from tray_app.core.summary.measurement import Scope, Summary


class Sampled(Struct, frozen=True):
    """A sample was made.

    ``polls`` are the fast polls since the last one, as far as they measured the same: moment (Unix
    time) and memory. ``found`` is what the alert policies found, also while alerts are muted.
    """

    sample: Sample
    polls: tuple[tuple[float, int], ...] = ()
    found: tuple[Found, ...] = ()


class Alert(Struct, frozen=True):
    """An alert policy has a finding."""

    finding: Found
    sample: Sample


class JobCompared(Struct, frozen=True):
    """The memory that a job kept has been measured."""

    kept: RetainedMemory
    sample: Sample


class AlertWithdrawn(Struct, frozen=True):
    """An alert of this may still be shown, and is no longer true: nothing else will replace it."""

    condition: Condition


class Earlier(Struct, frozen=True):
    """A pending alert of an earlier run: its time and its text.

    ``urgency`` is its number in the desktop's protocol; those of the same ``topic`` take turns.
    """

    title: str
    text: str
    urgency: int
    topic: str
    at: Now


AlertEvent = Alert | Earlier
"""Events that notify the user, and that a mute holds back."""


class PendingAlerts(Struct, frozen=True):
    """The pending alerts, oldest first; ``dropped`` counts older ones that did not fit.

    ``since`` is when the mute began; ``slept_s`` is how long the machine slept, if that was the
    reason.
    """

    events: tuple[AlertEvent, ...]
    dropped: int
    since: Now
    until: Now
    slept_s: float | None = None


class AlertFate(Struct, frozen=True):
    """What became of an alert's notification: ``shown``, ``closed`` or ``clicked`` by the user, or
    ``not delivered: …``. ``at_s`` is when its sample was made (Unix time)."""

    at_s: float
    title: str
    fate: str


class AlertMemoryChanged(Struct, frozen=True):
    """The state that a restart needs has changed (the presentation's `alert_memory`)."""


class SourceChanged(Struct, frozen=True):
    """Another source is used from this sample on (its reasons are in the sample).

    ``again``: the same change was reported within the last minute.
    """

    sample: Sample
    again: bool = False


class TargetChanged(Struct, frozen=True):
    """The server has ended, was started again, or a worker of it was replaced."""

    change: Change
    sample: Sample


class JobStarted(Struct, frozen=True):
    """Processing began."""

    job: Job
    sample: Sample


class JobEnded(Struct, frozen=True):
    """Processing ended; this sample shows it."""

    job: Job
    sample: Sample


class Summarised(Struct, frozen=True):
    """A measurement of a set length ended; ``ends_run`` when the program ends with it."""

    summary: Summary
    ends_run: bool


class DayAsked(Struct, frozen=True):
    """Sum up what was recorded today."""


class SummaryMade(Struct, frozen=True):
    """The wanted summary; None: nothing was recorded in this time. ``started``: since when the
    program runs."""

    scope: Scope
    summary: Summary | None
    started: Now


class DeletionDoubted(Struct, frozen=True):
    """The user wants to delete the history, and must confirm it."""


class DeletionAsked(Struct, frozen=True):
    """Delete the history."""


class HistoryDeleted(Struct, frozen=True):
    """The history was deleted, or could not be: the ``problem``. ``goes_on``: recording does."""

    problem: str
    goes_on: bool


class ExportAsked(Struct, frozen=True):
    """Write the history as CSV files."""


class HistoryExported(Struct, frozen=True):
    """So many CSV ``files`` were written to ``folder``; or, with a ``problem``, none."""

    folder: str
    files: int = 0
    problem: str = ""


class HistoryAsked(Struct, frozen=True):
    """Open the history's page; ``at_s``: that of the incident that was open then."""

    at_s: float | None = None


class Chosen(Struct, frozen=True):
    """The person chose something in the menu that the app remembers."""

    choice: RememberedChoices


class AutostartWanted(Struct, frozen=True):
    """The person wants start at login on or off."""

    on: bool


class AutostartFailed(Struct, frozen=True):
    """Start at login could not be changed; ``on`` is the requested value."""

    on: bool
    reason: str


class HostMissing(Struct, frozen=True):
    """No panel has shown the icon for a while; sent once per run. ``around`` names the desktop and
    the panels that run."""

    around: tuple[str, ...] = ()


class ActionRequested(Struct, frozen=True):
    """Run this action on the server of these settings, and measure its effect."""

    action: ServerAction
    settings: Settings


class ActionEnded(Struct, frozen=True):
    """A server action has ended, with this result."""

    outcome: ActionResult


class OpenAsked(Struct, frozen=True):
    """Open this on the desktop: a directory's path, or an address."""

    place: str


class PageAsked(Struct, frozen=True):
    """Open the web page of the server of these settings."""

    settings: Settings


class DocumentAsked(Struct, frozen=True):
    """Open this document on the desktop; ``line`` is where to begin, if that is known."""

    document: Document
    line: int = 0


class SettingsWrong(Struct, frozen=True):
    """The config file or the environment has values that cannot be used."""

    mistakes: tuple[Mistake, ...]


class ActionRefused(Struct, frozen=True):
    """The action was refused; ``running`` is the action in progress."""

    action: ServerAction
    reason: RefusalReason
    running: ServerAction | None = None


class ConfirmationNeeded(Struct, frozen=True):
    """The clicked action carries a risk, so the user must confirm it. ``temp`` are the current temp
    files, if known."""

    action: ServerAction
    risk: Risk
    temp: TempUsage | None


class OpenFailed(Struct, frozen=True):
    """The desktop could not open it; ``document`` is None for a directory or a server's page."""

    place: str
    problem: str
    document: Document | None = None


class TempPlaceMissing(Struct, frozen=True):
    """There is no temp directory to open."""

    reason: NoTempPlace


class StatusRequested(Struct, frozen=True):
    """The user asked for the status; ``sample`` is None before the first one. ``last_job`` is the
    last one that ended, ``average`` that of the last minutes."""

    sample: Sample | None
    demo: bool
    paused: bool
    last_job: Job | None = None
    average: Average | None = None


class TestRequested(Struct, frozen=True):
    """The user asked for a test notification."""


class PortWatched(Struct, frozen=True):
    """The user watches the server at this address until the program ends."""

    address: ServerAddress


class NotifierCame(Struct, frozen=True):
    """A notification service has appeared, so undelivered notifications can be sent again."""


class DemoRepeats(Struct, frozen=True):
    """The demo's story begins again."""

    at: Now


class Ended(Struct, frozen=True):
    """The run is over."""


Event = (
    Sampled
    | AlertEvent
    | JobCompared
    | AlertWithdrawn
    | PendingAlerts
    | AlertFate
    | AlertMemoryChanged
    | SourceChanged
    | TargetChanged
    | JobStarted
    | JobEnded
    | Summarised
    | DayAsked
    | SummaryMade
    | DeletionDoubted
    | DeletionAsked
    | HistoryDeleted
    | ExportAsked
    | HistoryExported
    | HistoryAsked
    | Chosen
    | AutostartWanted
    | AutostartFailed
    | HostMissing
    | ActionRequested
    | ActionEnded
    | OpenAsked
    | PageAsked
    | DocumentAsked
    | SettingsWrong
    | ActionRefused
    | ConfirmationNeeded
    | OpenFailed
    | TempPlaceMissing
    | StatusRequested
    | TestRequested
    | PortWatched
    | NotifierCame
    | DemoRepeats
    | Ended
)
