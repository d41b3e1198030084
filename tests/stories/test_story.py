"""A whole day in front of the tray icon, told on a fake clock.

`Day` plays the engine and the server: it asks, ticks and waits as the engine does, and lets the
server's memory move in straight lines. Its rules of pace are the core's own (`due_s`,
`patience_s`, `samples_at_once`).
"""

from __future__ import annotations

import math
from itertools import pairwise

import pytest

from tests.core.made import answer, found, found_in, mb, refusal, timeout, tree_reading
from tray_app.core.alerts.levels import LevelReached, Recovered
from tray_app.core.alerts.limits import Level
from tray_app.core.analysis.activity import Activity
from tray_app.core.analysis.bands import Band
from tray_app.core.analysis.jobs import Measured
from tray_app.core.config.settings import RememberedChoices, Settings, with_preset
from tray_app.core.model.presets import Mode, Preset
from tray_app.core.model.readings import Now, Source, StageMark, TempUsage
from tray_app.core.monitor.commands import Command, SetMode, SetPaused, SetPreset
from tray_app.core.monitor.events import Chosen, Event, Sampled, SourceChanged, Summarised
from tray_app.core.monitor.inputs import Answered, Asked, Input, SourcesRead
from tray_app.core.monitor.sample import Sample
from tray_app.core.monitor.state import (
    begin,
    hastens,
    patience_s,
    samples_at_once,
    wants_api,
    wants_processes,
    wants_stage,
)
from tray_app.core.monitor.step import step
from tray_app.core.presentation.api_failure_text import problem_text
from tray_app.core.presentation.menu import rows
from tray_app.core.source_choice.circuit_breaker import ApiState, due_s
from tray_app.core.source_choice.selection import Why

BACK = "back"


class Day:
    """The monitor, its server and the time. ``api`` is "up", "silent" or "down"; an answer takes
    ``answer_s``, and ``temp`` is what lies in the server's tmp."""

    def __init__(self, *, interval_s: float = 2.0, answer_s: float = 0.004) -> None:
        self.answer_s = answer_s
        self.temp: TempUsage | None = None
        self.now_s = 0.0
        self.slept_s = 0.0
        self.api = "up"
        self.memory_mb = 300.0
        self.cpu_percent = 1.0
        self.stage: StageMark | None = None
        self.children: dict[str, float] = {}
        settings = Settings(interval_s=interval_s)
        self.state = begin(settings, settings, self._now(), local=True)
        self.events: list[Event] = []
        self._tick_s = 0.0
        self._asked_s: float | None = None
        self._patience_s = 0.0
        self._with_stage = False
        self._slope_mb_s = 0.0

    def go(self, seconds: float, *, to_mb: float | None = None) -> list[Sample]:
        """Let time pass, memory moving to ``to_mb``; returns the samples made meanwhile."""
        end_s, seen = self.now_s + seconds, len(self.events)
        self._slope_mb_s = 0.0 if to_mb is None else (to_mb - self.memory_mb) / seconds
        while self._next_s() < end_s:
            self._advance(self._next_s())
            self._ask_or_hear()
            if not self.state.paused and self.now_s >= self._tick_s:
                self._tick()
        self._advance(end_s)
        return [event.sample for event in self.events[seen:] if isinstance(event, Sampled)]

    def choose(self, command: Command) -> None:
        """Click in the menu."""
        self._step(command)
        self._tick_s = self.now_s

    def sleep(self, seconds: float) -> None:
        """Close the lid: the monotonic clock stands still, the wall clock goes on."""
        self.slept_s += seconds

    def told(self) -> list[Level | str]:
        """The notifications since the last call of `told`."""
        said: list[Level | str] = []
        for event in self.events:
            if found_in(event, LevelReached):
                said.append(event.finding.level)
            elif found_in(event, Recovered):
                said.append(BACK)
        self.events.clear()
        return said

    @property
    def sample(self) -> Sample:
        assert self.state.sample is not None
        return self.state.sample

    def _now(self) -> Now:
        return Now(self.now_s, 1_795_000_000.0 + self.now_s + self.slept_s)

    def _advance(self, to_s: float) -> None:
        self.memory_mb += self._slope_mb_s * (to_s - self.now_s)
        self.now_s = to_s

    def _step(self, happened: Input) -> None:
        self.state, events = step(self.state, happened, self._now())
        self.events += events

    def _next_s(self) -> float:
        """When something happens next."""
        tick_s = math.inf if self.state.paused else self._tick_s
        next_s = self._due_s() if self._asked_s is None else self._heard_s(self._asked_s)
        return max(self.now_s, min(tick_s, next_s))

    def _heard_s(self, asked_s: float) -> float:
        """When the request in flight ends, as the server is now."""
        return asked_s + (self._patience_s if self.api == "silent" else self.answer_s)

    def _due_s(self) -> float:
        if not wants_api(self.state):
            return math.inf
        every_s, hasty = self.state.settings.interval_s, hastens(self.state)
        due = due_s(self.state.breaker, self._tick_s, every_s, hastens=hasty)
        return math.inf if due is None else due

    def _ask_or_hear(self) -> None:
        if self._asked_s is None:
            if self.now_s >= self._due_s():
                self._asked_s, self._patience_s = self.now_s, patience_s(self.state)
                self._with_stage = wants_stage(self.state)
                self._step(Asked())
            return
        if self.now_s < self._heard_s(self._asked_s):
            return
        if self.api == "silent":
            self._hear(Answered(timeout(self.now_s)))
        elif self.api == "down":
            self._hear(Answered(refusal(self.now_s)))
        else:
            stage = self.stage if self._with_stage else None
            latency_s = self.now_s - self._asked_s
            reading = answer(
                self.memory_mb, self.now_s, latency_s=latency_s, stage=stage, temp=self.temp
            )
            self._hear(Answered(reading))

    def _hear(self, answered: Answered) -> None:
        self._asked_s = None
        self._step(answered)
        if samples_at_once(self.state, self._now()):
            self._tick_s = self.now_s

    def _tick(self) -> None:
        process = None
        if wants_processes(self.state):
            process = tree_reading(
                self.memory_mb,
                self.now_s,
                cpu_percent=self.cpu_percent,
                children=self.children,
            )
        self._step(SourcesRead(process))
        self._tick_s += self.state.settings.interval_s


def pace(samples: list[Sample]) -> float:
    """The longest time between two samples."""
    moments = [sample.at.mono_s for sample in samples]
    return max(after - before for before, after in pairwise(moments))


def test_a_whole_day() -> None:
    """From the first answer in the morning to the next morning after a night's sleep."""
    day = Day()

    # The morning: the API answers, an idle server is green.
    morning = day.go(60)
    assert {sample.source for sample in morning[1:]} == {Source.API}
    assert (day.sample.band, day.sample.activity) == (Band.GREEN, Activity.IDLE)
    assert day.sample.api.state is ApiState.OK
    assert pace(morning) <= 2.01
    assert day.told() == []

    # A video: memory climbs through every colour. Raised is normal there. High comes, then
    # critical is foretold some seconds ahead, and comes in its place.
    day.cpu_percent = 100.0
    day.stage = StageMark("STREAMING_BATCH_10", "10:00")
    climb = day.go(61, to_mb=3350)
    bands = list(dict.fromkeys(sample.band for sample in climb))
    assert bands == [Band.GREEN, Band.YELLOW, Band.ORANGE, Band.RED]
    alerts = found(day.events, LevelReached)
    alert = alerts[2]
    told = [event for event in day.events if found_in(event, LevelReached)][2]
    assert [event.foretold for event in alerts] == [False, False, False, True]
    assert [event.quiet for event in alerts] == [True, False, False, False]
    assert alert.limit_mb == 3000
    assert alert.forecast is not None
    ahead_s = day.now_s - told.sample.at.mono_s - (3350 - 3000) / 50
    assert alert.forecast.seconds == pytest.approx(ahead_s, rel=0.05)
    assert 5 < ahead_s < 10
    assert told.sample.activity is Activity.INTENSIVE
    assert climb[-1].rate_bytes_s == pytest.approx(mb(50), rel=0.02)
    assert climb[-1].stage is not None
    assert (climb[-1].stage.name, climb[-1].stage.inferred) == ("frames", False)
    assert day.told() == [Level.RAISED, Level.HIGH, Level.CRITICAL, Level.CRITICAL]

    # The API falls silent, for longer than a request may take: processes carry on from the first
    # missed tick, at the same pace. From the second one on its answer is late.
    day.api, silent_from_s = "silent", day.now_s
    silence = day.go(45, to_mb=3450)
    assert {sample.source for sample in silence} == {Source.PROCESS}
    assert pace([climb[-1], *silence]) <= 2.01
    assert [sample.why for sample in silence[:2]] == [Why.BETWEEN, Why.API_LATE]
    for sample in silence:
        waited_s = sample.at.mono_s - silent_from_s
        assert sample.fallback == (sample.api.state is ApiState.SILENT)
        assert sample.fallback or waited_s < 5.1
    problem = silence[-1].api.problem
    assert problem is not None
    assert problem_text(problem).startswith("no answer for 4")
    assert {sample.band for sample in silence} == {Band.RED}
    assert day.told() == []

    # It wakes and answers the last request: the API is back at once.
    day.api, awake_s = "up", day.now_s
    back = day.go(10)
    assert back[0].source is Source.API
    assert back[0].at.mono_s - awake_s < 2.0
    assert not any(sample.fallback for sample in back)
    changes = [event.sample.source for event in day.events if isinstance(event, SourceChanged)]
    assert changes == [Source.API]

    # ffmpeg encodes, as a child that the API's figure leaves out.
    day.stage, day.children = StageMark("BEFORE_VIDEO_POSTPROCESSING", "10:02"), {"ffmpeg": 96}
    day.go(10)
    assert day.sample.memory_bytes == pytest.approx(mb(day.memory_mb + 96))
    assert day.sample.stage is not None
    assert day.sample.stage.name == "encoding"

    # The job ends: memory falls, one note says that it is back, and some of it is retained.
    day.children = {}
    day.go(8, to_mb=900)
    day.cpu_percent, day.stage = 1.0, StageMark("AFTER_FINAL_GC", "10:03")
    day.go(30, to_mb=420)
    day.go(10)
    assert day.told() == [BACK]
    assert (day.sample.band, day.sample.activity) == (Band.GREEN, Activity.IDLE)
    (job,) = day.state.jobs.ended
    assert job.before == Measured(mb(300), Source.API)
    assert job.peak_bytes == day.sample.peak_bytes
    assert job.after is not None
    assert job.after.memory_bytes < mb(900)
    assert job.stages == ("frames", "encoding", "saving")
    assert day.sample.peak_bytes is not None
    assert day.sample.peak_bytes > mb(3400)

    # The server is restarted: refused for a while, no reading, and found again.
    day.api = "down"
    day.go(20)
    assert (day.sample.source, day.sample.api.state) == (Source.PROCESS, ApiState.UNREACHABLE)
    day.api = "up"
    day.go(31)
    assert day.sample.source is Source.API
    assert day.told() == []

    # A quick test from the menu measures for 30 s and returns to the preset before it.
    day.choose(SetPreset(Preset.DEBUG))
    assert day.events == [Chosen(RememberedChoices(preset=Preset.DEBUG))]
    day.go(10)
    day.choose(SetPreset(Preset.QUICK))
    quick = day.go(29)
    assert day.state.settings.preset is Preset.QUICK
    assert pace(quick) <= 2.01
    day.go(2)
    summaries = [event for event in day.events if isinstance(event, Summarised)]
    assert len(summaries) == 1
    assert not summaries[0].ends_run
    assert summaries[0].summary.elapsed_s == pytest.approx(30, abs=0.1)
    assert summaries[0].summary.average_bytes == pytest.approx(mb(420), rel=0.01)
    assert day.state.settings == with_preset(Settings(), Preset.DEBUG)
    assert pace(day.go(10)) <= 1.01
    day.choose(SetPreset(Preset.STANDARD))

    # Processes only, API only, and automatic again.
    day.choose(SetMode(Mode.FALLBACK))
    assert {(s.source, s.api.state) for s in day.go(10)} == {(Source.PROCESS, ApiState.OFF)}
    day.choose(SetMode(Mode.API))
    assert {sample.source for sample in day.go(10)[1:]} == {Source.API}
    assert day.sample.rows == ()
    day.choose(SetMode(Mode.AUTO))
    day.go(10)

    # Lunch: paused, nothing is read; resumed, the next sample comes at once, without a rate.
    day.choose(SetPaused(True))
    assert day.go(3600) == []
    assert "Paused" in rows(day.state)[0].text
    day.choose(SetPaused(False))
    resumed = day.go(10)
    assert len(resumed) >= 5
    assert resumed[0].rate_bytes_s is None
    assert (day.sample.source, day.sample.band) == (Source.API, Band.GREEN)

    # The evening: an idle server with memory left behind. That is said, and only once.
    day.go(90, to_mb=1700)
    evening = [event for event in day.events if found_in(event, LevelReached)]
    assert [(alert.finding.level, alert.sample.activity) for alert in evening] == [
        (Level.RAISED, Activity.IDLE)
    ]
    day.go(60, to_mb=1450)
    day.go(60, to_mb=1700)
    assert day.told() == [Level.RAISED]

    # The night: nine idle hours, in which nothing happens, and after the first nothing grows.
    day.go(3600)
    before = len(repr(day.state))
    night = day.go(8 * 3600)
    assert len(night) == pytest.approx(4 * 3600, abs=2)
    assert {sample.source for sample in night} == {Source.API}
    assert len(repr(day.state)) < 1.05 * before
    assert day.told() == []

    # The lid was closed: no rate is made of the gap, and the picture is there at once.
    day.go(10, to_mb=1800)
    day.sleep(6 * 3600)
    day.memory_mb = 400
    woken = day.go(40)
    assert woken[0].rate_bytes_s is None
    assert day.told() == [BACK]
    assert (day.sample.band, day.sample.memory_bytes) == (Band.GREEN, mb(400))


@pytest.mark.parametrize("interval_s", [0.2, 0.3, 0.5, 0.7, 1.0, 2.0])
@pytest.mark.parametrize("answer_s", [0.001, 0.004, 0.02, 0.06, 0.2])
def test_a_job_that_waits_keeps_its_source(interval_s: float, answer_s: float) -> None:
    """The API answers while the job waits for a database without CPU. No sample is followed within
    50 ms by one of the other source."""
    day = Day(interval_s=interval_s, answer_s=answer_s)
    day.go(10)
    day.temp, day.cpu_percent = TempUsage(mb(9), 3, day.now_s, ("processed_a.mp4",)), 100.0
    day.stage = StageMark("PROCESSING_START", "10:00")
    day.go(10)
    assert day.sample.activity is not Activity.IDLE
    day.children = {"ffmpeg": 90.0}
    day.go(3)
    day.children = {}
    day.stage, day.cpu_percent = StageMark("AFTER_VIDEO_UPLOAD", "10:01"), 0.0
    day.go(6)
    waiting = day.go(20)
    stage = waiting[-1].stage
    assert stage is not None
    assert (stage.name, stage.inferred) == ("feedback", False)
    near = [
        (one.at.mono_s, two.at.mono_s)
        for one, two in pairwise(waiting)
        if two.source is not one.source and two.at.mono_s - one.at.mono_s <= 0.05
    ]
    assert near == []
    assert {sample.source for sample in waiting if interval_s > 20 * answer_s} <= {Source.API}
