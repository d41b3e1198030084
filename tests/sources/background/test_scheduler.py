"""The thread of the slow readings."""

from __future__ import annotations

import math
import queue
import threading
import time
from collections.abc import Iterator

import pytest

from tests.waiting import AMPLE_S, wait_for
from tray_app.sources.background.scheduler import BackgroundScheduler, Reading, rest_after_s


class Told:
    """Readings that tell their name when they are made, and rest for as long as they are told."""

    def __init__(self) -> None:
        self.scheduler = BackgroundScheduler(time.monotonic)
        self.made: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.readings: list[Reading] = []
        self.go_on = threading.Event()

    def reading(self, name: str, rest_s: float = math.inf, *, hangs: bool = False) -> Reading:
        def read() -> float:
            self.made.put(name)
            if hangs:
                assert self.go_on.wait(AMPLE_S)
            return rest_s

        self.readings.append(read)
        return read

    def next(self) -> str:
        return self.made.get(timeout=AMPLE_S)


@pytest.fixture
def told() -> Iterator[Told]:
    """Its readings end with the test."""
    told = Told()
    yield told
    told.go_on.set()
    for reading in told.readings:
        told.scheduler.end(reading)


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "background"]


def test_work_is_followed_by_a_rest_a_hundred_times_as_long() -> None:
    """Duty is at most 1 %, what is cheap is read at the interval, the most expensive each 5 min."""
    assert rest_after_s(0.001, 2.0) == 2.0
    assert rest_after_s(0.2, 2.0) == pytest.approx(20.0)
    assert rest_after_s(60.0, 2.0) == 300.0
    assert rest_after_s(60.0, 3600.0) == 3600.0


def test_a_reading_is_made_again_after_its_rest(told: Told) -> None:
    """Without another word; one that rests for ever is made once."""
    told.scheduler.make(told.reading("seldom"))
    told.scheduler.make(told.reading("often", 0.01))
    assert [told.next() for _ in range(4)] == ["seldom", "often", "often", "often"]


def test_all_readings_share_one_thread(told: Told) -> None:
    """That is what it is for."""
    wait_for(lambda: not threads(), "the threads of other tests have ended")
    for name in "abc":
        told.scheduler.make(told.reading(name))
        told.next()
    assert len(threads()) == 1


def test_the_soonest_retry_after_counts(told: Told) -> None:
    """A later one does not put it off."""
    reading = told.reading("early")
    told.scheduler.make(reading, 3600.0)
    told.scheduler.make(reading)
    told.scheduler.make(reading, 3600.0)
    assert told.next() == "early"


def test_what_is_asked_for_while_it_is_under_way_is_made_again(told: Told) -> None:
    """It may have begun with what was true before."""
    reading = told.reading("slow", hangs=True)
    told.scheduler.make(reading)
    assert told.next() == "slow"
    told.scheduler.make(reading)
    told.go_on.set()
    assert told.next() == "slow"


def test_asking_never_waits_for_a_reading(told: Told) -> None:
    """However long one takes, and though the others wait for it."""
    told.scheduler.make(told.reading("slow", hangs=True))
    assert told.next() == "slow"
    told.scheduler.make(told.reading("other"))
    assert told.made.empty()
    told.go_on.set()
    assert told.next() == "other"


def test_a_defect_ends_neither_the_thread_nor_the_other_readings(
    told: Told, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged."""

    def broken() -> float:
        raise RuntimeError("oops")

    told.readings.append(broken)
    told.scheduler.make(broken)
    told.scheduler.make(told.reading("other"))
    assert told.next() == "other"
    assert "a background reading failed" in caplog.text


def test_the_thread_ends_with_the_last_reading(told: Told) -> None:
    """Ending one leaves the others; ending it again is harmless."""
    wait_for(lambda: not threads(), "the threads of other tests have ended")
    first, second = told.reading("first"), told.reading("second", 0.01)
    told.scheduler.make(first)
    told.scheduler.make(second)
    told.next()
    told.scheduler.end(first)
    assert {told.next() for _ in range(3)} == {"second"}
    told.scheduler.end(second)
    told.scheduler.end(second)
    wait_for(lambda: not threads(), "the end of the thread")


def test_a_reading_may_be_asked_for_again_after_the_end(told: Told) -> None:
    """Another thread makes it."""
    reading = told.reading("again")
    for _ in range(2):
        told.scheduler.make(reading)
        assert told.next() == "again"
        told.scheduler.end(reading)


def test_a_reading_that_hangs_does_not_keep_who_ends_another(told: Told) -> None:
    """Only its own end is waited for, and that for at most a second."""
    hanging, waiting = told.reading("hanging", hangs=True), told.reading("waiting")
    told.scheduler.make(hanging)
    assert told.next() == "hanging"
    told.scheduler.make(waiting)
    told.scheduler.end(waiting)
    told.scheduler.end(hanging)
    assert threads()
    told.go_on.set()
    wait_for(lambda: not threads(), "the end of the thread")
    assert told.made.empty()
