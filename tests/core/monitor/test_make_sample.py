"""How a sample is made: its figures, its jobs, its events."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.core.made import TARGET, answer, mb, no_process, refusal, tree_reading
from tests.core.monitor.told import LIVES, START_S, WALL_S, Told, lived, started
from tray_app.core.alerts.levels import Recovered
from tray_app.core.alerts.limits import Level
from tray_app.core.analysis.activity import Activity
from tray_app.core.analysis.bands import Band
from tray_app.core.model.presets import Mode
from tray_app.core.model.readings import Loss, Source, TempUsage
from tray_app.core.monitor.events import (
    Alert,
    AlertMemoryChanged,
    HostMissing,
    JobEnded,
    JobStarted,
    Sampled,
    SourceChanged,
)
from tray_app.core.monitor.inputs import Answered, Asked, HostSeen, Input, SourcesRead
from tray_app.core.presentation import activity_text
from tray_app.core.source_choice.circuit_breaker import ApiState


class TestSamples:
    def test_a_sample_says_all_that_is_known(self, told: Told) -> None:
        """From both sources."""
        temp = TempUsage(mb(9), 2, START_S + 2)
        told.happen(
            2,
            Answered(answer(300, START_S + 1.95, temp=temp)),
            SourcesRead(tree_reading(301, START_S + 2, cpu_percent=3.0, children={"ffmpeg": 90})),
        )
        sample = told.sample
        assert (sample.number, sample.mode, sample.source) == (1, Mode.AUTO, Source.API)
        assert (sample.memory_bytes, sample.peak_bytes) == (mb(390), mb(390))
        assert (sample.band, sample.alert, sample.activity) == (
            Band.GREEN,
            Level.NONE,
            Activity.PROCESSING,
        )
        assert (sample.cpu_percent, sample.temp) == (3.0, temp)
        assert sample.age_s == pytest.approx(0.05)
        assert [row.name for row in sample.rows] == ["uvicorn", "ffmpeg"]
        assert sample.job is not None
        assert (sample.job.number, sample.job.ended) == (1, None)
        assert told.events == [Sampled(sample), JobStarted(sample.job, sample)]

    def test_a_sample_has_the_servers_last_recommendations(self, told: Told) -> None:
        """Also while it is silent; those of another server are not its own."""
        said = replace(answer(300, START_S + 1.95), advice=("Restart the server",))
        told.happen(2, Answered(said), SourcesRead(tree_reading(301, START_S + 2)))
        assert told.sample.advice == ("Restart the server",)
        told.happen(4, Asked())
        told.happen(6, SourcesRead(tree_reading(301, START_S + 6)))
        assert told.sample.advice == ("Restart the server",)
        told.happen(7, Answered(answer(300, START_S + 7)))
        told.happen(8, SourcesRead(tree_reading(301, START_S + 8)))
        assert told.sample.advice == ()

    def test_the_peak_is_that_of_the_run(self, told: Told) -> None:
        """It stays when memory falls."""
        for at_s, memory_mb in ((2, 300), (4, 900), (6, 400)):
            told.read(at_s, memory_mb)
        assert told.sample.peak_bytes == mb(900)

    def test_the_walkers_figure_counts_where_the_api_tells_none(self, told: Told) -> None:
        """And the API's own comes first."""
        walked, own = TempUsage(1, 1, 0), TempUsage(2, 2, 0)
        told.happen(2, SourcesRead(tree_reading(300, START_S + 2), walked))
        assert told.sample.temp == walked
        told.happen(4, Answered(answer(300, START_S + 4, temp=own)), SourcesRead(None, walked))
        assert told.sample.temp == own

    def test_without_any_reading_nothing_is_invented(self, told: Told) -> None:
        """No figure, no band, no rate; an alert ends with its server."""
        for at_s in (2, 4, 6):
            told.read(at_s, 2500)
        told.happen(8, SourcesRead(no_process(START_S + 8)))
        sample = told.sample
        assert (sample.source, sample.memory_bytes, sample.band) == (
            Source.NONE,
            None,
            Band.UNKNOWN,
        )
        assert (sample.rate_bytes_s, sample.age_s) == (None, None)
        assert (sample.level, sample.alert) == (Level.NONE, Level.NONE)
        assert sample.peak_bytes == mb(2500)
        assert told.of(Recovered) == []

    def test_an_answer_from_before_a_fast_poll_is_not_shown_after_it(self, told: Told) -> None:
        """The processes are shown until the next answer; after a tick an answer counts at once."""
        told.answer(2, 900)
        told.answer(4, 950)
        told.happen(5.9, SourcesRead(tree_reading(1065, START_S + 5.9), sudden=True))
        late = Answered(answer(995, START_S + 5.95, latency_s=0.1))
        told.happen(6, late, SourcesRead(tree_reading(1070, START_S + 6)))
        assert told.sample.memory_bytes == mb(1070)
        later = Answered(answer(1100, START_S + 8, latency_s=2.1))
        told.happen(8, later, SourcesRead(tree_reading(1101, START_S + 8)))
        assert told.sample.memory_bytes == mb(1100)
        assert told.of(SourceChanged) == []

    def test_a_change_of_source_is_said_once(self, told: Told) -> None:
        """Not for the first sample, and not while it stays."""
        told.answer(2, 300)
        told.answer(4, 300)
        told.read(6, 300)
        told.read(8, 300)
        told.answer(10, 300)
        sources = [event.sample.source for event in told.of(SourceChanged)]  # type: ignore[union-attr]
        assert sources == [Source.PROCESS, Source.API]
        told.read(12, 300)
        told.read(14, 300)
        told.answer(16, 300)
        again = [event.again for event in told.of(SourceChanged)]  # type: ignore[union-attr]
        assert again == [False, False, True, True]

    def test_the_rate_forgets_what_was_before_a_silence(self, told: Told) -> None:
        """Two figures with nothing between them make no slope."""
        for at_s, memory_mb in ((2, 100), (4, 200), (6, 300)):
            told.read(at_s, memory_mb)
        assert told.sample.rate_bytes_s == pytest.approx(mb(50))
        told.happen(8, SourcesRead(no_process(START_S + 8)))
        told.read(10, 900)
        assert told.sample.rate_bytes_s is None

    def test_a_stale_value_is_not_a_point_of_the_rate(self) -> None:
        """It would make every climb look steady."""
        told = Told(started(local=False))
        for at_s, memory_mb in ((2, 100), (4, 200), (6, 300)):
            told.answer(at_s, memory_mb)
        points = told.state.trend.points
        told.happen(7.95, Asked())
        told.happen(8, SourcesRead())
        assert told.sample.stale
        assert told.state.trend.points == points

    @pytest.mark.parametrize("wall_step_s", [3600.0, -3600.0])
    def test_a_gap_drops_the_rate(self, told: Told, wall_step_s: float) -> None:
        """After sleep, or when the clock was set."""
        for at_s, memory_mb in ((2, 100), (4, 200), (6, 300)):
            told.read(at_s, memory_mb)
        told.slept_s = wall_step_s
        told.read(8, 2400)
        assert told.sample.rate_bytes_s is None
        assert len(told.state.trend.points) == 1

    def test_an_unsteady_clock_is_no_gap(self, told: Told) -> None:
        """Small corrections of the wall clock happen every day."""
        for at_s, memory_mb in ((2, 100), (4, 200), (6, 300)):
            told.slept_s = 0.5 * at_s
            told.read(at_s, memory_mb)
        assert told.sample.rate_bytes_s == pytest.approx(mb(50))


class TestJobs:
    def work(self, told: Told) -> None:
        """Idle, and then a core in use."""
        for at_s, memory_mb, cpu_percent in ((2, 126, 1), (4, 300, 100), (6, 532, 100)):
            told.read(at_s, memory_mb, cpu_percent=cpu_percent)

    def test_beginning_and_end_are_events(self, told: Told) -> None:
        """And each sample shows the job, the last one too."""
        self.work(told)
        assert [event.job.number for event in told.of(JobStarted)] == [1]  # type: ignore[union-attr]
        assert told.sample.job is told.state.jobs.current
        for at_s in (8, 10, 12):
            told.read(at_s, 301)
        (ended,) = told.of(JobEnded)
        assert isinstance(ended, JobEnded)
        assert (
            activity_text.job(ended.job) == "Job 1: 4 s, 126 MB before, peak 532 MB, 301 MB after"
        )
        assert told.sample.job is ended.job

    def test_the_newer_figure_of_the_temp_directory_counts(self, told: Told) -> None:
        """While the server works it is walked between two answers, too."""
        told.answer(2, 300, temp=TempUsage(mb(12), 1, START_S + 2))  # type: ignore[arg-type]
        walked = TempUsage(mb(16), 2, START_S + 3)
        told.happen(3.2, SourcesRead(tree_reading(360, START_S + 3.2), walked, sudden=True))
        assert told.sample.temp == walked
        told.answer(4, 360, temp=TempUsage(mb(17), 2, START_S + 4))  # type: ignore[arg-type]
        assert told.sample.temp is not None
        assert told.sample.temp.size_bytes == mb(17)

    def test_what_fast_polls_have_seen_counts_as_peak(self, told: Told) -> None:
        """ffmpeg lives between two readings: the job's peak has it, and so has the run's."""
        self.work(told)
        at_work = tree_reading(340, START_S + 8, cpu_percent=100)
        told.happen(8, SourcesRead(at_work, peak_rss_bytes=mb(627)))
        assert told.sample.job is not None
        assert (told.sample.job.peak_bytes, told.sample.peak_bytes) == (mb(627), mb(627))
        for at_s in (10, 12, 14):
            told.read(at_s, 301)
        assert told.sample.job.peak_bytes == mb(627)

    def test_what_fast_polls_saw_of_a_server_that_was_killed_is_its_jobs(self, told: Told) -> None:
        """Its last half second is in no reading; it is no figure of the next one."""
        self.work(told)
        lost = replace(no_process(START_S + 8), loss=Loss(TARGET))
        told.happen(8, SourcesRead(lost, peak_rss_bytes=mb(627)))
        (ended,) = told.of(JobEnded)
        assert isinstance(ended, JobEnded)
        assert (ended.job.lost, ended.job.peak_bytes) == (True, mb(627))

    def test_polls_of_another_server_are_no_peak(self, told: Told) -> None:
        """Readings of the last server say nothing about the next one."""
        self.work(told)
        other = tree_reading(126, START_S + 8)
        other = replace(other, target=replace(TARGET, pid=77))
        told.happen(8, SourcesRead(other, peak_rss_bytes=mb(627)))
        assert told.sample.peak_bytes is not None
        assert told.sample.peak_bytes < mb(627)

    def test_a_stale_value_is_no_figure_of_a_job(self) -> None:
        """It was measured before."""
        told = Told(started(local=False))
        told.answer(2, 300, tracker=(1.0,))  # type: ignore[arg-type]
        told.answer(4, 400, tracker=(2.0,))  # type: ignore[arg-type]
        told.happen(5.95, Asked())
        told.happen(6, SourcesRead())
        assert (told.sample.stale, told.sample.activity) == (True, Activity.PROCESSING)
        told.happen(12, Answered(answer(350, START_S + 12, tracker=(2.0,))), SourcesRead())
        assert told.sample.job is not None
        assert told.sample.job.after is not None
        assert told.sample.job.after.memory_bytes == mb(350)

    def test_a_silent_remote_server_goes_on_with_its_job(self) -> None:
        """It is silent because it works; there is no figure, and no end."""
        told = Told(started(local=False))
        told.answer(2, 300, tracker=(1.0,))  # type: ignore[arg-type]
        told.answer(4, 400, tracker=(2.0,))  # type: ignore[arg-type]
        told.happen(5.95, Asked())
        for at_s in range(6, 40, 2):
            told.happen(at_s, SourcesRead())
        assert told.sample.memory_bytes is None
        told.answer(42, 900, tracker=(3.0,))  # type: ignore[arg-type]
        assert len(told.of(JobStarted)) == 1
        assert told.of(JobEnded) == []
        assert told.state.jobs.current is not None
        assert told.state.jobs.current.peak_bytes == mb(900)

    def test_a_server_that_goes_away_ends_its_job_at_once(self, told: Told) -> None:
        """Nothing can be measured after it, and the next one is idle until it works."""
        self.work(told)
        told.happen(8, SourcesRead(no_process(START_S + 8)))
        (ended,) = told.of(JobEnded)
        assert isinstance(ended, JobEnded)
        assert activity_text.job(ended.job) == (
            "Job 1: 4 s, 126 MB before, peak 532 MB, then the server ended"
        )
        assert told.sample.activity is Activity.IDLE

    def test_another_server_ends_the_job_of_the_first(self, told: Told) -> None:
        """Another pid, or the same one used again."""
        self.work(told)
        other = tree_reading(90, START_S + 8, cpu_percent=100)
        told.happen(8, SourcesRead(replace(other, target=replace(TARGET, created_s=9.0))))
        (ended,) = told.of(JobEnded)
        assert isinstance(ended, JobEnded)
        assert (ended.job.lost, ended.job.after) == (True, None)
        assert told.sample.activity is Activity.IDLE

    def test_a_server_that_was_killed_and_starts_again_has_no_job(self, told: Told) -> None:
        """Recorded: three files that it left, and 0.3 s of CPU for what it imports."""
        told.answer(2, 300, temp=TempUsage(mb(19), 2, START_S + 2))  # type: ignore[arg-type]
        told.happen(4, SourcesRead(replace(no_process(START_S + 4), loss=Loss(TARGET))))
        again = replace(TARGET, pid=77, created_s=WALL_S + 12)
        left = TempUsage(mb(20), 3, START_S + 13, ("thumbnail_x.jpg",))
        for at_s, memory_mb, percent in ((12.8, 35, None), (13.3, 47, 32), (13.8, 123, 25)):
            starting = tree_reading(memory_mb, START_S + at_s, cpu_percent=percent, workers=0)
            told.happen(at_s, SourcesRead(replace(starting, target=again), left))
        up = replace(tree_reading(123, START_S + 14, cpu_percent=60), target=again)
        reading = answer(123, START_S + 14, temp=replace(left, taken_s=START_S + 14, names=()))
        told.happen(14, Answered(reading), SourcesRead(up))
        for at_s in (16, 18, 20):
            told.happen(at_s, SourcesRead(replace(tree_reading(123, START_S + at_s), target=again)))
        assert told.of(JobStarted) == []

    def test_a_refused_connection_ends_the_job_of_a_remote_server(self) -> None:
        """Nobody is there: refused three times, which silence never is."""
        told = Told(started(local=False))
        told.answer(2, 300, tracker=(1.0,))  # type: ignore[arg-type]
        told.answer(4, 400, tracker=(2.0,))  # type: ignore[arg-type]
        for at_s in (6, 7, 9):
            told.happen(at_s, Asked(), Answered(refusal(START_S + at_s)), SourcesRead())
        (ended,) = told.of(JobEnded)
        assert isinstance(ended, JobEnded)
        assert ended.job.lost


class TestLateSamples:
    def test_a_sample_that_comes_too_late_is_counted(self, told: Told) -> None:
        """By more than a fifth of the interval of 2 s."""
        told.happen(2, SourcesRead())
        told.happen(4.4, SourcesRead(late_s=0.4))
        assert told.state.late == 0
        told.happen(6.5, SourcesRead(late_s=0.5))
        assert told.state.late == 1

    def test_sleep_is_not_lateness(self, told: Told) -> None:
        """Nobody waited for a sample while the machine slept; nor is the first one late."""
        told.happen(2, SourcesRead(late_s=1.0))
        assert told.state.late == 0
        told.happen(600, SourcesRead(late_s=596.0))
        assert told.state.late == 0


@settings(deadline=None)  # a slow machine is no defect
@given(LIVES, st.booleans())
def test_every_sample_is_consistent(
    life: list[tuple[float, float, Callable[[float], Input]]], local: bool
) -> None:
    """A figure has a source, a band and an age; no figure has none of them."""
    samples = [e.sample for e in lived(life, local).events if isinstance(e, Sampled)]
    assert [sample.number for sample in samples] == list(range(1, len(samples) + 1))
    for sample in samples:
        has_figure = sample.memory_bytes is not None
        assert has_figure == (sample.source is not Source.NONE)
        assert has_figure == (sample.band is not Band.UNKNOWN)
        assert has_figure == (sample.age_s is not None)
        assert sample.why is not None or (sample.source is Source.API and not sample.stale)
        assert sample.rate_bytes_s is None or math.isfinite(sample.rate_bytes_s)
        if not local:
            assert not sample.stale or sample.api.state is not ApiState.OFF
        assert sample.mode is not Mode.FALLBACK or sample.source is not Source.API


@settings(deadline=None)  # a slow machine is no defect
@given(LIVES, st.booleans())
def test_jobs_begin_and_end_in_turn(
    life: list[tuple[float, float, Callable[[float], Input]]], local: bool
) -> None:
    """Whatever happens: one at a time, and a sample says whether one runs."""
    running = None
    for event in lived(life, local).events:
        match event:
            case Sampled(sample):
                shown = sample.job.number if sample.job and not sample.job.ended else None
                assert (shown is not None) == (sample.activity is not Activity.IDLE)
            case JobStarted(job):
                assert running is None
                running = job.number
            case JobEnded(job):
                assert running == job.number
                running = None


def test_the_events_of_a_sample_come_in_one_order(told: Told) -> None:
    """The sample first, then source, job and alerts, the panel last."""
    told.answer(2, 300)
    told.events.clear()
    told.happen(3, HostSeen(False))
    told.happen(20, SourcesRead(tree_reading(3200, START_S + 20, children={"ffmpeg": 90})))
    kinds = [type(event) for event in told.events if not isinstance(event, AlertMemoryChanged)]
    assert kinds == [Sampled, SourceChanged, JobStarted, Alert, HostMissing]
