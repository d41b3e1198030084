"""Whether what the app says is true: its JSON beside /proc, while the real kind of load runs.

Rule: the comparison is pure, and knows the app by its JSON alone. The truth is a `witness`'s and
the server's own log. Every figure is compared at the sample's own time: memory is right if it is
what the tree held at some moment within `SLACK_S` of it, or while the API was answering.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

from tests.bench.load import Driver, OwnServer, RealServer, Word, schedule
from tests.bench.scene import ROOT, server
from tests.bench.table import Effort, Figure, Part, remark, run
from tests.bench.witness import Curve, Moment, Witness

SLACK_S = 0.25
MEMORY_OFF_MB = 5.0
JOB_OFF_MB, JOB_OFF_PART = 10.0, 0.03
# Nobody who looks four times a second sees what lasts less.
PEAK_LASTS_S = 0.3
IDLE_AFTER_S = 2.0
# Two jobs with a shorter pause count as one: their end cannot have shown yet.
MERGE_S = 3.0
# Memory climbs if it does by so much in 5 s; a forecast beside anything else is wrong.
CLIMB_S, CLIMB_MB = 5.0, 5.0
# Levels that the load passes; the app's own are those of a large server.
LEVELS_MB = {"raised": 420.0, "high": 560.0, "critical": 700.0}
HOLD_S = {"raised": 2.0, "high": 2.0, "critical": 0.0}
LEFT_PART = 0.9
GOAL_MEMORY, GOAL_STAGE = 0.99, 0.9

# What the server does from one of its words to the next, as the app names it. Where two fit (it is
# about to), both are right.
_DOING: tuple[tuple[str, frozenset[str]], ...] = tuple(
    (part, frozenset(names.split()))
    for part, names in (
        ("AFTER_FILE_UPLOAD", "upload thumbnail"),
        ("THUMBNAIL", "thumbnail"),
        ("BEFORE_RUNNING_DETECTION", "detection setup"),
        ("AFTER_RUNNING_DETECTION", "detection setup"),
        ("ROTATION", "detection"),
        ("PROCESSING_START", "frames"),
        ("SETUP", "setup"),
        ("RESOURCE_CLEANUP", "analysis encoding"),
        ("BEFORE_VIDEO_POSTPROCESSING", "encoding"),
        ("AFTER_VIDEO_POSTPROCESSING", "encoding saving"),
        ("PROCESSING_COMPLETE", "analysis"),
        ("ANALY", "analysis"),
        ("AFTER_VIDEO_UPLOAD", "saving feedback"),
        ("VIDEO_UPLOAD", "saving"),
        ("AFTER_FEEDBACK", "feedback saving"),
        ("FEEDBACK", "feedback"),
        ("DATABASE", "saving"),
        ("CLEANUP_FILES_COMPLETE", "cleanup done"),
        ("AFTER_FINAL_GC", "cleanup done"),
        ("CLEANUP", "cleanup"),
        ("CAP RELEASE", "cleanup"),
    )
)


# The app's side


@dataclass(frozen=True, slots=True)
class Seen:
    """One line of the app's JSON. ``at_s`` is the wall clock, as all times here."""

    at_s: float
    memory_mb: float | None
    source: str
    activity: str
    stage: str | None
    cpu_percent: float | None
    rate_mb_s: float | None
    latency_s: float
    forecast: str | None = None
    forecast_s: float | None = None
    alert: str | None = None
    recovering: str | None = None
    job: int | None = None
    started_s: float | None = None
    ended_s: float | None = None
    before_mb: float | None = None
    peak_mb: float | None = None

    @property
    def is_busy(self) -> bool:
        """Whether it says that a job runs."""
        return self.activity != "idle"


def read(line: str) -> Seen:
    """A line of ``--json``."""
    told = json.loads(line)
    job, forecast = told["job"] or {}, told["forecast"] or {}
    return Seen(
        at_s=_moment(told["time"]) or 0.0,
        memory_mb=told["memory_mb"],
        source=told["source"],
        activity=told["activity"],
        stage=told["stage"],
        cpu_percent=told["cpu_percent"],
        rate_mb_s=told["rate_mb_s"],
        latency_s=(told["api"]["latency_ms"] or 0.0) / 1000 if told["source"] == "api" else 0.0,
        forecast=forecast.get("kind"),
        forecast_s=forecast.get("seconds"),
        alert=told["alert"],
        recovering=told.get("recovering"),
        job=job.get("number"),
        started_s=_moment(job.get("started")),
        ended_s=_moment(job.get("ended")),
        before_mb=job.get("before_mb"),
        peak_mb=job.get("peak_mb"),
    )


def _moment(text: str | None) -> float | None:
    return datetime.fromisoformat(text).timestamp() if text else None


# The true side


@dataclass(frozen=True, slots=True)
class Work:
    """A stretch in which the server had one or more jobs; ``killed`` ended it early."""

    start_s: float
    end_s: float
    jobs: tuple[str, ...]
    killed: bool = False


@dataclass
class Record:
    """A whole run: the truth and the reports."""

    curve: Curve
    words: list[Word]
    seen: list[Seen]
    works: list[Work] = field(init=False)
    stages: list[Doing] = field(init=False)

    def __post_init__(self) -> None:
        self.works = works(self.words)
        self.stages = stages(self.words)


def works(words: Iterable[Word]) -> list[Work]:
    """The stretches of work, in order; jobs that overlap or nearly touch are one."""
    started: dict[str, float] = {}
    spans: list[Work] = []
    for word in words:
        if word.what == "start":
            started[word.job] = word.at_s
        elif word.what in ("end", "killed") and word.job in started:
            killed = word.what == "killed"
            spans.append(Work(started.pop(word.job), word.at_s, (word.job,), killed))
    merged: list[Work] = []
    for span in sorted(spans, key=lambda span: span.start_s):
        last = merged[-1] if merged else None
        if last and span.start_s - last.end_s < MERGE_S:
            end_s = max(last.end_s, span.end_s)
            jobs = last.jobs + span.jobs
            merged[-1] = Work(last.start_s, end_s, jobs, last.killed or span.killed)
        else:
            merged.append(span)
    return merged


@dataclass(frozen=True, slots=True)
class Doing:
    """What a job did from one of its words to the next."""

    start_s: float
    end_s: float
    names: frozenset[str]


def stages(words: Iterable[Word]) -> list[Doing]:
    """What each job did and when, jobs one after the other; of one without a word, `UNTOLD`."""
    jobs: dict[str, list[Word]] = {}
    for word in words:
        jobs.setdefault(word.job, []).append(word)
    return [
        Doing(word.at_s, after.at_s, _names(word, after))
        for told in jobs.values()
        for word, after in pairwise(sorted(told, key=lambda word: word.at_s))
    ]


def doing(spans: Iterable[Doing], start_s: float, end_s: float) -> frozenset[str]:
    """The stages that the server was in within this span, by the app's names."""
    within = (span.names for span in spans if span.start_s <= end_s and span.end_s >= start_s)
    return frozenset[str]().union(*within)


UNTOLD = "?"


def _names(word: Word, after: Word) -> frozenset[str]:
    if word.what == "start":
        return frozenset({"upload" if after.what == "stage" else UNTOLD})
    return next((names for part, names in _DOING if part in word.stage), frozenset())


# The comparison


@dataclass(frozen=True, slots=True)
class Wrong:
    """Something that was not so: when, and what."""

    at_s: float
    what: str


@dataclass
class Verdict:
    """Over a run. Counts are of samples unless stated otherwise; ``job_*`` are MB per job."""

    samples: int = 0
    memory_off_mb: list[float] = field(default_factory=list)
    moving_off_mb: list[float] = field(default_factory=list)
    cpu_off: list[float] = field(default_factory=list)
    true_jobs: int = 0
    seen_jobs: int = 0
    jobs_missed: int = 0
    jobs_invented: int = 0
    shown_after_s: list[float] = field(default_factory=list)
    start_off_s: list[float] = field(default_factory=list)
    before_off_mb: list[float] = field(default_factory=list)
    peak_off_mb: list[float] = field(default_factory=list)
    before_right: int = 0
    peak_right: int = 0
    stages: dict[str, list[bool]] = field(default_factory=dict)
    idle_wrong: int = 0
    busy_wrong: int = 0
    forecasts: int = 0
    forecasts_flat: int = 0
    forecasts_failed: int = 0
    alerts: int = 0
    alerts_wrong: int = 0
    climbs: int = 0
    alerts_missed: int = 0
    wrong: list[Wrong] = field(default_factory=list)

    def note(self, at_s: float, what: str) -> None:
        """Remember the mistake for the report."""
        self.wrong.append(Wrong(at_s, what))


def judge(record: Record) -> Verdict:
    """Compare all reports with the truth."""
    verdict = Verdict(samples=len(record.seen))
    _judge_memory(record, verdict)
    _judge_jobs(record, verdict)
    _judge_activity(record, verdict)
    _judge_forecasts(record, verdict)
    _judge_alerts(record, verdict)
    verdict.wrong.sort(key=lambda wrong: wrong.at_s)
    return verdict


def off_by(value: float, low: float, high: float) -> float:
    """How far a value is outside of a range; below it is negative."""
    return min(0.0, value - low) or max(0.0, value - high)


def window(seen: Seen) -> tuple[float, float]:
    """The time in which the truth may be taken for a sample's figure."""
    return seen.at_s - max(SLACK_S, seen.latency_s), seen.at_s + SLACK_S


def _judge_memory(record: Record, verdict: Verdict) -> None:
    curve = record.curve
    before: Seen | None = None
    for seen in record.seen:
        if seen.memory_mb is not None and curve.knows(seen.at_s):
            low, high = curve.span(*window(seen))
            off_mb = off_by(seen.memory_mb, low, high)
            verdict.memory_off_mb.append(abs(off_mb))
            if high - low > MEMORY_OFF_MB:
                verdict.moving_off_mb.append(abs(off_mb))
            if abs(off_mb) > MEMORY_OFF_MB:
                where = f"{seen.memory_mb:.0f} MB by {seen.source}, it held {low:.0f}–{high:.0f}"
                verdict.note(seen.at_s, f"memory {off_mb:+.0f} MB: {where}")
        # Too near to the one before, it has that one's figure; too far, there was no server.
        if before and seen.cpu_percent is not None and 0.5 < seen.at_s - before.at_s < 5:
            used = curve.cpu_percent(before.at_s, seen.at_s)
            if used is not None:
                verdict.cpu_off.append(abs(seen.cpu_percent - used))
                if abs(seen.cpu_percent - used) > 50:
                    told = f"CPU {seen.cpu_percent:.0f} %, it used {used:.0f} %"
                    verdict.note(seen.at_s, told)
        before = seen


@dataclass(frozen=True, slots=True)
class Paired:
    """A stretch of work and the last report of its job."""

    work: Work
    job: Seen


def pair(record: Record) -> tuple[list[Paired], list[Work], list[Seen]]:
    """Pairs by the longest time in common; work that was missed; jobs that there were not."""
    last: dict[int, Seen] = {}
    for seen in record.seen:
        if seen.job is not None:
            last[seen.job] = seen
    end_s = record.seen[-1].at_s if record.seen else 0.0
    free = dict(last)
    pairs: list[Paired] = []
    missed: list[Work] = []
    for work in record.works:
        common = {
            number: min(work.end_s, job.ended_s or end_s) - max(work.start_s, job.started_s or 0.0)
            for number, job in free.items()
        }
        best = max(common, key=lambda number: common[number], default=None)
        if best is None or common[best] <= -IDLE_AFTER_S:
            missed.append(work)
        else:
            pairs.append(Paired(work, free.pop(best)))
    return pairs, missed, list(free.values())


def _judge_jobs(record: Record, verdict: Verdict) -> None:
    pairs, missed, invented = pair(record)
    verdict.true_jobs = len(record.works)
    verdict.seen_jobs = len(pairs) + len(invented)
    verdict.jobs_missed, verdict.jobs_invented = len(missed), len(invented)
    for work in missed:
        took_s = work.end_s - work.start_s
        verdict.note(work.start_s, f"job {'+'.join(work.jobs)} of {took_s:.1f} s was not seen")
    for job in invented:
        lasted = f"{(job.ended_s or job.at_s) - (job.started_s or job.at_s):.1f} s"
        verdict.note(job.started_s or job.at_s, f"there was no job {job.job} ({lasted})")
    for each in pairs:
        _judge_job(record, verdict, each)


def _judge_job(record: Record, verdict: Verdict, paired: Paired) -> None:
    work, job, curve = paired.work, paired.job, record.curve
    name = f"job {'+'.join(work.jobs)} (its number {job.job})"
    if job.started_s is not None:
        verdict.start_off_s.append(job.started_s - work.start_s)
    shown = [
        seen.at_s for seen in record.seen if seen.is_busy and work.start_s <= seen.at_s < work.end_s
    ]
    if shown:
        verdict.shown_after_s.append(shown[0] - work.start_s)
    low, high = curve.span(work.start_s - 2 * SLACK_S, work.start_s - 0.02)
    right, off_mb = _fits(job.before_mb, low, high)
    verdict.before_right += right
    verdict.before_off_mb.append(abs(off_mb))
    if not right:
        verdict.note(work.start_s, f"{name}: before {job.before_mb} MB, it was {high:.0f}")
    low, high = (
        curve.held(work.start_s, work.end_s, PEAK_LASTS_S),
        curve.span(work.start_s, work.end_s)[1],
    )
    right, off_mb = _fits(job.peak_mb, low, high)
    verdict.peak_right += right
    verdict.peak_off_mb.append(abs(off_mb))
    if not right:
        was = f"it was {low:.0f}–{high:.0f}"
        verdict.note(work.start_s, f"{name}: peak {job.peak_mb} MB, {was}")


def _fits(value: float | None, low: float, high: float) -> tuple[bool, float]:
    """Whether a job's figure is within 10 MB or 3 %, and by how much it is off."""
    if value is None:
        return False, high
    off_mb = off_by(value, low, high)
    return abs(off_mb) <= max(JOB_OFF_MB, JOB_OFF_PART * high), off_mb


def _judge_activity(record: Record, verdict: Verdict) -> None:
    for seen in record.seen:
        start_s, end_s = window(seen)
        during = next((w for w in record.works if w.start_s < start_s and end_s < w.end_s), None)
        near = any(
            w.start_s - SLACK_S <= end_s and start_s <= w.end_s + IDLE_AFTER_S for w in record.works
        )
        if during:
            if not seen.is_busy and start_s - during.start_s > IDLE_AFTER_S:
                verdict.idle_wrong += 1
                so = "+".join(sorted(doing(record.stages, start_s, end_s)))
                verdict.note(seen.at_s, f"idle, {start_s - during.start_s:.1f} s into a job ({so})")
            if not seen.is_busy and start_s - during.start_s <= IDLE_AFTER_S:
                continue  # its start was not seen yet, which is another figure
            true = doing(record.stages, start_s, end_s)
            if UNTOLD in true:
                continue
            right = seen.stage in true
            for name in true if len(true) == 1 else ("between two",):
                verdict.stages.setdefault(name, []).append(right)
            if not right:
                verdict.note(seen.at_s, f"stage {seen.stage}, it was {'+'.join(sorted(true))}")
        elif not near and seen.is_busy:
            verdict.busy_wrong += 1
            ended = [w.end_s for w in record.works if w.end_s < seen.at_s]
            since = f"{seen.at_s - ended[-1]:.1f} s after the last job" if ended else "before any"
            verdict.note(seen.at_s, f"{seen.activity}, {seen.stage}: {since}")


def climbs(curve: Curve, at_s: float) -> bool:
    """Whether memory has climbed in the 5 s before."""
    now = curve.span(at_s - 2 * SLACK_S, at_s + SLACK_S)[1]
    then = curve.span(at_s - CLIMB_S - SLACK_S, at_s - CLIMB_S + SLACK_S)[0]
    return now - then >= CLIMB_MB


def _judge_forecasts(record: Record, verdict: Verdict) -> None:
    for seen in record.seen:
        if seen.forecast is None or not record.curve.knows(seen.at_s):
            continue
        verdict.forecasts += 1
        ended = any(seen.at_s - CLIMB_S < w.end_s < seen.at_s - SLACK_S for w in record.works)
        reasons = [
            why
            for why, holds in (
                ("memory does not climb", not climbs(record.curve, seen.at_s)),
                ("across the end of a job", ended),
                (f"beside a rate of {seen.rate_mb_s} MB/s", (seen.rate_mb_s or 0.0) <= 0.0),
            )
            if holds
        ]
        promise = f"forecast {seen.forecast} in {seen.forecast_s} s"
        if reasons:
            verdict.forecasts_flat += 1
            verdict.note(seen.at_s, f"{promise}: {', '.join(reasons)}")
        limit_mb = LEVELS_MB.get(seen.forecast)
        until_s = seen.at_s + 2 * (seen.forecast_s or 0.0) + 5.0
        if limit_mb is None or record.curve.span(seen.at_s, until_s)[1] < limit_mb:
            verdict.forecasts_failed += 1
            verdict.note(seen.at_s, f"{promise}: did not come true")


def _judge_alerts(record: Record, verdict: Verdict) -> None:
    curve, kept = record.curve, ""
    ranks = ["", *LEVELS_MB]
    for seen in record.seen:
        if seen.alert is not None and curve.knows(seen.at_s):
            verdict.alerts += 1
            limit_mb = LEVELS_MB[seen.alert]
            if ranks.index(kept) >= ranks.index(seen.alert):
                limit_mb *= LEFT_PART
            start_s = seen.at_s - HOLD_S[seen.alert] - 2 * SLACK_S
            if curve.span(start_s, seen.at_s + SLACK_S)[1] < limit_mb - MEMORY_OFF_MB:
                verdict.alerts_wrong += 1
                highest = curve.span(*window(seen))[1]
                verdict.note(seen.at_s, f"alert {seen.alert}, it held {highest:.0f} MB")
        # A level is kept until it is left, and the higher has all below it.
        kept = max(seen.alert or "", seen.recovering or "", key=ranks.index)
    for level, limit_mb in LEVELS_MB.items():
        for start_s, end_s in above(curve, limit_mb + MEMORY_OFF_MB):
            if end_s - start_s < HOLD_S[level] + 2.5:
                continue
            verdict.climbs += 1
            told = (
                seen.alert is not None and ranks.index(seen.alert) >= ranks.index(level)
                for seen in record.seen
                if start_s <= seen.at_s <= end_s + 2.5
            )
            if not any(told):
                verdict.alerts_missed += 1
                lasted = f"{end_s - start_s:.1f} s"
                verdict.note(start_s, f"no alert {level}: above {limit_mb:.0f} MB for {lasted}")


def above(curve: Curve, limit_mb: float) -> Iterator[tuple[float, float]]:
    """The stretches in which memory was above a limit."""
    start_s: float | None = None
    for at_s, mb in zip(curve.times_s, curve.mb, strict=True):
        if mb > limit_mb:
            start_s = at_s if start_s is None else start_s
        elif start_s is not None:
            yield start_s, at_s
            start_s = None
    if start_s is not None:
        yield start_s, curve.times_s[-1]


# The table


def figures(verdict: Verdict, at: str) -> Iterator[Figure]:
    """What a run amounts to, one figure a line."""

    def share(what: str, right: int, of: int, goal: float | None = None) -> Figure:
        part = right / of if of else 1.0
        told = f"≥ {goal * 100:.0f} %" if goal else ""
        reached = part >= goal if goal else None
        return Figure(what, at, f"{part * 100:.1f} %", f"{right}/{of}", told, reached)

    def count(what: str, number: int, of: int | None = None, *, judged: bool = True) -> Figure:
        ratio = "" if of is None else f"of {of}"
        goal, reached = ("0", number == 0) if judged else ("", None)
        return Figure(what, at, str(number), ratio, goal, reached)

    def highest(what: str, values: Sequence[float], unit: str) -> Figure:
        told = f"{max(map(abs, values)):.1f} {unit}" if values else "–"
        middle = f"~{median(map(abs, values)):.1f}" if values else ""
        return Figure(what, at, told, middle)

    off, moving = verdict.memory_off_mb, verdict.moving_off_mb
    right = sum(each <= MEMORY_OFF_MB for each in off)
    pairs = len(verdict.before_off_mb)
    stages = [each for told in verdict.stages.values() for each in told]
    yield count("samples", verdict.samples, judged=False)
    yield share("memory within 5 MB", right, len(off), GOAL_MEMORY)
    yield share(
        "of them while it moved", sum(each <= MEMORY_OFF_MB for each in moving), len(moving)
    )
    yield highest("memory off by at most (~median)", off, "MB")
    yield share(
        "CPU within 20 %", sum(each <= 20 for each in verdict.cpu_off), len(verdict.cpu_off)
    )
    yield Figure(
        "jobs seen of those that were",
        at,
        str(verdict.seen_jobs),
        f"of {verdict.true_jobs}",
        "all",
        verdict.jobs_missed == verdict.jobs_invented == 0,
    )
    yield count("jobs missed", verdict.jobs_missed, verdict.true_jobs)
    yield count("jobs invented", verdict.jobs_invented, verdict.seen_jobs)
    yield highest("shown after its start at most", verdict.shown_after_s, "s")
    yield highest("start told wrong by at most", verdict.start_off_s, "s")
    yield share("job before within 10 MB or 3 %", verdict.before_right, pairs, 1.0)
    yield highest("job before off by at most", verdict.before_off_mb, "MB")
    yield share("job peak within 10 MB or 3 %", verdict.peak_right, pairs, 1.0)
    yield highest("job peak off by at most", verdict.peak_off_mb, "MB")
    yield share("stage right", sum(stages), len(stages), GOAL_STAGE)
    for name, told in sorted(verdict.stages.items()):
        yield share(f"  {name}", sum(told), len(told))
    yield count("idle in a job, after its first 2 s", verdict.idle_wrong, verdict.samples)
    yield count("busy, 2 s after its end", verdict.busy_wrong, verdict.samples)
    yield count("forecasts beside flat memory", verdict.forecasts_flat, verdict.forecasts)
    yield count(
        "forecasts that did not come true",
        verdict.forecasts_failed,
        verdict.forecasts,
        judged=False,
    )
    yield count("alerts beside less memory", verdict.alerts_wrong, verdict.alerts)
    yield count("alerts missed", verdict.alerts_missed, verdict.climbs)


# The run


@dataclass
class App:
    """The app with ``--json``, at its usual interval."""

    url: str
    pid: int | None
    folder: Path
    lines: list[str] = field(default_factory=list)

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Reads its lines until the block ends."""
        config = self.folder / "config.toml"
        config.write_text(
            "\n".join(("[alerts]", *(f"{name}_mb = {mb}" for name, mb in LEVELS_MB.items())))
        )
        command = [sys.executable, "-m", "tray_app", "--json", "--url", self.url]
        command += ["--config", str(config), "--log-file", str(self.folder / "app.log")]
        if self.pid is not None:
            command += ["--pid", str(self.pid)]
        home = dict.fromkeys(("HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"), str(self.folder))
        with (
            (self.folder / "app.err").open("wb") as errors,
            subprocess.Popen(
                command,
                cwd=ROOT,
                env=os.environ | home,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            ) as process,
        ):
            assert process.stdout
            reader = threading.Thread(target=self.lines.extend, args=(process.stdout,), daemon=True)
            reader.start()
            try:
                yield
                assert process.poll() is None, (self.folder / "app.err").read_text()
            finally:
                process.terminate()
                reader.join(10)
                process.kill()


def drive(effort: Effort, driver: Driver) -> None:
    """Work and pauses for as many minutes; the last job is not cut off."""
    end_s = time.monotonic() + effort.minutes * 60
    time.sleep(5)
    for task in schedule(driver.kinds(), effort.seed):
        if time.monotonic() >= end_s:
            break
        began_s = time.time()
        driver.do(task.kind)
        when = datetime.fromtimestamp(began_s).strftime("%H:%M:%S")
        remark(f"{when} {task.kind} ({time.time() - began_s:.1f} s), then {task.pause_s:.0f} s")
        time.sleep(task.pause_s)


def watch(effort: Effort, folder: Path) -> Record:
    """Run server, load, app and witness at once; what came of it."""
    dice = random.Random(effort.seed)
    with contextlib.ExitStack() as stack:
        driver: Driver
        if effort.url:
            assert effort.pid, "--url needs --pid: the witness must know whom to watch"
            pid, url = effort.pid, effort.url
            driver = RealServer(url, effort.videos, dice)
        else:
            own = stack.enter_context(server())
            pid, url = own.pid, own.url
            driver = OwnServer(own, dice)
            if not own.post("/test/clips")["ffmpeg"]:
                remark("ffmpeg is not installed: a stand-in burns a core in its place")
            driver.begin()
        witness = Witness(pid)
        if isinstance(driver, OwnServer):
            driver.changed = lambda pid: setattr(witness, "pid", pid)
        app = App(url, effort.pid if effort.url else None, folder)
        witness.start()
        with app.running():
            drive(effort, driver)
        witness.stop()
        remark(f"the witness was late by at most {witness.slowest_s * 1000:.0f} ms")
        words = driver.words()
        samples = [line for line in app.lines if "summary" not in json.loads(line)]
        keep(folder, witness.moments, words, samples)
    return load(folder)


def keep(folder: Path, moments: Sequence[Moment], words: Sequence[Word], lines: list[str]) -> None:
    """Write a run down, so that it can be judged again."""
    (folder / "seen.jsonl").write_text("".join(lines))
    for name, values in (("moments", moments), ("words", words)):
        text = "".join(json.dumps(asdict(value)) + "\n" for value in values)
        (folder / f"{name}.jsonl").write_text(text)


def load(folder: Path) -> Record:
    """A run that was written down."""

    def lines(name: str) -> Iterator[Any]:
        return map(json.loads, (folder / f"{name}.jsonl").read_text().splitlines())

    moments = [Moment(**each | {"children": tuple(each["children"])}) for each in lines("moments")]
    words = [Word(**each) for each in lines("words")]
    seen = [read(line) for line in (folder / "seen.jsonl").read_text().splitlines()]
    begin_s = moments[0].at_s if moments else 0.0
    return Record(Curve(moments), words, [each for each in seen if each.at_s >= begin_s])


def measure(effort: Effort) -> Iterator[Figure]:
    """One run, or one that was kept."""
    with contextlib.ExitStack() as stack:
        folder = effort.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        kept = (folder / "seen.jsonl").exists()
        record = load(folder) if kept else watch(effort, folder)
    verdict = judge(record)
    begin_s = record.seen[0].at_s if record.seen else 0.0
    for wrong in verdict.wrong:
        when = datetime.fromtimestamp(wrong.at_s).strftime("%H:%M:%S.%f")[:-4]
        remark(f"{when} {wrong.at_s - begin_s:7.1f} s  {wrong.what}")
    minutes = (record.seen[-1].at_s - begin_s) / 60 if record.seen else 0.0
    whom = "a server that ran" if effort.url else f"seed {effort.seed}"
    yield from figures(verdict, f"{minutes:.0f} min, {whom}")


PART = Part("truth", "What is said, beside /proc", measure, by_name_only=True)

if __name__ == "__main__":
    raise SystemExit(run(PART))
