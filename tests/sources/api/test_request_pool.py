"""The threads that all servers' requests share."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator

import pytest

from tests.sources.api.test_session import SlowNames
from tests.sources.fault_server import FaultServer, answer, hang
from tests.sources.faults import STATUS
from tests.waiting import AMPLE_S, wait_for
from tray_app.core.model.readings import ApiFailure, ApiOutcome, ApiReading
from tray_app.sources.api import request_pool
from tray_app.sources.api.client import ApiClient
from tray_app.sources.api.request_pool import Deadlines, RequestPool

USER = "a user"


@pytest.fixture
def pool() -> Iterator[RequestPool]:
    made = RequestPool(time.monotonic)
    made.enter(USER)
    yield made
    made.leave(USER)


def thread_of(pool: RequestPool) -> threading.Thread:
    """The thread that does the next work."""
    done: queue.SimpleQueue[threading.Thread] = queue.SimpleQueue()
    pool.run(lambda: done.put(threading.current_thread()))
    return done.get(timeout=AMPLE_S)


def idle(pool: RequestPool, count: int) -> None:
    wait_for(lambda: len(pool._idle) == count, f"{count} idle threads")


def test_an_idle_thread_is_used_again(pool: RequestPool) -> None:
    """One after another needs one thread."""
    first = thread_of(pool)
    idle(pool, 1)
    assert thread_of(pool) is first


def test_a_work_that_hangs_holds_up_no_other(pool: RequestPool) -> None:
    """Another thread does the next one."""
    ends = threading.Event()
    pool.run(lambda: ends.wait(AMPLE_S))
    first = thread_of(pool)
    idle(pool, 1)
    assert thread_of(pool) is first
    ends.set()
    idle(pool, 2)


def test_a_work_that_fails_costs_no_other(
    pool: RequestPool, caplog: pytest.LogCaptureFixture
) -> None:
    """Its thread rests for a moment, and takes no work meanwhile."""

    def fail() -> None:
        raise LookupError("in the work")

    pool.run(fail)
    thread_of(pool)
    wait_for(lambda: "in the work" in caplog.text, "the log")
    idle(pool, 2)


def test_threads_that_nobody_needs_end(monkeypatch: pytest.MonkeyPatch, pool: RequestPool) -> None:
    """After some time of rest; the next work starts another one."""
    monkeypatch.setattr(request_pool, "IDLE_S", 0.01)
    first = thread_of(pool)
    wait_for(lambda: not first.is_alive(), "its end")
    assert thread_of(pool) is not first


def test_all_end_with_the_last_user() -> None:
    """Also those that are at work then."""
    pool = RequestPool(time.monotonic)
    for user in ("one", "other"):
        pool.enter(user)
    ends, works = threading.Event(), []
    pool.run(lambda: (works.append(threading.current_thread()), ends.wait(AMPLE_S)))
    works.append(thread_of(pool))
    idle(pool, 1)
    pool.deadlines.set(AMPLE_S, print)
    timer = pool.deadlines._thread
    pool.leave("one")
    assert thread_of(pool) in works
    pool.leave("other")
    ends.set()
    assert timer is not None
    for thread in (*works, timer):
        thread.join(AMPLE_S)
        assert not thread.is_alive()


def test_who_enters_while_the_last_one_leaves_keeps_its_deadlines(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It waits until the old ones are gone: a request without a deadline may never end."""
    pool, called, entered = RequestPool(time.monotonic), threading.Event(), threading.Event()
    pool.enter(USER)
    close = pool.deadlines.close

    def enter() -> None:
        pool.enter("another")
        pool.deadlines.set(0.2, called.set)
        entered.set()

    def close_slowly() -> None:
        threading.Thread(target=enter, daemon=True).start()
        entered.wait(0.1)
        close()

    monkeypatch.setattr(pool.deadlines, "close", close_slowly)
    pool.leave(USER)
    try:
        assert called.wait(AMPLE_S)
    finally:
        close()


def test_what_is_late_is_called_in_its_order() -> None:
    """A shorter time that comes later wakes the thread, and what was cancelled is not called."""
    deadlines = Deadlines(time.monotonic)
    called: queue.SimpleQueue[str] = queue.SimpleQueue()
    try:
        deadlines.set(AMPLE_S, lambda: called.put("far"))
        deadlines.set(0.2, lambda: called.put("third"))
        deadlines.set(0.1, lambda: called.put("second")).cancel()
        deadlines.set(0.0, lambda: called.put("first"))
        assert [called.get(timeout=AMPLE_S) for _ in range(2)] == ["first", "third"]
        deadlines.set(0.0, lambda: called.put("again"))
        assert called.get(timeout=AMPLE_S) == "again"
    finally:
        deadlines.close()


def clients(pool: RequestPool, *urls: str) -> list[tuple[ApiClient, queue.Queue[ApiOutcome]]]:
    made = []
    for url in urls:
        outcomes: queue.Queue[ApiOutcome] = queue.Queue()
        made.append((ApiClient(url, outcomes.put, time.monotonic, pool=pool), outcomes))
    return made


def test_a_silent_server_delays_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three that say nothing, one whose name is looked up without end, and one that answers."""
    pool = RequestPool(time.monotonic)
    with FaultServer(hang) as silent, FaultServer(answer(STATUS)) as sound:
        several = clients(pool, *[silent.url] * 3, sound.url, f"http://localhost:{sound.port}")
        *hung, (answers, outcomes), (slow, late) = several
        try:
            for client, _ in hung:
                assert client.ask(AMPLE_S)
            assert answers.ask(AMPLE_S)
            assert isinstance(outcomes.get(timeout=AMPLE_S), ApiReading)
            names = SlowNames(monkeypatch)
            assert slow.ask(0.1)
            for _ in range(3):
                assert answers.ask(AMPLE_S)
                assert isinstance(outcomes.get(timeout=AMPLE_S), ApiReading)
            assert isinstance(late.get(timeout=AMPLE_S), ApiFailure)
            assert not slow.ask(AMPLE_S)
            assert all(told.empty() for _, told in hung)
            names.answers.set()
            wait_for(lambda: slow.ask(AMPLE_S), "it may ask again")
            assert isinstance(late.get(timeout=AMPLE_S), ApiReading)
        finally:
            for client, _ in several:
                client.close()
    wait_for(lambda: not pool._users, "all have left")
