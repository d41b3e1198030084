"""Sums up recorded samples, jobs and alerts as a run is summed up."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from tray_app.core.history.records import AlertRecord, JobRecord, SampleRecord
from tray_app.core.summary.measurement import (
    Measurement,
    Reading,
    Summary,
    summarise,
    update,
    usual_s,
)

MISSED_PART = 1.2
"""A sample that comes later than this part of its interval after the last one was missed."""


def summed_up(
    samples: Iterable[SampleRecord],
    jobs: Iterable[JobRecord],
    alerts: Iterable[AlertRecord],
    to_s: float,
) -> Summary | None:
    """What this part of the past amounts to; None: there is no sample in it.

    ``to_s`` is its end in Unix time. The last sample stands for its interval.
    """
    run: Measurement | None = None
    for sample in samples:
        run = run or Measurement(sample.at_s)
        run = update(run, _reading(sample, run))
    if run is None:
        return None
    last_s = run.started_s if run.seen_s is None else run.seen_s
    done = tuple(jobs)
    kept = [each.kept_bytes for each in done if each.kept_bytes is not None]
    run = replace(
        run,
        jobs=len(done),
        kept_bytes=sum(kept) if kept else None,
        alerts=sum(each.fate != "quiet" for each in alerts),
    )
    return summarise(run, max(last_s, min(to_s, last_s + run.every_s)))


def _reading(sample: SampleRecord, run: Measurement) -> Reading:
    since_s = 0.0 if run.seen_s is None else sample.at_s - run.seen_s
    return Reading(
        at_s=sample.at_s,
        wall_s=sample.at_s,
        memory_bytes=sample.memory_bytes,
        every_s=sample.interval_s,
        band=sample.band,
        level=sample.level,
        stage=sample.stage,
        missed=MISSED_PART * run.every_s < since_s <= usual_s(run.every_s),
    )
