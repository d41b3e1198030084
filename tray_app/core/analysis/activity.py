"""What the server is doing: idle, processing or intensive.

Signs of work are what running it showed: about 100 % of a core while frames are processed, an
ffmpeg child while encoding, files in tmp that grow and are removed at the end, memory that climbs
with CPU, the server's own words. Both edges have hysteresis: one weak sign is no work yet, a pause
not its end. Work began with the first of its signs, not with the one that proved it.

A step of memory proves nothing, with or without CPU: it may be a cache, or the modules of a server
that starts. Work is what the server says, a file in tmp that comes with CPU or memory, ffmpeg, or
CPU that goes on; and the CPU of a start is none (`startup`).

A video's files lie in tmp from its upload to its end. So while they are there a job that shows no
sign waits (for storage, or a database); once they are gone it is over, whatever was said last.
"""

from __future__ import annotations

import math
from enum import StrEnum

from msgspec import Struct, field
from msgspec.structs import replace

from tray_app.core.analysis import stage as stages
from tray_app.core.analysis.stage import Stage, Words
from tray_app.core.analysis.startup import Startup
from tray_app.core.model.readings import MIB, ApiReading, MemoryKind, ProcessReading, TempUsage

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
# Signs that prove nothing alone. A recorded job begins with an upload that takes 30 MB and more at
# once, and with 35 to 80 % of a core; an idle server moves by less than 1 MB.
CLIMB_BYTES = 8 * MIB
LEAP_BYTES = 24 * MIB
STIRRING_CPU_PERCENT = 20.0
# Weak signs that no other follows for so long, or that prove nothing for so long, were none.
STIRS_FOR_S = 2.5
STIRS_AT_MOST_S = 15.0
# A job that has not said its end may wait for storage without any sign (recorded: 22 s), and
# a silence without any reading is no end either: a busy server was silent for up to 39 s.
WAITING_LIMIT_S = 60.0
# After a video's last word files may still lie there: another video's, which then shows a sign by
# the next sample (the server's own tidying holds it up for 0.3 s), or what somebody left.
DONE_LASTS_S = 1.0
UNSEEN_LIMIT_S = 60.0


class Activity(StrEnum):
    """INTENSIVE is processing with the tree above 80 % of a core for 2 s."""

    IDLE = "idle"
    PROCESSING = "processing"
    INTENSIVE = "intensive"


class Stir(Struct, frozen=True):
    """Weak signs in a row that may be the beginning of work; ``began_s`` is before the first.

    ``grown_bytes`` is the most that memory was above the calm level, ``has_cpu`` whether there was
    CPU with it, ``temp_signs`` in how many readings something came to tmp.
    """

    began_s: float
    last_s: float
    grown_bytes: int = 0
    has_cpu: bool = False
    temp_signs: int = 0

    @property
    def leaps(self) -> bool:
        """Whether memory is above the calm level by what an upload takes."""
        return self.grown_bytes >= LEAP_BYTES

    @property
    def is_work(self) -> bool:
        """Whether together they prove it: a file may be anybody's, memory a cache.

        A server that only stores a file may grow by its size, without much CPU.
        """
        return self.temp_signs > 1 or (self.temp_signs > 0 and (self.has_cpu or self.leaps))

    @property
    def is_likely(self) -> bool:
        """Whether they look like the beginning of a video, and its file may just not be known."""
        return self.has_cpu and self.leaps


class ActivityState(Struct, frozen=True):
    """What is remembered between readings to tell work from its traces.

    ``read_s`` is the newest process reading; ``burst_s`` (CPU seconds, one core at most) and
    ``hot_s`` (seconds) measure the unbroken row of readings above 40 % and 80 % up to it.
    ``worked_s`` is the last sign of work, which lasts for ``lasts_s``; ``ended_s`` the last sign of
    work that is over; ``seen_s`` when anything was last read of the server. ``temp_told`` says that
    ``temp`` is the API's own figure. ``stir`` are weak signs; ``began_s`` is where they began, or
    the work that goes on. ``calm`` is the memory without any sign, and whether processes told it.
    ``idle_files`` is how many files lay in tmp without any, ``has_files`` whether there are more
    since, and ``encoded_s`` when ffmpeg was last seen for the video that is in work. ``hastens``:
    the server has turned to something else, or may have, and what to should be asked for at once.
    """

    activity: Activity = Activity.IDLE
    stage: Stage | None = None
    words: Words = field(default_factory=Words)
    read_s: float | None = None
    burst_s: float = 0.0
    hot_s: float = 0.0
    worked_s: float | None = None
    lasts_s: float = QUIET_AFTER_S
    ended_s: float | None = None
    seen_s: float | None = None
    temp: TempUsage | None = None
    temp_told: bool = False
    stir: Stir | None = None
    hastens: bool = False
    began_s: float | None = None
    calm: tuple[int, bool] | None = None
    starts: bool = False
    idle_files: int | None = None
    has_files: bool = False
    encoded_s: float | None = None

    @property
    def is_busy(self) -> bool:
        """Whether the server is processing, intensively or not."""
        return self.activity is not Activity.IDLE

    @property
    def stirs(self) -> bool:
        """Whether it may have begun to work: it is busy, or a burst or weak signs go on."""
        return self.is_busy or self.burst_s > 0.0 or self.stir is not None


class _Signs(Struct, frozen=True):
    """What one sample says of work.

    ``cpu_percent`` is 0 where it is not known, and ``computes`` true: it does more than to answer.
    ``comes`` is how many files have come to tmp since the sample before, below 0: gone; ``grows``:
    some came, or they are larger. ``more_files`` is how many there are beyond those that lay there
    without work; None where that is not known.
    ``is_empty``: the server says that there is none.
    """

    cpu_percent: float
    computes: bool
    encodes: bool
    comes: int
    grows: bool
    more_files: int | None
    is_empty: bool

    @property
    def stirs(self) -> bool:
        """Some CPU, while a video lies there."""
        has_files = self.more_files is not None and self.more_files > 0
        return has_files and self.cpu_percent >= STIRRING_CPU_PERCENT

    @property
    def is_quiet(self) -> bool:
        return self.cpu_percent < PROCESSING_CPU_PERCENT and not self.encodes


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
    reading = process if process and process.target else None
    starts = state.starts if reading is None else startup is not None and startup.whole
    if reading is not None and (startup is not None or state.starts):
        # Whose CPU it is in a reading in which the start has ended, nobody knows.
        starting_percent = startup.cpu_percent if startup else math.inf
        cpu_percent = max(0.0, (reading.cpu_percent or 0.0) - starting_percent)
        reading = replace(reading, cpu_percent=cpu_percent)
    was_busy = state.is_busy
    # Of several workers each has words of its own, and a random one has answered.
    speaker = None if reading and reading.worker_count > 1 else api
    words = stages.update(state.words, now_s, speaker)
    temp_is_new = temp is not None and temp != state.temp
    temp_told = (api is not None and temp is api.temp) if temp_is_new else state.temp_told
    signs = _signs(state, reading, temp, temp_told)
    burst_s, hot_s = _cpu_row(state, reading)
    memory = None if starts else _memory(api, reading)
    stir = None if was_busy else _next_stir(state, now_s, reading, memory, signs)

    works = (
        signs.encodes
        or (signs.cpu_percent >= PROCESSING_CPU_PERCENT and (was_busy or burst_s >= WORK_CPU_S))
        or (stir is not None and stir.is_work)
        # Files that vanish are the end of a job, which is still a part of it.
        or (was_busy and (signs.comes < 0 or (signs.grows and not temp_told)))
        or (was_busy and signs.stirs)
    )
    # A job's entries come while its files are there, all but the last.
    told = (was_busy and signs.grows and temp_told) or (
        not signs.is_empty and stages.moved(state.words, words)
    )
    worked_s, lasts_s = state.worked_s, state.lasts_s
    if works or told:
        worked_s = now_s
        # What only the API tells has its next chance with its next answer.
        lasts_s = max(QUIET_AFTER_S, words.holds_s) if told and not works else QUIET_AFTER_S
    seen_s = now_s if api or reading or temp_is_new else state.seen_s
    limit_s = lasts_s
    if was_busy and stages.has_said_done(words):
        limit_s = DONE_LASTS_S
    elif was_busy and _waits(state, signs, words):
        limit_s = WAITING_LIMIT_S
    busy = (
        worked_s is not None
        and seen_s is not None
        and seen_s - worked_s < limit_s
        and now_s - seen_s < UNSEEN_LIMIT_S
        and not (was_busy and _is_over(state, signs, words))
    )
    encoded_s = now_s if signs.encodes else state.encoded_s
    if stages.has_said_done(words) and not signs.encodes:
        encoded_s = None  # what goes on is another video
    stage = stages.current(words, now_s, reading, temp, encoded_s) if busy else None
    # Once ffmpeg has ended the server answers only for moments, between two stages.
    encoded = encoded_s is not None and not signs.encodes
    waits = encoded or not (works or told)
    # The file of a video that is likely is known with the next answer, or its stage.
    is_likely = stir is not None and stir.is_likely and not busy
    was_likely = state.stir is not None and state.stir.is_likely
    if is_likely and not was_likely:
        words = replace(words, wanted=True)
    words = _with_question(state, words, signs, now_s, busy=busy, waits=waits)
    intensive = hot_s >= INTENSIVE_AFTER_S - TICK_JITTER_S or (
        state.activity is Activity.INTENSIVE and (not signs.is_quiet or not reading)
    )
    ended_s = state.ended_s
    if busy:
        activity = Activity.INTENSIVE if intensive else Activity.PROCESSING
    else:
        if was_busy:  # what it still does belongs to what is over
            ended_s, burst_s, hot_s = worked_s, 0.0, 0.0
        activity, worked_s, encoded_s = Activity.IDLE, None, None
    began_s = state.began_s if was_busy or state.stirs else None
    if busy or stir or burst_s > 0.0:
        began_s = _beginning_s(state, now_s, reading, signs) if began_s is None else began_s
        calm, idle_files = state.calm, state.idle_files
        if temp is not None and idle_files is not None:
            idle_files = min(idle_files, temp.file_count)
        has_files = state.has_files if signs.more_files is None else signs.more_files > 0
    else:
        began_s, has_files = None, False
        calm = memory or state.calm
        idle_files = state.idle_files if temp is None else temp.file_count
    return ActivityState(
        activity=activity,
        stage=stage,
        words=words,
        read_s=reading.taken_s if reading else state.read_s,
        burst_s=burst_s,
        hot_s=hot_s,
        worked_s=worked_s,
        lasts_s=lasts_s,
        ended_s=ended_s,
        seen_s=seen_s,
        temp=temp or state.temp,
        temp_told=temp_told,
        stir=None if busy else stir,
        hastens=words.wanted
        and ((busy and (encoded or state.hastens or not was_busy)) or is_likely),
        began_s=began_s,
        calm=calm,
        starts=starts,
        idle_files=idle_files,
        has_files=has_files,
        encoded_s=encoded_s,
    )


def woken(state: ActivityState) -> ActivityState:
    """After a gap: no row of readings reaches across it, and memory may have moved in it."""
    return replace(state, read_s=None, burst_s=0.0, hot_s=0.0, stir=None, calm=None)


def rebased(state: ActivityState) -> ActivityState:
    """The figures are another server's from now on, or another process's: the first of them, and
    of its tmp, are where they begin."""
    return replace(state, stir=None, calm=None, temp=None, temp_told=False, idle_files=None)


def _with_question(
    state: ActivityState, words: Words, signs: _Signs, now_s: float, *, busy: bool, waits: bool
) -> Words:
    """The words, with whether the next request should ask for the stage."""
    changed = busy != state.is_busy or signs.comes != 0
    wanted = changed or (busy and stages.asks_again(words, now_s, waits=waits))
    if not busy and words.current_s is not None:
        words = replace(words, current_s=None)  # in the next job it is the last one's
    return replace(words, wanted=True) if wanted and not words.wanted else words


def _signs(
    state: ActivityState, reading: ProcessReading | None, temp: TempUsage | None, told: bool
) -> _Signs:
    """``told``: the figure is the API's own."""
    before = state.temp
    comes = more = 0
    grows = False
    if temp is not None and before is not None:
        comes = temp.file_count - before.file_count
        # The API counts file lengths, the walker disk blocks: only like is compared with like.
        grows = comes > 0 or (told == state.temp_told and temp.size_bytes > before.size_bytes)
    if temp is not None and state.idle_files is not None:
        more = temp.file_count - state.idle_files
    cpu = reading.cpu_percent if reading else None
    return _Signs(
        cpu_percent=cpu or 0.0,
        computes=cpu is None or cpu >= stages.WAITS_BELOW_PERCENT,
        encodes=stages.encodes(reading),
        comes=comes,
        grows=grows,
        more_files=None if temp is None or state.idle_files is None else more,
        is_empty=told and temp is not None and temp.file_count == 0,
    )


def _waits(state: ActivityState, signs: _Signs, words: Words) -> bool:
    """Whether a job that shows no sign may still be waiting for something."""
    if signs.is_empty:
        return False
    more = state.has_files if signs.more_files is None else signs.more_files > 0
    return more or stages.is_open(words)


def _is_over(state: ActivityState, signs: _Signs, words: Words) -> bool:
    """Whether a job has ended: its files are gone, or the server says so.

    CPU of the reading in which that is seen may be the job's own. With none left in tmp there is no
    other video; where some lie there, a second one may be at work.
    """
    more = signs.more_files
    gone = more is not None and more <= 0 and (state.has_files or signs.comes < 0)
    if gone and (signs.is_quiet or signs.is_empty or more == -(state.idle_files or 0)):
        return True
    # The first of two videos may be the one that is done; files that stay end with quiet.
    has_files = state.has_files if more is None else more > 0
    return stages.has_said_done(words) and signs.is_quiet and not has_files


def _memory(api: ApiReading | None, reading: ProcessReading | None) -> tuple[int, bool] | None:
    """The server's memory, and whether processes tell it; None where neither source does."""
    if reading is not None and reading.kind is MemoryKind.UNMEASURED:
        return None  # too low for a moment: what comes after it is no climb
    if reading is not None and reading.held_bytes is not None:
        return reading.held_bytes, True
    return (api.rss_bytes, False) if api else None


def _next_stir(
    state: ActivityState,
    now_s: float,
    reading: ProcessReading | None,
    memory: tuple[int, bool] | None,
    signs: _Signs,
) -> Stir | None:
    """The weak signs after this sample; None: there are none, or they have proved nothing."""
    old, calm = state.stir, state.calm
    grown_bytes = 0
    if memory is not None and calm is not None and memory[1] == calm[1]:
        grown_bytes = memory[0] - calm[0]
    climbs = grown_bytes >= CLIMB_BYTES and (old is None or grown_bytes > old.grown_bytes)
    has_cpu = signs.cpu_percent >= STIRRING_CPU_PERCENT
    if not (climbs or signs.grows or (old is not None and has_cpu)):
        return old if old is not None and now_s - old.last_s < STIRS_FOR_S else None
    if old is None:
        began_s = state.began_s  # of a burst that goes on
        if began_s is None:
            began_s = _beginning_s(state, now_s, reading, signs)
        old = Stir(began_s, now_s)
    stir = Stir(
        began_s=old.began_s,
        last_s=now_s,
        grown_bytes=max(old.grown_bytes, grown_bytes),
        has_cpu=old.has_cpu or has_cpu,
        # A file that goes on growing while the server does nothing is written by somebody else.
        temp_signs=old.temp_signs + (signs.grows and (signs.computes or not old.temp_signs)),
    )
    return stir if stir.is_work or now_s - stir.began_s < STIRS_AT_MOST_S else None


def _beginning_s(
    state: ActivityState, now_s: float, reading: ProcessReading | None, signs: _Signs
) -> float:
    """When what this sample is the first sign of began: so much earlier as its CPU takes."""
    if reading is None or state.read_s is None:
        return now_s
    covered_s = max(0.0, reading.taken_s - state.read_s)
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
