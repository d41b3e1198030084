"""What one sample says, as the alert policies judge it."""

from __future__ import annotations

from msgspec import Struct

from tray_app.core.alerts.forecast import Forecast
from tray_app.core.alerts.limits import AlertLimits
from tray_app.core.analysis.activity import ActivityState
from tray_app.core.analysis.jobs import Jobs
from tray_app.core.model.readings import Now, ProcessReading, SystemMemory, TempUsage
from tray_app.core.server.target_tracker import Change


class Signs(Struct, frozen=True):
    """Whether the server answers, and does anything.

    ``answered_s`` is the newest good answer; ``answers``: the newest request was answered at all,
    if only with an error. ``silent_since_s`` is when the first request was sent that has not been
    answered; ``timed_out``: one has had all of its patience, on a connection that was accepted.
    ``cpu_percent`` is of all that may work in the tree; ``readable``: there is one. ``stopped``:
    all that answer are.
    """

    answered_s: float | None = None
    answers: bool = False
    silent_since_s: float | None = None
    timed_out: bool = False
    readable: bool = False
    cpu_percent: float | None = None
    stopped: bool = False
    busy: bool = False


NO_SIGNS = Signs()


class Facts(Struct, frozen=True):
    """What the policies judge.

    ``memory_bytes`` is the sample's figure, and ``fresh`` whether it is new; ``process`` is the
    reading of this machine's processes. ``lost``: the server that was watched is gone; ``change``
    is what became of it, where its processes are read. ``temp_place`` is the path of the server's
    temp directory on this machine, where it is known. ``rests`` as in `Sample`. ``ahead`` is what
    memory will reach as it climbs now, and ``hang_said``: it was said that the server hangs.
    """

    now: Now
    limits: AlertLimits
    activity: ActivityState
    jobs: Jobs
    memory_bytes: int | None = None
    fresh: bool = False
    system: SystemMemory | None = None
    temp: TempUsage | None = None
    process: ProcessReading | None = None
    lost: bool = False
    change: Change | None = None
    temp_place: str | None = None
    signs: Signs = NO_SIGNS
    rests: bool = False
    ahead: tuple[Forecast, ...] = ()
    hang_said: bool = False

    @property
    def fresh_bytes(self) -> int | None:
        """The figure, if it is new."""
        return self.memory_bytes if self.fresh else None
