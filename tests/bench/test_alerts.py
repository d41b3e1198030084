"""The alert policy over a part of the benchmark's corpus: `python -m tests.bench.alerts` is all."""

from __future__ import annotations

import dataclasses
from random import Random
from statistics import median

import pytest
from msgspec.structs import replace

from tests.bench.alerts import (
    EDGE,
    LATE_S,
    NAIVE,
    OWN,
    Findings,
    Shown,
    figures,
    judge,
    judge_shown,
)
from tests.bench.traces import (
    KINDS,
    RECORDED_WARM_UPS,
    WALL_S,
    corpus,
    lived,
    recorded,
    staircase,
)
from tests.core.made import found, mb, tree_reading
from tray_app.core.alerts.forecast import Forecast, ForecastKind
from tray_app.core.alerts.levels import LevelReached
from tray_app.core.alerts.limits import AlertLimits
from tray_app.core.config.settings import Settings
from tray_app.core.model.readings import GIB, Now, SystemMemory
from tray_app.core.monitor.events import JobCompared
from tray_app.core.monitor.inputs import SourcesRead
from tray_app.core.monitor.state import begin
from tray_app.core.monitor.step import step

PART = 24


@pytest.fixture(scope="module")
def findings() -> Findings:
    """The results over some traces of each kind."""
    return judge(corpus(PART))


def test_the_corpus_is_large_and_always_the_same() -> None:
    """More than a thousand traces of all kinds, from seeds."""
    traces = list(corpus())
    assert len(traces) >= 1000
    assert {trace.kind for trace in traces} == set(KINDS)
    again = {(trace.kind, trace.seed): trace.lasts_s for trace in corpus()}
    assert all(again[trace.kind, trace.seed] == trace.lasts_s for trace in traces)
    assert sum(bool(trace.silent) for trace in traces) > len(traces) / 2


def test_no_level_is_missed_or_repeated(findings: Findings) -> None:
    """However memory gets there, and whether or not the API answers."""
    score = findings.scores[OWN]
    assert score.climbs > 20
    assert score.mistakes == [text for text in score.mistakes if "wrong" in text]
    assert (score.missed, score.repeated) == (0, 0)
    assert score.saw_most == 1


@pytest.mark.parametrize("number", range(6))
def test_recorded_jobs_foretell_nothing(number: int) -> None:
    """They climb by 70 MB/s and stop: no wolf is cried on a machine that does not run short."""
    trace = recorded(number, shift_s=60.0)
    heights = {at_s: trace.memory_mb(at_s) for at_s in range(0, int(trace.lasts_s), 2)}
    room_mb = max(heights.values()) + AlertLimits().available_mb
    state = begin(Settings(), Settings(), Now(0.0, WALL_S), local=True)
    for at_s, height in heights.items():
        left = SystemMemory(2 * GIB, mb(room_mb - height), 90.0)
        seen = replace(tree_reading(height, at_s, cpu_percent=100.0), system=left)
        state, told = step(state, SourcesRead(seen), Now(at_s, WALL_S + at_s))
        assert not found(told, LevelReached)


def test_other_policies_are_told_apart(findings: Findings) -> None:
    """The judge is no friend: what the naive and the edge-triggered do wrong, it sees."""
    assert findings.scores[NAIVE].repeated > 1000
    assert findings.scores[NAIVE].wrong > findings.scores[OWN].wrong
    assert findings.scores[EDGE].saw_most == 100


def test_forecasts_are_near_the_truth(findings: Findings) -> None:
    """On ramps with noise; the goal of 20 % at 60 s is the whole corpus's."""
    errors = [error for found in findings.errors.values() for error in found]
    assert len(errors) >= 3
    assert median(errors) < 0.3


def test_no_forecast_contradicts_what_was_known(findings: Findings) -> None:
    """None beside a rate that does not rise, on memory that is level, across a job's end, standing
    still, or overdue."""
    shown = findings.shown
    assert shown.count > 500
    assert shown.mistakes == []


def test_a_level_that_has_lasted_is_notified_in_time(findings: Findings) -> None:
    """A forecast that is shown keeps it back for 10 s at most."""
    assert 0.0 < findings.scores[OWN].late_s <= LATE_S
    assert findings.scores[OWN].wrong == 0


def test_what_earlier_jobs_needed_makes_early_alerts_true(findings: Findings) -> None:
    """At most one in ten does not come true; without them more do not."""
    own = findings.scores[OWN]
    assert own.early_learned >= 10
    assert own.early_learned_false <= 0.1 * own.early_learned
    assert min(own.leads_s) >= 0.0


@pytest.mark.parametrize("scale", [1.0, 2.5, 5.0])
def test_the_recorded_staircase_is_judged_right(scale: float) -> None:
    """At its own height and at others: what is level at its end is foretold nothing."""
    found = judge([staircase(scale=scale)])
    assert found.shown.mistakes == []
    score = found.scores[OWN]
    assert (score.missed, score.repeated, score.wrong) == (0, 0, 0)


def test_the_judge_sees_forecasts_that_are_wrong() -> None:
    """It is no friend: of a forecast that stands still on level memory it finds all
    that is wrong."""
    state = begin(Settings(), Settings(), Now(99.0, WALL_S), local=True)
    sample = step(state, SourcesRead(tree_reading(590, 100.0)), Now(100.0, WALL_S))[0].sample
    assert sample is not None
    stands = replace(sample, forecast=Forecast(ForecastKind.HIGH, 5.0, 60.0), rate_bytes_s=0.0)
    samples = [replace(stands, at=Now(100.0 + 2 * n, WALL_S)) for n in range(12)]
    shown, trace = Shown(), dataclasses.replace(staircase(), jobs=((40.0, 80.0),))
    judge_shown(shown, trace, samples)
    assert shown.count == 12
    assert shown.beside_no_rise == 12
    assert shown.on_level >= 9
    assert min(shown.across_ends, shown.standing, shown.overdue) > 0


def test_every_leak_is_called_at_its_third_job_and_none_else(findings: Findings) -> None:
    """Also with the API silent, and with noise."""
    assert findings.mistakes == []
    assert findings.leaks == findings.leaks_called > 2
    assert findings.slow == findings.slow_called > 0
    assert findings.leaks_wrong == 0


@pytest.mark.parametrize("seed", [0, 1])
def test_a_recorded_warm_up_is_no_leak(seed: int) -> None:
    """Two real servers from their start on: 126 → 301 → 308 → 485 → 532 MB over eight jobs, and
    433 MB kept of three different jobs, then 45 of five."""
    make, _ = KINDS["warm-up by kinds of job"]
    trace = make(Random(seed), seed)
    kept = [
        round(event.kept.kept_bytes / mb(1))
        for _, events, _ in lived(trace)
        for event in events
        if isinstance(event, JobCompared)
    ]
    assert kept == [round(keeps_mb) for keeps_mb, _ in RECORDED_WARM_UPS[seed]]
    assert judge([trace]).mistakes == []


def test_it_prints_one_table(findings: Findings) -> None:
    """A row for each figure, with the goals of this policy; three are the whole corpus's."""
    told = list(figures(findings))
    assert {figure.at for figure in told} == {OWN, EDGE, NAIVE}
    assert not any(figure.goal for figure in told if figure.at != OWN)
    missed = [figure.what for figure in told if figure.reached is False]
    assert set(missed) <= {"corpus", "false early alerts", "forecast error 60 s ahead"}
