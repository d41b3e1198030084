"""How good the alert policy is, over more than a thousand traces with known truth.

Beside it a naive policy (an alert at every sample above a limit) and an edge-triggered one that
wants two samples in a row. No quiet machine is needed: the figures are those of seeds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from statistics import median

from tests.bench.table import Effort, Figure, Part, run
from tests.bench.traces import Trace, corpus, lived
from tests.core.made import mb
from tray_app.core.alerts.forecast import Forecast
from tray_app.core.alerts.idle_growth import IdleGrowth
from tray_app.core.alerts.job_leak import Leak
from tray_app.core.alerts.levels import ForecastWithdrawn, LevelReached, Recovered
from tray_app.core.alerts.limits import AlertLimits, Level
from tray_app.core.analysis.rate import STEADY_BYTES_S
from tray_app.core.model.timing import TICK_JITTER_S
from tray_app.core.monitor.events import Alert, Event, PendingAlerts, Sampled
from tray_app.core.monitor.sample import Sample

LIMITS = AlertLimits()
LEVELS = (Level.RAISED, Level.HIGH, Level.CRITICAL)
# Long enough above a limit to be no spike: two intervals, each with its jitter.
SUSTAINED_S = 4.3
# An early alert is right if the level is reached so much later.
COMES_TRUE_S = 120.0
# No line can be known before a climb has gone on for so long.
LONG_S = 15.0
AHEAD_S = (60.0, 30.0, 10.0)
# Of the early alerts, at most this part may not come true.
FALSE_MAX = 0.1
# A reading may lie between two steps of a trace, and comes up to 0.1 s early.
NEWEST_S = 5.1
# Within so much is level.
LEVEL_MB = 1.0
# The end of a job is known 5 s after its last sign of work, and with the sample after it.
END_KNOWN_S = 7.5
# A forecast may keep a level back for so long, and a reading is up to 0.1 s late.
LATE_S = 10.2
# A reading comes every 2 s, up to 0.1 s early or late.
READING_EVERY_S = 2.2
# A forecast that is shown for so long has come nearer by half of it at least.
COUNTS_S = 6.0
OWN, EDGE, NAIVE = "this policy", "edge, 2 samples", "naive"
FRESH = "fresh traces"


@dataclass(frozen=True)
class Said:
    """An alert: when, of which level, whether it was a forecast, or what became of one, which takes
    its place without a sound; ``taken_back``: a forecast that was withdrawn later; ``learned``: a
    job ran, and earlier ones told what it would need."""

    at_s: float
    level: Level
    early: bool = False
    foretold: bool = False
    taken_back: bool = False
    learned: bool = False

    @property
    def is_new(self) -> bool:
        """Whether a person has to take notice, and keeps it in mind."""
        return not (self.foretold or self.taken_back)


@dataclass(frozen=True)
class Climb:
    """Above a level's limit from ``start_s`` on, until left at ``end_s``; ``sustained_s`` is when
    it was long enough above it to be no spike (None: never), ``lasted`` whether it was above it for
    as long as its hold."""

    level: Level
    start_s: float
    end_s: float
    sustained_s: float | None
    lasted: bool


@dataclass
class Score:
    """What a policy's alerts over a corpus amount to."""

    climbs: int = 0
    missed: int = 0
    repeated: int = 0
    alerts: int = 0
    wrong: int = 0
    early: int = 0
    early_false_alerts: int = 0
    early_learned: int = 0
    early_learned_false: int = 0
    leads_s: list[float] = field(default_factory=list)
    foretold: list[str] = field(default_factory=list)
    in_vain: list[str] = field(default_factory=list)
    saw_most: int = 0
    late_s: float = 0.0
    delays_s: list[float] = field(default_factory=list)
    mistakes: list[str] = field(default_factory=list)


@dataclass
class Shown:
    """Of the forecasts that were shown, how many contradict what was known then.

    ``beside_no_rise``: beside a rate that does not rise; ``on_level``: though memory has not risen
    for 5 s (where readings are exact); ``across_ends``: from a climb that reaches back beyond a
    job's end; ``standing``: that did not count down; ``overdue``: of a moment that has passed.
    """

    count: int = 0
    beside_no_rise: int = 0
    on_level: int = 0
    across_ends: int = 0
    standing: int = 0
    overdue: int = 0
    mistakes: list[str] = field(default_factory=list)


@dataclass
class Findings:
    """Over a corpus: each policy's score, forecasts by seconds ahead, and leaks."""

    traces: int = 0
    samples: int = 0
    scores: dict[str, Score] = field(default_factory=lambda: defaultdict(Score))
    errors: dict[float, list[float]] = field(default_factory=lambda: defaultdict(list))
    could_foresee: dict[float, int] = field(default_factory=lambda: defaultdict(int))
    shown: Shown = field(default_factory=Shown)
    recoveries: int = 0
    leaks: int = 0
    leaks_called: int = 0
    leaks_wrong: int = 0
    slow: int = 0
    slow_called: int = 0
    mistakes: list[str] = field(default_factory=list)


def judge(traces: Iterable[Trace]) -> Findings:
    """Run each trace through the monitor and compare its reports with the truth."""
    findings = Findings()
    for trace in traces:
        _judge(trace, findings)
    return findings


def _judge(trace: Trace, findings: Findings) -> None:
    samples: list[Sample] = []
    said: list[Said] = []
    leaks: list[int] = []
    grown: list[IdleGrowth] = []
    is_hushed = False
    for at_s, events, state in lived(trace):
        learned = state.jobs.current is not None and state.learned.profile is not None
        for event in _unfolded(events):
            match event:
                case Sampled(sample):
                    samples.append(sample)
                case Alert(LevelReached(Level.RAISED, quiet=False)) if is_hushed:
                    is_hushed = False  # it was reported silently, while it was normal
                case Alert(LevelReached(level, _, again, forecast, foretold, quiet)) if not again:
                    is_hushed = quiet
                    said.append(Said(at_s, level, forecast is not None, foretold, learned=learned))
                case Alert(ForecastWithdrawn()):
                    early = max(n for n, alert in enumerate(said) if alert.early)
                    said[early] = replace(said[early], taken_back=True)
                case Alert(Leak()):
                    leaks.append(sum(end_s <= at_s for _, end_s in trace.jobs))
                case Alert(IdleGrowth() as growing):
                    grown.append(growing)
                case Alert(Recovered()):
                    is_hushed = False
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
        _score(findings.scores[name], trace, readings, climbs, alerts)
    _foreseen(findings, trace, samples)
    judge_shown(findings.shown, trace, samples)
    if trace.leak_job is not None:
        findings.leaks += 1
        findings.leaks_called += leaks[:1] == [trace.leak_job]
        if leaks[:1] != [trace.leak_job]:
            findings.mistakes.append(f"{trace.kind} {trace.seed}: {leaks} not {trace.leak_job}")
    elif leaks and not trace.keeps:
        findings.leaks_wrong += 1
        findings.mistakes.append(f"{trace.kind} {trace.seed}: leak called, nothing was kept")
    if trace.grows:
        findings.slow += 1
        findings.slow_called += bool(grown)
    elif grown:
        findings.leaks_wrong += 1
        findings.mistakes.append(f"{trace.kind} {trace.seed}: growth called, there was none")


def _unfolded(events: Iterable[Event]) -> Iterator[Event]:
    """With the pending alerts in place of their summary."""
    for event in events:
        if isinstance(event, PendingAlerts):
            yield from event.events
        else:
            yield event


def _climbs(readings: Sequence[tuple[float, int]], trace: Trace) -> Iterator[Climb]:
    """By level: from the first reading above the limit until 30 s below 90 % of it, or death."""
    for level in LEVELS:
        limit = mb(LIMITS.limit_mb(level))
        start = below = above = sustained = None
        lasted = False
        hold_s = LIMITS.hold_s(level) - TICK_JITTER_S
        for at_s, figure in readings:
            died = any(start is not None and start < end <= at_s for _, end in trace.absent)
            is_back = below is None or figure >= 0.9 * limit
            gone_s = 0.0 if is_back or below is None else at_s - below
            if start is not None and (died or gone_s >= LIMITS.recovery_s - TICK_JITTER_S):
                yield Climb(level, start, at_s, sustained, lasted)
                start = below = above = sustained = None
                lasted = False
            above = (at_s if above is None else above) if figure > limit else None
            below = (at_s if below is None else below) if figure < 0.9 * limit else None
            if above is None:
                continue
            start = at_s if start is None else start
            lasted = lasted or at_s - above >= hold_s
            needed_s = 0.0 if level is Level.CRITICAL else SUSTAINED_S
            if sustained is None and at_s - above >= needed_s:
                sustained = at_s
        if start is not None:
            yield Climb(level, start, trace.lasts_s, sustained, lasted)


def _late_s(readings: Sequence[tuple[float, int]], climb: Climb, said_s: float) -> float:
    """For how long beyond its hold memory stood above the level at a stretch before the alert.

    Only time with readings counts: in silence nothing is known.
    """
    limit, longest_s, above_s = mb(LIMITS.limit_mb(climb.level)), 0.0, 0.0
    before_s: float | None = None
    for at_s, figure in readings:
        if not climb.start_s <= at_s <= said_s:
            continue
        if figure <= limit:
            before_s = None
            continue
        above_s = 0.0 if before_s is None else above_s + min(at_s - before_s, READING_EVERY_S)
        before_s, longest_s = at_s, max(longest_s, above_s)
    return longest_s - LIMITS.hold_s(climb.level)


def _score(
    score: Score,
    trace: Trace,
    readings: Sequence[tuple[float, int]],
    climbs: list[Climb],
    alerts: list[Said],
) -> None:
    score.alerts += sum(not alert.foretold for alert in alerts)
    unclaimed = list(alerts)
    over_s: dict[Level, float] = {}
    for climb in climbs:
        # What came before the end of the climb before it was about that one.
        early_s = COMES_TRUE_S if climb.level is Level.CRITICAL else 0.0
        early_s = min(early_s, climb.start_s - over_s.get(climb.level, 0.0))
        over_s[climb.level] = climb.end_s
        own = [
            alert
            for alert in alerts
            if alert.level is climb.level
            and climb.start_s - (early_s if alert.early else 0.0) <= alert.at_s < climb.end_s
        ]
        for alert in own:
            if alert in unclaimed and climb.lasted:
                unclaimed.remove(alert)
        heard = sum(alert.is_new for alert in own)
        score.repeated += max(0, heard - 1)
        if heard > 1:
            score.mistakes.append(f"{trace.kind} {trace.seed}: {heard} × {climb.level.word}")
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
            if not own[0].early and not trace.clock:
                score.late_s = max(score.late_s, _late_s(readings, climb, own[0].at_s))
    _score_early(score, trace, climbs, alerts, [alert for alert in unclaimed if alert.early])
    unclaimed = [alert for alert in unclaimed if not alert.early]
    score.wrong += len(unclaimed)
    score.mistakes += [f"{trace.kind} {trace.seed}: wrong {alert}" for alert in unclaimed]
    if trace.kind == "saw-teeth":
        heard = [alert.level for alert in alerts if alert.is_new]
        most = max(map(heard.count, LEVELS))
        score.saw_most = max(score.saw_most, most)


def _score_early(
    score: Score, trace: Trace, climbs: list[Climb], alerts: list[Said], in_vain: list[Said]
) -> None:
    """``in_vain``: the early alerts that did not come true."""
    early = [alert for alert in alerts if alert.early]
    score.early += len(early)
    score.early_false_alerts += len(in_vain)
    score.early_learned += sum(alert.learned for alert in early)
    score.early_learned_false += sum(alert.learned for alert in in_vain)
    for alert in early:
        where = f"{trace.kind} {trace.seed}"
        if alert in in_vain:
            score.in_vain.append(where)
            continue
        starts_s = min(
            climb.start_s
            for climb in climbs
            if climb.level is alert.level and climb.end_s > alert.at_s
        )
        score.foretold.append(f"{where} at {starts_s:.0f} s")
        score.leads_s.append(starts_s - alert.at_s)


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


def judge_shown(shown: Shown, trace: Trace, samples: list[Sample]) -> None:
    """The error of each shown forecast, by the facts known at its time."""
    row: list[tuple[float, Forecast]] = []  # of one kind, shown without interruption
    for sample in samples:
        ahead, at_s = sample.forecast, sample.at.mono_s
        if ahead is None:
            row = []
            continue
        if row and row[-1][1].kind is not ahead.kind:
            row = []
        row = [*row, (at_s, ahead)]
        rise_mb = trace.memory_mb(at_s) - trace.memory_mb(at_s - NEWEST_S)
        began_s = at_s - ahead.span_s
        wrong = {
            "beside_no_rise": (sample.rate_bytes_s or 0.0) < STEADY_BYTES_S,
            "on_level": not trace.noise and rise_mb < LEVEL_MB,
            "across_ends": any(began_s < end_s < at_s - END_KNOWN_S for _, end_s in trace.jobs),
            "standing": any(
                before.seconds - ahead.seconds < 0.5 * (at_s - then_s)
                for then_s, before in row
                if at_s - then_s >= COUNTS_S and ahead.seconds > 0.0
            ),
            "overdue": any(then_s + 2.0 * before.seconds + 5.0 < at_s for then_s, before in row),
        }
        shown.count += 1
        for what, is_so in wrong.items():
            if is_so:
                setattr(shown, what, getattr(shown, what) + 1)
                shown.mistakes.append(f"{trace.kind} {trace.seed}: {what} at {at_s:.0f} s, {ahead}")


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
            ("longest after its hold", f"{score.late_s:.1f} s", "≤ 10 s", score.late_s <= LATE_S),
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
    yield from _early_figures(own)
    shown = findings.shown
    yield Figure("forecasts shown", OWN, f"{shown.count}")
    for what, count in (
        ("beside a rate that does not rise", shown.beside_no_rise),
        ("on memory level for 5 s", shown.on_level),
        ("across the end of a job", shown.across_ends),
        ("that stand still", shown.standing),
        ("whose moment has passed", shown.overdue),
    ):
        yield Figure(f"forecasts {what}", OWN, f"{count}", goal="0", reached=not count)
    for ahead_s in AHEAD_S:
        errors = findings.errors[ahead_s]
        typical = median(errors) if errors else 1.0
        is_goal = ahead_s == AHEAD_S[0]
        yield Figure(
            f"forecast error {ahead_s:g} s ahead",
            OWN,
            f"{100 * typical:.0f} %",
            f"{len(errors)}/{findings.could_foresee[ahead_s]}",
            "≤ 10 %" if is_goal else "",
            _if(is_goal, typical <= 0.1),
        )
    called = f"{findings.leaks_called}/{findings.leaks}"
    all_called = findings.leaks_called == findings.leaks
    yield Figure("leaks called at third job", OWN, called, goal="all", reached=all_called)
    slow = f"{findings.slow_called}/{findings.slow}"
    yield Figure("slow leaks called", OWN, slow)
    wrong = findings.leaks_wrong
    yield Figure("leaks wrongly called", OWN, f"{wrong}", goal="0", reached=not wrong)
    yield Figure("corpus", OWN, traces, goal="≥ 1000", reached=findings.traces >= 1000)


def _early_figures(own: Score) -> Iterator[Figure]:
    """How many early alerts did not come true: in all, and by whether earlier jobs told."""
    unknown = own.early_false_alerts - own.early_learned_false
    for what, false_alerts, count, is_goal in (
        ("false early alerts", own.early_false_alerts, own.early, True),
        ("… with known jobs", own.early_learned_false, own.early_learned, True),
        ("… without", unknown, own.early - own.early_learned, False),
    ):
        part = false_alerts / max(1, count)
        goal, reached = ("≤ 10 %", part <= FALSE_MAX) if is_goal else ("", None)
        yield Figure(what, OWN, f"{100 * part:.0f} %", f"{false_alerts}/{count}", goal, reached)
    yield Figure("right early alerts", OWN, f"{len(own.foretold)}")
    yield Figure("how early, median", OWN, f"{median(own.leads_s or [0.0]):.0f} s")


def _if(condition: bool, value: bool) -> bool | None:
    return value if condition else None


def measure(_effort: Effort) -> Iterator[Figure]:
    """The whole corpus, once: it is the same each time; and traces on which no rule was chosen."""
    yield from figures(judge(corpus()))
    for figure in figures(judge(corpus(draw=1))):
        if figure.at == OWN:
            yield replace(figure, at=FRESH)


PART = Part("alerts", "Alerts over the corpus (ratio: forecasts shown)", measure)

if __name__ == "__main__":
    raise SystemExit(run(PART))
