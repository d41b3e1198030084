"""What the figure measures, and what begins again when that changes."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.core.made import TARGET, answer, found, found_in, mb, no_process, refusal, tree_reading
from tests.core.monitor.told import START_S, WALL_S, Told, started
from tray_app.core.alerts.levels import LevelReached, Recovered
from tray_app.core.alerts.server_exit import ServerExit, ServerReturn
from tray_app.core.analysis.bands import Band
from tray_app.core.config.settings import Settings
from tray_app.core.model.presets import Mode
from tray_app.core.model.process_finding import ProcessProblem, ProcessProblemKind
from tray_app.core.model.readings import Loss, Now, ProcessReading, Source, TempUsage
from tray_app.core.model.server_address import parse_address
from tray_app.core.monitor.events import JobEnded, Summarised, TargetChanged
from tray_app.core.monitor.inputs import Answered, Asked, Reconfigured, SourcesRead, TimeUp
from tray_app.core.monitor.state import begin
from tray_app.core.server.target_override import named
from tray_app.core.source_choice.basis import ENDED, Basis, is_another
from tray_app.core.source_choice.circuit_breaker import ApiState
from tray_app.core.source_choice.selection import Why

SERVER, OTHER = (42, 1.0), (43, 1.0)


@pytest.fixture
def told() -> Told:
    return Told(started())


def both(told: Told, at_s: float, api_mb: float, process: ProcessReading) -> None:
    """An answer that came just now, and a reading beside it."""
    told.happen(at_s, Answered(answer(api_mb, START_S + at_s)), SourcesRead(process))


def end(told: Told, at_s: float) -> None:
    """The reading that finds the server's process gone, at once."""
    gone = ProcessReading(
        START_S + at_s,
        None,
        problem=ProcessProblem(ProcessProblemKind.JUST_ENDED),
        loss=Loss(TARGET),
    )
    told.happen(at_s, SourcesRead(gone, sudden=True))


def successor(memory_mb: float, at_s: float) -> ProcessReading:
    return replace(tree_reading(memory_mb, START_S + at_s), target=replace(TARGET, created_s=99.0))


@pytest.mark.parametrize(
    ("before", "after", "another"),
    [
        (None, Basis(SERVER), False),
        (Basis(SERVER), Basis(SERVER, answers=True), False),
        (Basis(), Basis(), False),
        (Basis(SERVER, answers=True), Basis(), False),
        (Basis(SERVER), Basis(), True),
        (Basis(), Basis(SERVER, answers=True), False),
        (Basis(), Basis(SERVER), True),
        (Basis(SERVER, answers=True), Basis(OTHER, answers=True), True),
        (ENDED, Basis(SERVER), True),
        (ENDED, Basis(), True),
    ],
)
def test_api_and_tree_mean_the_same_where_an_answer_has_fitted(
    before: Basis | None, after: Basis, another: bool
) -> None:
    """Else each is a figure of its own; another process always is, and so is another life."""
    assert is_another(before, after) is another


class TestAProxyOnThePort:
    """A forwarder of 20 MB; the server behind it holds 1.94 GB."""

    def test_what_it_holds_is_no_part_of_a_climb(self, told: Told) -> None:
        """Its 20 MB come first where the API is slow to answer: then all begins again."""
        for at_s in (0, 2, 4, 6):
            told.read(at_s, 20)
        assert told.sample.memory_bytes == mb(20)
        for at_s in (8, 10, 12):
            both(told, at_s, 1987, tree_reading(20, START_S + at_s))
            assert told.sample.memory_bytes == mb(1987)
            assert (told.sample.rate_bytes_s or 0.0) == pytest.approx(0.0, abs=1.0)
            assert told.sample.forecast is None
        assert told.sample.peak_bytes == mb(1987)
        alerts = found(told.events, LevelReached)
        assert [event.forecast for event in alerts] == [None]  # raised it is, for it stands there

    def test_nor_where_its_first_answer_takes_seconds(self, told: Told) -> None:
        """Nothing says before it that the 20 MB are not the server's."""
        for at_s in (0, 2, 4):
            told.read(at_s, 20)
        late = answer(1987, START_S + 6, latency_s=5.9)
        told.happen(6, Answered(late), SourcesRead(tree_reading(20, START_S + 6)))
        told.read(8, 20)
        assert (told.sample.memory_bytes, told.sample.why) == (mb(1987), Why.NOT_THE_SERVER)
        assert (told.sample.rate_bytes_s or 0.0) == pytest.approx(0.0, abs=1.0)

    def test_the_summary_is_of_the_server_alone(self) -> None:
        """Time and samples are the run's; peak, average and trend are of what it measures now."""
        told = Told(begin(Settings(), Settings(duration_s=20.0), Now(START_S, WALL_S), local=True))
        for at_s in (0, 2, 4):
            told.read(at_s, 3000)
        for at_s in range(6, 20, 2):
            both(told, at_s, 400, tree_reading(3000, START_S + at_s))
        told.happen(20, TimeUp())
        (event,) = told.of(Summarised)
        assert isinstance(event, Summarised)
        summary = event.summary
        assert (summary.peak_bytes, summary.average_bytes) == (mb(400), pytest.approx(mb(400)))
        assert summary.trend_bytes == 0
        assert (summary.elapsed_s, summary.samples) == (20.0, 10)

    def test_the_band_is_that_of_the_new_figure_at_once(self, told: Told) -> None:
        """It does not fall in two readings as the old figure would."""
        for at_s in (0, 2):
            told.read(at_s, 3000)
        assert told.sample.band is Band.RED
        both(told, 4, 400, tree_reading(3000, START_S + 4))
        assert told.sample.band is Band.GREEN

    def test_a_job_that_runs_has_no_figures_of_it(self, told: Told) -> None:
        """Its time stays; before and peak would be the proxy's."""
        told.read(0, 20)
        for at_s in (2, 4, 6):
            told.read(at_s, 20, cpu_percent=100)
        assert told.sample.job is not None
        assert told.sample.job.before is not None
        both(told, 8, 1000, tree_reading(20, START_S + 8, cpu_percent=100))
        assert told.sample.job is not None
        assert (told.sample.job.before, told.sample.job.peak_bytes) == (None, mb(1000))

    def test_one_that_was_chosen_is_read_and_its_api_speaks_for_another(self) -> None:
        """The figure does not change between the two with each answer."""
        settings = Settings(pid=42)
        told = Told(started(settings))
        assert told.state.override == named(42, None)
        for at_s in (0, 2, 4, 6):
            both(told, at_s, 1987, tree_reading(20, START_S + at_s))
            told.read(at_s + 1, 20)
            assert told.sample.memory_bytes == mb(20)


class TestTheSameServer:
    def test_a_change_of_source_changes_nothing(self, told: Told) -> None:
        """API, its processes, and API again are one figure."""
        both(told, 0, 300, tree_reading(300, START_S))
        both(told, 2, 310, tree_reading(310, START_S + 2))
        told.read(8, 340)
        assert told.sample.source is Source.PROCESS
        both(told, 10, 350, tree_reading(350, START_S + 10))
        assert told.sample.rate_bytes_s == pytest.approx(mb(5), rel=0.1)

    def test_a_reading_that_fails_once_changes_nothing(self, told: Told) -> None:
        """The API speaks for it meanwhile."""
        both(told, 0, 900, tree_reading(900, START_S))
        both(
            told,
            2,
            400,
            no_process(START_S + 2, ProcessProblem(ProcessProblemKind.READING_FAILED)),
        )
        both(told, 4, 400, tree_reading(400, START_S + 4))
        assert told.sample.peak_bytes == mb(900)

    def test_workers_that_do_not_listen_yet_are_read_as_a_tree(self, told: Told) -> None:
        """The API's figure is one worker's, also while it is not known how many answer."""
        starting = {"children": {"a": 131, "b": 90}, "workers": 0, "answering_mb": None}
        told.happen(0, SourcesRead(tree_reading(12, START_S, **starting)))  # type: ignore[arg-type]
        both(told, 2, 131, tree_reading(12, START_S + 2, **starting))  # type: ignore[arg-type]
        assert (told.sample.source, told.sample.memory_bytes) == (Source.PROCESS, mb(233))
        assert told.sample.why is Why.WORKERS

    def test_two_answers_that_do_not_fit_give_up_nothing(self, told: Told) -> None:
        """Memory may move between an answer and the reading beside it."""
        both(told, 0, 900, tree_reading(900, START_S))
        for at_s in (2, 4):
            both(told, at_s, 500, tree_reading(800, START_S + at_s))
        assert told.sample.peak_bytes == mb(900)


class TestTheEndOfTheServer:
    """690 MB, in the middle of a job, killed at 9 s."""

    @pytest.fixture
    def told(self) -> Told:
        told = Told(started())
        both(told, 0, 300, tree_reading(300, START_S))
        for at_s in (2, 4, 6, 8):
            both(told, at_s, 690, tree_reading(690, START_S + at_s, cpu_percent=100))
        end(told, 9)
        return told

    def test_the_dead_servers_figure_is_not_shown(self, told: Told) -> None:
        """Neither its memory nor its work, although the API's last answer is a second old."""
        sample = told.sample
        assert (sample.source, sample.memory_bytes, sample.band) == (
            Source.NONE,
            None,
            Band.UNKNOWN,
        )
        assert not told.state.activity.is_busy
        assert (sample.why, sample.api.state) == (Why.NO_PROCESS, ApiState.WAITING)
        (gone,) = told.of(ServerExit)
        assert found_in(gone, ServerExit)
        assert (gone.finding.memory_bytes, gone.finding.busy) == (mb(690), True)
        (ended,) = told.of(JobEnded)
        assert isinstance(ended, JobEnded)
        assert (ended.job.lost, ended.job.peak_bytes) == (True, mb(690))

    def test_it_is_asked_at_once_whether_another_answers(self, told: Told) -> None:
        """No pause has to end first."""
        assert told.state.breaker.next_ask_s == 0.0

    def test_it_was_away_from_the_reading_that_found_it_gone(self, told: Told) -> None:
        """To the first figure of its successor."""
        for at_s in (10, 12, 14, 16, 18, 20, 22):
            told.happen(at_s, Asked(), Answered(refusal(START_S + at_s)))
            told.happen(at_s, SourcesRead(no_process(START_S + at_s)))
        told.happen(23, SourcesRead(successor(120, 23)))
        (back,) = told.of(ServerReturn)
        assert found_in(back, ServerReturn)
        assert back.finding.away_s == 14.0

    def test_its_peak_ends_with_it(self, told: Told) -> None:
        """It is shown until a successor has figures of its own, which begin with those."""
        assert told.sample.peak_bytes == mb(690)
        told.happen(12, SourcesRead(successor(120, 12)))
        told.happen(14, SourcesRead(successor(130, 14)))
        assert told.sample.peak_bytes == mb(130)
        assert told.sample.kept is None

    def test_the_measurement_goes_on(self, told: Told) -> None:
        """It is of the server, in both of its lives."""
        told.happen(12, SourcesRead(successor(120, 12)))
        assert told.state.run.peak_bytes == mb(690)

    def test_one_that_is_there_again_in_the_same_reading_is_another_life(self) -> None:
        """The figure is the successor's, not the last answer of its predecessor."""
        told = Told(started())
        both(told, 0, 690, tree_reading(690, START_S))
        reading = replace(successor(120, 2), loss=Loss(TARGET))
        told.happen(1.8, Answered(answer(690, START_S + 1.8)), SourcesRead(reading))
        assert (told.sample.source, told.sample.memory_bytes) == (Source.PROCESS, mb(120))
        assert told.sample.peak_bytes == mb(120)

    def test_a_proxy_that_ends_takes_no_answer_with_it(self) -> None:
        """The API speaks for the server behind it, which is not gone: nobody says that it is."""
        told = Told(started())
        both(told, 0, 690, tree_reading(20, START_S))
        assert told.sample.why is Why.NOT_THE_SERVER
        end(told, 1)
        assert told.sample.memory_bytes == mb(690)
        assert told.of(TargetChanged) == []

    def test_a_level_that_was_said_is_recovered_from(self) -> None:
        """By the successor, once."""
        told = Told(started())
        for at_s in (0, 2, 4):
            both(told, at_s, 2500, tree_reading(2500, START_S + at_s))
        end(told, 5)
        for at_s in range(6, 48, 2):
            told.happen(at_s, SourcesRead(successor(120, at_s)))
        assert len(told.of(Recovered)) == 1


def test_nobody_listens_any_more_on_another_machine() -> None:
    """Three refusals in a row are the end of its last value; it was away since that was told."""
    told = Told(started(local=False))
    for at_s in (0, 2, 4):
        told.happen(at_s, Answered(answer(1600, START_S + at_s)), SourcesRead())
    for at_s in (6, 7, 9):
        told.happen(at_s, Asked(), Answered(refusal(START_S + at_s)))
    told.happen(9, SourcesRead())
    assert (told.sample.source, told.sample.memory_bytes) == (Source.NONE, None)
    assert len(told.of(ServerExit)) == 1
    for at_s in (11, 13, 15, 17):
        told.happen(at_s, SourcesRead())
    told.happen(18, Answered(answer(120, START_S + 18)), SourcesRead())
    (back,) = told.of(ServerReturn)
    assert found_in(back, ServerReturn)
    assert back.finding.away_s == 14.0
    assert told.sample.peak_bytes == mb(120)


def test_api_only_gives_the_value_up_when_nobody_listens() -> None:
    """And keeps it for as long as somebody may only be busy."""
    told = Told(started(Settings(mode=Mode.API)))
    told.happen(0, Answered(answer(690, START_S)), SourcesRead())
    told.happen(2, Asked(), Answered(refusal(START_S + 2)), SourcesRead())
    assert told.sample.stale
    for at_s in (3, 5):
        told.happen(at_s, Asked(), Answered(refusal(START_S + at_s)), SourcesRead())
    assert told.sample.memory_bytes is None


class TestTemp:
    """The API tells 9 MB; the walker's first figure is still to come."""

    def test_the_last_figure_stays_until_the_other_sources_first(self, told: Told) -> None:
        """With its age."""
        temp = TempUsage(mb(9), 2, START_S)
        told.happen(
            0, Answered(answer(300, START_S, temp=temp)), SourcesRead(tree_reading(300, START_S))
        )
        told.read(4, 300)
        assert told.sample.source is Source.PROCESS
        assert told.sample.temp == temp
        walked = TempUsage(mb(10), 3, START_S + 5)
        told.happen(6, SourcesRead(tree_reading(300, START_S + 6), walked))
        assert told.sample.temp == walked

    def test_of_several_workers_it_is_the_walkers(self, told: Told) -> None:
        """Whichever worker has just answered: the API tells no names of files, by which the stage
        is known. One that is too old is none."""
        workers = {"children": {"a": 300, "b": 300}, "workers": 2, "answering_mb": None}
        walked = TempUsage(mb(9), 2, START_S, ("processed_u1.mp4",))
        for at_s in range(0, 20, 2):
            told.happen(
                at_s,
                Answered(answer(300, START_S + at_s, temp=TempUsage(mb(9), 2, START_S + at_s))),
                SourcesRead(tree_reading(12, START_S + at_s, **workers), walked),  # type: ignore[arg-type]
            )
            assert told.sample.temp is not None
            assert bool(told.sample.temp.names) is (at_s <= 14)

    def test_it_does_not_stay_for_long(self, told: Told) -> None:
        """An old figure is none."""
        temp = TempUsage(mb(9), 2, START_S)
        told.happen(
            0, Answered(answer(300, START_S, temp=temp)), SourcesRead(tree_reading(300, START_S))
        )
        for at_s in range(2, 18, 2):
            told.read(at_s, 300)
        assert told.sample.temp is None

    def test_it_is_no_sign_of_work(self, told: Told) -> None:
        """The same figure again."""
        temp = TempUsage(mb(9), 2, START_S, ("u1_faststart.mp4",))
        told.happen(0, SourcesRead(tree_reading(300, START_S), temp))
        for at_s in (2, 4, 6):
            told.read(at_s, 300)
        assert not told.state.activity.is_busy


def test_another_address_is_another_server(told: Told) -> None:
    """No figure of the old one is in what is gathered of the new one."""
    told.read(0, 900)
    base = Settings(address=parse_address("http://localhost:8001"))
    told.happen(1, Reconfigured(base, local=True))
    told.happen(2, SourcesRead(successor(120, 2)))
    assert told.sample.peak_bytes == mb(120)
    assert told.state.run.peak_bytes == mb(120)
