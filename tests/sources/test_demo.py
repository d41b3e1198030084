"""The scripted server behind ``--demo``."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from itertools import groupby, pairwise

import pytest

from tests.waiting import wait_for
from tray_app.core.alerts.forecast import ForecastKind
from tray_app.core.alerts.levels import LevelReached, Recovered
from tray_app.core.alerts.limits import Level
from tray_app.core.alerts.policy import Finding
from tray_app.core.analysis.activity import Activity
from tray_app.core.analysis.bands import Band
from tray_app.core.config.settings import Settings, for_demo
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
from tray_app.core.model.server_action import ActionResult, ServerAction
from tray_app.core.monitor.events import Alert, Event, Sampled
from tray_app.core.monitor.inputs import Answered, Asked, SourcesRead
from tray_app.core.monitor.sample import Sample
from tray_app.core.monitor.state import begin, samples_at_once, wants_stage
from tray_app.core.monitor.step import step
from tray_app.core.presentation.action_text import brought
from tray_app.core.presentation.icon import Picture
from tray_app.core.presentation.notifications import note
from tray_app.core.source_choice.circuit_breaker import ApiState
from tray_app.sources import demo
from tray_app.sources.api.action_worker import ActionWorker
from tray_app.sources.api.errors import ApiError
from tray_app.sources.demo import (
    STORY_S,
    DemoApi,
    DemoCalls,
    DemoProbe,
    DemoServer,
    DemoWalker,
    story,
)
from tray_app.views.presenter import picture

SILENT_S = next(t for t in range(round(STORY_S)) if story(t).api_silent)
TALKS_AGAIN_S = next(t for t in range(SILENT_S, round(STORY_S)) if not story(t).api_silent)
ENCODING_S = next(t for t in range(round(STORY_S)) if story(t).ffmpeg)


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
        """For three seconds an idle server at about 180 MB."""
        for moment in map(story, times(3)):
            assert 178 * MIB < moment.memory_bytes < 182 * MIB
            assert moment.cpu_percent < 5
            assert (moment.temp_files, moment.temp_bytes) == (0, 0)

    def test_it_passes_through_every_band_and_above_three_gigabytes(self) -> None:
        """Each colour stays for several samples, and critical is reached."""
        limits = Settings().bands
        bands = [limits.band(story(t).memory_bytes) for t in times(STORY_S, 2)]
        for band in (Band.GREEN, Band.YELLOW, Band.ORANGE, Band.RED):
            assert bands.count(band) >= 2, band
        assert max(story(t).memory_bytes for t in times(STORY_S)) > 3030 * MIB

    def test_the_climb_never_turns(self) -> None:
        """From the first frame to the last, memory rises or stands."""
        climb = [story(t).memory_bytes for t in range(8, 45)]
        assert all(b - a > -3 * MIB for a, b in pairwise(climb))

    def test_the_api_falls_silent_at_the_top(self) -> None:
        """For more than five seconds, while the server encodes, and works hardest."""
        silent = [t for t in times(STORY_S) if story(t).api_silent]
        assert 5 < silent[-1] - silent[0] < 8
        assert all(story(t).cpu_percent > 100 for t in silent)
        assert all(story(t).memory_bytes > 3000 * MIB for t in silent)

    def test_stages_are_the_servers_own_words(self) -> None:
        """As its history tells them, with a batch number while frames are processed."""
        stages = [story(t).stage for t in times(STORY_S, 1)]
        assert "STREAMING_BATCH_10" in stages
        assert stages[0] == stages[-1] == "AFTER_FINAL_GC"

    def test_progress_stands_still_while_idle(self) -> None:
        """It moves at each step of a job, and not from one job's end to the next one's start."""
        assert len({story(t).progress for t in times(STORY_S + 3) if t >= 53}) == 1
        assert len({story(t).progress for t in times(STORY_S) if 3 <= t < 53}) > 20

    def test_it_goes_on_with_memory_retained(self) -> None:
        """After a job about 420 MB stay, which is where every later round begins and ends."""
        for rounds in (1, 2, 50):
            for t in times(3):
                assert 418 * MIB < story(rounds * STORY_S + t).memory_bytes < 422 * MIB
        later = [story(5 * STORY_S + t).memory_bytes for t in times(STORY_S)]
        assert min(later) > 418 * MIB
        assert max(later) > 3030 * MIB

    def test_memory_does_not_jump(self) -> None:
        """A step of a tenth of a second is never more than 200 MB, also from round to round."""
        memory = [story(t).memory_bytes for t in times(3 * STORY_S)]
        steps = [abs(b - a) for a, b in pairwise(memory)]
        assert max(steps) < 200 * MIB

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
        probe = DemoProbe(DemoServer(clock))
        alone, encoding = probe.read(1020.0), probe.read(1000.0 + ENCODING_S)
        assert [row.role for row in alone.rows] == [Role.TARGET]
        assert alone.rss_bytes == alone.answering_rss_bytes == story(20).memory_bytes
        assert [row.name for row in encoding.rows] == ["uvicorn", "ffmpeg"]
        assert encoding.rss_bytes == story(ENCODING_S).memory_bytes + encoding.rows[1].rss_bytes
        assert encoding.answering_rss_bytes == story(ENCODING_S).memory_bytes
        assert encoding.worker_count == 1

    def test_cpu_is_known_from_the_second_reading_on(self) -> None:
        """As with real processes, and again after forgetting."""
        probe = DemoProbe(DemoServer(Clock()))
        first, second = probe.read(1020.0), probe.read(1022.0)
        probe.forget()
        assert first.cpu_percent is None
        assert second.cpu_percent == story(22).cpu_percent
        assert probe.read(1024.0).cpu_percent is None
        probe.close()

    def test_other_pythons_come_when_asked_for(self) -> None:
        """They are scripted, too."""
        probe = DemoProbe(DemoServer(Clock()))
        assert probe.read(1001.0).others == ()
        assert [row.role for row in probe.read(1003.0, others=True).others] == [Role.PYTHON]

    def test_its_processes_are_nobodys(self) -> None:
        """No pid of the demo can be a real process."""
        reading = DemoProbe(DemoServer(Clock())).read(1000.0 + ENCODING_S, others=True)
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
    api = DemoApi(heard, DemoServer(clock))
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
        probe = DemoProbe(DemoServer(clock))
        clock.now_s += 30
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


class TestWalker:
    def test_it_tells_the_storys_temp_directory(self) -> None:
        """At each watch, whatever the path: there is but one directory."""
        clock = Clock()
        heard: list[TempUsage] = []
        walker = DemoWalker(heard.append, DemoServer(clock), lambda: None)
        clock.now_s += 30
        walker.watch(None)
        walker.close()
        assert heard == [TempUsage(story(30).temp_bytes, story(30).temp_files, 1030.0)]

    def test_it_says_when_the_story_begins_again(self) -> None:
        """Once a round."""
        clock = Clock()
        said_s: list[float] = []
        walker = DemoWalker(
            lambda _: None, DemoServer(clock), lambda: said_s.append(clock.now_s - 1000.0)
        )
        for _ in range(round(2.5 * STORY_S)):
            clock.now_s += 1
            walker.watch(None)
        assert said_s == [STORY_S, 2 * STORY_S]


class Watcher:
    """Watches the demo for a while, with its own settings, and notes what the icon and the
    notifications say at which second."""

    def __init__(self) -> None:
        self.clock = Clock(0.0)
        settings = for_demo(Settings())
        self.server = DemoServer(self.clock)
        self.probe = DemoProbe(self.server)
        self.state = begin(settings, settings, Now(0.0, 0.0), local=True, demo=True)
        self.every = round(settings.interval_s / 0.1)
        self.events: list[Event] = []
        self.pictures: list[Picture] = []
        self.notes: list[tuple[Finding, Picture, Sample]] = []
        self._asked_s: float | None = None
        self._with_stage = False

    def watch(self, until_s: float) -> None:
        """In steps of a tenth of a second, as the sampler does it."""
        while self.clock.now_s < until_s - 0.05:
            self.clock.now_s = round(self.clock.now_s + 0.1, 1)
            self._tick(round(self.clock.now_s / 0.1))

    def _tick(self, number: int) -> None:
        now_s = self.clock.now_s
        moment = self.server.now()
        if self._asked_s is not None and not moment.api_silent:
            asked_s, self._asked_s = self._asked_s, None
            self._happen(Answered(demo._reading(moment, now_s, now_s - asked_s, self._with_stage)))
        elif self._asked_s is None and number % self.every == self.every - 2:
            self._asked_s, self._with_stage = now_s, wants_stage(self.state)
            self._happen(Asked())
        if number % self.every == 0 or samples_at_once(self.state, Now(now_s, now_s)):
            self._happen(SourcesRead(self.probe.read(now_s)))

    def _happen(self, happened: Asked | Answered | SourcesRead) -> None:
        self.state, new = step(self.state, happened, Now(self.clock.now_s, self.clock.now_s))
        for event in new:
            self.events.append(event)
            if isinstance(event, Sampled):
                self.pictures.append(picture(self.state))
            if note(event):
                assert isinstance(event, Alert)
                self.notes.append((event.finding, picture(self.state), event.sample))

    @property
    def samples(self) -> list[Sample]:
        return [event.sample for event in self.events if isinstance(event, Sampled)]


def changes(values: Iterable[object]) -> list[object]:
    """Each value that differs from the one before."""
    return [value for value, _ in groupby(values)]


@pytest.fixture
def first_round() -> Watcher:
    watcher = Watcher()
    watcher.watch(STORY_S)
    return watcher


class TestFirstRound:
    """What a newcomer sees in the first minute."""

    def test_a_round_is_a_minute(self) -> None:
        """No more, so that a newcomer sees the end."""
        assert STORY_S <= 60

    def test_the_icon_tells_it_in_order(self, first_round: Watcher) -> None:
        """Green, through each colour to red, the mark of the silent API while red, and down again
        to green."""
        seen = changes((each.band, each.process_source) for each in first_round.pictures)
        assert seen[:6] == [
            (Band.GREEN, False),
            (Band.YELLOW, False),
            (Band.ORANGE, False),
            (Band.RED, False),
            (Band.RED, True),
            (Band.RED, False),
        ]
        down = [(band, False) for band in (Band.ORANGE, Band.YELLOW, Band.GREEN)]
        assert seen[6:] == [each for each in down if each in seen[6:]]
        assert seen[-1] == (Band.GREEN, False)

    def test_each_colour_stays_to_be_seen(self, first_round: Watcher) -> None:
        """For three seconds and more; the API's silence for four."""
        bands = [each.band for each in first_round.pictures]
        assert min(bands.count(band) for band in set(bands)) >= 3
        assert sum(each.process_source for each in first_round.pictures) >= 4

    def test_the_server_works_in_order(self, first_round: Watcher) -> None:
        """Idle, upload, frames, encoding, clean-up, idle."""
        stages = changes(
            sample.activity if sample.activity is Activity.IDLE else sample.stage.name
            for sample in first_round.samples
            if sample.activity is Activity.IDLE or sample.stage
        )
        assert stages == [Activity.IDLE, "upload", "frames", "encoding", "cleanup", Activity.IDLE]

    def test_each_notification_comes_while_its_cause_is_on_the_icon(
        self, first_round: Watcher
    ) -> None:
        """High, the forecast of critical, critical, back to normal: each once, in this order."""
        high, foretold, critical, normal = first_round.notes
        assert isinstance(high[0], LevelReached)
        assert (high[1].band, high[1].figure, high[2].alert) == (Band.RED, "2.0", Level.HIGH)
        assert isinstance(foretold[0], LevelReached)
        assert foretold[0].forecast is not None
        assert foretold[2].forecast is not None
        assert foretold[2].alert is Level.HIGH
        assert isinstance(critical[0], LevelReached)
        assert critical[0].foretold
        assert (critical[1].figure, critical[2].alert) == ("2.9", Level.CRITICAL)
        assert isinstance(normal[0], Recovered)
        assert (normal[1].band, normal[1].figure, normal[2].alert) == (
            Band.GREEN,
            ".4",
            Level.NONE,
        )

    def test_the_forecast_comes_in_time(self, first_round: Watcher) -> None:
        """At least eight seconds before critical, and back to normal before the round ends."""
        _, foretold, critical, normal = (sample.at.mono_s for *_, sample in first_round.notes)
        assert critical - foretold >= 8
        assert normal < STORY_S - 2

    def test_memory_is_kept_in_part(self, first_round: Watcher) -> None:
        """The last figure is above the first; the next round says so."""
        first, last = first_round.samples[0], first_round.samples[-1]
        assert last.memory_bytes is not None
        assert first.memory_bytes is not None
        assert last.memory_bytes - first.memory_bytes > 200 * MIB
        first_round.watch(STORY_S + 6)
        kept = first_round.samples[-1].kept
        assert kept is not None
        assert 230 * MIB < kept.kept_bytes < 250 * MIB

    def test_the_api_is_away_and_back(self, first_round: Watcher) -> None:
        """The automatic mode uses the processes meanwhile."""
        fallen_back = [sample for sample in first_round.samples if sample.fallback]
        assert {sample.source for sample in fallen_back} == {Source.PROCESS}
        assert {sample.api.state for sample in fallen_back} == {ApiState.SILENT}
        assert first_round.samples[-1].source is Source.API

    def test_the_only_forecast_is_the_one_of_critical(self, first_round: Watcher) -> None:
        """Nothing hints at more, and at the top memory stands: no old rate beside it."""
        foretold = [sample.forecast for sample in first_round.samples if sample.forecast]
        assert {forecast.kind for forecast in foretold} == {ForecastKind.CRITICAL}
        top = [sample for sample in first_round.samples if 47.9 < sample.at.mono_s < 51.2]
        assert all(abs(sample.rate_bytes_s or 0.0) < 5 * MIB for sample in top)

    def test_later_rounds_are_like_the_first(self, first_round: Watcher) -> None:
        """The same notifications, in the same order."""
        kinds = [type(finding) for finding, *_ in first_round.notes]
        first_round.notes.clear()
        first_round.watch(2 * STORY_S)
        assert [type(finding) for finding, *_ in first_round.notes] == kinds


class TestFreeing:
    def test_it_frees_half_of_what_the_server_does_not_need(self) -> None:
        """At once, in what API and processes say."""
        clock = Clock(0.0)
        server = DemoServer(clock)
        clock.now_s = STORY_S - 2
        before = server.now().memory_bytes
        server.free_memory()
        freed = before - server.now().memory_bytes
        assert 118 * MIB < freed < 122 * MIB
        assert DemoProbe(server).read(clock.now_s).rss_bytes == server.now().memory_bytes

    def test_it_lasts_into_the_next_round_and_no_longer(self) -> None:
        """Memory moves on from where it is; the next job keeps memory again."""
        clock = Clock(0.0)
        server = DemoServer(clock)
        clock.now_s = STORY_S - 0.1
        server.free_memory()
        left = server.now().memory_bytes
        clock.now_s = STORY_S + 1
        assert abs(server.now().memory_bytes - left) < 3 * MIB
        clock.now_s = 2 * STORY_S - 1
        assert server.now() == story(2 * STORY_S - 1)

    def test_it_can_be_pressed_again_and_never_takes_too_much(self) -> None:
        """The server needs 180 MB."""
        clock = Clock(0.0)
        server = DemoServer(clock)
        clock.now_s = 40.0
        for _ in range(8):
            server.free_memory()
        assert 178 * MIB < server.now().memory_bytes < 200 * MIB
        clock.now_s = STORY_S - 1
        assert 178 * MIB < server.now().memory_bytes < 182 * MIB

    def test_a_click_says_what_it_freed(self) -> None:
        """The menu's action runs against the scripted server, and is measured as any other."""
        clock = Clock(0.0)
        server = DemoServer(clock)
        clock.now_s = STORY_S - 2
        results: list[ActionResult] = []
        worker = ActionWorker(
            ServerAction.FREE_MEMORY, DemoCalls(server), results.append, time.monotonic
        )
        worker.start()
        wait_for(lambda: results, "a result")
        title, text = brought(results[0])
        assert title == "Freed 120 MB in 1 s"
        assert "300 MB" in text

    def test_a_clean_up_deletes_nothing(self) -> None:
        """No file of the story is an hour old."""
        server = DemoServer(Clock(0.0))
        calls = DemoCalls(server)
        before = calls.status(1.0)
        calls.clean_up(1, 1.0)
        assert calls.status(1.0) == before
        calls.hang_up()

    def test_in_the_silence_nothing_is_answered(self) -> None:
        """As the real server does while it works hardest."""
        clock = Clock(0.0)
        calls = DemoCalls(DemoServer(clock))
        clock.now_s = float(SILENT_S)
        calls.close()
        with pytest.raises(ApiError):
            calls.status(30.0)
