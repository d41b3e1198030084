"""Sums up a time sample by sample: how long was watched, memory, bands and levels, jobs, alerts.

The samples of a run and those of a history file are summed up alike.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

GAP_INTERVALS = 3.0
GAP_MIN_S = 10.0
"""Two samples may be as far apart without anything being amiss: a slow tick, a busy machine."""

Times = tuple[tuple[str, float], ...]
"""Seconds by word, in the order in which the words came up."""


class Scope(StrEnum):
    """Of which time a summary is wanted."""

    START = "start"
    TODAY = "today"


class Reading(Struct, frozen=True):
    """One sample. ``at_s`` is of a clock that does not jump, ``wall_s`` is Unix time.

    ``highest_bytes`` is the highest figure since the last sample, if more was read than samples.
    ``band`` and ``level`` are the words of JSON; ``stage`` is empty without one. ``missed``: the
    sample came too late. ``jobs`` have ended with it, and ``kept_bytes`` was measured.
    """

    at_s: float
    wall_s: float
    memory_bytes: int | None = None
    highest_bytes: int | None = None
    every_s: float = 0.0
    band: str = "unknown"
    level: str = "normal"
    stage: str = ""
    missed: bool = False
    jobs: int = 0
    alerts: int = 0
    kept_bytes: int | None = None


class Measurement(Struct, frozen=True):
    """A running measurement: sums, not samples, so that a day costs what a minute costs.

    ``seen_s`` is when the last sample was made, ``every_s`` its interval, ``band`` and ``level``
    what holds since then.
    """

    started_s: float
    ends_s: float | None = None
    samples: int = 0
    readings: int = 0
    first_bytes: int | None = None
    last_bytes: int | None = None
    peak_bytes: int | None = None
    peak_wall_s: float | None = None
    peak_stage: str = ""
    sum_bytes: int = 0
    seen_s: float | None = None
    every_s: float = 0.0
    band: str = ""
    level: str = ""
    watched_s: float = 0.0
    bands_s: Times = ()
    levels_s: Times = ()
    missed: int = 0
    jobs: int = 0
    alerts: int = 0
    kept_bytes: int | None = None


class Summary(Struct, frozen=True):
    """What a measurement amounts to. None figures: no readings.

    ``watched_s`` is ``elapsed_s`` without sleep and pauses. ``peak_wall_s`` is the moment of the
    peak in Unix time, ``peak_stage`` the stage of the job then (empty: none). ``bands_s`` and
    ``levels_s`` add up to ``watched_s``. ``jobs`` have ended; ``kept_bytes`` is what they did not
    release, where that could be measured.
    """

    elapsed_s: float
    samples: int
    peak_bytes: int | None = None
    average_bytes: float | None = None
    first_bytes: int | None = None
    last_bytes: int | None = None
    watched_s: float = 0.0
    missed: int = 0
    peak_wall_s: float | None = None
    peak_stage: str = ""
    bands_s: Times = ()
    levels_s: Times = ()
    jobs: int = 0
    alerts: int = 0
    kept_bytes: int | None = None

    @property
    def trend_bytes(self) -> int | None:
        """The last reading minus the first; None with fewer than two."""
        if self.first_bytes is None or self.last_bytes is None:
            return None
        return self.last_bytes - self.first_bytes


def usual_s(every_s: float) -> float:
    """How far two samples may be apart; more is a gap."""
    return max(GAP_MIN_S, GAP_INTERVALS * every_s)


def update(run: Measurement, reading: Reading) -> Measurement:
    """One more sample; without a figure it counts as a sample only."""
    run = replace(
        _until(run, reading.at_s, reading.band, reading.level),
        samples=run.samples + 1,
        seen_s=reading.at_s,
        every_s=reading.every_s,
        band=reading.band,
        level=reading.level,
        missed=run.missed + reading.missed,
        jobs=run.jobs + reading.jobs,
        alerts=run.alerts + reading.alerts,
        kept_bytes=_sum(run.kept_bytes, reading.kept_bytes),
    )
    memory_bytes = reading.memory_bytes
    if memory_bytes is None:
        return run
    highest_bytes = max(memory_bytes, reading.highest_bytes or 0)
    run = replace(
        run,
        readings=run.readings + 1,
        first_bytes=memory_bytes if run.first_bytes is None else run.first_bytes,
        last_bytes=memory_bytes,
        sum_bytes=run.sum_bytes + memory_bytes,
    )
    if run.peak_bytes is not None and highest_bytes <= run.peak_bytes:
        return run
    return replace(
        run,
        peak_bytes=highest_bytes,
        peak_wall_s=reading.wall_s,
        peak_stage=reading.stage,
    )


def _until(run: Measurement, now_s: float, band: str = "", level: str = "") -> Measurement:
    """The time until ``now_s`` is in the band of the last sample; before the first, in this one's.
    A gap counts in none."""
    seen_s = run.started_s if run.seen_s is None else run.seen_s
    span_s = now_s - seen_s
    if not 0.0 < span_s <= usual_s(run.every_s):
        return run
    return replace(
        run,
        watched_s=run.watched_s + span_s,
        bands_s=_longer(run.bands_s, run.band or band, span_s),
        levels_s=_longer(run.levels_s, run.level or level, span_s),
    )


def _longer(times: Times, word: str, span_s: float) -> Times:
    if not any(each == word for each, _ in times):
        return (*times, (word, span_s)) if word else times
    return tuple((each, so_far + span_s * (each == word)) for each, so_far in times)


def _sum(one: int | None, other: int | None) -> int | None:
    return other if one is None else one + (other or 0)


def rebased(run: Measurement) -> Measurement:
    """The memory figure has another basis from now on: earlier figures do not count."""
    return replace(
        run,
        readings=0,
        first_bytes=None,
        last_bytes=None,
        peak_bytes=None,
        peak_wall_s=None,
        peak_stage="",
        sum_bytes=0,
        kept_bytes=None,
    )


def summarise(run: Measurement, now_s: float) -> Summary:
    """The figures so far."""
    started_s, readings = run.started_s, run.readings
    run = _until(run, now_s)
    return Summary(
        elapsed_s=now_s - started_s,
        samples=run.samples,
        peak_bytes=run.peak_bytes,
        average_bytes=run.sum_bytes / readings if readings else None,
        first_bytes=run.first_bytes,
        last_bytes=run.last_bytes if readings > 1 else None,
        watched_s=run.watched_s,
        missed=run.missed,
        peak_wall_s=run.peak_wall_s,
        peak_stage=run.peak_stage,
        bands_s=run.bands_s,
        levels_s=run.levels_s,
        jobs=run.jobs,
        alerts=run.alerts,
        kept_bytes=run.kept_bytes,
    )
