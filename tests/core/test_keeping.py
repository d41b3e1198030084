"""Whether memory comes back after a job, and whether it is kept again and again."""

from __future__ import annotations

from tests.core.made import mb
from tray_app.core.jobs import Job, Jobs
from tray_app.core.keeping import SETTLES_AFTER_S, Keeping, Kept, Leak, follow
from tray_app.core.readings import Now


class Server:
    """A server that is watched every 2 s."""

    def __init__(self, memory_mb: float = 126) -> None:
        self.state, self.now_s, self.memory_mb = Keeping(), 0.0, memory_mb
        self.jobs = Jobs()
        self.kept: list[float] = []
        self.leaks: list[Leak] = []
        self.idle(20)

    def see(self, *, works: bool = False, lost: bool = False) -> None:
        self.now_s += 2.0
        self.state, kept, leak = follow(
            self.state,
            self.now_s,
            self.jobs,
            mb(self.memory_mb),
            works=works,
            lost=lost,
            much_bytes=mb(50),
        )
        if isinstance(kept, Kept):
            self.kept.append(round(kept.kept_bytes / mb(1)))
        if leak:
            self.leaks.append(leak)

    def idle(self, for_s: float) -> None:
        for _ in range(round(for_s / 2)):
            self.see()

    def work(self, *, keeps_mb: float, takes_mb: float = 400.0, then_s: float = 40.0) -> None:
        """A job of 20 s that keeps so much, and the time after it."""
        before, number = self.memory_mb, self.jobs.count + 1
        job = Job(number, Now(self.now_s, 0.0), peak_bytes=mb(before + takes_mb))
        self.jobs = Jobs(current=job, ended=self.jobs.ended, count=number)
        self.memory_mb = before + takes_mb
        for _ in range(10):
            self.see(works=True)
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
    assert server.state == Keeping()
