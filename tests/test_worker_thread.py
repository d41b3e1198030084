"""Threads go on, whatever their work raises, and although the log fails as well."""

from __future__ import annotations

import ast
import errno
import logging
import os
import queue
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import pytest

import tray_app
from tests.runtime.test_fast_poller import Server as SeenServer
from tests.runtime.test_fast_poller import polling
from tests.runtime.test_sampler import FakeProbe
from tests.sources.fault_server import FaultServer, answer
from tests.sources.faults import STATUS
from tests.views.test_presenter import FakePanel, sampled
from tests.waiting import AMPLE_S, wait_for
from tray_app import worker_thread
from tray_app.app.icon_run import Work, handle_all, handle_and_log
from tray_app.core.config.settings import Settings
from tray_app.core.model.api_failure import ApiFailureKind
from tray_app.core.model.readings import ApiFailure, ApiOutcome, ApiReading, Now
from tray_app.core.model.server_action import ActionResult, ServerAction
from tray_app.core.monitor.events import Event, HostMissing, OpenFailed, Sampled
from tray_app.core.monitor.inputs import ThreadRestarted
from tray_app.core.monitor.state import State, begin
from tray_app.core.monitor.step import step
from tray_app.core.presentation.menu import rows
from tray_app.desktop import opener
from tray_app.desktop.single_instance import Instance, hand_over
from tray_app.runtime import clock
from tray_app.runtime.sampler import Sampler
from tray_app.sources.api.action_worker import ActionWorker
from tray_app.sources.api.actions import ServerCalls
from tray_app.sources.api.client import ApiClient
from tray_app.sources.background.scheduler import BackgroundScheduler
from tray_app.sources.demo import DemoApi, DemoServer
from tray_app.views.presenter import ONE_SERVER, Presenter
from tray_app.worker_thread import WorkerThread

AILMENTS = ("ENOSPC", "EIO", "EROFS", "EACCES", "EMFILE", "EPIPE")


@pytest.fixture(params=AILMENTS)
def ailment(request: pytest.FixtureRequest) -> OSError:
    """What the system says to whatever is tried."""
    number = getattr(errno, request.param)
    return OSError(number, os.strerror(number))


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_thread, "FIRST_PAUSE_S", 0.01)


@pytest.fixture
def restarted() -> Iterator[list[tuple[str, str]]]:
    """The restarts that are told."""
    told: list[tuple[str, str]] = []
    worker_thread.tell_restarts(lambda name, problem: told.append((name, problem)))
    yield told
    worker_thread.tell_restarts(None)


class _FailingHandler(logging.Handler):
    """A log that passes its disk's error on to the caller."""

    def __init__(self, error: OSError) -> None:
        super().__init__()
        self._error = error

    def emit(self, record: logging.LogRecord) -> NoReturn:
        raise self._error


@pytest.fixture
def failing_log(ailment: OSError) -> Iterator[None]:
    """Whatever is logged raises."""
    handler = _FailingHandler(ailment)
    logging.getLogger("tray_app").addHandler(handler)
    yield
    logging.getLogger("tray_app").removeHandler(handler)


def failing_first(
    monkeypatch: pytest.MonkeyPatch, owner: object, name: str, error: OSError, times: int = 2
) -> list[int]:
    """Have a method raise at its first calls; the list grows with each."""
    work: Callable[..., Any] = getattr(owner, name)
    failures: list[int] = []

    def failing(*args: Any, **kwargs: Any) -> Any:
        if len(failures) < times:
            failures.append(len(failures))
            raise error
        return work(*args, **kwargs)

    monkeypatch.setattr(owner, name, failing)
    return failures


pytestmark = pytest.mark.usefixtures("failing_log")


def test_the_sampler_goes_on(
    monkeypatch: pytest.MonkeyPatch, ailment: OSError, restarted: list[tuple[str, str]]
) -> None:
    """Samples come after a turn that failed, and it is told."""
    settings = Settings(interval_s=0.2)
    samples: queue.SimpleQueue[Event] = queue.SimpleQueue()

    def outlet(_: State, events: tuple[Event, ...]) -> None:
        for event in events:
            samples.put(event)

    state = begin(settings, settings, clock.now(), local=True)
    engine = Sampler(state, clock=clock.now, jitter=lambda: 0.5, outlets=(outlet,))
    failing_first(monkeypatch, engine, "_turn", ailment)
    engine.start(FakeProbe())
    try:
        assert isinstance(samples.get(timeout=AMPLE_S), Sampled)
        assert restarted[0] == ("sampler", ailment.strerror)
    finally:
        engine.stop()


def test_an_outlet_that_fails_costs_a_sample(
    monkeypatch: pytest.MonkeyPatch, ailment: OSError
) -> None:
    """The next one comes."""
    settings = Settings(interval_s=0.2)
    seen: list[State] = []

    def outlet(state: State, _events: tuple[Event, ...]) -> None:
        seen.append(state)
        if len(seen) < 3:
            raise ailment

    state = begin(settings, settings, clock.now(), local=True)
    engine = Sampler(state, clock=clock.now, jitter=lambda: 0.5, outlets=(outlet,))
    engine.start(FakeProbe())
    try:
        wait_for(lambda: len(seen) >= 4, "more samples")
    finally:
        engine.stop()


def test_the_fast_poller_goes_on(monkeypatch: pytest.MonkeyPatch, ailment: OSError) -> None:
    """It polls again."""
    server = SeenServer()
    with polling() as (poller, _reports):
        monkeypatch.setattr("tray_app.runtime.fast_poller.PAUSE_AFTER_DEFECT_S", 0.01)
        failing_first(monkeypatch, poller, "poll", ailment)
        poller.follow(server.plan())
        server.wait_for_polls(1)


def test_the_presenter_goes_on(monkeypatch: pytest.MonkeyPatch, ailment: OSError) -> None:
    """The next state is shown."""
    panel = FakePanel()
    failures = failing_first(monkeypatch, panel, "show_images", ailment)
    presenter = Presenter(panel, lambda _: None, ONE_SERVER)
    presenter.start()
    try:
        presenter.tell(sampled(300))
        wait_for(lambda: len(failures) == 1, "the first one fails")
        presenter.tell(sampled(1200))
        wait_for(lambda: len(failures) == 2, "the second one, too")
        presenter.tell(sampled(2300))
        wait_for(lambda: panel.images, "the third one is shown")
    finally:
        presenter.close(AMPLE_S)


def test_the_notices_go_on(
    monkeypatch: pytest.MonkeyPatch, ailment: OSError, restarted: list[tuple[str, str]]
) -> None:
    """An event that fails, and a log that does, cost neither the next one nor the end."""
    events: queue.SimpleQueue[Work | None] = queue.SimpleQueue()
    handled: list[Event] = []
    ended = threading.Event()

    def handle(event: Event) -> None:
        handled.append(event)
        if len(handled) < 3:
            raise ailment

    def work() -> None:
        handle_all(events, lambda: True, lambda: None)
        ended.set()

    thread = WorkerThread("notices", work)
    thread.start()
    several = [HostMissing(), *(OpenFailed(f"{number}", "why") for number in range(3))]
    for event in (*several, HostMissing()):  # the log says HostMissing, and fails
        events.put(partial(handle_and_log, handle, event))
    events.put(None)
    assert ended.wait(AMPLE_S)
    assert handled == [*several, HostMissing()]
    assert {name for name, _ in restarted} == {"notices"}
    thread.join(AMPLE_S)


def test_the_api_worker_goes_on(monkeypatch: pytest.MonkeyPatch, ailment: OSError) -> None:
    """A request that fails in whatever way has an outcome, and the next one is sent."""
    outcomes: queue.SimpleQueue[ApiOutcome] = queue.SimpleQueue()
    with FaultServer(answer(STATUS)) as server:
        client = ApiClient(server.url, outcomes.put, time.monotonic)
        failing_first(monkeypatch, client, "_outcome", ailment)
        try:
            for kind in (ApiFailure, ApiFailure, ApiReading):
                assert client.ask(AMPLE_S)
                assert isinstance(outcomes.get(timeout=AMPLE_S), kind)
        finally:
            client.close()


def test_a_receiver_that_fails_costs_one_answer(ailment: OSError) -> None:
    """The next request is sent all the same."""
    outcomes: queue.SimpleQueue[ApiOutcome] = queue.SimpleQueue()

    def receive(outcome: ApiOutcome) -> None:
        outcomes.put(outcome)
        raise ailment

    with FaultServer(answer(STATUS)) as server:
        client = ApiClient(server.url, receive, time.monotonic)
        try:
            for _ in range(3):
                assert client.ask(AMPLE_S)
                assert isinstance(outcomes.get(timeout=AMPLE_S), ApiReading)
        finally:
            client.close()


def test_a_machine_without_room_for_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that cannot be made now is made later."""

    def refuse(_: WorkerThread) -> None:
        raise RuntimeError("can't start new thread")

    outcomes: queue.SimpleQueue[ApiOutcome] = queue.SimpleQueue()
    with FaultServer(answer(STATUS)) as server:
        client = ApiClient(server.url, outcomes.put, time.monotonic)
        with monkeypatch.context() as patch:
            patch.setattr(WorkerThread, "start", refuse)
            assert not client.ask(AMPLE_S)
        assert client.ask(AMPLE_S)
        assert isinstance(outcomes.get(timeout=AMPLE_S), ApiReading)
        client.close()


def test_the_demo_goes_on(monkeypatch: pytest.MonkeyPatch, ailment: OSError) -> None:
    """As the real one does."""
    outcomes: queue.SimpleQueue[ApiOutcome] = queue.SimpleQueue()
    demo = DemoApi(outcomes.put, DemoServer(time.monotonic))
    failing_first(monkeypatch, demo, "_outcome", ailment)
    demo.ask(AMPLE_S)
    assert isinstance(outcomes.get(timeout=AMPLE_S), ApiReading)
    demo.close()


def test_slow_readings_go_on(ailment: OSError) -> None:
    """One that fails holds up no other, and is made again when it is asked for."""
    scheduler = BackgroundScheduler(time.monotonic)
    made: queue.SimpleQueue[str] = queue.SimpleQueue()

    def bad() -> float:
        made.put("bad")
        raise ailment

    def good() -> float:
        made.put("good")
        return AMPLE_S

    try:
        for reading, name in ((bad, "bad"), (good, "good"), (bad, "bad"), (good, "good")):
            scheduler.make(reading)
            assert made.get(timeout=AMPLE_S) == name
    finally:
        scheduler.end(bad)
        scheduler.end(good)


@pytest.mark.skipif(os.name == "nt", reason="a pipe there, not run")
def test_a_second_start_is_heard_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ailment: OSError
) -> None:
    """What one has said may fail; the next is heard."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    heard: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()

    def receive(message: dict[str, Any]) -> None:
        heard.put(message)
        raise ailment

    held = Instance("http://localhost:1")
    held.listen(receive)
    try:
        for number in range(3):
            hand_over("http://localhost:1", {"n": number})
            assert heard.get(timeout=AMPLE_S) == {"n": number}
    finally:
        held.close()


def test_a_server_action_always_ends(monkeypatch: pytest.MonkeyPatch, ailment: OSError) -> None:
    """One without an outcome would bar all others."""
    outcomes: queue.SimpleQueue[ActionResult] = queue.SimpleQueue()
    with FaultServer(answer(STATUS)) as server:
        calls = ServerCalls(server.url, time.monotonic)
        failing_first(monkeypatch, calls, "status", ailment)
        failing_first(monkeypatch, calls, "hang_up", ailment)
        ActionWorker(ServerAction.FREE_MEMORY, calls, outcomes.put, time.monotonic).start()
        problem = outcomes.get(timeout=AMPLE_S).problem
        assert problem is not None
        assert problem.kind is ApiFailureKind.UNEXPECTED


def test_what_cannot_be_opened_is_told(monkeypatch: pytest.MonkeyPatch, ailment: OSError) -> None:
    """The user who clicked learns why."""
    problems: queue.SimpleQueue[str] = queue.SimpleQueue()
    failing_first(monkeypatch, opener, "_problem", ailment)
    opener.open_place("/", problems.put)
    assert problems.get(timeout=AMPLE_S) == ailment.strerror


# The thread on its own


def run(work: Callable[[], None], *, again: bool = True) -> list[float]:
    """Run the work to its end; the pauses that were made."""
    pauses: list[float] = []
    thread = WorkerThread("test", work, again=again, wait=pauses.append)
    thread.start()
    thread.join(AMPLE_S)
    assert not thread.is_alive()
    return pauses


def test_pauses_grow_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure at every turn does not take the processor; even SystemExit is one."""
    monkeypatch.setattr(worker_thread, "FIRST_PAUSE_S", 0.2)
    errors = [OSError(1, "x"), MemoryError(), SystemExit(3), *map(ValueError, "abcd")]

    def work() -> None:
        if errors:
            raise errors.pop(0)

    assert run(work) == pytest.approx([0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0])


def test_work_that_is_done_once(restarted: list[tuple[str, str]]) -> None:
    """It is not begun again, so no restart is told."""
    done: list[int] = []

    def work() -> None:
        done.append(1)
        raise OSError(5, "x")

    assert run(work, again=False) == []
    assert done == [1]
    assert restarted == []


def test_one_failure_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    """However often it comes; another one is another line."""
    for handler in list(logging.getLogger("tray_app").handlers):
        logging.getLogger("tray_app").removeHandler(handler)
    errors = [OSError(5, "x")] * 3 + [OSError(28, "y")] + [None]

    def work() -> None:
        if error := errors.pop(0):
            raise error

    run(work)
    assert [record.getMessage() for record in caplog.records] == [
        "thread 'test' failed; restarting it"
    ] * 2


def test_about_tells_of_restarts() -> None:
    """How many, and the last one; without any the row is hidden."""

    def row(state: State) -> str:
        (about,) = [row for row in rows(state) if row.key == "about"]
        return about.children[-1].text

    state = begin(Settings(), Settings(), Now(0, 0), local=True)
    assert row(state) == ""
    state, events = step(state, ThreadRestarted("sampler", "No space left on device"), Now(1, 1))
    assert events == ()
    assert row(state) == "Restarted after a failure: sampler (No space left on device)"
    state, _ = step(state, ThreadRestarted("notices", "x"), Now(2, 2))
    assert row(state) == "Restarted after a failure 2 times: notices (x)"


def test_every_thread_of_the_program_is_one() -> None:
    """Nobody starts a thread in another way."""
    for path in Path(tray_app.__path__[0]).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            name = getattr(node, "attr", getattr(node, "id", None))
            assert name not in ("Thread", "Timer") or path.name == "worker_thread.py", path
