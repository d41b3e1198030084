"""Files that jobs leave in the temp directory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.core.made import TARGET, answer, facts, found_in, mb, no_process, refusal, tree_reading
from tray_app.core.alerts.leftover_files import (
    SETTLES_AFTER_S,
    LeftoverFiles,
    LeftoverFilesState,
    update,
    woken,
)
from tray_app.core.alerts.limits import AlertLimits
from tray_app.core.analysis.activity import Activity, ActivityState
from tray_app.core.config.settings import Settings
from tray_app.core.model.readings import Loss, Now, TempUsage
from tray_app.core.monitor.commands import SetPaused
from tray_app.core.monitor.events import JobEnded, JobStarted
from tray_app.core.monitor.inputs import Answered, Input, SourcesRead
from tray_app.core.monitor.state import begin
from tray_app.core.monitor.step import step

LIMITS = AlertLimits()
EVERY_S = 2.0


class Directory:
    """A temp directory read every 2 s, and its alerts: (moment, MB)."""

    def __init__(self, *, told: bool = True) -> None:
        self.state, self.now_s, self.told = LeftoverFilesState(), 0.0, told
        self.size_mb = 0.0
        self.said: list[tuple[float, float]] = []
        self.place: str | None = "/srv/tmp"

    def see(
        self,
        size_mb: float | None = None,
        *,
        busy: bool = False,
        stirs: bool = False,
        lost: bool = False,
        seen: bool = True,
        age_s: float = 0.1,
    ) -> None:
        """One sample; lost or not seen, there is no figure."""
        self.now_s += EVERY_S
        self.size_mb = self.size_mb if size_mb is None else size_mb
        temp = TempUsage(mb(self.size_mb), 3, self.now_s - age_s)
        activity = ActivityState(
            activity=Activity.PROCESSING if busy else Activity.IDLE,
            burst_s=0.5 if stirs else 0.0,
            seen_s=self.now_s if seen else self.now_s - 60.0,
            temp_told=self.told,
        )
        known = temp if seen and not lost else None
        seen_now = facts(
            self.now_s, temp=known, activity=activity, lost=lost, temp_place=self.place
        )
        self.state, left = update(self.state, seen_now)
        if left is not None:
            self.said.append((self.now_s, round(left.left_bytes / mb(1))))

    def rest(self, for_s: float, size_mb: float | None = None, *, told: bool | None = None) -> None:
        """Nobody works, and so much lies there."""
        self.told = self.told if told is None else told
        for _ in range(round(for_s / EVERY_S)):
            self.see(size_mb)

    def work(self, *sizes_mb: float, told: bool | None = None) -> None:
        """A job, in which so much lies there at last."""
        self.told = self.told if told is None else told
        for size_mb in sizes_mb:
            self.see(size_mb, busy=True)

    def away(self, for_s: float) -> None:
        """There is no server."""
        for _ in range(round(for_s / EVERY_S)):
            self.see(lost=True)

    @property
    def told_mb(self) -> list[float]:
        return [size_mb for _at_s, size_mb in self.said]


@pytest.fixture(params=[True, False], ids=["API", "walker"])
def directory(request: pytest.FixtureRequest) -> Directory:
    """Watched in quiet, and empty; the figures are the API's or the walker's."""
    directory = Directory(told=request.param)
    directory.rest(10, 0)
    return directory


class TestOneJob:
    def test_more_than_200_mb_after_a_job_is_said(self, directory: Directory) -> None:
        """Beyond what lay there before it, 30 s after its end, and only once."""
        directory.work(300, 900)
        ended_s = directory.now_s
        directory.rest(60, 260)
        assert directory.told_mb == [260]
        assert SETTLES_AFTER_S < directory.said[0][0] - ended_s <= SETTLES_AFTER_S + 2 * EVERY_S
        directory.rest(600)
        assert len(directory.said) == 1

    def test_200_mb_are_not_said(self, directory: Directory) -> None:
        """A larger amount is."""
        directory.work(900)
        directory.rest(60, 200)
        assert directory.said == []

    def test_what_is_removed_within_30_s_is_not_left_behind(self, directory: Directory) -> None:
        """However much it is."""
        directory.work(900)
        directory.rest(28, 900)
        directory.rest(60, 0)
        assert directory.said == []

    def test_what_is_written_later_is_not_left_behind(self, directory: Directory) -> None:
        """Only what has lain there through all the 30 s counts: the rest may be another job's
        beginning, which is not known yet."""
        directory.work(900)
        directory.rest(20, 210)
        directory.rest(20, 700)
        assert directory.told_mb == [210]

    def test_what_lay_there_before_is_not_left_behind(self, directory: Directory) -> None:
        """Only what is more after it."""
        directory.see(busy=True)
        directory.rest(60, 500)  # a person's copy, which is like a job
        directory.said.clear()
        directory.work(1500)
        directory.rest(60, 650)
        assert directory.said == []
        directory.work(1500)
        directory.rest(60, 750)
        assert directory.told_mb == [250]

    def test_a_little_from_each_job_adds_up(self, directory: Directory) -> None:
        """Files cleaned up meanwhile do not."""
        for size_mb in (150, 300):
            directory.work(900)
            directory.rest(60, size_mb)
        assert directory.told_mb == [300]
        directory.rest(10, 10)
        directory.work(900)
        directory.rest(60, 200)
        assert directory.told_mb == [300]

    def test_a_burst_neither_counts_nor_restarts_the_wait(self, directory: Directory) -> None:
        """It may become a job, or not."""
        directory.work(900)
        directory.rest(20, 300)
        directory.see(stirs=True)
        directory.rest(6)
        assert directory.said == []
        for _ in range(10):
            directory.see(stirs=True)
        assert directory.said == []
        directory.rest(2)
        assert directory.told_mb == [300]

    def test_a_figure_from_before_the_end_is_not_taken(self, directory: Directory) -> None:
        """The walker may rest for minutes."""
        directory.work(900)
        for at in range(30):
            directory.see(900, age_s=EVERY_S * (at + 2))
        directory.rest(20, 0)
        assert directory.said == []

    def test_what_a_job_replaces_is_not_left_behind(self, directory: Directory) -> None:
        """Whatever lay there in the middle of it, also where the walker has not looked since."""
        directory.see(busy=True)
        directory.rest(60, 500)
        directory.said.clear()
        directory.work(0, 0)
        directory.see(0, age_s=EVERY_S)
        directory.rest(60, 500)
        directory.work(900)
        directory.rest(60, 500)
        assert directory.said == []

    def test_without_a_job_nothing_is_left_behind(self, directory: Directory) -> None:
        """Whatever has come while nobody looked."""
        directory.state = woken(directory.state, 0.0)
        directory.rest(60, 900)
        assert directory.said == []


class TestSeriesOfJobs:
    def test_what_each_has_left_is_said_together(self, directory: Directory) -> None:
        """30 s after the last one's end, and not while one runs."""
        for size_mb in (150, 300, 450):
            directory.work(*[1000] * 20)
            directory.rest(10, size_mb)
        assert directory.said == []
        directory.rest(30)
        assert directory.told_mb == [450]

    def test_a_job_that_runs_leaves_nothing_yet(self, directory: Directory) -> None:
        """However long it takes."""
        directory.work(*[900] * 1000)
        directory.rest(60, 0)
        assert directory.said == []

    def test_what_was_said_is_not_said_with_the_next_job(self, directory: Directory) -> None:
        """Only what comes on top of it."""
        directory.work(900)
        directory.rest(60, 300)
        directory.work(900)
        directory.rest(60, 400)
        assert directory.told_mb == [300]
        directory.work(900)
        directory.rest(60, 550)
        assert directory.told_mb == [300, 250]


class TestServerAway:
    def test_the_files_of_a_job_that_was_killed_are_left_behind(self, directory: Directory) -> None:
        """The alert comes when the server has been back and idle for 30 s: it may clean up
        first."""
        directory.work(900)
        directory.away(10)
        directory.rest(28)
        assert directory.said == []
        directory.rest(6)
        assert directory.told_mb == [900]

    def test_so_is_what_the_job_before_it_has_left(self, directory: Directory) -> None:
        """Together."""
        directory.work(300)
        directory.rest(10)
        directory.work(700)
        directory.away(4)
        directory.work(700)  # its start is work, too
        directory.rest(40)
        assert directory.told_mb == [700]

    def test_a_killed_server_that_cleans_up_at_its_start_leaves_nothing(
        self, directory: Directory
    ) -> None:
        """No alert comes, then or later."""
        directory.work(900)
        directory.away(10)
        directory.rest(10)
        directory.rest(60, 0)
        assert directory.said == []

    def test_what_comes_while_no_server_is_there_is_no_jobs(self, directory: Directory) -> None:
        """Somebody has put it there."""
        directory.work(900)
        directory.rest(40, 0)
        directory.away(60)
        directory.rest(40, 900)
        directory.work(950)
        directory.rest(60, 950)
        assert directory.said == []

    def test_another_directory_is_another_matter(self, directory: Directory) -> None:
        """Another project's server may follow on the same port."""
        directory.work(100)
        directory.place = None
        directory.away(4)
        directory.place = "/srv/other/tmp"
        directory.rest(60, 5000)
        directory.work(5100)
        directory.rest(60, 5150)
        assert directory.said == []

    def test_the_same_directory_may_be_unknown_meanwhile(self, directory: Directory) -> None:
        """A process that is not found tells no place."""
        directory.work(900)
        directory.place = None
        directory.rest(10)
        directory.place = "/srv/tmp"
        directory.rest(30)
        assert directory.told_mb == [900]


class TestNotWatched:
    def test_without_a_figure_from_before_the_job_nothing_is_said(self) -> None:
        """The monitor was started while it ran; later jobs are judged."""
        directory = Directory()
        directory.see(400)  # the first reading knows of no CPU
        directory.work(700)
        directory.rest(10, 700)
        directory.away(4)
        directory.rest(60, 1000)
        assert directory.said == []
        directory.work(1500)
        directory.rest(60, 1300)
        assert directory.told_mb == [300]

    @pytest.mark.parametrize("paused", [False, True], ids=["silent", "paused"])
    def test_an_unseen_time_is_not_quiet(self, directory: Directory, *, paused: bool) -> None:
        """A job may have run in it: what is seen then has to lie there for 30 s first."""
        directory.work(900)
        directory.rest(10, 900)
        if paused:
            directory.state = woken(directory.state, 0.0)
            directory.now_s += 3600
        else:
            for _ in range(10):
                directory.see(seen=False)
        directory.rest(28, 600)
        directory.rest(60, 0)
        assert directory.said == []


class TestTwoKindsOfFigures:
    """The API counts lengths, the walker blocks, and perhaps elsewhere."""

    def test_a_change_of_kind_is_no_growth(self) -> None:
        """However often."""
        directory = Directory()
        for told in (True, False) * 5:
            directory.told = told
            directory.rest(40, 0 if told else 900)
            directory.work(100 if told else 1000)
        assert directory.said == []

    def test_what_is_left_waits_for_a_figure_of_its_kind(self) -> None:
        """The first one of the other kind contains it already."""
        directory = Directory()
        directory.rest(10, 0, told=True)
        directory.work(600, told=False)
        directory.rest(60, 600, told=False)
        directory.work(700, told=False)
        directory.rest(60, 610, told=False)
        assert directory.said == []
        directory.rest(40, 590, told=True)
        assert directory.told_mb == [590]

    def test_what_one_kind_has_told_the_other_does_not(self) -> None:
        """Nor after a next job."""
        directory = Directory()
        for told in (True, False):
            directory.rest(10, 0, told=told)
        directory.work(600)
        directory.rest(40, 600, told=True)
        assert directory.told_mb == [600]
        for told in (False, True, False):
            directory.work(900, told=told)
            directory.rest(40, 610, told=told)
        assert directory.told_mb == [600]

    def test_figures_in_turn_are_each_compared(self) -> None:
        """As with a slow API, which is polled less often."""
        directory = Directory()
        for at in range(100):
            directory.told = at % 3 == 0
            height = 10 if directory.told else 40
            job = 10 <= at < 20
            directory.see(height if at < 10 else height + 500, busy=job)
        assert directory.told_mb == [500]

    def test_a_next_jobs_first_files_in_another_kind_are_not_left_behind(self) -> None:
        """Growth is not seen where the kind changes; they have not lain there for 30 s."""
        directory = Directory()
        for told in (True, False):
            directory.rest(10, 0, told=told)
        directory.work(300)
        directory.rest(4, 0, told=False)
        directory.rest(60, 0, told=True)
        directory.rest(2, 400, told=False)
        assert directory.said == []


# What happens, for how many samples, how many MB lie there at last, and whether the API tells it.
Life = list[tuple[str, int, float, bool]]
LIVES = st.lists(
    st.tuples(
        st.sampled_from(["rest", "rest", "work", "work", "away", "pause"]),
        st.integers(1, 25),
        st.integers(0, 5).map(lambda steps: 150.0 * steps),
        st.booleans(),
    ),
    max_size=25,
)


def live(directory: Directory, life: Life) -> Iterator[tuple[str, float]]:
    """What goes on and the true size, after each sample: growth comes with jobs alone, and the
    walker's figures are 50 MB larger."""
    size_mb = 0.0
    directory.rest(10, 0, told=True)
    directory.rest(10, 50, told=False)
    for what, samples, aim_mb, told in life:
        size_mb = aim_mb if what == "work" else min(size_mb, aim_mb)
        if what == "pause":
            directory.state = woken(directory.state, 0.0)
        directory.told = told
        for _ in range(samples):
            directory.see(
                size_mb if told else size_mb + 50, busy=what == "work", lost=what == "away"
            )
            yield what, size_mb


@settings(deadline=None)
@given(LIVES)
def test_nothing_is_said_that_does_not_lie_there(life: Life) -> None:
    """And never of a running job's files, nor within 30 s of it, nor more than was left in all."""
    directory = Directory()
    said, quiet, least_mb = 0, 0, 0.0
    for what, size_mb in live(directory, life):
        quiet = quiet + 1 if what in ("rest", "pause") else 0
        least_mb = min(least_mb, size_mb)
        if len(directory.said) > said:
            said = len(directory.said)
            assert quiet * EVERY_S >= SETTLES_AFTER_S
            assert LIMITS.temp_mb < directory.told_mb[-1] <= size_mb - least_mb
            least_mb = size_mb


@settings(deadline=None)
@given(LIVES, st.booleans())
def test_whatever_was_before_leftovers_are_told(life: Life, told: bool) -> None:
    """Of two jobs, the second one killed: once, and with the right figure."""
    directory = Directory()
    for _what, _size_mb in live(directory, life):
        pass
    directory.told = told
    directory.rest(40, 0)
    directory.said.clear()
    directory.work(500)
    directory.rest(10, 300)
    directory.work(800)
    directory.away(6)
    directory.rest(40)
    assert directory.told_mb == [800]


# Through the one transition


class Server:
    """A server with a temp directory, polled and read every 2 s, and its alerts."""

    def __init__(self) -> None:
        self.now_s, self.temp_mb, self.target = 0.0, 0.0, TARGET
        self.state = begin(Settings(), Settings(), self._now(), local=True)
        self.said: list[tuple[float, float]] = []
        self.jobs: list[str] = []

    def _now(self) -> Now:
        return Now(self.now_s, 1_795_000_000.0 + self.now_s)

    def happen(self, *inputs: Input) -> None:
        for happened in inputs:
            self.state, events = step(self.state, happened, self._now())
            for event in events:
                if found_in(event, LeftoverFiles):
                    self.said.append((self.now_s, round(event.finding.left_bytes / mb(1))))
                elif isinstance(event, JobStarted | JobEnded):
                    self.jobs.append(type(event).__name__)

    def run(
        self, for_s: float, temp_mb: float, *, cpu_percent: float = 1.0, api: bool = True
    ) -> None:
        """``temp_mb`` lie there; without the API's answer the walker tells of it, in blocks."""
        self.temp_mb = temp_mb
        for _ in range(round(for_s / EVERY_S)):
            self.now_s += EVERY_S
            reading = replace(
                tree_reading(300, self.now_s, cpu_percent=cpu_percent), target=self.target
            )
            if api:
                temp = TempUsage(mb(temp_mb), 3, self.now_s - 0.1)
                told = answer(300, self.now_s - 0.1, temp=temp)
                self.happen(Answered(told), SourcesRead(reading))
            else:
                walked = TempUsage(mb(temp_mb + 40), 3, self.now_s - 0.3)
                self.happen(SourcesRead(reading, walked))

    def work(self, for_s: float, temp_mb: float, *, api: bool = True) -> None:
        self.run(for_s, temp_mb, cpu_percent=100.0, api=api)

    def die(self, for_s: float) -> None:
        """Killed, and another one starts after so long."""
        loss: Loss | None = Loss(self.target)
        for _ in range(round(for_s / EVERY_S)):
            self.now_s += EVERY_S
            gone = replace(no_process(self.now_s), loss=loss)
            self.happen(Answered(refusal(self.now_s - 0.1)), SourcesRead(gone))
            loss = None
        self.target = replace(self.target, pid=self.target.pid, created_s=self.now_s)


def test_a_bad_day_leaves_one_word() -> None:
    """A job, another within 10 s that is killed, the server's return: one alert for the files of
    both, 30 s after all is idle; and another one for the next job's files."""
    server = Server()
    server.run(10, 20)
    server.work(20, 600)
    server.run(8, 320)
    server.work(10, 500)
    server.die(6)
    server.work(4, 500)  # a start takes CPU
    quiet_s = server.now_s
    server.run(60, 500)
    assert [size_mb for _at_s, size_mb in server.said] == [480]
    assert server.said[0][0] - quiet_s < SETTLES_AFTER_S + 10.0
    assert server.jobs.count("JobStarted") == 3
    server.work(20, 900)
    server.run(60, 790)
    assert [size_mb for _at_s, size_mb in server.said] == [480, 290]


@pytest.mark.parametrize("api", [True, False], ids=["API", "walker"])
def test_a_first_job_that_is_killed_leaves_its_files_behind(*, api: bool) -> None:
    """The alert comes when its server is back and idle, even after another job."""
    for next_job in (False, True):
        server = Server()
        server.run(10, 20, api=api)
        server.work(20, 600, api=api)
        server.die(30)
        server.run(6, 600, api=api)
        if next_job:
            server.work(20, 900, api=api)
        server.run(60, 600, api=api)
        assert [size_mb for _at_s, size_mb in server.said] == [580]


def test_an_api_that_is_silent_while_it_works_hides_nothing() -> None:
    """Only the walker sees the jobs, and only the API what lay there before and after."""
    server = Server()
    server.run(10, 20)
    for left_mb in (150, 300):
        server.work(20, 600, api=False)
        server.run(6, left_mb, api=False)
    server.run(60, 300)
    assert [size_mb for _at_s, size_mb in server.said] == [280]


def test_jobs_that_clean_up_leave_no_word() -> None:
    """Whether the API is silent meanwhile or not, and across a pause."""
    server = Server()
    server.run(10, 20)
    for api in (True, False, True):
        server.work(20, 900, api=api)
        server.run(4, 900, api=api)
        server.run(40, 20)
        server.happen(SetPaused(True))
        server.now_s += 100
        server.happen(SetPaused(False))
    assert server.said == []


def test_a_monitor_that_comes_while_a_job_runs_says_nothing_of_it() -> None:
    """What lay there before is not known."""
    server = Server()
    server.work(20, 600)
    server.run(60, 600)
    assert server.said == []
