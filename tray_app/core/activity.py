"""What the server is doing: idle, processing or intensive, and in which stage.

The server's own word counts where it is fresh. Everything else is inferred from what
running it showed: about 100 % of a core while frames are processed, an ffmpeg child while
encoding, files in tmp that are removed at the end. ``tracker_summary`` stays filled when
idle, so only its *change* is a sign of work.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum

from tray_app.core.readings import ApiReading, ProcessReading, StageMark, TempUsage

PROCESSING_CPU_PERCENT = 40.0
INTENSIVE_CPU_PERCENT = 80.0
INTENSIVE_AFTER_S = 2.0
# The longest pause between two signs of work in the recorded traces is under 4 s.
QUIET_AFTER_S = 5.0


class Activity(StrEnum):
    """INTENSIVE is processing with the tree above 80 % of a core for 2 s."""

    IDLE = "idle"
    PROCESSING = "processing"
    INTENSIVE = "intensive"


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage's name; ``inferred`` when it is not the server's own word."""

    name: str
    inferred: bool


@dataclass(frozen=True, slots=True)
class ActivityState:
    """What is remembered between readings to tell work from its traces.

    ``temp_told`` says that ``temp`` is the API's own figure.
    """

    activity: Activity = Activity.IDLE
    stage: Stage | None = None
    hot_since_s: float | None = None
    worked_s: float | None = None
    tracker: tuple[float, ...] | None = None
    mark: StageMark | None = None
    temp: TempUsage | None = None
    temp_told: bool = False


# The server's stage names (memory-history), first match wins, and what people call them.
_STAGES = tuple(
    (re.compile(pattern), name)
    for pattern, name in (
        (r"AFTER_FINAL_GC|CLEANUP_FILES_COMPLETE", "done"),
        (r"FILE_UPLOAD|BEFORE_THUMBNAIL_EXTRACTION", "upload"),
        (r"THUMBNAIL", "thumbnail"),
        (r"ROTATION", "detection"),
        (r"PROCESSING_START|STREAMING_BATCH|BATCH_CLEANUP", "frames"),
        (r"SETUP|RUNNING_DETECTION", "setup"),
        (r"PROCESSING_COMPLETE|ANALY[SZ]", "analysis"),
        (r"POSTPROCESSING|RESOURCE_CLEANUP", "encoding"),
        (r"VIDEO_UPLOAD|DATABASE", "saving"),
        (r"FEEDBACK", "feedback"),
        (r"CLEANUP|CAP RELEASE", "cleanup"),
    )
)


def stage_name(server_name: str) -> str:
    """A short word for the server's stage name, e.g. ``STREAMING_BATCH_20`` is ``frames``."""
    return next(
        (name for pattern, name in _STAGES if pattern.search(server_name)),
        server_name.lower().replace("_", " ")[:24],
    )


def _inferred_stage(process: ProcessReading | None, temp: TempUsage | None) -> str | None:
    names = temp.names if temp else ()
    if any(row.name.startswith("ffmpeg") for row in (process.rows if process else ())):
        return "encoding"
    if any("_faststart" in name for name in names):
        return "encoding"
    if any(name.startswith("processed_") for name in names):
        return "frames"
    if any(name.startswith("thumbnail_") for name in names):
        return "detection"
    return "upload" if names else None


def _grows(before: TempUsage | None, after: TempUsage | None) -> bool:
    """Growth and new files are work; files that vanish are its end."""
    if before is None or after is None:
        return False
    return after.size_bytes > before.size_bytes or after.file_count > before.file_count


def next_activity(
    state: ActivityState,
    now_s: float,
    api: ApiReading | None,
    process: ProcessReading | None,
    temp: TempUsage | None,
) -> ActivityState:
    """The activity after one more sample; ``api`` is the newest answer if it is new."""
    cpu = (process.cpu_percent if process else None) or 0.0
    mark = (api.stage if api else None) or state.mark
    tracker = api.tracker if api else state.tracker
    stage = stage_name(mark.name) if mark else None
    temp_is_new = temp is not None and temp != state.temp
    temp_told = (api is not None and api.temp is not None) if temp_is_new else state.temp_told
    # The API counts file lengths, the walker disk blocks: only like is compared with like.
    temp_grows = temp_told == state.temp_told and _grows(state.temp, temp)
    told = bool(
        (state.mark and mark != state.mark and stage != "done")
        or (state.tracker is not None and tracker and tracker != state.tracker and stage != "done")
    )
    inferred = _inferred_stage(process, temp)
    working = cpu >= PROCESSING_CPU_PERCENT or temp_grows or told or inferred == "encoding"

    worked_s = now_s if working else state.worked_s
    hot_since_s = None
    if cpu >= INTENSIVE_CPU_PERCENT:
        hot_since_s = state.hot_since_s if state.hot_since_s is not None else now_s
    busy = worked_s is not None and now_s - worked_s < QUIET_AFTER_S
    finished = stage == "done" and mark != state.mark
    if not busy or (finished and cpu < PROCESSING_CPU_PERCENT):
        activity, worked_s, hot_since_s = Activity.IDLE, None, None
    elif hot_since_s is not None and now_s - hot_since_s >= INTENSIVE_AFTER_S:
        activity = Activity.INTENSIVE
    elif state.activity is Activity.INTENSIVE and cpu >= PROCESSING_CPU_PERCENT:
        activity = Activity.INTENSIVE
    else:
        activity = Activity.PROCESSING

    shown: Stage | None = None
    if activity is not Activity.IDLE:
        if stage and stage != "done":
            shown = Stage(stage, inferred=False)
        elif inferred:
            shown = Stage(inferred, inferred=True)
    return replace(
        state,
        activity=activity,
        stage=shown,
        hot_since_s=hot_since_s,
        worked_s=worked_s,
        tracker=tracker,
        mark=mark,
        temp=temp or state.temp,
        temp_told=temp_told,
    )
