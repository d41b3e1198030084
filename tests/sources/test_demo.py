"""The scripted server behind ``--demo``."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import pairwise

import pytest

from tests.core.made import found
from tests.waiting import wait_for
from tray_app.core.alerts.levels import LevelReached, Recovered
from tray_app.core.alerts.limits import Level
from tray_app.core.analysis.activity import Activity
from tray_app.core.analysis.bands import Band
from tray_app.core.config.settings import Settings
from tray_app.core.model.api_failure import ApiFailureKind, ApiProblem
from tray_app.core.model.readings import (
    MIB,
    ApiFailure,
    ApiOutcome,
    ApiReading,
    Now,
    Role,
    Source,
    TempUsage,
)
from tray_app.core.monitor.events import Event, Sampled
from tray_app.core.monitor.inputs import Answered, Asked, SourcesRead
from tray_app.core.monitor.sample import Sample
from tray_app.core.monitor.state import begin, samples_at_once, wants_stage
from tray_app.core.monitor.step import step
from tray_app.core.source_choice.circuit_breaker import ApiState
from tray_app.sources import demo
from tray_app.sources.demo import STORY_S, DemoApi, DemoProbe, DemoWalker, story

SILENT_S = next(t for t in range(70) if story(t).api_silent)
TALKS_AGAIN_S = next(t for t in range(SILENT_S, 70) if not story(t).api_silent)
ENCODING_S = next(t for t in range(70) if story(t).ffmpeg)


class Clock:
    def __init__(self, now_s: float = 1000.0) -> None:
        self.now_s = now_s

    def __call__(self) -> float:
        return self.now_s


def times(until_s: float, step_s: float = 0.1) -> Iterator[float]:
    return (step_s * number for number in range(round(until_s / step_s)))


class TestStory:
    def test_it_is_the_same_story_every_time(self) -> None:
        """A moment depends on the time alone."""
        assert [story(t) for t in times(200, 0.7)] == [story(t) for t in times(200, 0.7)]

    def test_it_begins_calm_and_low(self) -> None:
        """For six seconds an idle server at about 180 MB."""
        for moment in map(story, times(6)):
            assert 178 * MIB < moment.memory_bytes < 182 * MIB
            assert moment.cpu_percent < 5
            assert (moment.temp_files, moment.temp_bytes) == (0, 0)

    def test_it_passes_through_every_band_and_above_three_gigabytes(self) -> None:
        """Each colour stays for several samples, and critical is reached."""
        limits = Settings().bands
        bands = [limits.band(story(t).memory_bytes) for t in times(STORY_S, 2)]
        for band in (Band.GREEN, Band.YELLOW, Band.ORANGE, Band.RED):
            assert bands.count(band) >= 2, band
        assert max(story(t).memory_bytes for t in times(STORY_S)) > 3100 * MIB

    def test_the_climb_never_turns(self) -> None:
        """From the first frame to the last, memory rises from one second to the next."""
        climb = [story(t).memory_bytes for t in range(13, 45)]
        assert climb == sorted(climb)

    def test_the_api_falls_silent_on_the_way_up(self) -> None:
        """For ten seconds, while the server works hardest."""
        silent = [t for t in times(STORY_S) if story(t).api_silent]
        assert len(silent) == 100
        assert silent[-1] - silent[0] < 10
        assert all(story(t).cpu_percent > 100 for t in silent)
        assert story(silent[0]).memory_bytes < story(silent[-1]).memory_bytes

    def test_stages_are_the_servers_own_words(self) -> None:
        """As its history tells them, with a batch number while frames are processed."""
        stages = [story(t).stage for t in times(STORY_S, 1)]
        assert "STREAMING_BATCH_10" in stages
        assert stages[0] == stages[-1] == "AFTER_FINAL_GC"

    def test_progress_stands_still_while_idle(self) -> None:
        """It moves at each step of a job, and not from one job's end to the next one's start."""
        assert len({story(t).progress for t in times(STORY_S + 6) if t >= 58}) == 1
        assert len({story(t).progress for t in times(STORY_S) if 6 <= t < 58}) > 20

    def test_it_goes_on_with_memory_retained(self) -> None:
        """After a job about 420 MB stay, which is where every later round begins and ends."""
        for rounds in (1, 2, 50):
            for t in times(6):
                assert 418 * MIB < story(rounds * STORY_S + t).memory_bytes < 422 * MIB
        later = [story(5 * STORY_S + t).memory_bytes for t in times(STORY_S)]
        assert min(later) > 418 * MIB
        assert max(later) > 3100 * MIB

    def test_memory_does_not_jump(self) -> None:
        """A step of a tenth of a second is never more than 60 MB, also from round to round."""
        memory = [story(t).memory_bytes for t in times(3 * STORY_S)]
        steps = [abs(b - a) for a, b in pairwise(memory)]
        assert max(steps) < 60 * MIB

    def test_the_machine_has_room(self) -> None:
        """System figures fit together at every moment."""
        for t in times(2 * STORY_S, 0.5):
            system = story(t).system
            used = system.total_bytes - system.available_bytes
            assert 0 < used < system.total_bytes
            assert system.used_percent == pytest.approx(100 * used / system.total_bytes)


class TestProbe:
    def test_the_tree_is_the_server_and_its_ffmpeg(self) -> None:
        """While encoding a child is there, which the answering process's figure leaves out."""
        clock = Clock()
        probe = DemoProbe(clock)
        alone, encoding = probe.read(1020.0), probe.read(1000.0 + ENCODING_S)
        assert [row.role for row in alone.rows] == [Role.TARGET]
        assert alone.rss_bytes == alone.answering_rss_bytes == story(20).memory_bytes
        assert [row.name for row in encoding.rows] == ["uvicorn", "ffmpeg"]
        assert encoding.rss_bytes == story(ENCODING_S).memory_bytes + encoding.rows[1].rss_bytes
        assert encoding.answering_rss_bytes == story(ENCODING_S).memory_bytes
        assert encoding.worker_count == 1

    def test_cpu_is_known_from_the_second_reading_on(self) -> None:
        """As with real processes, and again after forgetting."""
        probe = DemoProbe(Clock())
        first, second = probe.read(1020.0), probe.read(1022.0)
        probe.forget()
        assert first.cpu_percent is None
        assert second.cpu_percent == story(22).cpu_percent
        assert probe.read(1024.0).cpu_percent is None
        probe.close()

    def test_other_pythons_come_when_asked_for(self) -> None:
        """They are scripted, too."""
        probe = DemoProbe(Clock())
        assert probe.read(1001.0).others == ()
        assert [row.role for row in probe.read(1003.0, others=True).others] == [Role.PYTHON]

    def test_its_processes_are_nobodys(self) -> None:
        """No pid of the demo can be a real process."""
        reading = DemoProbe(Clock()).read(1000.0 + ENCODING_S, others=True)
        assert all(row.pid > 4_194_304 for row in (*reading.rows, *reading.others))


class Heard:
    def __init__(self) -> None:
        self.outcomes: list[ApiOutcome] = []
        self.threads: set[threading.Thread] = set()

    def __call__(self, outcome: ApiOutcome) -> None:
        self.threads.add(threading.current_thread())
        self.outcomes.append(outcome)

    def next(self) -> ApiOutcome:
        wait_for(lambda: self.outcomes, "an outcome")
        return self.outcomes.pop(0)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def api(clock: Clock, heard: Heard) -> Iterator[DemoApi]:
    api = DemoApi(heard, clock)
    yield api
    api.close()


class TestApi:
    def test_it_answers_from_its_own_thread(self, api: DemoApi, clock: Clock, heard: Heard) -> None:
        """With the server's own figure, the system's and the temp directory's."""
        clock.now_s += 20
        assert api.ask(10.0)
        moment = story(20)
        assert heard.next() == ApiReading(
            taken_s=1020.0,
            latency_s=0.0,
            rss_bytes=moment.memory_bytes,
            system=moment.system,
            temp=TempUsage(moment.temp_bytes, moment.temp_files, 1020.0),
            tracker=(float(moment.progress),),
        )
        assert threading.current_thread() not in heard.threads

    def test_both_sources_agree(self, api: DemoApi, clock: Clock, heard: Heard) -> None:
        """The answering process is the one that the process reading names."""
        probe = DemoProbe(clock)
        clock.now_s += ENCODING_S
        api.ask(10.0)
        outcome = heard.next()
        assert isinstance(outcome, ApiReading)
        assert outcome.rss_bytes == probe.read(clock.now_s).answering_rss_bytes

    def test_the_stage_comes_when_asked_for(self, api: DemoApi, clock: Clock, heard: Heard) -> None:
        """Its time stamp moves with the job's progress."""
        marks = []
        for at_s in (20, 23):
            clock.now_s = 1000.0 + at_s
            api.ask(10.0, with_stage=True)
            outcome = heard.next()
            assert isinstance(outcome, ApiReading)
            marks.append(outcome.stage)
        assert all(mark and mark.name.startswith("STREAMING_BATCH_") for mark in marks)
        assert marks[0] != marks[1]

    def test_while_silent_it_withholds_the_answer(
        self, api: DemoApi, clock: Clock, heard: Heard
    ) -> None:
        """It comes when the silence is over; meanwhile there is one request in flight."""
        clock.now_s += SILENT_S
        assert api.ask(30.0)
        assert not api.ask(30.0)
        assert heard.outcomes == []
        clock.now_s = 1000.0 + TALKS_AGAIN_S
        outcome = heard.next()
        assert isinstance(outcome, ApiReading)
        assert outcome.rss_bytes == story(TALKS_AGAIN_S).memory_bytes
        assert outcome.latency_s == TALKS_AGAIN_S - SILENT_S
        assert api.ask(10.0)

    def test_patience_ends_before_the_silence(
        self, api: DemoApi, clock: Clock, heard: Heard
    ) -> None:
        """Then it is a time-out, and the next request may be sent."""
        clock.now_s += SILENT_S
        api.ask(3.0)
        clock.now_s += 3.0
        outcome = heard.next()
        assert outcome == ApiFailure(
            clock.now_s, ApiProblem(ApiFailureKind.NO_ANSWER, waited_s=3.0)
        )
        assert api.ask(3.0)

    def test_closing_ends_a_withheld_request(
        self, api: DemoApi, clock: Clock, heard: Heard
    ) -> None:
        """The thread ends, nothing is reported, and nothing more can be asked."""
        clock.now_s += SILENT_S
        api.ask(30.0)
        thread = next(t for t in reversed(threading.enumerate()) if t.name == "demo-api")
        api.close()
        api.close()
        assert not thread.is_alive()
        assert heard.outcomes == []
        assert not api.ask(1.0)


def test_the_walker_tells_the_storys_temp_directory() -> None:
    """At each watch, whatever the path: there is but one directory."""
    clock = Clock()
    heard: list[TempUsage] = []
    walker = DemoWalker(heard.append, clock)
    clock.now_s += 30
    walker.watch(None)
    walker.close()
    assert heard == [TempUsage(story(30).temp_bytes, story(30).temp_files, 1030.0)]


def test_a_newcomer_sees_everything() -> None:
    """In two rounds at the usual pace a level is said, critical is foretold, and memory is back.

    Every band is shown, the automatic mode falls back and comes back, and a round ends idle.
    """
    clock = Clock(0.0)
    state = begin(Settings(), Settings(), Now(0.0, 0.0), local=True, demo=True)
    probe, events, asked_s = DemoProbe(clock), list[Event](), None
    with_stage = False

    def happen(happened: Asked | Answered | SourcesRead) -> None:
        nonlocal state
        state, new = step(state, happened, Now(clock.now_s, clock.now_s))
        events.extend(new)

    for tick in range(1, round(2 * STORY_S / 0.1)):
        clock.now_s = tick * 0.1
        moment = story(clock.now_s)
        if asked_s is not None and not moment.api_silent:
            outcome = demo._reading(moment, clock.now_s, clock.now_s - asked_s, with_stage)
            asked_s = None
            happen(Answered(outcome))
        elif asked_s is None and tick % 20 == 18:
            asked_s, with_stage = clock.now_s, wants_stage(state)
            happen(Asked())
        if tick % 20 == 0 or samples_at_once(state, Now(clock.now_s, clock.now_s)):
            happen(SourcesRead(probe.read(clock.now_s)))

    told = found(events, LevelReached, Recovered)
    levels = [event.level if isinstance(event, LevelReached) else None for event in told]
    early = [isinstance(event, LevelReached) and event.forecast is not None for event in told]
    foretold = [isinstance(event, LevelReached) and event.foretold for event in told]
    assert levels == [
        Level.RAISED,
        Level.CRITICAL,
        Level.CRITICAL,
        None,
        Level.RAISED,
        Level.CRITICAL,
        Level.CRITICAL,
    ]
    assert early == [False, True, False, False, False, True, False]
    assert foretold == [False, False, True, False, False, False, True]
    samples: list[Sample] = [event.sample for event in events if isinstance(event, Sampled)]
    assert {sample.band for sample in samples} == set(Band) - {Band.UNKNOWN}
    fallen_back = [sample for sample in samples if sample.fallback]
    assert {sample.source for sample in fallen_back} == {Source.PROCESS}
    assert {sample.api.state for sample in fallen_back} == {ApiState.SILENT}
    assert Activity.INTENSIVE in {sample.activity for sample in samples}
    stages = {sample.stage.name for sample in samples if sample.stage and not sample.stage.inferred}
    assert {"frames", "encoding"} <= stages
    assert (samples[-1].source, samples[-1].activity) == (Source.API, Activity.IDLE)
    assert samples[-1].band is Band.GREEN
