"""How reports are compared with the truth: `python -m tests.bench truth` is a whole run."""

from __future__ import annotations

import os
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import islice, pairwise
from pathlib import Path

import pytest

from tests.bench.load import OwnServer, Word, schedule
from tests.bench.truth import (
    GOAL_MEMORY,
    UNTOLD,
    Record,
    Seen,
    Verdict,
    climbs,
    doing,
    figures,
    judge,
    keep,
    load,
    off_by,
    pair,
    read,
    stages,
    works,
)
from tests.bench.witness import Curve, Moment, children, same_memory, tree
from tray_app.core.model.presets import Mode
from tray_app.core.model.readings import Now, Source
from tray_app.core.monitor.sample import Sample
from tray_app.core.source_choice.circuit_breaker import ApiCondition, ApiState
from tray_app.views.terminal.json_record import json_line

EVERY_S = 0.05


def curve(*corners: tuple[float, float], cpu: float = 0.0) -> Curve:
    """Straight lines between (second, MB)."""
    moments = []
    for (begin_s, begin_mb), (end_s, end_mb) in pairwise(corners):
        count = round((end_s - begin_s) / EVERY_S)
        for number in range(count):
            part = number / count
            at_s = begin_s + part * (end_s - begin_s)
            mb = begin_mb + part * (end_mb - begin_mb)
            moments.append(Moment(at_s, mb, mb, mb, at_s * cpu))
    return Curve(moments)


def seen(at_s: float, memory_mb: float = 100.0, **more: object) -> Seen:
    idle = Seen(at_s, memory_mb, "process", "idle", None, 0.0, 0.0, 0.0)
    return replace(idle, **more)  # type: ignore[arg-type]


def words(*spans: tuple[str, float, float], stage: str = "PROCESSING_START") -> list[Word]:
    """Jobs that are in this stage from their first second on."""
    return [
        word
        for name, start_s, end_s in spans
        for word in (
            Word(start_s, name, "start"),
            Word(start_s + 0.1, name, "stage", stage),
            Word(end_s, name, "end"),
        )
    ]


def judged(truth: Curve, said: list[Seen], told: list[Word] | None = None) -> Verdict:
    return judge(Record(truth, told or [], said))


def test_memory_is_compared_at_the_samples_time() -> None:
    """What memory was within 0.25 s of it is right, and while the API was answering; not before."""
    steps = curve((0, 100), (10, 100), (10.05, 300), (20, 300))
    verdict = judged(steps, [seen(9.9, 300), seen(9.9, 100), seen(9.5, 300), seen(10.5, 100)])
    assert verdict.memory_off_mb == pytest.approx([0, 0, 200, 200], abs=1)
    assert len(verdict.moving_off_mb) == 2
    slow = [seen(11.0, 100, source="api", latency_s=1.2)]
    assert judged(steps, slow).memory_off_mb == pytest.approx([0], abs=1)


def test_what_children_share_may_be_counted_once_or_not_while_it_is_little() -> None:
    """As the libraries of an ffmpeg; where most is shared, only once is right."""
    little = Curve([Moment(at_s / 10, 420.0, 412.0, 425.0, 0.0) for at_s in range(20)])
    assert judged(little, [seen(1, 420), seen(1, 410), seen(1, 428)]).memory_off_mb == [0, 2, 3]
    much = Curve([Moment(at_s / 10, 3500.0, 516.0, 3500.0, 0.0) for at_s in range(20)])
    assert judged(much, [seen(1, 516), seen(1, 3500)]).memory_off_mb == [0, 2984]


def test_memory_is_not_judged_where_the_truth_is_not_known() -> None:
    """Before the witness began, and while there was no server."""
    assert judged(curve((5, 100), (10, 100)), [seen(2.0, 999.0)]).memory_off_mb == []


@pytest.mark.parametrize(("value", "off"), [(90, -10), (100, 0), (110, 0), (125, 5)])
def test_off_by(value: float, off: float) -> None:
    """Within the range nothing is off."""
    assert off_by(value, 100, 120) == off


def test_a_peak_that_nobody_could_see_is_not_asked_for() -> None:
    """What lasted less than 0.3 s may be told or not."""
    spike = curve((0, 100), (5, 100), (5.1, 400), (5.2, 100), (10, 100), (12, 150), (20, 150))
    assert spike.held(0, 20, 0.3) == pytest.approx(150, abs=1)
    assert spike.span(0, 20)[1] == pytest.approx(400, abs=1)


def test_jobs_that_nearly_touch_are_one() -> None:
    """Two at once, and one just after the other; a killed one has ended."""
    told = words(("a", 10, 20), ("b", 15, 30), ("c", 32, 40), ("d", 50, 60))
    told[-1] = replace(told[-1], what="killed")
    found = works(told)
    assert [(work.start_s, work.end_s, work.jobs) for work in found] == [
        (10, 40, ("a", "b", "c")),
        (50, 60, ("d",)),
    ]
    assert [work.killed for work in found] == [False, True]


def test_stages_are_those_of_all_jobs_within_the_span() -> None:
    """Until the next word; two jobs may be in two stages."""
    told = words(("a", 0, 10)) + words(("b", 5, 20), stage="BEFORE_VIDEO_POSTPROCESSING")
    spans = stages(told)
    assert doing(spans, 0.0, 0.05) == {"upload"}
    assert doing(spans, 2, 3) == {"frames"}
    assert doing(spans, 6, 7) == {"frames", "encoding"}
    assert doing(spans, 15, 16) == {"encoding"}
    assert doing(spans, 21, 22) == frozenset()
    assert doing(stages([told[0], told[2]]), 2, 3) == {UNTOLD}


def test_jobs_are_paired_by_the_time_they_share() -> None:
    """A job reported as two counts one invented; an unreported job counts as missed."""
    told = words(("a", 10, 30), ("b", 50, 60), ("c", 80, 90))
    said = [
        seen(20, job=1, started_s=11.0, ended_s=25.0, before_mb=100.0, peak_mb=200.0),
        seen(30, job=2, started_s=26.0, ended_s=30.0),
        seen(95, job=3, started_s=81.0, ended_s=91.0),
    ]
    record = Record(curve((0, 100), (100, 100)), told, said)
    pairs, missed, invented = pair(record)
    assert [(each.work.jobs, each.job.job) for each in pairs] == [(("a",), 1), (("c",), 3)]
    assert [work.jobs for work in missed] == [("b",)]
    assert [job.job for job in invented] == [2]


def test_a_jobs_figures() -> None:
    """Before and peak are right within 10 MB or 3 %, and its start is compared."""
    hill = curve((0, 100), (10, 100), (12, 600), (20, 600), (21, 200), (40, 200))
    told = words(("a", 10, 20))
    job = {"job": 1, "started_s": 10.5, "ended_s": 20.0, "activity": "processing"}
    right = judged(hill, [seen(12, **job, before_mb=109.0, peak_mb=585.0)], told)
    assert (right.before_right, right.peak_right) == (1, 1)
    assert right.start_off_s == [0.5]
    assert right.shown_after_s == [2.0]
    wrong = judged(hill, [seen(12, **job, before_mb=140.0, peak_mb=500.0)], told)
    assert (wrong.before_right, wrong.peak_right) == (0, 0)
    assert wrong.before_off_mb == pytest.approx([40], abs=1)


def test_activity_and_stage() -> None:
    """Idle in a job, busy 2 s after it, and the stage while it runs, are counted."""
    told = words(("a", 10, 30))
    flat = curve((0, 100), (60, 100))
    frames = {"activity": "processing", "stage": "frames"}
    good = [seen(11), seen(12, **frames), seen(20, **frames), seen(31, **frames), seen(33)]
    verdict = judged(flat, good, told)
    assert (verdict.idle_wrong, verdict.busy_wrong) == (0, 0)
    assert verdict.stages == {"frames": [True, True]}
    bad = [seen(15), seen(20, activity="processing", stage="saving"), seen(40, **frames)]
    verdict = judged(flat, bad, told)
    assert (verdict.idle_wrong, verdict.busy_wrong) == (1, 1)
    assert verdict.stages == {"frames": [False, False]}


def test_a_forecast_needs_a_climb() -> None:
    """Beside flat memory, beside a falling rate and across a job's end it is wrong."""
    ramp = curve((0, 100), (10, 100), (30, 440), (60, 440))
    assert not climbs(ramp, 9.0)
    assert climbs(ramp, 20.0)
    assert not climbs(ramp, 40.0)
    promise = {"forecast": "raised", "forecast_s": 10.0, "rate_mb_s": 17.0}
    right = judged(ramp, [seen(20, 270, **promise)])
    assert (right.forecasts, right.forecasts_flat, right.forecasts_failed) == (1, 0, 0)
    flat = judged(ramp, [seen(40, 440, **promise)])
    assert (flat.forecasts, flat.forecasts_flat, flat.forecasts_failed) == (1, 1, 0)
    falling = judged(ramp, [seen(20, 270, **promise | {"rate_mb_s": -1.0})])
    assert falling.forecasts_flat == 1
    failed = judged(ramp, [seen(20, 270, **promise | {"forecast": "critical"})])
    assert failed.forecasts_failed == 1


def test_alerts() -> None:
    """Right above the level and until 90 % of it; missing where it was passed for long."""
    hill = curve(
        (0, 100), (10, 100), (12, 450), (30, 450), (32, 390), (40, 390), (42, 100), (60, 100)
    )
    alert = {"alert": "raised"}
    good = judged(hill, [seen(16, 450, **alert), seen(35, 390, **alert), seen(50)])
    assert (good.alerts, good.alerts_wrong, good.climbs, good.alerts_missed) == (2, 0, 1, 0)
    late = judged(hill, [seen(16, 450, **alert), seen(55, **alert)])
    assert late.alerts_wrong == 1
    back = judged(hill, [seen(31, 420, recovering="raised"), seen(35, 390, **alert)])
    assert (back.alerts, back.alerts_wrong) == (1, 0)
    missed = judged(hill, [seen(16, 450), seen(25, 450)])
    assert missed.alerts_missed == 1


def test_cpu_is_compared_over_the_time_since_the_last_sample() -> None:
    """As the kernel counts it, over the whole tree."""
    busy = curve((0, 100), (20, 100), cpu=0.8)
    verdict = judged(busy, [seen(4), seen(6, cpu_percent=80.0), seen(8, cpu_percent=20.0)])
    assert verdict.cpu_off == pytest.approx([0, 60], abs=3)


def test_a_line_of_json_is_understood() -> None:
    """What the app writes today has all that is compared."""
    at = Now(10.0, 1_795_000_000.0)
    line = json_line(
        Sample(1, at, Mode.AUTO, Source.NONE, ApiCondition(ApiState.UNREACHABLE)), "desk"
    )
    told = read(line)
    assert told.at_s == 1_795_000_000.0
    assert (told.memory_mb, told.is_busy, told.job) == (None, False, None)


def test_the_witness_sees_a_child_and_counts_no_memory_twice() -> None:
    """A child is in the tree; what runs in the memory of another, as until exec, is told apart."""
    with subprocess.Popen(["sleep", "30"]) as process:
        try:
            assert process.pid in children(os.getpid())
            assert process.pid in tree(os.getpid())
            assert tree(process.pid) == [process.pid]
            assert not same_memory(os.getpid(), process.pid)
        finally:
            process.kill()
    assert tree(process.pid) == []
    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(threading.get_native_id).result()
        assert same_memory(os.getpid(), other)


def test_figures_tell_what_was_missed() -> None:
    """Each goal that the issue sets is a line with yes or NO."""
    verdict = Verdict(samples=2, memory_off_mb=[0.0, 50.0])
    lines = {figure.what: figure for figure in figures(verdict, "here")}
    memory = lines["memory within 5 MB"]
    assert (memory.value, memory.goal, memory.reached) == (
        "50.0 %",
        f"≥ {GOAL_MEMORY * 100:.0f} %",
        False,
    )
    assert lines["forecasts beside flat memory"].reached


def test_each_kind_of_work_comes_before_any_comes_again() -> None:
    """The order is the seed's."""
    kinds = OwnServer.kinds(None)  # type: ignore[arg-type]
    first = list(islice(schedule(kinds, 7), len(kinds)))
    assert sorted(task.kind for task in first) == sorted(kinds)
    assert first == list(islice(schedule(kinds, 7), len(kinds)))
    assert first != list(islice(schedule(kinds, 8), len(kinds)))


def test_a_run_that_was_kept_is_judged_as_it_was(tmp_path: Path) -> None:
    """It takes twenty minutes: what it has seen must not be lost at its end."""
    moments = [Moment(at_s, 300.0, 290.0, 310.0, at_s, ("ffmpeg",)) for at_s in (1.0, 2.0)]
    words = [Word(1.5, "0.1", "stage", "AFTER_FILE_UPLOAD")]
    keep(tmp_path, moments, words, [])
    kept = load(tmp_path)
    assert kept.curve.moments == moments
    assert (kept.words, kept.seen) == (words, [])
