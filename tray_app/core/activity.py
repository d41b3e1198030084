"""What the server is doing: idle, processing or intensive.

Signs of work are what running it showed: about 100 % of a core while frames are processed, an
ffmpeg child while encoding, files in tmp that grow and are removed at the end, the server's own
words. Both edges have hysteresis: a burst of CPU is no work yet, a pause in it not its end.
"""

from __future__ import annotations

from enum import StrEnum

from tray_app.core import stage as stages
from tray_app.core.readings import ApiReading, ProcessReading, TempUsage
from tray_app.core.stage import Stage, Words
from tray_app.core.values import dataclass, field, replace

PROCESSING_CPU_PERCENT = 40.0
INTENSIVE_CPU_PERCENT = 80.0
INTENSIVE_AFTER_S = 2.0
# Readings come up to so much early or late; one that covers 2 s may cover 1.9 s.
TICK_JITTER_S = 0.1
# A core's second of CPU in readings of 40 % and more is work; less is a burst, as of a request
# or a garbage collection. At 2 s a full core shows in one reading, at 0.2 s in five.
WORK_CPU_S = 1.0
# The longest pause between two signs of work in the recorded traces is under 4 s.
QUIET_AFTER_S = 5.0
# A job that has not said its end may wait for storage without any sign (recorded: 22 s), and
# a silence without any reading is no end either: a busy server was silent for up to 39 s.
WAITING_LIMIT_S = 60.0
UNSEEN_LIMIT_S = 60.0


class Activity(StrEnum):
    """INTENSIVE is processing with the tree above 80 % of a core for 2 s."""

    IDLE = "idle"
    PROCESSING = "processing"
    INTENSIVE = "intensive"


@dataclass(frozen=True, slots=True)
class ActivityState:
    """What is remembered between readings to tell work from its traces.

    ``read_s`` is the newest process reading; ``burst_s`` (CPU seconds, one core at most) and
    ``hot_s`` (seconds) measure the unbroken row of readings above 40 % and 80 % up to it.
    ``worked_s`` is the last sign of work, which lasts for ``lasts_s``; ``seen_s`` when anything
    was last read of the server. ``temp_told`` says that ``temp`` is the API's own figure.
    """

    activity: Activity = Activity.IDLE
    stage: Stage | None = None
    words: Words = field(default_factory=Words)
    read_s: float | None = None
    burst_s: float = 0.0
    hot_s: float = 0.0
    worked_s: float | None = None
    lasts_s: float = QUIET_AFTER_S
    seen_s: float | None = None
    temp: TempUsage | None = None
    temp_told: bool = False

    @property
    def is_busy(self) -> bool:
        """Whether the server is processing, intensively or not."""
        return self.activity is not Activity.IDLE

    @property
    def stirs(self) -> bool:
        """Whether it may have begun to work: it is busy, or a burst goes on."""
        return self.is_busy or self.burst_s > 0.0


def next_activity(
    state: ActivityState,
    now_s: float,
    api: ApiReading | None,
    process: ProcessReading | None,
    temp: TempUsage | None,
) -> ActivityState:
    """The activity after one more sample; ``api`` is the newest answer if it is new."""
    reading = process if process and process.target else None
    was_busy = state.is_busy
    words = stages.heard(state.words, now_s, api)
    finished = stages.finished(state.words, words)
    temp_is_new = temp is not None and temp != state.temp
    temp_told = (api is not None and api.temp is not None) if temp_is_new else state.temp_told
    # The API counts file lengths, the walker disk blocks: only like is compared with like.
    comparable = temp_told == state.temp_told
    burst_s, hot_s = _cpu_row(state, reading)
    cpu = (reading.cpu_percent if reading else None) or 0.0

    grows = comparable and _grows(state.temp, temp)
    runs = cpu >= PROCESSING_CPU_PERCENT and (was_busy or burst_s >= WORK_CPU_S)
    # Files that vanish are the end of a job, which is still a part of it.
    comes = _comes(state.temp, temp) if comparable else 0
    vanish = was_busy and comes < 0
    works = runs or stages.encodes(reading) or (grows and not temp_told) or vanish
    told = stages.moved(state.words, words) or (grows and temp_told)
    worked_s, lasts_s = state.worked_s, state.lasts_s
    if works or told:
        worked_s = now_s
        # What only the API tells has its next chance with its next answer.
        lasts_s = max(QUIET_AFTER_S, words.holds_s) if told and not works else QUIET_AFTER_S
    seen_s = now_s if api or reading or temp_is_new else state.seen_s
    waits = was_busy and stages.is_open(words, temp)

    busy = (
        worked_s is not None
        and seen_s is not None
        and seen_s - worked_s < (WAITING_LIMIT_S if waits else lasts_s)
        and now_s - seen_s < UNSEEN_LIMIT_S
        and not (finished and cpu < PROCESSING_CPU_PERCENT)
    )
    intensive = hot_s >= INTENSIVE_AFTER_S - TICK_JITTER_S or (
        state.activity is Activity.INTENSIVE and (cpu >= PROCESSING_CPU_PERCENT or not reading)
    )
    if not busy:
        activity, worked_s = Activity.IDLE, None
        if words.current_s is not None:
            words = replace(words, current_s=None)  # in the next job it is the last one's
    else:
        activity = Activity.INTENSIVE if intensive else Activity.PROCESSING

    turned = busy != was_busy
    changed = turned or comes > 0 or (busy and stages.asks_again(words, now_s))
    if changed and not words.wanted:
        words = replace(words, wanted=True)
    return ActivityState(
        activity=activity,
        stage=stages.current(words, now_s, reading, temp) if busy else None,
        words=words,
        read_s=reading.taken_s if reading else state.read_s,
        burst_s=burst_s,
        hot_s=hot_s,
        worked_s=worked_s,
        lasts_s=lasts_s,
        seen_s=seen_s,
        temp=temp or state.temp,
        temp_told=temp_told,
    )


def _cpu_row(state: ActivityState, reading: ProcessReading | None) -> tuple[float, float]:
    """``burst_s`` and ``hot_s`` after this reading; no reading, no change."""
    if reading is None:
        return state.burst_s, state.hot_s
    cpu = reading.cpu_percent
    if cpu is None or cpu < PROCESSING_CPU_PERCENT or state.read_s is None:
        return 0.0, 0.0
    covered_s = max(0.0, reading.taken_s - state.read_s)
    burst_s = state.burst_s + min(cpu, 100.0) / 100 * covered_s
    return burst_s, state.hot_s + covered_s if cpu >= INTENSIVE_CPU_PERCENT else 0.0


def _grows(before: TempUsage | None, after: TempUsage | None) -> bool:
    """Growth and new files are work."""
    if before is None or after is None:
        return False
    return after.size_bytes > before.size_bytes or _comes(before, after) > 0


def _comes(before: TempUsage | None, after: TempUsage | None) -> int:
    """How many files came (below 0: went) between two figures; 0 when one is not known."""
    return after.file_count - before.file_count if before and after else 0
