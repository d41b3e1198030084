"""Events that the monitor reports. Views turn them into notifications and log lines."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from tray_app.core.alerts.forecast import Forecast
from tray_app.core.alerts.hung import Hang
from tray_app.core.alerts.idle_growth import IdleGrowth
from tray_app.core.alerts.job_leak import Leak, RetainedMemory
from tray_app.core.alerts.levels import Level
from tray_app.core.analysis.jobs import Job
from tray_app.core.analysis.measurement import Summary
from tray_app.core.config.settings import RememberedChoices, Settings
from tray_app.core.model.readings import Disk, Now, OomKills, ProcessRow, SystemMemory, TempUsage
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


class Alerted(Struct, frozen=True):
    """Memory is above a level's limit.

    ``again``: it was said before, and lasts. ``forecast``: it is not above it yet, but will be, or
    will have filled the machine, so soon. ``foretold``: a forecast was said, and this is what comes
    of it. ``quiet``: it is normal here, and interrupts nobody.
    """

    level: Level
    limit_mb: float
    sample: Sample
    again: bool = False
    forecast: Forecast | None = None
    foretold: bool = False
    quiet: bool = False


class TakenBack(Struct, frozen=True):
    """A forecast that was said did not come true; memory is in ``level``, whose limit this is."""

    level: Level
    limit_mb: float
    sample: Sample


class Recovered(Struct, frozen=True):
    """All levels were left; ``peak_bytes`` is the highest since the first was raised. ``quiet``: of
    none of them was anybody interrupted."""

    level: Level
    peak_bytes: int
    sample: Sample
    quiet: bool = False


class MachineShort(Struct, frozen=True):
    """The machine is short of memory; ``holders`` are the processes that hold most of it."""

    system: SystemMemory
    holders: tuple[ProcessRow, ...]
    sample: Sample


class Eased(Struct, frozen=True):
    """Machine has enough memory again."""

    sample: Sample


class Gone(Struct, frozen=True):
    """The server has ended, at this memory, while processing, above the elevated level, or killed.

    ``oom_kills``: the OOM killer's kills at that moment, if known.
    ``rested``: it had been seen to do nothing for some seconds.
    """

    memory_bytes: int
    busy: bool
    oom_kills: OomKills | None
    sample: Sample
    rested: bool = False


class Back(Struct, frozen=True):
    """The server whose end was said is there again."""

    away_s: float
    sample: Sample


class Hung(Struct, frozen=True):
    """The server is there, and neither answers nor works."""

    hang: Hang
    sample: Sample


class Answers(Struct, frozen=True):
    """The server of which it was said that it hangs answers again."""

    hung_s: float
    sample: Sample


class WorkerReplaced(Struct, frozen=True):
    """One of the server's workers ended under load and another took its place."""

    memory_bytes: int | None
    sample: Sample


class ChildKilled(Struct, frozen=True):
    """Processes of the server have ended while the kernel killed in its control group; the server
    itself runs on. ``rows`` are as they were read last."""

    rows: tuple[ProcessRow, ...]
    oom_kills: OomKills
    sample: Sample


class JobCompared(Struct, frozen=True):
    """It is known what a job has kept."""

    kept: RetainedMemory
    sample: Sample


class LeakSuspected(Struct, frozen=True):
    """Jobs in a row have each kept much memory."""

    leak: Leak
    sample: Sample


class IdleGrowthSeen(Struct, frozen=True):
    """Memory grows slowly while nothing is processed."""

    growing: IdleGrowth
    sample: Sample


class LeftoverFiles(Struct, frozen=True):
    """Jobs have left so much behind in the temp directory since that was last said."""

    left_bytes: int
    sample: Sample


class DiskFull(Struct, frozen=True):
    """The temp directory's disk is nearly full."""

    disk: Disk
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


AlertEvent = (
    Alerted
    | TakenBack
    | Recovered
    | MachineShort
    | Eased
    | Gone
    | Back
    | Hung
    | Answers
    | WorkerReplaced
    | ChildKilled
    | LeakSuspected
    | IdleGrowthSeen
    | LeftoverFiles
    | DiskFull
    | Earlier
)
"""What interrupts a person, and may be held back."""


class HeldBack(Struct, frozen=True):
    """What was held back, oldest first; ``dropped`` are older ones that were not kept.

    ``since`` is when the mute began; ``slept_s`` is how long the machine slept, if that was it.
    """

    events: tuple[AlertEvent, ...]
    dropped: int
    since: Now
    until: Now
    slept_s: float | None = None


class AlertMemoryChanged(Struct, frozen=True):
    """What must be remembered over a restart has changed: plain values, for JSON."""

    memory: dict[str, Any]


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

    errand: ServerAction
    settings: Settings


class ActionEnded(Struct, frozen=True):
    """What an errand has brought."""

    outcome: ActionResult


class OpenAsked(Struct, frozen=True):
    """The desktop is to open this: a directory's path, or an address."""

    place: str


class PageAsked(Struct, frozen=True):
    """The desktop is to open the page that the server of these settings has for people."""

    settings: Settings


class ActionRefused(Struct, frozen=True):
    """The server was not asked for this; ``running`` is the action that has not ended yet."""

    errand: ServerAction
    reason: RefusalReason
    running: ServerAction | None = None


class ConfirmationNeeded(Struct, frozen=True):
    """What a person clicked has a price: it is done if they click again. ``temp`` are the files
    that are there now, as far as is known."""

    errand: ServerAction
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
    | HeldBack
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
