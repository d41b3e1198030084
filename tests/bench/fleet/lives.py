"""What simulated servers tell: half an hour of an exporter each, made from recorded traces.

A life goes through `core.monitor.step` as in the program, and each of its samples becomes a page of
the program's own exposition, so neither names nor format can drift. Pages are made before anything
is measured, and kept packed: a scrape costs the generator a tenth of what it costs an exporter.
"""

from __future__ import annotations

import bisect
import random
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import msgspec.structs

from tests.bench.traces import KINDS, UNSEEN, Span, Trace, lived, recorded
from tests.core.made import mb
from tray_app.core.analysis.activity import Activity
from tray_app.core.history import counts
from tray_app.core.history.counts import Counts
from tray_app.core.model.readings import (
    GIB,
    Now,
    OwnUse,
    ProcessReading,
    SystemMemory,
    TempUsage,
    UssPss,
)
from tray_app.core.monitor.sample import Sample
from tray_app.core.monitor.state import Health, State
from tray_app.core.presentation.metrics import CLOCK, Told
from tray_app.exporter.exposition import Exposition

LASTS_S = 1800.0
REST_S = (40.0, 240.0)
"""Between two traces of a life, from and to."""
JOINT_S = 20.0
"""So long memory takes, at rest, from the end of one trace to the beginning of the next."""
LEVEL_MB = 400.0
"""Of a calm server between its jobs."""
OPENMETRICS = "application/openmetrics-text; version=1.0.0"
"""What Prometheus asks for."""
_SERVER = "server-of-the-fleet"
_CLOCK_S = 1.0
_CLOCK_LINE = f"runanalyze_{CLOCK.name.removeprefix('runanalyze_')} ".encode()
_MACHINE = SystemMemory(24 * GIB, 0, 0.0, GIB // 2, 2 * GIB, 0.5)

Make = Callable[[random.Random, int], Trace]


def _recorded_job(dice: random.Random, seed: int) -> Trace:
    """A recorded job below every limit, of a server that has warmed up: it keeps nothing."""
    job, scale = recorded(seed), dice.uniform(0.8, 1.8)
    first_mb, ends_s = job.memory_mb(0.0), max((end_s for _, end_s in job.jobs), default=0.0)

    def memory_mb(at_s: float) -> float:
        rise_mb = max(0.0, job.memory_mb(at_s) - first_mb) if at_s < ends_s else 0.0
        return LEVEL_MB + scale * rise_mb

    return replace(job, memory_mb=memory_mb)


def _of(kind: str) -> Make:
    return (KINDS | UNSEEN)[kind][0]


CALM: tuple[tuple[Make, int], ...] = ((_recorded_job, 14), (_of("idle"), 2))
BUSY: tuple[tuple[Make, int], ...] = (
    (_of("warm-up by kinds of job"), 1),
    (_of("a recorded staircase, scaled"), 1),
    (_of("recorded jobs in a row"), 1),
    (_of("death and return"), 1),
)
"""Of twenty lives: how many are made of traces of this kind. The last two pass limits and die."""


@dataclass(frozen=True)
class Life:
    """``moments_s`` of its samples, and the page of each."""

    moments_s: Sequence[float]
    pages: Sequence[bytes]
    lasts_s: float

    def page(self, server: str, at_s: float, clock_s: float) -> bytes:
        """What an exporter serves at this moment. After the last one the life begins again, as
        after a restart of the exporter: its counters count from zero."""
        number = bisect.bisect_right(self.moments_s, at_s % self.lasts_s)
        page = zlib.decompress(self.pages[max(0, number - 1)])
        page = page.replace(_SERVER.encode(), server.encode())
        before, line, after = page.partition(b"\n" + _CLOCK_LINE)
        return before + line + f"{clock_s!r}\n".encode() + after.partition(b"\n")[2]


def lives(lasts_s: float = LASTS_S) -> list[Life]:
    """Twenty, always the same, in an order in which any ten have calm and busy ones."""
    made = []
    for make, count in CALM + BUSY:
        for _ in range(count):
            made.append(life(joined(make, random.Random(f"life {len(made)}"), lasts_s)))
    random.Random(1).shuffle(made)
    return made


def joined(make: Make, dice: random.Random, lasts_s: float) -> Trace:
    """Such traces one after another, with rest between them, until the time is over."""
    parts: list[tuple[float, Trace]] = []
    begins_s = dice.uniform(0.0, REST_S[0])
    while begins_s < lasts_s:
        trace = make(dice, len(parts))
        parts.append((begins_s, trace))
        begins_s += trace.lasts_s + dice.uniform(*REST_S)
    starts_s = [start_s for start_s, _ in parts]

    def memory_mb(at_s: float) -> float:
        number = max(0, bisect.bisect_right(starts_s, at_s) - 1)
        start_s, trace = parts[number]
        level = trace.memory_mb(at_s - start_s)
        if number + 1 == len(parts):
            return level
        next_s, following = parts[number + 1]
        share = 1.0 - (next_s - at_s) / JOINT_S
        return level + max(0.0, share) * (following.memory_mb(0.0) - level)

    def spans(of: Callable[[Trace], tuple[Span, ...]]) -> tuple[Span, ...]:
        return tuple(
            (start_s + begin_s, start_s + end_s)
            for start_s, trace in parts
            for begin_s, end_s in of(trace)
        )

    return Trace(
        "", 0, lasts_s, memory_mb,
        noise=0.002,
        jobs=spans(lambda trace: trace.jobs),
        absent=spans(lambda trace: trace.absent),
    )  # fmt: skip


def steady(memory_mb: float) -> Life:
    """A life that stays at so much memory."""
    return life(Trace("", 0, 20.0, lambda _: memory_mb))


def life(trace: Trace) -> Life:
    """The samples of this trace as pages."""
    told: list[Told] = []
    exposition = Exposition(lambda: told[-1:], lambda: _CLOCK_S)
    moments_s, pages = [], []
    for told_now in _told(trace):
        told[:] = [told_now]
        moments_s.append(told_now.now.mono_s)
        pages.append(zlib.compress(exposition.page(OPENMETRICS)[1], 1))
    return Life(moments_s, pages, trace.lasts_s)


def _told(trace: Trace) -> Iterator[Told]:
    counted, cpu_s, before_s = Counts(), 0.0, 0.0
    for at_s, events, state in lived(trace):
        counted = counts.update(counted, events)
        sample = state.sample
        if sample is None:
            continue
        is_busy = sample.activity is not Activity.IDLE
        cpu_s += (at_s - before_s) * (1.0 if is_busy else 0.01)
        before_s = at_s
        yield Told(_SERVER, _rich(state, sample, cpu_s), counted, sample.at)


def _rich(state: State, sample: Sample, cpu_s: float) -> State:
    """With what a trace does not tell, and an exporter on the server's machine does."""
    change, at_s = msgspec.structs.replace, sample.at.mono_s
    memory = sample.memory_bytes or 0
    available = _MACHINE.total_bytes - 2 * GIB - memory
    sample = change(sample, system=change(_MACHINE, available_bytes=available))
    if sample.temp is None:
        sample = change(sample, temp=TempUsage(mb(20), 4, at_s))
    if sample.target is not None:
        rows = tuple(change(row, descriptors=40) for row in sample.rows)
        own = UssPss(sample.target.pid, memory * 9 // 10, memory * 19 // 20, at_s)
        sample = change(sample, rows=rows, own=own)
    process: ProcessReading | None = state.process
    if process is not None:
        process = change(process, cpu_used_s=cpu_s)
    own_use = OwnUse(39_000_000 + int(at_s) // 60 * 4096, 0.003 * (at_s // 60) * 60)
    health = Health(own_use, Now(at_s, sample.at.wall_s), state.samples, state.late)
    return change(state, sample=sample, process=process, health=health)
