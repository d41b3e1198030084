"""How good the alert policy is, over more than a thousand traces with known truth.

Beside it a naive policy (an alert at every sample above a limit) and an edge-triggered one that
wants two samples in a row. No quiet machine is needed: the figures are those of seeds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median

from tests.bench.table import Effort, Figure, Part, run
from tests.bench.traces import Trace, corpus, lived
from tests.core.made import mb
from tray_app.core.alerts import TICK_JITTER_S, AlertLimits, Level
from tray_app.core.events import Alerted, Event, Grown, HeldBack, Leaking, Recovered, Sampled
from tray_app.core.sample import Sample

LIMITS = AlertLimits()
LEVELS = (Level.ELEVATED, Level.HIGH, Level.CRITICAL)
# Long enough above a limit to be no spike: two intervals, each with its jitter.
SUSTAINED_S = 4.3
# An early alert is right if the level is reached so much later.
COMES_TRUE_S = 120.0
# No line can be known before a climb has gone on for so long.
LONG_S = 15.0
AHEAD_S = (60.0, 30.0, 10.0)
OWN, EDGE, NAIVE = "this policy", "edge, 2 samples", "naive"


@dataclass(frozen=True)
class Said:
    """An alert: when, of which level, and whether it was a forecast."""

    at_s: float
    level: Level
    early: bool = False


@dataclass(frozen=True)
class Climb:
    """Above a level's limit from ``start_s`` on, until left at ``end_s``; ``sustained_s`` is when
    it was long enough above it to be no spike (None: never), ``held`` whether it was above it for
    as long as its hold."""

    level: Level
    start_s: float
    end_s: float
    sustained_s: float | None
    held: bool


@dataclass
class Score:
    """What a policy's alerts over a corpus amount to."""

    climbs: int = 0
    missed: int = 0
    repeated: int = 0
    alerts: int = 0
    wrong: int = 0
    early: int = 0
    early_in_vain: int = 0
    saw_most: int = 0
    delays_s: list[float] = field(default_factory=list)
    mistakes: list[str] = field(default_factory=list)


@dataclass
class Findings:
    """Over a corpus: each policy's score, forecasts by seconds ahead, and leaks."""

    traces: int = 0
    samples: int = 0
    scores: dict[str, Score] = field(default_factory=lambda: defaultdict(Score))
    errors: dict[float, list[float]] = field(default_factory=lambda: defaultdict(list))
    could_foresee: dict[float, int] = field(default_factory=lambda: defaultdict(int))
    recoveries: int = 0
    leaks: int = 0
    leaks_called: int = 0
    leaks_wrong: int = 0
    slow: int = 0
    slow_called: int = 0
    mistakes: list[str] = field(default_factory=list)


def judge(traces: Iterable[Trace]) -> Findings:
    """Take each trace through the monitor and compare what was said with the truth."""
    findings = Findings()
    for trace in traces:
        _judge(trace, findings)
    return findings


def _judge(trace: Trace, findings: Findings) -> None:
    samples: list[Sample] = []
    said: list[Said] = []
    leaks: list[int] = []
    grown: list[Grown] = []
    for at_s, events, _ in lived(trace):
        for event in _unfolded(events):
            match event:
                case Sampled(sample):
                    samples.append(sample)
                case Alerted(level, _, _, again, forecast) if not again:
                    said.append(Said(at_s, level, forecast is not None))
                case Leaking():
                    leaks.append(sum(end_s <= at_s for _, end_s in trace.jobs))
                case Grown():
                    grown.append(event)
                case Recovered():
                    findings.recoveries += 1
    findings.traces += 1
    findings.samples += len(samples)
    readings = [
        (sample.at.mono_s, sample.memory_bytes)
        for sample in samples
        if sample.memory_bytes is not None and not sample.stale
    ]
    climbs = list(_climbs(readings, trace))
    for name, alerts in ((OWN, said), (EDGE, _edge(readings)), (NAIVE, _naive(readings))):
        _score(findings.scores[name], trace, climbs, alerts)
    _foreseen(findings, trace, samples)
    if trace.leak_job is not None:
        findings.leaks += 1
        findings.leaks_called += leaks[:1] == [trace.leak_job]
        if leaks[:1] != [trace.leak_job]:
            findings.mistakes.append(f"{trace.kind} {trace.seed}: {leaks} not {trace.leak_job}")
    elif leaks:
        findings.leaks_wrong += 1
        findings.mistakes.append(f"{trace.kind} {trace.seed}: leak called, nothing was kept")
    if trace.grows:
        findings.slow += 1
        findings.slow_called += bool(grown)
    elif grown:
        findings.leaks_wrong += 1
        findings.mistakes.append(f"{trace.kind} {trace.seed}: growth called, there was none")


def _unfolded(events: Iterable[Event]) -> Iterator[Event]:
    """With what was held back in its place: it is said now."""
    for event in events:
        if isinstance(event, HeldBack):
            yield from event.events
        else:
            yield event


def _climbs(readings: Sequence[tuple[float, int]], trace: Trace) -> Iterator[Climb]:
    """By level: from the first reading above the limit until 30 s below 90 % of it, or death."""
    for level in LEVELS:
        limit = mb(LIMITS.limit_mb(level))
        start = below = above = sustained = None
        longest_s = 0.0
        for at_s, figure in readings:
            died = any(start is not None and start < end <= at_s for _, end in trace.absent)
            gone_s = 0.0 if below is None else at_s - below
            if start is not None and (died or gone_s >= LIMITS.recovery_s - TICK_JITTER_S):
                yield _climb(level, start, at_s, sustained, longest_s)
                start = below = above = sustained = None
                longest_s = 0.0
            above = (at_s if above is None else above) if figure > limit else None
            below = (at_s if below is None else below) if figure < 0.9 * limit else None
            if above is None:
                continue
            start = at_s if start is None else start
            longest_s = max(longest_s, at_s - above)
            needed_s = 0.0 if level is Level.CRITICAL else SUSTAINED_S
            if sustained is None and at_s - above >= needed_s:
                sustained = at_s
        if start is not None:
            yield _climb(level, start, trace.lasts_s, sustained, longest_s)


def _climb(
    level: Level, start_s: float, end_s: float, sustained_s: float | None, longest_s: float
) -> Climb:
    held = longest_s >= LIMITS.hold_s(level) - TICK_JITTER_S
    return Climb(level, start_s, end_s, sustained_s, held)


def _score(score: Score, trace: Trace, climbs: list[Climb], alerts: list[Said]) -> None:
    score.alerts += len(alerts)
    unclaimed = list(alerts)
    for climb in climbs:
        early_s = COMES_TRUE_S if climb.level is Level.CRITICAL else 0.0
        own = [
            alert
            for alert in alerts
            if alert.level is climb.level
            and climb.start_s - (early_s if alert.early else 0.0) <= alert.at_s <= climb.end_s
        ]
        for alert in own:
            if alert in unclaimed and climb.held:
                unclaimed.remove(alert)
        score.repeated += max(0, len(own) - 1)
        if len(own) > 1:
            score.mistakes.append(f"{trace.kind} {trace.seed}: {len(own)} × {climb.level.word}")
        if climb.sustained_s is None:
            continue
        score.climbs += 1
        # A higher level silences the lower ones, and so does the forecast of one.
        answers = [
            alert
            for alert in alerts
            if alert.level >= climb.level
            and climb.start_s - COMES_TRUE_S * alert.early <= alert.at_s <= climb.end_s
        ]
        if not answers:
            score.missed += 1
            score.mistakes.append(f"{trace.kind} {trace.seed}: no {climb.level.word}")
        elif own:
            score.delays_s.append(own[0].at_s - climb.start_s)
    score.early += sum(alert.early for alert in alerts)
    score.early_in_vain += sum(alert.early for alert in unclaimed)
    unclaimed = [alert for alert in unclaimed if not alert.early]
    score.wrong += len(unclaimed)
    score.mistakes += [f"{trace.kind} {trace.seed}: wrong {alert}" for alert in unclaimed]
    if trace.kind == "saw-teeth":
        most = max((sum(a.level is level for a in alerts) for level in LEVELS), default=0)
        score.saw_most = max(score.saw_most, most)


def _naive(readings: Sequence[tuple[float, int]]) -> list[Said]:
    """An alert at every sample above a limit."""
    return [Said(at_s, level) for at_s, figure in readings if (level := LIMITS.reached(figure))]


def _edge(readings: Sequence[tuple[float, int]]) -> list[Said]:
    """An alert when a level is entered from below, in two samples in a row."""
    said, known, last = [], Level.NONE, Level.NONE
    for at_s, figure in readings:
        level = LIMITS.reached(figure)
        confirmed = min(level, last)
        if confirmed > known:
            said.append(Said(at_s, confirmed))
        known = confirmed if confirmed > known else min(known, max(level, last))
        last = level
    return said


def _foreseen(findings: Findings, trace: Trace, samples: list[Sample]) -> None:
    """How far the forecasts were off, as a part of the time that was left."""
    if not trace.noise:
        return
    for crossing_s, limit_mb in trace.crossings:
        kind = LEVELS[[1500.0, 2000.0, 3000.0].index(limit_mb)].word
        for ahead_s in AHEAD_S:
            if crossing_s - ahead_s < trace.climbs_s + LONG_S:
                continue
            near = [s for s in samples if abs(crossing_s - ahead_s - s.at.mono_s) <= 1.1]
            if not near:
                continue
            sample = min(near, key=lambda s: abs(crossing_s - ahead_s - s.at.mono_s))
            left_s = crossing_s - sample.at.mono_s
            findings.could_foresee[ahead_s] += 1
            if sample.forecast and sample.forecast.kind.value == kind:
                findings.errors[ahead_s].append(abs(sample.forecast.seconds - left_s) / left_s)


def figures(findings: Findings) -> Iterator[Figure]:
    """One table."""
    traces = f"{findings.traces} traces"
    for name in (OWN, EDGE, NAIVE):
        score = findings.scores[name]
        delays_s = score.delays_s or [0.0]
        rows = (
            ("levels missed", f"{score.missed}", "0", score.missed == 0),
            ("repeated in a climb", f"{score.repeated}", "0", score.repeated == 0),
            ("most for 100 teeth", f"{score.saw_most}", "≤ 1", score.saw_most <= 1),
            ("notifications per climb", f"{score.alerts / max(1, score.climbs):.2f}", "", True),
            ("wrong alerts", f"{score.wrong}", "", True),
            ("median delay", f"{median(delays_s):.1f} s", "", True),
            ("longest delay", f"{max(delays_s):.1f} s", "", True),
        )
        for what, value, goal, reached in rows:
            has_goal = bool(goal) and name == OWN
            yield Figure(
                what,
                name,
                value,
                goal=goal if has_goal else "",
                reached=_if(has_goal, reached),
            )
    own = findings.scores[OWN]
    in_vain = f"{own.early_in_vain}/{own.early}"
    yield Figure("early alerts in vain", OWN, in_vain)
    for ahead_s in AHEAD_S:
        errors = findings.errors[ahead_s]
        typical = median(errors) if errors else 1.0
        is_goal = ahead_s == AHEAD_S[0]
        yield Figure(
            f"forecast error {ahead_s:g} s ahead",
            OWN,
            f"{100 * typical:.0f} %",
            f"{len(errors)}/{findings.could_foresee[ahead_s]}",
            "≤ 20 %" if is_goal else "",
            _if(is_goal, typical <= 0.2),
        )
    called = f"{findings.leaks_called}/{findings.leaks}"
    all_called = findings.leaks_called == findings.leaks
    yield Figure("leaks called at third job", OWN, called, goal="all", reached=all_called)
    slow = f"{findings.slow_called}/{findings.slow}"
    yield Figure("slow leaks called", OWN, slow)
    wrong = findings.leaks_wrong
    yield Figure("leaks wrongly called", OWN, f"{wrong}", goal="0", reached=not wrong)
    yield Figure("corpus", OWN, traces, goal="≥ 1000", reached=findings.traces >= 1000)


def _if(condition: bool, value: bool) -> bool | None:
    return value if condition else None


def measure(_effort: Effort) -> Iterator[Figure]:
    """The whole corpus, once: it is the same each time."""
    yield from figures(judge(corpus()))


PART = Part("alerts", "Alerts over the corpus (ratio: forecasts shown)", measure)

if __name__ == "__main__":
    raise SystemExit(run(PART))
