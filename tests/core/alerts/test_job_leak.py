"""Whether memory comes back after a job, and whether it is kept again and again."""

from __future__ import annotations

import pytest

from tests.core.made import facts, mb
from tray_app.core.alerts.job_leak import (
    SETTLES_AFTER_S,
    JobLeakState,
    JobSize,
    Leak,
    is_like,
    update,
)
from tray_app.core.analysis.activity import Activity, ActivityState
from tray_app.core.analysis.jobs import Job, Jobs
from tray_app.core.model.readings import Now, TempUsage


class Server:
    """A server that is watched every 2 s."""

    def __init__(self, memory_mb: float = 126) -> None:
        self.state, self.now_s, self.memory_mb = JobLeakState(), 0.0, memory_mb
        self.jobs = Jobs()
        self.temp: TempUsage | None = None
        self.kept: list[float] = []
        self.leaks: list[Leak] = []
        self.idle(20)

    def see(self, *, works: bool = False, lost: bool = False) -> None:
        self.now_s += 2.0
        before = self.state.kept
        self.state, leak = update(
            self.state,
            facts(
                self.now_s,
                mb(self.memory_mb),
                activity=ActivityState(Activity.PROCESSING if works else Activity.IDLE),
                jobs=self.jobs,
                lost=lost,
                temp=self.temp,
            ),
        )
        kept = self.state.kept
        if kept is not None and kept is not before:
            self.kept.append(round(kept.kept_bytes / mb(1)))
        if leak:
            self.leaks.append(leak)

    def idle(self, for_s: float) -> None:
        for _ in range(round(for_s / 2)):
            self.see()

    def work(
        self,
        *,
        keeps_mb: float,
        takes_mb: float = 400.0,
        then_s: float = 40.0,
        for_s: float = 20.0,
        writes: tuple[float, int] | None = None,
    ) -> None:
        """A job that keeps so much and ``writes`` so many MB in files, and the time after it."""
        if writes:
            self.temp = TempUsage(mb(100), 3, self.now_s)
            self.see()
        before, number = self.memory_mb, self.jobs.count + 1
        job = Job(number, Now(self.now_s, 0.0), peak_bytes=mb(before + takes_mb))
        self.jobs = Jobs(current=job, ended=self.jobs.ended, count=number)
        self.memory_mb = before + takes_mb
        for step in range(round(for_s / 2)):
            if writes:
                part = (step + 1) / round(for_s / 2)
                size, count = mb(100 + part * writes[0]), 3 + round(part * writes[1])
                self.temp = TempUsage(size, count, self.now_s)
            self.see(works=True)
        if writes:
            self.temp = TempUsage(mb(100), 3, self.now_s)
        ended = Job(number, job.started, Now(self.now_s, 0.0), peak_bytes=job.peak_bytes)
        self.jobs = Jobs(ended=(*self.jobs.ended, ended), count=number)
        self.memory_mb = before + keeps_mb
        self.idle(then_s)


def test_after_30_s_it_is_known_what_a_job_has_kept() -> None:
    """Not sooner: memory may still be falling."""
    server = Server()
    server.work(keeps_mb=140, then_s=SETTLES_AFTER_S)
    assert server.kept == []
    server.idle(4)
    assert server.kept == [140]


def test_a_next_job_does_not_wait_for_it() -> None:
    """Its "before" is the last one's "after"."""
    server = Server()
    server.work(keeps_mb=140, then_s=10)
    server.work(keeps_mb=-20, then_s=40)
    assert server.kept == [140, -20]


def test_three_jobs_in_a_row_that_keep_much_are_said_once() -> None:
    """With the sum and each figure; again only when the sum has doubled."""
    server = Server()
    for keeps_mb in (60, 70, 80):
        assert server.leaks == []
        server.work(keeps_mb=keeps_mb)
    assert server.leaks == [Leak((mb(60), mb(70), mb(80)), mb(210), 3)]
    for _ in range(2):
        server.work(keeps_mb=100)
    assert len(server.leaks) == 1
    server.work(keeps_mb=100)
    assert [leak.jobs for leak in server.leaks] == [3, 6]


def test_warm_up_is_no_leak() -> None:
    """Nor is one job in three that keeps nothing."""
    server = Server()
    for keeps_mb in (300, 0, 60, 60, 10, 60, 60):
        server.work(keeps_mb=keeps_mb)
    assert server.leaks == []


def test_a_job_that_took_little_says_nothing() -> None:
    """It neither counts nor breaks the row."""
    server = Server()
    for keeps_mb, takes_mb in ((60, 400), (0, 10), (60, 400), (60, 400)):
        server.work(keeps_mb=keeps_mb, takes_mb=takes_mb)
    assert [leak.jobs for leak in server.leaks] == [3]


def test_scatter_is_nothing_kept() -> None:
    """The median of the readings counts, not one of them."""
    server = Server()
    for _ in range(4):
        server.work(keeps_mb=0, then_s=20)
        server.memory_mb += 200
        server.idle(2)
        server.memory_mb -= 200
        server.idle(20)
    assert max(server.kept) < 10


def test_another_server_is_another_story() -> None:
    """What the last one kept went with it."""
    server = Server()
    server.work(keeps_mb=60)
    server.work(keeps_mb=60)
    server.see(lost=True)
    assert server.state == JobLeakState(kept=server.state.kept)


VIDEO, PAIR, LARGE = (28.0, 4), (55.0, 7), (65.0, 4)


def test_different_first_jobs_are_warm_up() -> None:
    """Recorded: one 720p, a pair, one 1080p kept 433 MB on a fresh server, five more 45 together.
    Each was the first of its like; that the next ones keep little ends the row."""
    server = Server()
    for keeps_mb, writes in (
        *((166, VIDEO), (163, PAIR), (104, LARGE)),
        *((12, VIDEO), (9, PAIR), (21, LARGE), (0, VIDEO), (3, VIDEO)),
    ):
        server.work(keeps_mb=keeps_mb, writes=writes)
    assert server.kept == [166, 163, 104, 12, 9, 21, 0, 3]
    assert server.leaks == []
    assert (server.state.row_jobs, server.state.row_firsts) == (0, 0)


def test_like_jobs_are_called_at_the_third() -> None:
    """Though the first of them was warm-up, too: the two after it were not."""
    for writes in (VIDEO, PAIR, None):
        server = Server()
        for keeps_mb in (166, 60, 55):
            assert server.leaks == []
            server.work(keeps_mb=keeps_mb, writes=writes)
        assert [leak.jobs for leak in server.leaks] == [3]


def test_of_three_jobs_one_that_has_its_like_is_enough() -> None:
    """Else who takes turns between two kinds would be warned late."""
    server = Server()
    for writes in (VIDEO, LARGE, VIDEO):
        assert server.leaks == []
        server.work(keeps_mb=80, writes=writes)
    assert [leak.jobs for leak in server.leaks] == [3]


def test_kinds_that_were_seen_before_the_row_are_no_firsts() -> None:
    """A server that has done all that and then begins to leak is called at the third."""
    server = Server()
    for writes in (VIDEO, PAIR, LARGE):
        server.work(keeps_mb=0, writes=writes)
    for writes in (VIDEO, PAIR, LARGE):
        assert server.leaks == []
        server.work(keeps_mb=80, writes=writes)
    assert [leak.jobs for leak in server.leaks] == [3]


def test_a_first_of_its_like_that_keeps_little_says_nothing() -> None:
    """A small video between large ones that leak is no sign that they don't."""
    server = Server()
    for keeps_mb, writes in ((80, LARGE), (80, LARGE), (10, (3.0, 2)), (80, LARGE)):
        server.work(keeps_mb=keeps_mb, writes=writes)
    assert [leak.jobs for leak in server.leaks] == [3]


def test_ever_different_jobs_that_keep_much_are_called_in_the_end() -> None:
    """Three kinds may be warm-up; where all are of a kind of their own, the fifth is called."""
    server = Server()
    for number in range(6):
        server.work(keeps_mb=80, writes=(4.0 * 2**number, 4))
    assert [leak.jobs for leak in server.leaks] == [5]


def test_without_files_a_larger_job_is_another_one() -> None:
    """In time and memory both: each of three that doubles both may be warm-up; then it is not."""
    server = Server()
    for scale in (1, 2, 4):
        server.work(keeps_mb=80, takes_mb=100.0 * scale, for_s=10.0 * scale)
    assert server.leaks == []
    for _ in range(2):
        server.work(keeps_mb=80, takes_mb=100.0, for_s=10.0)
    assert [leak.jobs for leak in server.leaks] == [5]


@pytest.mark.parametrize(
    ("size", "earlier", "alike"),
    [
        (JobSize(20, mb(200), mb(28), 4), JobSize(40, mb(90), mb(26), 3), True),
        (JobSize(20, mb(200), mb(28), 4), JobSize(20, mb(200), mb(55), 7), False),
        (JobSize(34, mb(130), mb(65), 4), JobSize(30, mb(340), mb(55), 6), False),
        (JobSize(5, mb(50), mb(3), 4), JobSize(20, mb(200), mb(28), 4), False),
        (JobSize(5, mb(50), 0, 0), JobSize(5, mb(50), 0, 0), True),
        (JobSize(20, mb(200), mb(28), 4), JobSize(20, mb(200)), True),
        (JobSize(40, mb(400)), JobSize(20, mb(200)), False),
        (JobSize(40, mb(200)), JobSize(20, mb(200)), True),
        (JobSize(10, mb(100)), JobSize(20, mb(200)), True),
    ],
)
def test_jobs_are_alike_by_their_files(size: JobSize, earlier: JobSize, alike: bool) -> None:
    """By number and size of files; where they are not known, what is no larger is no other kind."""
    assert is_like(size, earlier) is alike
