"""Decides what the server is doing: idle, processing or intensive.

Signs of work are what running it showed: about 100 % of a core while frames are processed, an
ffmpeg child while encoding, files in tmp that grow and are removed at the end, memory that climbs
with CPU, the server's own words. Both edges have hysteresis: one weak sign is no work yet, a pause
not its end. Work began with the first of its signs, not with the one that proved it.

A step of memory proves nothing, with or without CPU: it may be a cache, or the modules of a server
that starts. Work is what the server says, a file in tmp that comes with CPU or memory, ffmpeg, or
CPU that goes on; and the CPU of a start is none (`startup`).

A video's files lie in tmp from its upload to its end. So while they are there a job that shows no
sign waits (for storage, or a database); once they are gone it is over, whatever the server reported
last.
"""

from __future__ import annotations

import math
from enum import StrEnum

from msgspec import Struct, field
from msgspec.structs import replace

from tray_app.core.analysis import stage as stages
from tray_app.core.analysis import stir as stirs
from tray_app.core.analysis.stage import Stage, Words
from tray_app.core.analysis.startup import Startup
from tray_app.core.analysis.stir import Stir
from tray_app.core.analysis.work_signs import PROCESSING_CPU_PERCENT, WorkSigns, memory_of, moves
from tray_app.core.model.readings import ApiReading, ProcessReading, TempUsage
from tray_app.core.model.timing import TICK_JITTER_S

INTENSIVE_CPU_PERCENT = 80.0
INTENSIVE_AFTER_S = 2.0
# One second of a core in readings of 40 % and more is work; less is a burst, such as a request or a
# garbage collection. A full core shows in one reading at 2 s, in five at 0.2 s.
WORK_CPU_S = 1.0
# The longest pause between two signs of work in the recorded traces is under 4 s.
QUIET_AFTER_S = 5.0
# A job that has not reported its end may wait for storage without any sign (recorded: 22 s).
# Silence is not an end either: a busy server was silent for up to 39 s.
WAITING_LIMIT_S = 60.0
# Files may remain after a video has reported its end: another video's, which shows a sign by the
# next sample (the server's tidying delays it by 0.3 s), or leftovers.
DONE_LASTS_S = 1.0
UNSEEN_LIMIT_S = 60.0


class Activity(StrEnum):
    """INTENSIVE is processing with the tree above 80 % of a core for 2 s."""

    IDLE = "idle"
    PROCESSING = "processing"
    INTENSIVE = "intensive"


class ActivityState(Struct, frozen=True):
    """The state between readings that tells work from noise. Moments are monotonic."""

    activity: Activity = Activity.IDLE
    stage: Stage | None = None
    # The server's own words about its stage.
    words: Words = field(default_factory=Words)
    # The newest process reading.
    read_s: float | None = None
    # The unbroken row of readings above 40 % up to it, in CPU seconds of one core at most; and of
    # those above 80 %, in seconds.
    burst_s: float = 0.0
    hot_s: float = 0.0
    # The last sign of work, and how long it lasts.
    worked_s: float | None = None
    lasts_s: float = QUIET_AFTER_S
    # The last sign of work that is over.
    ended_s: float | None = None
    # The last reading of the server.
    seen_s: float | None = None
    # The temp directory, and whether that is the API's own figure.
    temp: TempUsage | None = None
    temp_told: bool = False
    # Weak signs of work.
    stir: Stir | None = None
    # The server may have gone on to another stage, so the next request is sent at once.
    hastens: bool = False
    # Where the weak signs began, or the work that goes on.
    began_s: float | None = None
    # The memory without any sign, and whether it comes from processes.
    calm: tuple[int, bool] | None = None
    # The server starts: its CPU is no work.
    starts: bool = False
    # Files in tmp while idle, and whether there are more since.
    idle_files: int | None = None
    has_files: bool = False
    # When ffmpeg last ran for the current video.
    encoded_s: float | None = None

    @property
    def is_busy(self) -> bool:
        """Whether the server is processing, intensively or not."""
        return self.activity is not Activity.IDLE

    @property
    def stirs(self) -> bool:
        """Whether it may be working: it is busy, or a burst or weak signs go on."""
        return self.is_busy or self.burst_s > 0.0 or self.stir is not None

    @property
    def may_have_job(self) -> bool:
        """Whether there may be a job with files to lose: a step of memory alone is none."""
        has_file = self.stir is not None and self.stir.temp_signs > 0
        return self.is_busy or self.burst_s > 0.0 or has_file

    @property
    def may_begin(self) -> bool:
        """Whether there are weak signs that look like the beginning of a video."""
        return self.stir is not None and self.stir.is_likely


def update(
    state: ActivityState,
    now_s: float,
    api: ApiReading | None,
    process: ProcessReading | None,
    temp: TempUsage | None,
    *,
    startup: Startup | None = None,
) -> ActivityState:
    """The activity after one more sample; ``api`` is the newest answer if it is new.

    ``startup`` is what of ``process`` is a start's, if one goes on.
    """
    reading, starts = _without_start(state, process, startup)
    # With several workers each has its own stage, and a random one answers.
    speaker = None if reading and reading.worker_count > 1 else api
    words = stages.update(state.words, now_s, speaker)
    signs = _signs(state, api, reading, temp, starts=starts)
    burst_s, hot_s = _cpu_row(state, reading)
    stir = None if state.is_busy else _next_stir(state, now_s, signs)

    sign = _sign_of_work(state, signs, words, burst_s, stir)
    worked_s, lasts_s = state.worked_s, state.lasts_s
    if sign is not None:
        worked_s, lasts_s = now_s, sign
    seen_s = now_s if signs.is_reading else state.seen_s
    limit_s = _limit_s(state, signs, words, lasts_s)
    busy = _lasts(now_s, worked_s, seen_s, limit_s) and not _is_over(state, signs, words)
    after = replace(
        state,
        words=words,
        read_s=reading.taken_s if reading else state.read_s,
        burst_s=burst_s,
        hot_s=hot_s,
        worked_s=worked_s,
        lasts_s=lasts_s,
        seen_s=seen_s,
        temp=temp or state.temp,
        temp_told=signs.temp_told,
        stir=stir,
        starts=starts,
        encoded_s=_encoded_s(state, now_s, signs, words),
    )
    after = _at_work(after, now_s, signs) if busy else _at_rest(after)
    after = _asking(state, after, now_s, signs, is_still=sign is None)
    return _begun(state, after, now_s, signs) if after.stirs else _calmed(state, after, signs)


def _without_start(
    state: ActivityState, process: ProcessReading | None, startup: Startup | None
) -> tuple[ProcessReading | None, bool]:
    """The server's processes without the CPU of a start, and whether the server starts."""
    if process is None or process.target is None:
        return None, state.starts
    if startup is None and not state.starts:  # the usual
        return process, False
    # In a reading in which the start ends, the CPU may be the start's or a job's.
    starting_percent = startup.cpu_percent if startup else math.inf
    cpu_percent = max(0.0, (process.cpu_percent or 0.0) - starting_percent)
    return replace(process, cpu_percent=cpu_percent), startup is not None and startup.whole


def _sign_of_work(
    state: ActivityState, signs: WorkSigns, words: Words, burst_s: float, stir: Stir | None
) -> float | None:
    """For how long the sign of work in this sample lasts; None: there is none."""
    if _shows_work(state, signs, burst_s, stir):
        return QUIET_AFTER_S
    # A sign from the API alone can only come again with its next answer.
    return max(QUIET_AFTER_S, words.holds_s) if _tells_of_work(state, signs, words) else None


def _shows_work(state: ActivityState, signs: WorkSigns, burst_s: float, stir: Stir | None) -> bool:
    """Whether processes or files show that the server works."""
    was_busy = state.is_busy
    return (
        signs.encodes
        or (signs.cpu_percent >= PROCESSING_CPU_PERCENT and (was_busy or burst_s >= WORK_CPU_S))
        or (stir is not None and stir.is_work)
        # Files that vanish mark the end of a job, which still belongs to it.
        or (was_busy and (signs.comes < 0 or (signs.grows and not signs.temp_told)))
        or (was_busy and signs.stirs)
    )


def _tells_of_work(state: ActivityState, signs: WorkSigns, words: Words) -> bool:
    """Whether the API shows work. All entries of a job but the last come while its files are
    there."""
    more_files = state.is_busy and signs.grows and signs.temp_told
    return more_files or (not signs.is_empty and stages.moved(state.words, words))


def _lasts(now_s: float, worked_s: float | None, seen_s: float | None, limit_s: float) -> bool:
    """Whether the last sign of work is new enough, as of the last sample that could show one."""
    if worked_s is None or seen_s is None:
        return False
    return seen_s - worked_s < limit_s and now_s - seen_s < UNSEEN_LIMIT_S


def _limit_s(state: ActivityState, signs: WorkSigns, words: Words, lasts_s: float) -> float:
    """How long after its last sign of work a job is over."""
    if state.is_busy and stages.has_said_done(words) and not _has_another(state, words):
        return DONE_LASTS_S
    if state.is_busy and _waits(state, signs, words):
        return WAITING_LIMIT_S
    return lasts_s


def _encoded_s(state: ActivityState, now_s: float, signs: WorkSigns, words: Words) -> float | None:
    """When ffmpeg was last seen for the video that is in work."""
    if signs.encodes:
        return now_s
    # Work after that belongs to another video.
    return None if _is_done_now(state, words) else state.encoded_s


def _is_done_now(state: ActivityState, words: Words) -> bool:
    """Whether the server reports in this sample that a video is done."""
    was_done = stages.has_said_done(state.words) and words.mark == state.words.mark
    return stages.has_said_done(words) and not was_done


def _has_another(state: ActivityState, words: Words) -> bool:
    """Whether ffmpeg ran after the server reported a video as done: another video goes into
    storage, which takes no CPU."""
    return state.encoded_s is not None and not _is_done_now(state, words)


def _at_work(after: ActivityState, now_s: float, signs: WorkSigns) -> ActivityState:
    """Adds how hard the server works, and its stage; ``after`` holds the previous activity."""
    stays = after.activity is Activity.INTENSIVE and (not signs.is_quiet or not signs.reading)
    intensive = stays or after.hot_s >= INTENSIVE_AFTER_S - TICK_JITTER_S
    stage = stages.current(after.words, now_s, signs.reading, signs.temp, after.encoded_s)
    activity = Activity.INTENSIVE if intensive else Activity.PROCESSING
    return replace(after, activity=activity, stage=stage, stir=None)


def _at_rest(after: ActivityState) -> ActivityState:
    """The state without work; ``after`` holds the previous activity."""
    if not after.is_busy:  # the usual
        return replace(after, worked_s=None, encoded_s=None)
    # The rest belongs to the work that has ended.
    return replace(
        after,
        activity=Activity.IDLE,
        stage=None,
        ended_s=after.worked_s,
        burst_s=0.0,
        hot_s=0.0,
        worked_s=None,
        encoded_s=None,
    )


def _begun(
    state: ActivityState, after: ActivityState, now_s: float, signs: WorkSigns
) -> ActivityState:
    """Adds the beginning of the work, and the number of files before it."""
    began_s = _beginning_s(state, now_s, signs)
    idle_files = state.idle_files
    if signs.temp is not None and idle_files is not None:
        idle_files = min(idle_files, signs.temp.file_count)
    return replace(
        after, began_s=began_s, idle_files=idle_files, has_files=_has_files(state, signs)
    )


def _calmed(state: ActivityState, after: ActivityState, signs: WorkSigns) -> ActivityState:
    """Adds the idle memory and files."""
    return replace(
        after,
        began_s=None,
        has_files=False,
        calm=signs.memory or state.calm,
        idle_files=state.idle_files if signs.temp is None else signs.temp.file_count,
    )


def woken(state: ActivityState) -> ActivityState:
    """After a gap: no series of readings reaches across it, and memory may have changed
    meanwhile."""
    return replace(state, read_s=None, burst_s=0.0, hot_s=0.0, stir=None, calm=None)


def rebased(state: ActivityState) -> ActivityState:
    """The figures belong to another server or process from now on: the first ones are its idle
    level."""
    return replace(state, stir=None, calm=None, temp=None, temp_told=False, idle_files=None)


def _asking(
    state: ActivityState, after: ActivityState, now_s: float, signs: WorkSigns, *, is_still: bool
) -> ActivityState:
    """Adds whether the next request should ask for the stage, and whether at once.

    ``is_still``: there is no sign of work. A possible beginning of a video is asked for once: the
    next answer tells its file or its stage.
    """
    busy, words = after.is_busy, after.words
    # Once ffmpeg has ended the server answers only for moments, between two stages.
    encoded = after.encoded_s is not None and not signs.encodes
    likely = after.may_begin
    changed = busy != state.is_busy or signs.comes != 0 or (likely and not state.may_begin)
    if changed or (busy and stages.asks_again(words, now_s, waits=encoded or is_still)):
        words = stages.wanted(words)
    if not busy:
        words = stages.rested(words)
    turns = busy and (encoded or state.hastens or not state.is_busy)
    return replace(after, words=words, hastens=words.wanted and (turns or likely))


def _signs(
    state: ActivityState,
    api: ApiReading | None,
    reading: ProcessReading | None,
    temp: TempUsage | None,
    *,
    starts: bool,
) -> WorkSigns:
    before, idle_files = state.temp, state.idle_files
    temp_is_new = temp is not None and temp != before
    told = (api is not None and temp is api.temp) if temp_is_new else state.temp_told
    comes, grows = moves(before, temp, alike=told == state.temp_told)
    cpu = reading.cpu_percent if reading else None
    return WorkSigns(
        reading=reading,
        starts=starts,
        memory=None if starts else memory_of(api, reading),
        is_reading=api is not None or reading is not None or temp_is_new,
        temp=temp,
        temp_told=told,
        cpu_percent=cpu or 0.0,
        computes=cpu is None or cpu >= stages.WAITS_BELOW_PERCENT,
        encodes=stages.encodes(reading),
        comes=comes,
        grows=grows,
        more_files=None if temp is None or idle_files is None else temp.file_count - idle_files,
        is_empty=told and temp is not None and temp.file_count == 0,
        temp_s=temp.taken_s if temp else None,
    )


def _has_files(state: ActivityState, signs: WorkSigns) -> bool:
    """Whether there are more files in tmp than without work, as far as is known."""
    return state.has_files if signs.more_files is None else signs.more_files > 0


def _waits(state: ActivityState, signs: WorkSigns, words: Words) -> bool:
    """Whether a job without signs may be waiting for something."""
    if signs.is_empty:
        return False
    return _has_files(state, signs) or stages.is_open(words)


def _is_over(state: ActivityState, signs: WorkSigns, words: Words) -> bool:
    """Whether a job has ended: its files are gone, or the server says so.

    CPU in that reading may be the job's own. With none left in tmp there is no other video; where
    some lie there, a second one may be at work.
    """
    if not state.is_busy:
        return False
    more = signs.more_files
    gone = more is not None and more <= 0 and (state.has_files or signs.comes < 0)
    if gone and (signs.is_quiet or signs.is_empty or more == -(state.idle_files or 0)):
        return True
    # The first of two videos may be done; files that stay end with idle time.
    return stages.has_said_done(words) and signs.is_quiet and not _has_files(state, signs)


def _next_stir(state: ActivityState, now_s: float, signs: WorkSigns) -> Stir | None:
    return stirs.update(
        state.stir,
        now_s,
        signs,
        grown_bytes=_grown_bytes(state, signs),
        began_s=_beginning_s(state, now_s, signs),
    )


def _grown_bytes(state: ActivityState, signs: WorkSigns) -> int:
    """How far memory is above the idle level, if both come from one source."""
    memory, calm = signs.memory, state.calm
    return memory[0] - calm[0] if memory and calm and memory[1] == calm[1] else 0


def _beginning_s(state: ActivityState, now_s: float, signs: WorkSigns) -> float:
    """When the work began: before the first sign, by the time its CPU takes."""
    if state.stirs and state.began_s is not None:
        return state.began_s
    if signs.reading is None or state.read_s is None:
        return now_s
    covered_s = max(0.0, signs.reading.taken_s - state.read_s)
    return now_s - covered_s * min(signs.cpu_percent, 100.0) / 100


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
