"""Runs every alert policy over a sample and turns findings into events.

`watch` takes one sample's facts through the policies; `tell` makes events of what they found, and
holds them back while muted (`quiet`). Each policy is a module of its own (`alerts`, `forecast`,
`shortage`, `presence`, `hung`, `keeping`, `growth`, `leftovers`) and knows no other.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from tray_app.core.alerts import (
    forecast,
    hung,
    idle_growth,
    job_leak,
    leftover_files,
    server_exit,
    system_memory,
)
from tray_app.core.alerts import levels as alerts_levels
from tray_app.core.alerts.forecast import NO_FORECAST, Forecast, ForecastKind, ForecastState, Line
from tray_app.core.alerts.hung import NO_SIGNS, WELL, Answering, Hang, HungState, Signs
from tray_app.core.alerts.idle_growth import NO_GROWTH, IdleGrowth, IdleGrowthState
from tray_app.core.alerts.job_leak import JobLeakState, Leak, RetainedMemory
from tray_app.core.alerts.leftover_files import LeftoverFilesState
from tray_app.core.alerts.levels import AlertLimits, Level, LevelState
from tray_app.core.alerts.server_exit import (
    ServerExit,
    ServerExitState,
    ServerReturn,
    WorkerReplacement,
)
from tray_app.core.alerts.system_memory import NO_SHORTAGE, SystemMemoryState
from tray_app.core.analysis.activity import ActivityState
from tray_app.core.analysis.jobs import Jobs
from tray_app.core.model.readings import (
    MIB,
    Disk,
    Killed,
    Now,
    ProcessRow,
    Role,
    SystemMemory,
    TempUsage,
)
from tray_app.core.monitor import mute
from tray_app.core.monitor.events import (
    Alerted,
    AlertEvent,
    AlertMemoryChanged,
    Answers,
    Back,
    ChildKilled,
    DiskFull,
    Eased,
    Event,
    Gone,
    Hung,
    IdleGrowthSeen,
    JobCompared,
    LeakSuspected,
    LeftoverFiles,
    MachineShort,
    Recovered,
    TakenBack,
    WorkerReplaced,
)
from tray_app.core.monitor.mute import UNMUTED, MuteState
from tray_app.core.monitor.sample import Sample
from tray_app.core.presentation import alert_memory
from tray_app.core.server.target_tracker import Change

HOLDERS_SHOWN = 3
# What is said early, as critical, when it is near.
THREATS = (ForecastKind.CRITICAL, ForecastKind.FULL)
# A restart within an hour knows what was said; the stamp of what lasts is renewed this often.
REMEMBERED_S = 3600.0
STAMP_EVERY_S = 600.0
# The longest mute is 8 h; what was held back before the last day is no news.
HELD_FOR_S = 86400.0


class AlertingState(Struct, frozen=True):
    """What the policies remember. ``kept`` is what the last job that was compared has kept;
    ``stamped_s`` is when what is remembered over a restart was last handed out."""

    levels: LevelState = alerts_levels.CALM
    outlook: ForecastState = NO_FORECAST
    shortage: SystemMemoryState = NO_SHORTAGE
    presence: ServerExitState = ServerExitState()
    keeping: JobLeakState = JobLeakState()
    growth: IdleGrowthState = NO_GROWTH
    leftovers: LeftoverFilesState = LeftoverFilesState()
    quiet: MuteState = UNMUTED
    kept: RetainedMemory | None = None
    stamped_s: float | None = None
    hung: HungState = WELL


class Facts(Struct, frozen=True):
    """What the policies judge.

    ``memory_bytes`` is the sample's figure, and ``fresh`` whether it is new; ``lost``: the server
    that was watched is gone; ``change`` is what became of it, where its processes are read, and
    ``killed`` are those of its processes that the kernel has killed.
    ``largest`` are the largest processes, where they were asked for; ``temp_place`` is
    the path of the server's temp directory on this machine, where it is known. ``signs`` are
    those of a server that hangs. ``rests`` as in `Sample`.
    """

    now: Now
    memory_bytes: int | None
    fresh: bool
    system: SystemMemory | None
    temp: TempUsage | None
    activity: ActivityState
    jobs: Jobs
    lost: bool
    change: Change | None = None
    largest: tuple[ProcessRow, ...] = ()
    temp_place: str | None = None
    killed: Killed | None = None
    signs: Signs = NO_SIGNS
    rests: bool = False


class Findings(Struct, frozen=True):
    """What the policies found in one sample; the defaults are the usual: nothing."""

    forecast: Forecast | None = None
    level: Level | None = None
    again: bool = False
    quiet: bool = False
    early: Forecast | None = None
    foretold: bool = False
    taken_back: Level | None = None
    recovered: LevelState | None = None
    scarce: bool | None = None
    largest: tuple[ProcessRow, ...] = ()
    change: ServerExit | ServerReturn | WorkerReplacement | Killed | None = None
    kept: RetainedMemory | None = None
    leak: Leak | None = None
    growing: IdleGrowth | None = None
    left_bytes: int | None = None
    full_disk: Disk | None = None
    hang: Hang | Answering | None = None


NOTHING = Findings()


def watch(
    vigil: AlertingState, facts: Facts, limits: AlertLimits
) -> tuple[AlertingState, Findings]:
    """The watch after one more sample, and what it found."""
    now_s, memory_bytes = facts.now.mono_s, facts.memory_bytes
    fresh_bytes = memory_bytes if facts.fresh else None
    busy, works, lost = facts.activity.is_busy, facts.activity.stirs, facts.lost
    bursts = facts.activity.burst_s > 0.0

    outlook = vigil.outlook
    if fresh_bytes is not None:
        outlook = forecast.update(outlook, now_s, fresh_bytes, begins_s=facts.jobs.turned_s)
    elif lost:
        outlook = NO_FORECAST
    ahead: tuple[Forecast, ...] = ()
    if memory_bytes is not None and (line := forecast.shown(outlook, now_s)):
        targets = _targets(line, facts.system, vigil.levels.reached, limits)
        outlook, ahead = forecast.foresee(outlook, now_s, memory_bytes, targets)
    threats = [one for one in ahead if one.kind in THREATS]
    soon = [one for one in threats if one.imminent]
    # What was said early is held to milder terms: it lasts while there is such a forecast at all.
    foreseen = bool(soon or (threats and vigil.levels.foreseen_s is not None))
    levels, verdict = alerts_levels.update(
        vigil.levels,
        fresh_bytes,
        now_s,
        limits,
        foreseen=foreseen and facts.fresh,
        stirs=bursts and not busy,
        works=busy,
        rests=facts.rests,
    )
    short, scarce = system_memory.update(vigil.shortage, facts.system, now_s, limits)
    there, change = server_exit.update(
        vigil.presence,
        now_s,
        fresh_bytes,
        facts.change,
        busy=busy,
        rests=facts.rests,
        lost=lost,
        # The end of a server that was said to hang matters in any case.
        above_bytes=limits.elevated_mb * MIB if vigil.hung.said_s is None else 0.0,
        killed=facts.killed,
    )
    hanging, hang = hung.update(vigil.hung, now_s, facts.signs, limits, lost=lost)
    memory, kept, leak = job_leak.update(
        vigil.keeping,
        now_s,
        facts.jobs,
        fresh_bytes,
        works=works,
        lost=lost,
        much_bytes=limits.leak_mb * MIB,
        temp=facts.temp,
    )
    # A burst is no work yet, but what memory is in it says nothing about the time without work.
    calm_bytes = None if busy or bursts else fresh_bytes
    slow, growing = idle_growth.update(vigil.growth, now_s, calm_bytes, works=busy or lost)
    left, left_bytes, full_disk = leftover_files.update(
        vigil.leftovers,
        now_s,
        facts.temp,
        facts.activity,
        limits,
        lost=lost,
        place=facts.temp_place,
    )
    watched = AlertingState(
        levels,
        outlook,
        short,
        there,
        memory,
        slow,
        left,
        vigil.quiet,
        kept or vigil.kept,
        vigil.stamped_s,
        hanging,
    )
    if (
        verdict is alerts_levels.NO_VERDICT
        and not ahead
        and scarce is None
        and not (change or kept or growing or full_disk or hang)
        and left_bytes is None
    ):
        return watched, NOTHING
    return watched, Findings(
        forecast=min(ahead, key=_seconds, default=None),
        level=verdict.raise_level,
        again=verdict.again,
        quiet=verdict.quiet,
        early=min(soon, key=_seconds) if verdict.early else None,
        foretold=verdict.foretold,
        taken_back=levels.reached if verdict.taken_back else None,
        recovered=vigil.levels if verdict.recovered else None,
        scarce=scarce,
        largest=facts.largest,
        change=change,
        kept=kept,
        leak=leak,
        growing=growing,
        left_bytes=left_bytes,
        full_disk=full_disk,
        hang=hang,
    )


def tell(
    before: AlertingState,
    after: AlertingState,
    found: Findings,
    sample: Sample,
    limits: AlertLimits,
) -> tuple[AlertingState, tuple[Event, ...]]:
    """The events of what was found, but for what is held back. ``before`` is the last sample's."""
    now = sample.at
    notable = () if found is NOTHING else tuple(_notable(found, sample, limits))
    silence, said = mute.update(after.quiet, now, notable, critical_exempt=limits.critical_exempt)
    if silence is not after.quiet:
        after = replace(after, quiet=silence)
    events: tuple[Event, ...] = (JobCompared(found.kept, sample), *said) if found.kept else said
    if not _to_remember(before, after, now.mono_s):
        return after, events
    after = replace(after, stamped_s=now.mono_s)
    return after, (*events, AlertMemoryChanged(remembered(after, now)))


def _notable(found: Findings, sample: Sample, limits: AlertLimits) -> Iterator[AlertEvent]:
    match found.change:
        case ServerExit(memory_bytes, busy, oom_kills, rested):
            yield Gone(memory_bytes, busy, oom_kills, sample, rested)
        case ServerReturn(away_s):
            yield Back(away_s, sample)
        case WorkerReplacement(memory_before):
            yield WorkerReplaced(memory_before, sample)
        case Killed(rows, kills):
            yield ChildKilled(rows, kills, sample)
    match found.hang:
        case Hang():
            yield Hung(found.hang, sample)
        case Answering(hung_s):
            yield Answers(hung_s, sample)
    if found.level is not None:
        limit_mb = limits.limit_mb(found.level)
        yield Alerted(
            found.level,
            limit_mb,
            sample,
            found.again,
            found.early,
            found.foretold,
            quiet=found.quiet,
        )
    if found.taken_back is not None:
        limit_mb = limits.limit_mb(found.taken_back) if found.taken_back else 0.0
        yield TakenBack(found.taken_back, limit_mb, sample)
    if found.recovered:
        before = found.recovered
        yield Recovered(before.raised, before.peak_bytes, sample, quiet=found.quiet)
    if found.scarce and sample.system:
        yield MachineShort(sample.system, _holders(found.largest, sample), sample)
    elif found.scarce is False:
        yield Eased(sample)
    if found.leak:
        yield LeakSuspected(found.leak, sample)
    if found.growing:
        yield IdleGrowthSeen(found.growing, sample)
    if found.left_bytes is not None:
        yield LeftoverFiles(found.left_bytes, sample)
    if found.full_disk:
        yield DiskFull(found.full_disk, sample)


def muted(
    vigil: AlertingState, now: Now, duration_s: float | None
) -> tuple[AlertingState, AlertMemoryChanged]:
    """Hold alerts back from now on; None: until the program ends."""
    vigil = replace(vigil, quiet=mute.mute(vigil.quiet, now, duration_s))
    return vigil, AlertMemoryChanged(remembered(vigil, now))


def unmuted(vigil: AlertingState, now: Now) -> tuple[AlertingState, tuple[Event, ...]]:
    """Let alerts come again, and tell what was held back."""
    silence, said = mute.update(mute.unmute(vigil.quiet), now, (), critical_exempt=True)
    vigil = replace(vigil, quiet=silence)
    return vigil, (*said, AlertMemoryChanged(remembered(vigil, now)))


def woken(vigil: AlertingState, now: Now, slept_s: float) -> AlertingState:
    """After a gap, which is no time that was watched: no hold and no line reaches across it."""
    return replace(
        vigil,
        levels=alerts_levels.woken(vigil.levels, now.mono_s),
        outlook=NO_FORECAST,
        shortage=system_memory.woken(vigil.shortage),
        growth=NO_GROWTH,
        leftovers=leftover_files.woken(vigil.leftovers),
        hung=hung.woken(vigil.hung),
        quiet=mute.woken(vigil.quiet, now, slept_s),
    )


def rebased(vigil: AlertingState, now: Now) -> AlertingState:
    """The figures have another meaning from now on. What was said stands until they say more."""
    return replace(
        vigil,
        levels=alerts_levels.woken(vigil.levels, now.mono_s),
        outlook=NO_FORECAST,
        keeping=JobLeakState(),
        growth=NO_GROWTH,
        kept=None,
    )


def paused(vigil: AlertingState, now: Now) -> AlertingState:
    """Before or after a pause, which nobody watched."""
    return woken(vigil, now, 0.0)


def due_s(vigil: AlertingState, limits: AlertLimits, now: Now) -> float:
    """When the policy wants a reading apart from the usual ones (monotonic); never is infinity."""
    if (
        vigil.levels is alerts_levels.CALM
        and vigil.shortage is NO_SHORTAGE
        and vigil.quiet is UNMUTED
    ):
        return math.inf  # the usual
    return min(
        alerts_levels.due_s(vigil.levels, now.mono_s, limits),
        system_memory.due_s(vigil.shortage),
        mute.due_s(vigil.quiet, now),
    )


def remembered(vigil: AlertingState, now: Now) -> dict[str, Any]:
    """What a restart must know: what was said, the mute, and what it holds back; empty when there
    is nothing.

    Plain values, moments in Unix time.
    """
    levels, silence = vigil.levels, vigil.quiet
    memory: dict[str, Any] = {}
    if levels.raised or levels.foreseen_s is not None:
        said_s = now.mono_s if levels.said_s is None else levels.said_s
        memory |= {
            "level": levels.level.word,
            "raised": levels.raised.word,
            "peak_bytes": levels.peak_bytes,
            "said": now.wall_s - (now.mono_s - said_s),
            "foreseen": levels.foreseen_s is not None,
            "hushed": levels.hushed,
            "told": levels.told,
        }
    muted_s = silence.muted_s(now)
    if 0.0 < muted_s < math.inf:
        memory["muted_until"] = now.wall_s + muted_s
    if silence.held:
        memory["held"] = alert_memory.remembered(silence, now)
    return memory | {"at": now.wall_s} if memory else memory


def restore(memory: object, now: Now) -> AlertingState:
    """The watch as an earlier run left it. What makes no sense is left out, and so is a level that
    was said an hour ago, or what was held back a day ago."""
    if not isinstance(memory, Mapping):
        return AlertingState()
    age_s = now.wall_s - (alert_memory.finite(memory.get("at")) or -math.inf)
    levels = _restored(memory, now) if 0.0 <= age_s <= REMEMBERED_S else alerts_levels.CALM
    silence = UNMUTED
    until = alert_memory.finite(memory.get("muted_until"))
    if until is not None and now.wall_s < until <= now.wall_s + 86400.0:
        silence = mute.mute(UNMUTED, now, until - now.wall_s)
    if age_s <= HELD_FOR_S:
        silence = alert_memory.restore(silence, memory.get("held"), now)
    return AlertingState(levels=levels, quiet=silence)


def _restored(memory: Mapping[Any, Any], now: Now) -> LevelState:
    """What was said of levels, as an earlier run left it."""
    words = {level.word: level for level in Level}
    level, raised = (_word(memory.get(name), words) for name in ("level", "raised"))
    foreseen = memory.get("foreseen") is True
    if level is None or raised is None or not (raised or foreseen):
        return alerts_levels.CALM
    said = alert_memory.finite(memory.get("said")) or now.wall_s
    peak = memory.get("peak_bytes")
    return LevelState(
        level=min(level, raised),
        raised=raised,
        peak_bytes=peak if type(peak) is int and peak > 0 else 0,
        said_s=now.mono_s - max(0.0, now.wall_s - said),
        foreseen_s=now.mono_s if foreseen else None,
        hushed=memory.get("hushed") is True,
        told=memory.get("told") is not False,
    )


_KINDS = {
    Level.ELEVATED: ForecastKind.ELEVATED,
    Level.HIGH: ForecastKind.HIGH,
    Level.CRITICAL: ForecastKind.CRITICAL,
}


def _seconds(ahead: Forecast) -> float:
    return ahead.seconds


def _targets(
    line: Line, system: SystemMemory | None, reached: Level, limits: AlertLimits
) -> Iterator[tuple[ForecastKind, float]]:
    """What memory may reach, and where that is: the levels above the one that it is in, and the
    end of what is available."""
    for level, kind in _KINDS.items():
        if level > reached:
            yield kind, limits.limit_mb(level) * MIB
    if system is not None:
        yield ForecastKind.FULL, line.now_bytes + system.available_bytes


def _holders(largest: tuple[ProcessRow, ...], sample: Sample) -> tuple[ProcessRow, ...]:
    """Who holds the memory that is scarce; the server is one, with all of its processes."""
    if not largest:
        # Whether others share a limit was not asked.
        alone = sample.system is not None and sample.system.limited
        largest = sample.rows[:1] if alone else (*sample.rows[:1], *sample.others)
    server_bytes = (sample.rss_bytes or 0) - sample.shared_bytes
    rows = [
        replace(row, rss_bytes=server_bytes) if row.role is Role.TARGET and sample.rows else row
        for row in largest
    ]
    rows.sort(key=lambda row: -row.rss_bytes)
    return tuple(rows[:HOLDERS_SHOWN])


def _to_remember(before: AlertingState, after: AlertingState, now_s: float) -> bool:
    old, new = before.levels, after.levels
    if (old.level, old.raised, old.hushed) != (new.level, new.raised, new.hushed):
        return True
    if (old.foreseen_s is None) != (new.foreseen_s is None):
        return True
    if before.quiet.until_wall_s != after.quiet.until_wall_s:
        return True
    if before.quiet.held != after.quiet.held:
        return True
    if not new.raised:
        return False
    return after.stamped_s is None or now_s - after.stamped_s >= STAMP_EVERY_S


def _word(value: object, words: Mapping[str, Level]) -> Level | None:
    return words.get(value) if isinstance(value, str) else None
