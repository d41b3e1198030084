"""What a measurement of some length amounts to: time, samples, peak, average, trend."""

from __future__ import annotations

from tray_app.core.values import dataclass, replace


@dataclass(frozen=True, slots=True)
class Measurement:
    """A running measurement: sums, not samples, so that a day costs what a minute costs.

    The ``sum_*`` fields are those of a least-squares line over (seconds since start, bytes).
    """

    started_s: float
    ends_s: float | None = None
    samples: int = 0
    readings: int = 0
    peak_bytes: int | None = None
    sum_t: float = 0.0
    sum_m: float = 0.0
    sum_tt: float = 0.0
    sum_tm: float = 0.0


@dataclass(frozen=True, slots=True)
class Summary:
    """``trend_bytes_s`` is the slope over the whole time; None figures: no readings."""

    elapsed_s: float
    samples: int
    peak_bytes: int | None
    average_bytes: float | None
    trend_bytes_s: float | None


def record(run: Measurement, now_s: float, memory_bytes: int | None) -> Measurement:
    """One more sample; a sample without a reading counts as a sample only."""
    if memory_bytes is None:
        return replace(run, samples=run.samples + 1)
    t = now_s - run.started_s
    return Measurement(
        run.started_s,
        run.ends_s,
        samples=run.samples + 1,
        readings=run.readings + 1,
        peak_bytes=max(run.peak_bytes or 0, memory_bytes),
        sum_t=run.sum_t + t,
        sum_m=run.sum_m + memory_bytes,
        sum_tt=run.sum_tt + t * t,
        sum_tm=run.sum_tm + t * memory_bytes,
    )


def summarise(run: Measurement, now_s: float) -> Summary:
    """The figures so far."""
    n = run.readings
    spread = n * run.sum_tt - run.sum_t**2
    return Summary(
        elapsed_s=now_s - run.started_s,
        samples=run.samples,
        peak_bytes=run.peak_bytes,
        average_bytes=run.sum_m / n if n else None,
        trend_bytes_s=(n * run.sum_tm - run.sum_t * run.sum_m) / spread
        if n > 1 and spread > 1e-9
        else None,
    )
