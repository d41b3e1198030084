"""Summarises a measurement: duration, samples, peak, average, trend."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace


class Measurement(Struct, frozen=True):
    """A running measurement: sums, not samples, so that a day costs what a minute costs."""

    started_s: float
    ends_s: float | None = None
    samples: int = 0
    readings: int = 0
    first_bytes: int | None = None
    last_bytes: int | None = None
    peak_bytes: int | None = None
    sum_bytes: int = 0


class Summary(Struct, frozen=True):
    """``trend_bytes`` is the last reading minus the first; None figures: no readings, and for the
    trend fewer than two."""

    elapsed_s: float
    samples: int
    peak_bytes: int | None
    average_bytes: float | None
    trend_bytes: int | None


def update(
    run: Measurement, memory_bytes: int | None, highest_bytes: int | None = None
) -> Measurement:
    """One more sample; a sample without a reading counts as a sample only.

    ``highest_bytes`` is the highest figure since the last sample, if more was read than samples.
    """
    if memory_bytes is None:
        return replace(run, samples=run.samples + 1)
    return Measurement(
        run.started_s,
        run.ends_s,
        samples=run.samples + 1,
        readings=run.readings + 1,
        first_bytes=memory_bytes if run.first_bytes is None else run.first_bytes,
        last_bytes=memory_bytes,
        peak_bytes=max(run.peak_bytes or 0, memory_bytes, highest_bytes or 0),
        sum_bytes=run.sum_bytes + memory_bytes,
    )


def rebased(run: Measurement) -> Measurement:
    """The memory figure has another basis from now on: earlier figures do not count."""
    return Measurement(run.started_s, run.ends_s, samples=run.samples)


def summarise(run: Measurement, now_s: float) -> Summary:
    """The figures so far."""
    n, first_bytes, last_bytes = run.readings, run.first_bytes, run.last_bytes
    known = n > 1 and first_bytes is not None and last_bytes is not None
    return Summary(
        elapsed_s=now_s - run.started_s,
        samples=run.samples,
        peak_bytes=run.peak_bytes,
        average_bytes=run.sum_bytes / n if n else None,
        trend_bytes=(last_bytes or 0) - (first_bytes or 0) if known else None,
    )
