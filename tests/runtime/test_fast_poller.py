"""The thread that polls memory between two samples."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from tests.waiting import AMPLE_S, wait_for
from tray_app.core.model.readings import Now, PollReading
from tray_app.core.monitor import poll_bounds
from tray_app.core.monitor.poll_bounds import PollBounds
from tray_app.runtime import clock, fast_poller
from tray_app.runtime.fast_poller import FastPoller, PollLoop, PollPlan

LIMIT_BYTES = 500


@dataclass
class Server:
    """Its memory, and when it was looked at (monotonic seconds)."""

    rss_bytes: int | None = 300
    seen_s: list[float] = field(default_factory=list)

    def poll(self) -> PollReading:
        self.seen_s.append(clock.mono_s())
        return PollReading(self.rss_bytes)

    def plan(self, until_s: float = 600.0) -> PollPlan:
        """Until so many seconds from now."""
        bounds = PollBounds(has_server=True, high_bytes=LIMIT_BYTES)
        return PollPlan(self.poll, bounds, clock.mono_s() + until_s)

    def wait_for_polls(self, count: int) -> None:
        """Until there were so many."""
        wait_for(lambda: len(self.seen_s) >= count, f"{count} polls")


@contextmanager
def polling() -> Iterator[tuple[FastPoller, queue.SimpleQueue[PollPlan]]]:
    """A poller on the real clock, and its reports."""
    reports: queue.SimpleQueue[PollPlan] = queue.SimpleQueue()
    poller = PollLoop(clock=clock.now).poller(reports.put)
    try:
        yield poller, reports
    finally:
        poller.close()


@dataclass
class Slept:
    """A poller in a time of its own, in which ``plan`` is followed from 100 s to 102 s.

    It ends after so many naps; what it slept is in ``naps_s``, and ``jump_s`` is what the wall
    clock does meanwhile.
    """

    naps: int
    jump_s: float = 0.0
    on_battery: bool = False
    now_s: float = 100.0
    wall_s: float = 1e9
    naps_s: list[float] = field(default_factory=list)
    reports: list[PollPlan] = field(default_factory=list)

    def __post_init__(self) -> None:
        poller = PollLoop(
            clock=lambda: Now(self.now_s, self.wall_s),
            on_battery=lambda: self.on_battery,
            sleep=lambda nap_s: self.sleep(nap_s, poller),
        ).poller(self.reports.append)
        self.plan = PollPlan(lambda: PollReading(300), PollBounds(), 102.0)
        poller.follow(self.plan)
        wait_for(lambda: len(self.naps_s) == self.naps, f"{self.naps} naps")

    def sleep(self, nap_s: float, poller: FastPoller) -> None:
        self.naps_s.append(nap_s)
        self.now_s += nap_s
        self.wall_s += nap_s + self.jump_s
        if len(self.naps_s) == self.naps:
            poller.close()


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "fast poll"]


@pytest.mark.parametrize("rss_bytes", [LIMIT_BYTES + 1, None])
def test_leaving_the_bounds_is_reported(rss_bytes: int | None) -> None:
    """A step over a limit, or the server's end, with the plan of the poll that saw it."""
    server = Server()
    with polling() as (poller, reports):
        plan = server.plan()
        poller.follow(plan)
        server.wait_for_polls(2)
        assert reports.empty()
        server.rss_bytes = rss_bytes
        assert reports.get(timeout=AMPLE_S) is plan


def test_the_peak_of_the_polls_is_kept_for_the_next_sample() -> None:
    """It is taken once; then it is the next polls'."""
    server = Server(450)
    with polling() as (poller, _):
        assert poller.take_peak() is None
        poller.follow(server.plan())
        server.wait_for_polls(2)
        server.rss_bytes = 310
        count = len(server.seen_s)
        server.wait_for_polls(count + 2)
        assert poller.take_peak() == 450
        count = len(server.seen_s)
        server.wait_for_polls(count + 2)
        assert poller.take_peak() == 310
        server.rss_bytes = None
        count = len(server.seen_s)
        server.wait_for_polls(count + 2)
        poller.take_peak()
        server.wait_for_polls(len(server.seen_s) + 2)
        assert poller.take_peak() is None


def test_every_poll_is_kept_for_the_next_sample() -> None:
    """With its moment. They are taken once; a poll without a server is none."""
    server = Server()
    with polling() as (poller, _):
        assert poller.take_polls() == ()
        poller.follow(server.plan())
        server.wait_for_polls(3)
        polls = poller.take_polls()
        assert [rss for _, rss in polls[:2]] == [300, 300]
        moments_s = [at_s for at_s, _ in polls]
        both = [each for pair in zip(moments_s, server.seen_s, strict=False) for each in pair]
        assert both == sorted(both)
        server.rss_bytes = None
        server.wait_for_polls(len(server.seen_s) + 2)
        poller.take_polls()
        server.wait_for_polls(len(server.seen_s) + 2)
        assert poller.take_polls() == ()


def test_another_plan_takes_over() -> None:
    """The newest plan is polled and reported."""
    old, new = Server(), Server()
    with polling() as (poller, reports):
        poller.follow(old.plan())
        old.wait_for_polls(1)
        plan = new.plan()
        poller.follow(plan)
        new.wait_for_polls(1)
        count = len(old.seen_s)
        old.rss_bytes = new.rss_bytes = None
        assert reports.get(timeout=AMPLE_S) is plan
        assert len(old.seen_s) == count


def test_rest() -> None:
    """Without a plan nothing is polled; then it goes on."""
    server, other = Server(), Server()
    with polling() as (poller, reports):
        poller.follow(server.plan())
        server.wait_for_polls(1)
        poller.follow(None)
        count = len(server.seen_s)
        poller.follow(other.plan())
        other.wait_for_polls(2)
        assert len(server.seen_s) <= count + 1, "one may have been under way"
        assert reports.empty()


def test_polls_keep_their_distance_and_leave_one_to_the_sample() -> None:
    """Four a second; the one that would come just before the next sample comes after it."""
    naps_s = Slept(naps=9).naps_s
    assert naps_s[:8] == pytest.approx([poll_bounds.EVERY_S] * 8)
    assert 100.0 + sum(naps_s) == pytest.approx(102.0 + poll_bounds.EVERY_S)


def test_polls_go_on_when_the_sample_is_late() -> None:
    """Nobody waits for a sampler that is busy."""
    assert Slept(naps=20).naps_s[10:] == pytest.approx([poll_bounds.EVERY_S] * 10)


def test_on_battery() -> None:
    """A second apart, to save power."""
    naps_s = Slept(naps=3, on_battery=True).naps_s
    assert naps_s == pytest.approx([poll_bounds.EVERY_S, 1.0, 2.0 - poll_bounds.EVERY_S])


@pytest.mark.parametrize("jump_s", [3600.0, -3600.0])
def test_a_clock_that_was_set_is_reported(jump_s: float) -> None:
    """So is a machine that slept: the clock on the wall went on without us."""
    slept = Slept(naps=6, jump_s=jump_s)
    assert slept.reports[0] is slept.plan
    assert Slept(naps=6, jump_s=1.0).reports == []


def test_a_defect_ends_no_poll(monkeypatch: pytest.MonkeyPatch) -> None:
    """A poll that fails costs one poll."""
    monkeypatch.setattr(fast_poller, "PAUSE_AFTER_DEFECT_S", 0.0)
    server = Server()
    failures = iter([ValueError("no number")])

    def poll() -> PollReading:
        for failure in failures:
            raise failure
        return server.poll()

    with polling() as (poller, _):
        poller.follow(PollPlan(poll, PollBounds(), clock.mono_s() + 600.0))
        server.wait_for_polls(2)


def test_one_thread_polls_for_all() -> None:
    """Also for one that joins while others are polled; with the last one it ends."""
    wait_for(lambda: not threads(), "the threads of other tests have ended")
    reports: queue.SimpleQueue[PollPlan] = queue.SimpleQueue()
    loop = PollLoop(clock=clock.now)
    pollers = [loop.poller(reports.put) for _ in range(3)]
    servers = [Server(), Server(), Server()]
    plans = [server.plan() for server in servers]
    for poller, plan, server in zip(pollers, plans, servers, strict=True):
        poller.follow(plan)
        server.wait_for_polls(2)
    assert len(threads()) == 1
    servers[1].rss_bytes = None
    assert reports.get(timeout=AMPLE_S) is plans[1]
    pollers[1].close()
    count = len(servers[2].seen_s)
    servers[2].wait_for_polls(count + 2)
    for poller in pollers:
        poller.close()
    wait_for(lambda: not threads(), "the thread has ended")


def test_servers_whose_samples_are_apart_keep_the_distance_of_the_nearest() -> None:
    """No poll is left out because another server's sample is near."""
    naps_s: list[float] = []
    now_s = 100.0
    followed, ended = threading.Event(), threading.Event()

    def sleep(nap_s: float) -> None:
        nonlocal now_s
        followed.wait(AMPLE_S)  # the thread begins with the first one
        naps_s.append(nap_s)
        now_s += nap_s
        if len(naps_s) == 9:
            for poller in pollers:
                poller.close()
            ended.set()

    loop = PollLoop(clock=lambda: Now(now_s, 1e9 + now_s), sleep=sleep)
    pollers = [loop.poller(lambda _: None) for _ in range(2)]
    for poller, until_s in zip(pollers, (102.0, 101.3), strict=True):
        poller.follow(PollPlan(lambda: PollReading(300), PollBounds(), until_s))
    followed.set()
    assert ended.wait(AMPLE_S)
    assert naps_s == pytest.approx([poll_bounds.EVERY_S] * 9)


def test_a_defect_delays_no_other_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """It costs its own server some polls."""
    monkeypatch.setattr(fast_poller, "PAUSE_AFTER_DEFECT_S", 600.0)
    failures = []

    def poll() -> PollReading:
        failures.append(clock.mono_s())
        raise ValueError("no number")

    loop = PollLoop(clock=clock.now)
    broken, sound = (loop.poller(lambda _: None) for _ in range(2))
    server = Server()
    try:
        broken.follow(PollPlan(poll, PollBounds(), clock.mono_s() + 600.0))
        sound.follow(server.plan())
        server.wait_for_polls(3)
        assert len(failures) == 1
    finally:
        broken.close()
        sound.close()


def test_a_poll_that_is_under_way_at_the_end_is_no_defect(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The server is watched no longer, and what its polls read is closed."""
    with polling() as (poller, _):

        def poll() -> PollReading:
            poller.follow(None)
            raise OSError("closed")

        plan = Server().plan()
        poller.follow(plan)
        poller.follow(PollPlan(poll, plan.bounds, plan.until_s))
        wait_for(lambda: poller.plan is None, "the end")
        after = Server()
        poller.follow(after.plan())
        after.wait_for_polls(1)
    assert caplog.text == ""


def test_the_thread_ends() -> None:
    """Closing ends it, also while it rests; and one that never polls has none."""
    wait_for(lambda: not threads(), "the threads of other tests have ended")
    poller = PollLoop(clock=clock.now).poller(lambda _: None)
    poller.follow(None)
    assert not threads()
    poller.follow(Server().plan())
    assert len(threads()) == 1
    poller.close()
    wait_for(lambda: not threads(), "the thread has ended")
    rests = PollLoop(clock=clock.now).poller(lambda _: None)
    rests.follow(Server().plan())
    rests.follow(None)
    rests.close()
    wait_for(lambda: not threads(), "the resting thread has ended")
