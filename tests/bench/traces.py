"""A corpus of memory traces with known truth: made from seeds, or recorded and scaled.

A trace is a server's life: its memory, whether it works, whether it is there and answers, and
what the clock does. `lived` takes it through `core.step.step` as the engine would.
"""

from __future__ import annotations

import csv
import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import groupby, pairwise
from pathlib import Path

from tests.core.made import answer, mb, no_process, refusal, tree_reading
from tray_app.core.config.settings import Settings
from tray_app.core.model.readings import Now, TempUsage
from tray_app.core.monitor.events import Event
from tray_app.core.monitor.inputs import Answered, Asked, Input, SourcesRead
from tray_app.core.monitor.state import State, begin, wants_reading_s
from tray_app.core.monitor.step import step

INTERVAL_S = 2.0
JITTER_S = 0.1
RAISED_MB, HIGH_MB, CRITICAL_MB = LIMITS_MB = 1500.0, 2000.0, 3000.0
WALL_S = 1_795_000_000.0
DATA = Path(__file__).parents[1] / "data"
RECORDED = DATA / "resource-trace.csv"
# Seven minutes into a watch: jobs one after the other, then level at 583.8 MB.
STAIRCASE = DATA / "forecast-staircase.csv"
STAIRCASE_LEVEL_S = 98.9
# Of the staircase: from where memory begins to move until it stands, or has fallen.
STAIRCASE_JOBS: tuple[tuple[float, float], ...] = ((24.0, 46.9), (90.9, 98.9))
Span = tuple[float, float]
Curve = Callable[[float], float]


@dataclass(frozen=True)
class Trace:
    """``memory_mb`` is the truth at a moment, ``noise`` by which part a reading may be
    off, either way.

    ``jobs`` are the times of work, ``absent`` when there is no server, ``silent`` when its API
    does not answer (``remote``: then there is no reading at all). ``clock`` are (moment, step of
    the wall clock). ``leak_job`` is the number of the job at which a leak is to be called, None:
    nothing is kept. ``keeps``: jobs keep what they like, and whether that is a leak is not
    judged. ``wrote`` are files in the temp directory: (when, MB, how many); without any
    nothing is known of it. ``crossings`` are the moments at which a straight ramp, which began at
    ``climbs_s``, passes limits.
    """

    kind: str
    seed: int
    lasts_s: float
    memory_mb: Curve
    noise: float = 0.0
    jobs: tuple[Span, ...] = ()
    absent: tuple[Span, ...] = ()
    silent: tuple[Span, ...] = ()
    remote: bool = False
    clock: tuple[tuple[float, float], ...] = ()
    leak_job: int | None = None
    wrote: tuple[tuple[Span, float, int], ...] = ()
    grows: bool = False
    keeps: bool = False
    crossings: tuple[tuple[float, float], ...] = ()
    climbs_s: float = 0.0


def lived(trace: Trace) -> Iterator[tuple[float, tuple[Event, ...], State]]:
    """Each sample's moment, events and state: a reading every 2 s, early or late by up to 0.1 s,
    and one whenever the policy wants it."""
    dice = random.Random(trace.seed)
    state = begin(Settings(), Settings(), Now(0.0, WALL_S), local=not trace.remote)
    tick_s, was_silent = INTERVAL_S, False
    while tick_s < trace.lasts_s:
        wanted_s = wants_reading_s(state)
        sudden = wanted_s < tick_s
        at_s = wanted_s if sudden else tick_s + dice.uniform(-JITTER_S, JITTER_S)
        at_s = max(at_s, state.sample.at.mono_s if state.sample else 0.0)
        if not sudden:
            tick_s += INTERVAL_S
        now = Now(at_s, WALL_S + at_s + sum(by for when, by in trace.clock if at_s >= when))
        silent = _within(trace.silent, at_s)
        told: tuple[Event, ...] = ()
        for happened in _inputs(trace, at_s, dice, silent=silent, falls_silent=not was_silent):
            state, events = step(state, happened, now)
            told += events
        was_silent = silent
        yield at_s, told, state


def _inputs(
    trace: Trace, at_s: float, dice: random.Random, *, silent: bool, falls_silent: bool
) -> Iterator[Input]:
    works = _within(trace.jobs, at_s)
    if _within(trace.absent, at_s):
        yield Asked()
        yield Answered(refusal(at_s))
        yield SourcesRead(None if trace.remote else no_process(at_s))
        return
    figure_mb = trace.memory_mb(at_s) * (1.0 + dice.uniform(-trace.noise, trace.noise))
    temp = _temp(trace, at_s)
    if silent and falls_silent:
        yield Asked()
    elif not silent:
        yield Answered(answer(figure_mb, at_s, temp=temp, tracker=(at_s,) if works else (1.0,)))
    process = tree_reading(figure_mb, at_s, cpu_percent=100.0 if works else 1.0)
    yield SourcesRead(None if trace.remote else process, temp)


def _temp(trace: Trace, at_s: float) -> TempUsage | None:
    if not trace.wrote:
        return None
    there = [(size, count) for span, size, count in trace.wrote if _within((span,), at_s)]
    size_mb, count = sum(size for size, _ in there), sum(count for _, count in there)
    return TempUsage(mb(size_mb), count, at_s)


def _within(spans: tuple[Span, ...], at_s: float) -> bool:
    return any(start <= at_s < end for start, end in spans)


def corpus(part: int = 1, draw: int = 0) -> Iterator[Trace]:
    """All traces, or every ``part``-th of each kind; every third has a silent API, every third
    a silent API of a server on another machine.

    ``draw``: each number has seeds of its own, and from 1 on also the kinds in `UNSEEN`. Rules are
    chosen on 0 alone, and judged on others.
    """
    for kind, (make, count) in (KINDS | UNSEEN if draw else KINDS).items():
        for seed in range(0, count, part):
            trace = make(random.Random(f"{kind} {seed}" + f" of draw {draw}" * bool(draw)), seed)
            yield _silenced(replace(trace, kind=kind, seed=seed), seed // part % 3)


def _silenced(trace: Trace, variant: int) -> Trace:
    """With the API silent for a while: for long where processes carry on, else for a little.

    Not where files are known: seen late, their end divides a job, or joins two, for any watcher.
    """
    if trace.wrote:
        return trace
    dice = random.Random(trace.seed)
    start_s = dice.uniform(0.1, 0.8) * trace.lasts_s
    if variant == 1:
        return replace(trace, silent=((start_s, start_s + 40.0),))
    if variant == 2:
        return replace(trace, remote=True, silent=((start_s, start_s + 8.0),))
    return trace


def _flat(size_mb: float) -> Curve:
    return lambda _: size_mb


def _through(*points: tuple[float, float]) -> Curve:
    """Straight between (moment, MB), and level before and after."""

    def at(at_s: float) -> float:
        if at_s <= points[0][0]:
            return points[0][1]
        for (t0, m0), (t1, m1) in pairwise(points):
            if at_s < t1:
                return m0 + (m1 - m0) * (at_s - t0) / (t1 - t0)
        return points[-1][1]

    return at


def _step(dice: random.Random, _seed: int) -> Trace:
    low, high = dice.uniform(100, 1200), dice.uniform(1510, 5000)
    up_s = dice.uniform(20, 60)
    down_s = up_s + dice.uniform(20, 200)
    points = ((up_s, low), (up_s + 0.1, high), (down_s, high), (down_s + 0.1, low))
    return Trace("", 0, down_s + 60, _through(*points), jobs=((up_s, down_s),))


def _ramp(dice: random.Random, seed: int, noise: float = 0.0) -> Trace:
    rate = math.exp(dice.uniform(math.log(1), math.log(500)))
    start_mb = max(100.0, dice.uniform(200, 1400), 3000 - 240 * rate)
    start_s = dice.uniform(20, 60)
    top_mb = 3300.0
    end_s = start_s + (top_mb - start_mb) / rate
    curve = _through((start_s, start_mb), (end_s, top_mb), (end_s + 60, top_mb))
    crossings = tuple(
        (start_s + (limit - start_mb) / rate, limit) for limit in LIMITS_MB if limit > start_mb
    )
    work = ((start_s, end_s),) if seed % 2 else ()
    return Trace(
        "", 0, end_s + 60, curve, noise=noise, jobs=work, crossings=crossings, climbs_s=start_s
    )


def _noisy_ramp(dice: random.Random, seed: int) -> Trace:
    return _ramp(dice, seed, noise=0.05)


def _ramp_and_level(dice: random.Random, _seed: int) -> Trace:
    """A climb that stops short of critical."""
    rate, top = dice.uniform(5, 100), dice.uniform(1000, 2850)
    start = dice.uniform(100, 900)
    end_s = 30 + (top - start) / rate
    curve = _through((30, start), (end_s, top))
    return Trace("", 0, end_s + 120, curve, jobs=((30, end_s),))


def _saw(dice: random.Random, seed: int) -> Trace:
    """100 teeth about a limit."""
    limit = LIMITS_MB[seed % 3]
    low, high = limit * dice.uniform(0.6, 0.98), limit * dice.uniform(1.03, 1.25)
    period_s = dice.uniform(8, 25)
    start_s = 20.0

    def at(at_s: float) -> float:
        if not start_s <= at_s < start_s + 100 * period_s:
            return low
        return low + (high - low) * ((at_s - start_s) % period_s) / period_s

    return Trace("", 0, start_s + 100 * period_s + 60, at)


def _noise(dice: random.Random, seed: int) -> Trace:
    """Level, with 5 % of scatter, about a limit or far from one."""
    height = LIMITS_MB[seed % 3] * dice.uniform(0.9, 1.1) if seed % 2 else dice.uniform(200, 1200)
    return Trace("", 0, 600, _flat(height), noise=0.05)


def _spikes(dice: random.Random, _seed: int) -> Trace:
    """Single readings above a limit."""
    low = dice.uniform(200, 1200)
    spikes = sorted(dice.uniform(20, 550) for _ in range(5))
    tops = [dice.uniform(1600, 2900) for _ in spikes]

    def at(at_s: float) -> float:
        for when, top in zip(spikes, tops, strict=True):
            if when <= at_s < when + 1.7:
                return top
        return low

    return Trace("", 0, 600, at)


def _working(
    dice: random.Random,
    kept: list[float],
    noise: float,
    *,
    warm_up: float = 0.0,
) -> Trace:
    """Jobs, each of which keeps so much."""
    level, at_s = dice.uniform(120, 500), 60.0
    points, jobs = [(at_s, level)], []
    for number, kept_mb in enumerate(kept):
        lasts_s = dice.uniform(15, 60)
        peak = level + dice.uniform(150, 900)
        after = level + kept_mb + (warm_up if number == 0 else 0.0)
        points += [(at_s, level), (at_s + 0.4 * lasts_s, peak), (at_s + lasts_s, peak)]
        points.append((at_s + lasts_s + 1.0, after))
        jobs.append((at_s, at_s + lasts_s))
        level, at_s = after, at_s + lasts_s + dice.choice([18.0, 45.0, 90.0])
    curve = _through(*points)
    return Trace("", 0, at_s + 60, curve, noise=noise, jobs=tuple(jobs))


def _clean_jobs(dice: random.Random, seed: int) -> Trace:
    count = dice.randint(4, 8)
    kept = [dice.choice([0.0, 0.0, 20.0, -20.0]) for _ in range(count)]
    return _working(dice, kept, 0.05 if seed % 4 == 3 else 0.002)


def _warm_jobs(dice: random.Random, seed: int) -> Trace:
    kept = [0.0] * dice.randint(4, 8)
    noise = 0.05 if seed % 4 == 3 else 0.002
    return _working(dice, kept, noise, warm_up=dice.uniform(100, 600))


VIDEO, PAIR, LARGE, NOBODY = (20.0, 28.0, 4), (30.0, 55.0, 7), (34.0, 65.0, 4), (6.0, 3.0, 2)
"""Recorded kinds of job: seconds, and what it writes (MB and files): a video of 720p, two at once,
one of 1080p, one with nobody in it."""
# MB that each job in a row kept, and its kind: two servers, each from its start on.
RECORDED_WARM_UPS = (
    (
        (175.0, VIDEO), (7.0, VIDEO), (53.0, LARGE), (124.0, PAIR),
        (0.0, VIDEO), (7.0, NOBODY), (27.0, LARGE), (13.0, PAIR),
    ),
    (
        (166.0, VIDEO), (163.0, PAIR), (104.0, LARGE), (12.0, VIDEO),
        (9.0, PAIR), (21.0, LARGE), (0.0, VIDEO), (3.0, VIDEO),
    ),
)  # fmt: skip


def _kinds_warm_up(dice: random.Random, seed: int) -> Trace:
    """A fresh server that each new kind of job warms up, as recorded, or in another order."""
    known = RECORDED_WARM_UPS[seed % 2]
    scale = 1.0 if seed < 2 else dice.uniform(0.7, 1.5)
    new = [job for at, job in enumerate(known) if job[1] not in [kind for _, kind in known[:at]]]
    again = [job for job in known if job not in new]
    if seed >= 2:
        dice.shuffle(new)
    level, at_s = 126.0, 60.0
    points, jobs, wrote = [(at_s, level)], [], []
    for kept_mb, (lasts_s, size_mb, count) in known if seed < 2 else (*new, *again):
        lasts_s *= dice.uniform(0.9, 1.2)
        end_s, after = at_s + lasts_s, level + scale * kept_mb
        peak = max(after, level + 60.0) + dice.uniform(30, 150)
        points += [(at_s, level), (at_s + 0.4 * lasts_s, peak), (end_s, peak), (end_s + 1.0, after)]
        jobs.append((at_s, end_s))
        wrote.append(((at_s, end_s), scale * size_mb, count))
        level, at_s = after, end_s + dice.choice([18.0, 45.0, 90.0])
    noise = 0.0 if seed < 2 else 0.002
    curve = _through(*points)
    return Trace("", 0, at_s + 60, curve, noise=noise, jobs=tuple(jobs), wrote=tuple(wrote))


def _leaky_videos(dice: random.Random, seed: int) -> Trace:
    """Each of like jobs keeps much, also of a server that was just started."""
    _, size_mb, count = (VIDEO, PAIR, LARGE)[seed % 3]
    kept = [dice.uniform(65.0, 300.0) for _ in range(5)]
    trace = _working(dice, kept, 0.002)
    wrote = tuple((span, size_mb * dice.uniform(0.9, 1.1), count) for span in trace.jobs)
    return replace(trace, leak_job=3, wrote=wrote)


def _leaky_jobs(dice: random.Random, seed: int) -> Trace:
    """From some job on, each keeps much."""
    clean, noisy = dice.randint(0, 3), seed % 4 == 3
    low, high = (140.0, 300.0) if noisy else (65.0, 300.0)
    kept = [0.0] * clean + [dice.uniform(low, high) for _ in range(5)]
    trace = _working(dice, kept, 0.03 if noisy else 0.002)
    return replace(trace, leak_job=clean + 3)


def _idle_leak(dice: random.Random, _seed: int) -> Trace:
    start, per_min = dice.uniform(150, 900), dice.uniform(1.5, 8.0)
    curve = _through((60, start), (60 + 2400, start + 40 * per_min))
    return Trace("", 0, 2400, curve, noise=dice.choice([0.0, 0.002]), grows=True)


def _idle(dice: random.Random, seed: int) -> Trace:
    curve = _flat(dice.uniform(150, 1300))
    return Trace("", 0, 2400, curve, noise=(0.0, 0.002, 0.05)[seed % 3])


def _death(dice: random.Random, _seed: int) -> Trace:
    """Killed on the height of its climb, and started again."""
    top, rate = dice.uniform(1700, 3500), dice.uniform(10, 100)
    end_s = 40 + (top - 300) / rate
    dies_s = end_s + dice.uniform(20, 60)
    back_s = dies_s + dice.uniform(10, 120)
    points = ((40, 300.0), (end_s, top), (dies_s, top), (dies_s + 0.1, 120.0))
    curve, work = _through(*points), ((40.0, dies_s),)
    return Trace("", 0, back_s + 90, curve, jobs=work, absent=((dies_s, back_s),))


def _clock(dice: random.Random, by_s: float) -> Trace:
    """The wall clock steps in the middle of something."""
    height = dice.choice([400.0, 1700.0, 2300.0, 3200.0])
    curve = _through((40, 300.0), (70, height))
    return Trace("", 0, 600, curve, clock=((dice.uniform(30, 300), by_s),))


def _sleep(dice: random.Random, _seed: int) -> Trace:
    return _clock(dice, 3600.0)


def _set_back(dice: random.Random, _seed: int) -> Trace:
    return _clock(dice, -3600.0)


@cache
def _recordings() -> tuple[tuple[tuple[tuple[float, float], ...], tuple[bool, ...]], ...]:
    """The recorded scenarios: (moment, MB of the tree), and whether a core was in use."""
    with RECORDED.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    made = []
    for _, group in groupby(rows, key=lambda row: row["scenario"]):
        lines = list(group)
        points = tuple(
            (float(line["t_s"]), float(line["rss_mb"]) + float(line["children_rss_mb"]))
            for line in lines
        )
        made.append((points, tuple(float(line["cpu_percent"]) >= 40 for line in lines)))
    return tuple(made)


def staircase(*, scale: float = 1.0, shift_s: float = 0.0) -> Trace:
    """The recorded staircase, so much larger and later, and 60 s more of its level end."""
    with STAIRCASE.open(encoding="utf-8") as file:
        points = [
            (shift_s + float(row["t_s"]), scale * float(row["memory_mb"]))
            for row in csv.DictReader(file)
        ]
    jobs = tuple((shift_s + start, shift_s + end) for start, end in STAIRCASE_JOBS)
    return Trace("", 0, points[-1][0] + 60, _through(*points), jobs=jobs, keeps=True)


def _scaled_staircase(dice: random.Random, _seed: int) -> Trace:
    """So much larger that its level end is just below a limit, or far from any."""
    scale = dice.choice([*(limit / 600.0 for limit in LIMITS_MB), dice.uniform(0.8, 6.0)])
    return staircase(scale=scale, shift_s=dice.uniform(0, INTERVAL_S))


def _job_stairs(dice: random.Random, _seed: int) -> Trace:
    """Several jobs, a few seconds or half a minute apart, each of which climbs in stairs, has
    helpers that come and go, and keeps a part."""
    level, at_s = dice.uniform(120, 500), 40.0
    points, jobs = [(at_s, level)], []
    for _ in range(dice.randint(3, 6)):
        start_s, base = at_s, level
        for _ in range(dice.randint(2, 5)):
            up = dice.uniform(20, 300)
            points += [(at_s, level), (at_s + dice.uniform(0.3, 5.0), level + up)]
            level, at_s = level + up, points[-1][0] + dice.uniform(0.5, 8.0)
        helper = dice.uniform(60, 250)
        points += [(at_s, level), (at_s + 0.3, level + helper)]
        points += [(at_s + 2.0, level + helper), (at_s + 2.3, level)]
        end_s = at_s + 2.5
        level = base + dice.uniform(0.2, 0.9) * (level - base)
        points += [(end_s, points[-1][1]), (end_s + 0.5, level)]
        jobs.append((start_s, end_s))
        at_s = end_s + dice.choice([4.0, 10.0, 30.0])
    return Trace("", 0, at_s + 60, _through(*points), jobs=tuple(jobs), keeps=True)


def _job_climb(dice: random.Random, _seed: int) -> Trace:
    """A job that climbs straight for some time, stands while it goes on, and gives a part back."""
    rate, climbs_s = math.exp(dice.uniform(math.log(5), math.log(90))), dice.uniform(6, 45)
    low = dice.uniform(150, 900)
    top, start_s = min(low + rate * climbs_s, 2950.0), dice.uniform(20, 60)
    top_s = start_s + (top - low) / rate
    end_s = top_s + dice.uniform(0, 40)
    after = low + dice.uniform(0.1, 1.0) * (top - low)
    points = ((start_s, low), (top_s, top), (end_s, top), (end_s + 0.5, after))
    return Trace("", 0, end_s + 60, _through(*points), jobs=((start_s, end_s),))


def _series(
    dice: random.Random,
    rises: list[float],
    *,
    kept: float = 0.0,
    level: float | None = None,
    climbs_s: float | None = None,
) -> Trace:
    """Jobs that climb straight by so much each, stand, and give all back but ``kept``."""
    level = dice.uniform(120, 500) if level is None else level
    usual_s = dice.uniform(12, 50) if climbs_s is None else climbs_s
    rate, at_s = rises[0] / usual_s, 40.0
    points, jobs = [(at_s, level)], []
    for rise in rises:
        top_s = at_s + rise / (rate * dice.uniform(0.9, 1.1))
        end_s = top_s + dice.uniform(4, 20)
        points += [(at_s, level), (top_s, level + rise), (end_s, level + rise)]
        jobs.append((at_s, end_s))
        level += kept
        points.append((end_s + 0.5, level))
        at_s = end_s + dice.uniform(15, 40)
    noise = dice.choice([0.0, 0.002, 0.01])
    return Trace("", 0, at_s + 60, _through(*points), noise=noise, jobs=tuple(jobs), keeps=True)


def _like(dice: random.Random, rise: float, count: int) -> list[float]:
    return [rise * dice.uniform(0.93, 1.07) for _ in range(count)]


def _like_jobs(dice: random.Random, _seed: int) -> Trace:
    """All climb towards critical, and stop short of it."""
    return _series(dice, _like(dice, dice.uniform(700, 2300), dice.randint(5, 12)), level=300)


def _like_jobs_reach(dice: random.Random, _seed: int) -> Trace:
    """All climb beyond critical."""
    return _series(dice, _like(dice, dice.uniform(3100, 4000), dice.randint(4, 8)))


def _growing_jobs(dice: random.Random, _seed: int) -> Trace:
    """Each needs more than the one before, and the last ones may reach critical."""
    first, grows = dice.uniform(500, 1100), dice.uniform(1.1, 1.35)
    return _series(dice, [first * grows**number for number in range(dice.randint(4, 7))])


def _outlier(dice: random.Random, _seed: int) -> Trace:
    """Like jobs, and one beyond critical, as fast or faster, with another like them after it."""
    rises = _like(dice, dice.uniform(500, 2000), dice.randint(3, 8))
    return _series(dice, [*rises, dice.uniform(3200, 4500), rises[0]])


def _leak_on_top(dice: random.Random, _seed: int) -> Trace:
    """Like jobs, each of which keeps so much that the last ones reach critical."""
    rise, kept = dice.uniform(700, 1900), dice.uniform(80, 250)
    count = min(16, int((3200 - 300 - rise) / kept) + 3)
    return _series(dice, _like(dice, rise, count), kept=kept, level=300)


def _kept_and_used_again(dice: random.Random, _seed: int) -> Trace:
    """A server that keeps what its first job took: the next ones climb to the same height."""
    top, level = dice.uniform(1600, 2800), dice.uniform(120, 300)
    warm, at_s = level + dice.uniform(0.4, 0.7) * (top - level), 40.0
    rate = (top - level) / dice.uniform(15, 50)
    points, jobs = [(at_s, level)], []
    for _ in range(dice.randint(5, 9)):
        high = top * dice.uniform(0.98, 1.02)
        top_s = at_s + (high - level) / rate
        end_s = top_s + dice.uniform(4, 20)
        points += [(at_s, level), (top_s, high), (end_s, high), (end_s + 0.5, warm)]
        jobs.append((at_s, end_s))
        level, at_s = warm, end_s + dice.uniform(15, 40)
    return Trace("", 0, at_s + 60, _through(*points), jobs=tuple(jobs), keeps=True)


def _recorded(dice: random.Random, seed: int) -> Trace:
    """A recording, scaled up so that it passes the levels."""
    return recorded(seed, scale=dice.uniform(2.0, 9.0), shift_s=60.0 + dice.uniform(0, INTERVAL_S))


def recorded(number: int, *, scale: float = 1.0, shift_s: float = 0.0) -> Trace:
    """One of the recorded scenarios, so much larger and later."""
    recordings = _recordings()
    points, busy = recordings[number % len(recordings)]
    curve = _through(*((shift_s + at_s, scale * size) for at_s, size in points))
    times = [shift_s + at_s for (at_s, _), works in zip(points, busy, strict=True) if works]
    jobs = ((times[0], times[-1]),) if times else ()
    return Trace("", 0, shift_s + points[-1][0] + 90, curve, jobs=jobs)


def _recorded_in_a_row(dice: random.Random, seed: int) -> Trace:
    """A recorded job again and again, or two in turn, so much larger that they end between half of
    critical and above it. A little of each is kept."""
    recordings = _recordings()
    first = seed % len(recordings)
    courses = [recordings[first][0]]
    if seed % 2:
        other = first + dice.randint(1, len(recordings) - 1)
        courses.append(recordings[other % len(recordings)][0])
    scales = [
        dice.uniform(0.5, 1.2) * CRITICAL_MB / max(size for _, size in course) for course in courses
    ]
    level, at_s = scales[0] * courses[0][0][1], 40.0
    points, jobs = [(at_s, level)], []
    for number in range(dice.randint(4, 9)):
        course, scale = courses[number % len(courses)], scales[number % len(courses)]
        scale, slower = scale * dice.uniform(0.93, 1.07), dice.uniform(0.8, 1.5)
        begin_s, low = course[0]
        points += [
            (at_s + slower * (then_s - begin_s), max(level, level + scale * (size - low)))
            for then_s, size in course
        ]
        jobs.append((at_s, points[-1][0]))
        level += dice.uniform(0.0, 0.02) * CRITICAL_MB
        points.append((points[-1][0] + 1.0, level))
        at_s = points[-1][0] + dice.uniform(10, 40)
        points.append((at_s, level))
    return Trace("", 0, at_s + 60, _through(*points), jobs=tuple(jobs), keeps=True)


def _slowing_jobs(dice: random.Random, _seed: int) -> Trace:
    """Each climb slows down towards its top, as a cache that fills."""
    top, level = dice.uniform(1200, 3900), dice.uniform(120, 400)
    points, jobs, at_s = [(40.0, level)], [], 40.0
    for _ in range(dice.randint(3, 8)):
        high, slows_s = top * dice.uniform(0.93, 1.07), dice.uniform(8, 30)
        points += [
            (at_s + 2.0 * n, level + (high - level) * (1.0 - math.exp(-2.0 * n / slows_s)))
            for n in range(round(2 * slows_s))
        ]
        end_s = points[-1][0]
        jobs.append((at_s, end_s))
        at_s = end_s + dice.uniform(15, 40)
        points += [(end_s + 1.0, level), (at_s, level)]
    noise = dice.choice([0.0, 0.005])
    return Trace("", 0, at_s + 60, _through(*points), noise=noise, jobs=tuple(jobs), keeps=True)


Kinds = dict[str, tuple[Callable[[random.Random, int], Trace], int]]
KINDS: Kinds = {
    "recorded, scaled": (_recorded, 72),
    "a recorded staircase, scaled": (_scaled_staircase, 48),
    "jobs in stairs": (_job_stairs, 90),
    "jobs whose climb ends": (_job_climb, 90),
    "like jobs that stop short": (_like_jobs, 60),
    "like jobs that reach critical": (_like_jobs_reach, 60),
    "jobs that grow": (_growing_jobs, 60),
    "like jobs and an outlier": (_outlier, 60),
    "like jobs over a leak": (_leak_on_top, 60),
    "jobs that use kept memory again": (_kept_and_used_again, 60),
    "steps": (_step, 90),
    "ramps of 1 to 500 MB/s": (_ramp, 120),
    "ramps with noise": (_noisy_ramp, 120),
    "ramps that stop": (_ramp_and_level, 90),
    "saw-teeth": (_saw, 90),
    "noise of 5 %": (_noise, 60),
    "spikes of one sample": (_spikes, 60),
    "jobs that keep nothing": (_clean_jobs, 90),
    "warm-up, then flat": (_warm_jobs, 60),
    "warm-up by kinds of job": (_kinds_warm_up, 48),
    "jobs that keep memory": (_leaky_jobs, 90),
    "like jobs that keep memory": (_leaky_videos, 24),
    "slow leak while idle": (_idle_leak, 30),
    "idle": (_idle, 30),
    "death and return": (_death, 60),
    "sleep of an hour": (_sleep, 45),
    "clock set back": (_set_back, 45),
}
UNSEEN: Kinds = {
    "recorded jobs in a row": (_recorded_in_a_row, 90),
    "jobs that slow down": (_slowing_jobs, 60),
}
"""No rule was chosen on these."""
assert mb(1) == 1024**2
