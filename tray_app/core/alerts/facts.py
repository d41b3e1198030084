"""The facts of one sample that the alert policies judge."""

from __future__ import annotations

from msgspec import Struct

from tray_app.core.alerts.forecast import Forecast
from tray_app.core.alerts.limits import AlertLimits
from tray_app.core.analysis.activity import ActivityState
from tray_app.core.analysis.job_profiles import Profile
from tray_app.core.analysis.jobs import Jobs
from tray_app.core.model.readings import Now, ProcessReading, SystemMemory, TempUsage
from tray_app.core.server.target_tracker import Change


class Signs(Struct, frozen=True):
    """Whether the server answers and works.

    ``answered_s`` is the newest good answer; ``answers``: the newest request got an answer, even an
    error. ``silent_since_s`` is when the first unanswered request was sent; ``timed_out``: a
    request on an accepted connection timed out. ``cpu_percent`` counts all working processes of the
    tree; ``readable``: there is a tree. ``stopped``: all answering processes are stopped.
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
    reading of this machine's processes. ``lost``: the watched server is gone; ``change`` is the
    tracker's transition, if processes are read. ``temp_place`` is the path of the server's temp
    directory on this machine, where it is known. ``rests`` as in `Sample`. ``profile`` is what the
    last jobs needed, where it tells what the next one will need.

    `make_sample` fills all but the last two, which `policies.update` adds: ``ahead`` is the
    forecast, and ``hang_said``: a hang was reported.
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
    profile: Profile | None = None
    ahead: tuple[Forecast, ...] = ()
    hang_said: bool = False

    @property
    def fresh_bytes(self) -> int | None:
        """The figure, if it is new."""
        return self.memory_bytes if self.fresh else None
