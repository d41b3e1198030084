"""Inputs of the monitor's transition (`step`), besides a person's commands."""

from __future__ import annotations

from msgspec import Struct

from tray_app.core.config.mistake import Mistake
from tray_app.core.config.settings import Settings
from tray_app.core.model.document import Document
from tray_app.core.model.icon_options import Theme
from tray_app.core.model.incident import PastIncident
from tray_app.core.model.readings import (
    ApiOutcome,
    OwnUse,
    ProcessReading,
    Sharing,
    TempUsage,
    UssPss,
)
from tray_app.core.model.server_action import ActionResult
from tray_app.core.monitor.carried import Carried, Figure
from tray_app.core.monitor.commands import Command
from tray_app.core.monitor.delivery_log import Delivery
from tray_app.core.summary.measurement import Summary


class Asked(Struct, frozen=True):
    """A request to the API was sent."""


class Answered(Struct, frozen=True):
    """A request ended; ``jitter`` in [0, 1) spreads the pause after a failure."""

    outcome: ApiOutcome
    jitter: float = 0.5


class SourcesRead(Struct, frozen=True):
    """A reading of this machine, where it may be read, which took ``took_s``.

    ``sudden``: not due yet, but a fast poll (`poll_bounds`) or the user triggered it. ``monitor``
    is this program's own use, if `wants_health`; ``late_s`` is the delay. ``peak_rss_bytes`` is the
    tree's highest RSS in the fast polls since the last sample, ``polls`` are the newest of them
    (monotonic moment, RSS). ``sharing`` is the measurement of
    shared memory; None: nothing measures it.
    """

    process: ProcessReading | None = None
    temp: TempUsage | None = None
    took_s: float = 0.0
    sudden: bool = False
    own: UssPss | None = None
    monitor: OwnUse | None = None
    late_s: float = 0.0
    peak_rss_bytes: int | None = None
    polls: tuple[tuple[float, int], ...] = ()
    sharing: Sharing | None = None


class TimeUp(Struct, frozen=True):
    """A set time (`ends_s`) is over, whether a sample is due or not."""


class Delivered(Struct, frozen=True):
    """The result of a notification; ``problem`` is None if ``means`` delivered it. ``is_alert``:
    nobody has asked for it. ``about_s`` is when the alert's sample was made (Unix time)."""

    problem: str | None = None
    title: str = ""
    means: str | None = None
    is_alert: bool = False
    about_s: float | None = None


class NoteEnded(Struct, frozen=True):
    """The user closed the notification of an alert, or ``clicked`` one of its buttons."""

    about_s: float
    title: str
    clicked: bool


class NotifierSeen(Struct, frozen=True):
    """A notification service has appeared on this desktop."""


class ActionFinished(Struct, frozen=True):
    """A server action has ended."""

    outcome: ActionResult


class NotOpened(Struct, frozen=True):
    """The desktop could not open it; ``document`` as in `OpenFailed`."""

    place: str
    problem: str
    document: Document | None = None


class HostSeen(Struct, frozen=True):
    """Whether a panel that shows icons is there; if not, ``around`` names the desktop and the
    panels that run."""

    present: bool
    around: tuple[str, ...] = ()


class MenuSeen(Struct, frozen=True):
    """The menu was opened, or closed where the panel tells."""

    open: bool


class ThemeSeen(Struct, frozen=True):
    """The desktop's colour scheme; AUTO: it has none, or does not tell."""

    theme: Theme


class FontsSeen(Struct, frozen=True):
    """Whether the desktop's fonts have the blocks of a sparkline, and coloured circles."""

    blocks: bool
    emoji: bool


class AutostartSeen(Struct, frozen=True):
    """Whether the program starts with the desktop session, and why it could not be changed."""

    on: bool
    problem: str | None = None


class ThreadRestarted(Struct, frozen=True):
    """One of the program's own threads failed and was restarted."""

    name: str
    problem: str


class HistorySeen(Struct, frozen=True):
    """Why nothing of the past is being recorded; empty: it is."""

    problem: str


class LifeRecalled(Struct, frozen=True):
    """What an earlier run of the monitor has recorded of the server's last life, and memory of the
    last minutes, oldest first."""

    life: Carried
    recent: tuple[Figure, ...] = ()


class AlertsRecalled(Struct, frozen=True):
    """The newest alerts of earlier runs of the monitor, oldest first."""

    alerts: tuple[Delivery, ...]


class HistoryGone(Struct, frozen=True):
    """Another program has deleted the history; a new one begins."""


class DaySummed(Struct, frozen=True):
    """What today amounts to so far; None: nothing is recorded."""

    summary: Summary | None


class HistoryForgotten(Struct, frozen=True):
    """The history was deleted; or, with a ``problem``, not."""

    problem: str = ""


class ExportEnded(Struct, frozen=True):
    """So many CSV ``files`` of the history were written to ``folder``; or, with a ``problem``,
    none."""

    folder: str
    files: int = 0
    problem: str = ""


class IncidentsSeen(Struct, frozen=True):
    """The incidents that are kept, newest first."""

    incidents: tuple[PastIncident, ...]


class StoryBeganAgain(Struct, frozen=True):
    """The demo's story has ended and begins again."""


class Reconfigured(Struct, frozen=True):
    """The config file was edited; ``local``: whether the URL's host is this machine. ``mistakes``
    are all of its values that cannot be used; if that is the whole file, ``base`` is unchanged."""

    base: Settings
    local: bool
    mistakes: tuple[Mistake, ...] = ()


Report = (
    Delivered
    | HostSeen
    | NoteEnded
    | NotifierSeen
    | ActionFinished
    | NotOpened
    | MenuSeen
    | ThemeSeen
    | AutostartSeen
    | FontsSeen
    | ThreadRestarted
    | HistorySeen
    | LifeRecalled
    | AlertsRecalled
    | HistoryGone
    | DaySummed
    | HistoryForgotten
    | ExportEnded
    | IncidentsSeen
    | StoryBeganAgain
)


Input = Asked | Answered | SourcesRead | TimeUp | Reconfigured | Report | Command
