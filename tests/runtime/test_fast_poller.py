"""The thread that looks between two samples."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from tests.waiting import wait_for
from tray_app.core.model.readings import GONE, UNTOLD, Now, PollReading
from tray_app.core.monitor import poll_bounds
from tray_app.core.monitor.poll_bounds import PollBounds
from tray_app.runtime import clock, fast_poller
from tray_app.runtime.fast_poller import FastPoller, PollPlan

LIMIT_BYTES = 500


@dataclass
class Server:
    """Its memory, and when it was looked at (monotonic seconds)."""

    rss_bytes: int = 300
    seen_s: list[float] = field(default_factory=list)

    def glance(self) -> PollReading:
        self.seen_s.append(clock.mono_s())
        return self.rss_bytes, UNTOLD

    def scene(self, until_s: float = 600.0) -> PollPlan:
        """Until so many seconds from now."""
        calm = PollBounds(low_bytes=0, high_bytes=LIMIT_BYTES)
        return PollPlan(self.glance, calm, clock.mono_s() + until_s)

    def wait_for_looks(self, count: int) -> None:
        """Until there were so many."""
        wait_for(lambda: len(self.seen_s) >= count, f"{count} looks")


@contextmanager
def looking() -> Iterator[tuple[FastPoller, queue.SimpleQueue[PollPlan]]]:
    """A lookout on the real clock, and its reports."""
    reports: queue.SimpleQueue[PollPlan] = queue.SimpleQueue()
    watch = FastPoller(reports.put, clock=clock.now)
    try:
        yield watch, reports
    finally:
        watch.close()


@dataclass
class Slept:
    """A lookout in a time of its own, in which ``scene`` is looked at from 100 s to 102 s.

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
        watch = FastPoller(
            self.reports.append,
            clock=lambda: Now(self.now_s, self.wall_s),
            on_battery=lambda: self.on_battery,
            sleep=lambda nap_s: self.sleep(nap_s, watch),
        )
        self.scene = PollPlan(lambda: (300, UNTOLD), PollBounds(), 102.0)
        watch.watch(self.scene)
        wait_for(lambda: len(self.naps_s) == self.naps, f"{self.naps} naps")

    def sleep(self, nap_s: float, watch: FastPoller) -> None:
        self.naps_s.append(nap_s)
        self.now_s += nap_s
        self.wall_s += nap_s + self.jump_s
        if len(self.naps_s) == self.naps:
            watch.close()


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "lookout"]


@pytest.mark.parametrize("rss_bytes", [LIMIT_BYTES + 1, GONE])
def test_what_leaves_the_calm_is_reported(rss_bytes: int) -> None:
    """A step over a limit, or the server's end, with the scene in which it was seen."""
    server = Server()
    with looking() as (watch, reports):
        scene = server.scene()
        watch.watch(scene)
        server.wait_for_looks(2)
        assert reports.empty()
        server.rss_bytes = rss_bytes
        assert reports.get(timeout=5.0) is scene


def test_the_peak_of_the_looks_is_kept_for_the_next_sample() -> None:
    """It is taken once; then it is the next looks'."""
    server = Server()
    with looking() as (watch, _):
        assert watch.take_peak() is None
        watch.watch(server.scene())
        server.rss_bytes = 450
        server.wait_for_looks(2)
        server.rss_bytes = 310
        count = len(server.seen_s)
        server.wait_for_looks(count + 2)
        assert watch.take_peak() == 450
        count = len(server.seen_s)
        server.wait_for_looks(count + 2)
        assert watch.take_peak() == 310
        server.rss_bytes = GONE
        count = len(server.seen_s)
        server.wait_for_looks(count + 2)
        watch.take_peak()
        server.wait_for_looks(len(server.seen_s) + 2)
        assert watch.take_peak() is None


def test_another_scene_takes_over() -> None:
    """What is told last is what is looked at and reported."""
    old, new = Server(), Server()
    with looking() as (watch, reports):
        watch.watch(old.scene())
        old.wait_for_looks(1)
        scene = new.scene()
        watch.watch(scene)
        new.wait_for_looks(1)
        count = len(old.seen_s)
        old.rss_bytes = new.rss_bytes = GONE
        assert reports.get(timeout=5.0) is scene
        assert len(old.seen_s) == count


def test_rest() -> None:
    """While there is nothing to look at nothing is looked at; then it goes on."""
    server, other = Server(), Server()
    with looking() as (watch, reports):
        watch.watch(server.scene())
        server.wait_for_looks(1)
        watch.watch(None)
        count = len(server.seen_s)
        watch.watch(other.scene())
        other.wait_for_looks(2)
        assert len(server.seen_s) <= count + 1, "one may have been under way"
        assert reports.empty()


def test_the_looks_keep_their_distance_and_leave_one_to_the_sample() -> None:
    """Four a second; the one that would come just before the next sample comes after it."""
    naps_s = Slept(naps=9).naps_s
    assert naps_s[:8] == pytest.approx([poll_bounds.EVERY_S] * 8)
    assert 100.0 + sum(naps_s) == pytest.approx(102.0 + poll_bounds.EVERY_S)


def test_looks_go_on_when_the_sample_is_late() -> None:
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
    assert slept.reports[0] is slept.scene
    assert Slept(naps=6, jump_s=1.0).reports == []


def test_a_defect_ends_no_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """A look that fails is a look less."""
    monkeypatch.setattr(fast_poller, "PAUSE_AFTER_DEFECT_S", 0.0)
    server = Server()
    failures = iter([ValueError("no number")])

    def glance() -> PollReading:
        for failure in failures:
            raise failure
        return server.glance()

    with looking() as (watch, _):
        watch.watch(PollPlan(glance, PollBounds(), clock.mono_s() + 600.0))
        server.wait_for_looks(2)


def test_the_thread_ends() -> None:
    """Closing ends it, also while it rests; and who never looks has none."""
    wait_for(lambda: not threads(), "the threads of other tests have ended")
    watch = FastPoller(lambda _: None, clock=clock.now)
    watch.watch(None)
    assert not threads()
    watch.watch(Server().scene())
    assert len(threads()) == 1
    watch.close()
    wait_for(lambda: not threads(), "the thread has ended")
    rests = FastPoller(lambda _: None, clock=clock.now)
    rests.watch(Server().scene())
    rests.watch(None)
    rests.close()
    wait_for(lambda: not threads(), "the resting thread has ended")
