"""Server actions: calls that change something on the server, and what they measure."""

from __future__ import annotations

import json
import queue
import re
import threading
import time
from collections.abc import Callable

import pytest

from tests.ports import free_port
from tests.server.starting import RunAnalyzeServer, ServerFactory
from tests.sources.fault_server import (
    Exchange,
    FaultServer,
    Script,
    answer,
    close,
    drip,
    hang,
    head_of,
    in_turn,
    reset,
)
from tests.sources.faults import PAYLOADS, RSS_MB, STATUS
from tests.waiting import AMPLE_S, wait_for
from tray_app.core.model.api_failure import ApiFailureKind, ApiProblem
from tray_app.core.model.readings import MIB
from tray_app.core.model.server_action import ActionResult, Extent, ServerAction
from tray_app.core.model.server_address import parse_address
from tray_app.core.presentation import action_text
from tray_app.core.presentation.api_failure_text import problem_text
from tray_app.sources.api import action_worker
from tray_app.sources.api.action_worker import ActionWorker
from tray_app.sources.api.actions import ServerCalls

FREED = (PAYLOADS / "optimize-memory.after.json").read_bytes()
CLEANED = (PAYLOADS / "cleanup-old-files.idle.json").read_bytes()
CLEANUP = "/cleanup-old-files/?max_age_hours="


def body(name: str) -> bytes:
    return (PAYLOADS / name).read_bytes()


FIGURES = answer(STATUS)


def routes(post: Script, status: Script = FIGURES) -> Script:
    """One script for actions, one for the figures."""
    return lambda exchange: (status if "/memory-status/" in exchange.path else post)(exchange)


def ran(action: ServerAction, url: str) -> ActionResult:
    """The outcome that is reported; exactly one is."""
    outcomes: queue.Queue[ActionResult] = queue.Queue()
    ActionWorker(action, ServerCalls(url, time.monotonic), outcomes.put, time.monotonic).start()
    outcome = outcomes.get(timeout=AMPLE_S)
    assert outcomes.empty()
    return outcome


def words(outcome: ActionResult) -> str:
    return problem_text(outcome.problem) if outcome.problem else ""


# What is sent


@pytest.mark.parametrize(
    ("action", "path", "good"),
    [
        (ServerAction.FREE_MEMORY, "/optimize-memory/", FREED),
        (ServerAction.CLEAN_UP, f"{CLEANUP}24", CLEANED),
        (ServerAction.CLEAN_UP_HOUR, f"{CLEANUP}1", CLEANED),
    ],
)
def test_one_post_between_measurements(action: ServerAction, path: str, good: bytes) -> None:
    """On one connection, so that of several workers one answers all."""
    with FaultServer(routes(answer(good))) as server:
        outcome = ran(action, server.url)
        assert outcome.problem is None
        figures = "/memory-status/"
        assert server.paths == [figures, path, figures, figures]
        assert [exchange.head.split()[0] for exchange in server.exchanges] == [
            "GET",
            "POST",
            "GET",
            "GET",
        ]
        assert "content-length: 0" in server.exchanges[1].head.lower()
        assert server.connections == 1


def test_a_server_action_is_never_sent_twice() -> None:
    """A reading is asked again on a fresh connection when a kept one breaks; a server action is
    not."""
    for broken in (reset, close):
        with FaultServer(routes(broken)) as server:
            outcome = ran(ServerAction.FREE_MEMORY, server.url)
            assert words(outcome) in ("connection reset", "connection closed without an answer")
            assert server.paths.count("/optimize-memory/") == 1


def test_a_flat_answer_knows_no_temp_directory() -> None:
    """Then it was done, and what it brought is unknown."""
    flat = b'{"process_memory_mb": 300.0}'
    with FaultServer(routes(answer(CLEANED), answer(flat))) as server:
        outcome = ran(ServerAction.CLEAN_UP, server.url)
        assert (outcome.before, outcome.after) == (Extent(300 * MIB), Extent(300 * MIB))
        assert outcome.problem is None


# What it brought


def test_the_figure_is_awaited_until_it_settles() -> None:
    """Memory goes back to the system in steps; two figures alike in a row are the end."""

    def holding(mb: float) -> Script:
        return answer(b'{"process_memory_mb": %.1f}' % mb)

    falling = in_turn(*map(holding, (900, 700, 600, 500.2, 500.0, 100)))
    with FaultServer(routes(answer(FREED), falling)) as server:
        outcome = ran(ServerAction.FREE_MEMORY, server.url)
    assert (outcome.before, outcome.after) == (Extent(900 * MIB), Extent(500 * MIB))
    assert outcome.took_s > 0


def test_what_never_settles_is_the_last_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for long."""
    monkeypatch.setattr(action_worker, "SETTLE_S", 0.3)
    monkeypatch.setattr(action_worker, "MEASURE_EVERY_S", 0.02)
    figures = iter(range(1000, 0, -10))

    def fall(exchange: Exchange) -> None:
        answer(b'{"process_memory_mb": %d}' % next(figures))(exchange)

    with FaultServer(routes(answer(FREED), fall)) as server:
        outcome = ran(ServerAction.FREE_MEMORY, server.url)
    assert outcome.before == Extent(1000 * MIB)
    assert outcome.after is not None
    assert outcome.after.memory_bytes < outcome.before.memory_bytes


def test_a_server_action_that_was_done_is_no_failure_without_its_figure() -> None:
    """The server may go silent or die just after it."""
    with FaultServer(routes(answer(FREED), in_turn(answer(STATUS), close))) as server:
        outcome = ran(ServerAction.FREE_MEMORY, server.url)
    assert outcome.problem is None
    assert outcome.before is not None
    assert (outcome.before.memory_bytes, outcome.after) == (round(RSS_MB * MIB), None)


# What fails


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        (answer(b'{"error": "no can do"}'), "the server reports an error: no can do"),
        (answer(b'{"success": false, "message": "gc is off"}'), "reports an error: gc is off"),
        (answer(body("error-404.json"), "404 Not Found"), "HTTP 404: Not Found"),
        (
            answer(body("optimize-memory.error-405.json"), "405 Method Not Allowed"),
            "HTTP 405: Method Not Allowed",
        ),
        (
            answer(body("cleanup-old-files.error-422.json"), "422 Unprocessable Content"),
            "HTTP 422: Input should be a valid integer",
        ),
        (answer(body("error-500-plain.txt"), "500 Internal Server Error"), "HTTP 500: "),
        (answer(b"", "307 Temporary Redirect", "Location: /x/"), "HTTP 307: redirects to /x/"),
        (answer(b"ok"), "answer is not JSON"),
        (answer(b"[]"), "answer is not a JSON object"),
        (answer(b""), "answer is empty"),
        (hang, "no answer for 0.3 s"),
        (drip(head_of(10_000), b" "), "no answer for 0.3 s"),
    ],
)
def test_a_failure_is_one_plain_reason(
    monkeypatch: pytest.MonkeyPatch, script: Script, problem: str
) -> None:
    """Whatever the server does, an outcome comes, and it says what was wrong."""
    with FaultServer(routes(script)) as server:
        # The measurement before it has ample time, and so has an answer that comes.
        is_silent = problem.startswith("no answer")
        monkeypatch.setattr(action_worker, "LIMIT_S", 0.3 if is_silent else AMPLE_S)
        for action in ServerAction:
            assert problem in words(ran(action, server.url))


def test_a_server_that_is_down_refuses() -> None:
    """Nothing else is tried."""
    for action in ServerAction:
        outcome = ran(action, f"http://127.0.0.1:{free_port()}")
        assert outcome == ActionResult(action, problem=ApiProblem(ApiFailureKind.REFUSED))


def test_a_silent_server_is_not_cleaned_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is at work: the measurement before fails soon, and nothing is posted."""
    for action in (ServerAction.CLEAN_UP, ServerAction.CLEAN_UP_HOUR):
        monkeypatch.setitem(action_worker.BEFORE_LIMIT_S, action, 0.2)
        with FaultServer(routes(answer(CLEANED), hang)) as server:
            outcome = ran(action, server.url)
            assert words(outcome) == "no answer for 0.2 s"
            assert set(server.paths) <= {"/memory-status/"}, "it may be late to read even that"


def test_a_defect_is_an_outcome(caplog: pytest.LogCaptureFixture) -> None:
    """Without one, no other action could ever run."""

    class Broken(ServerCalls):
        def free_memory(self, patience_s: float) -> None:
            raise ZeroDivisionError(patience_s)

    outcomes: queue.Queue[ActionResult] = queue.Queue()
    with FaultServer(answer(STATUS)) as server:
        calls = Broken(server.url, time.monotonic)
        ActionWorker(ServerAction.FREE_MEMORY, calls, outcomes.put, time.monotonic).start()
        assert "unexpected error" in words(outcomes.get(timeout=AMPLE_S))
    wait_for(lambda: "'server action' failed" in caplog.text, "the log has it")


def test_closing_cuts_a_server_action_short() -> None:
    """The program ends although a server is silent; nothing is reported then."""
    reported: list[ActionResult] = []
    asked = threading.Event()

    def silent(exchange: Exchange) -> None:
        asked.set()
        hang(exchange)

    with FaultServer(routes(silent)) as server:
        calls = ServerCalls(server.url, time.monotonic)
        worker = ActionWorker(ServerAction.FREE_MEMORY, calls, reported.append, time.monotonic)
        worker.start()
        assert asked.wait(AMPLE_S)
        worker.close()
        wait_for(lambda: not named("server action"), "its thread has ended")
    assert reported == []


def named(name: str) -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == name]


# The page for people


def page(url: str) -> str:
    """The URL that the browser is given; exactly one is found."""
    found: queue.Queue[str] = queue.Queue()
    action_worker.find_page(parse_address(url), ServerCalls(url, time.monotonic), found.put)
    place = found.get(timeout=AMPLE_S)
    assert found.empty()
    return place


@pytest.mark.parametrize(
    ("script", "path"),
    [
        (answer(b"<html>", "200 OK"), ""),
        (answer(b"", "307 Temporary Redirect", "Location: /ui/"), ""),
        (answer(b"{}", "401 Unauthorized"), ""),
        (answer(b"{}", "500 Internal Server Error"), ""),
        (reset, ""),
        (answer(b"x" * 300_000), ""),
        (answer(body("error-404.json"), "404 Not Found"), "/docs"),
        (hang, "/docs"),
    ],
)
def test_a_server_without_a_root_has_its_documentation(
    monkeypatch: pytest.MonkeyPatch, script: Script, path: str
) -> None:
    """It is asked for its root, once; whatever else it answers, it has one, but if it is silent."""
    monkeypatch.setattr(action_worker, "PAGE_LIMIT_S", 0.2 if script is hang else AMPLE_S)
    with FaultServer(script) as server:
        assert page(f"{server.url}/api") == f"{server.url}/api{path}"
        assert set(server.paths) <= {"/api/"}
        assert all(exchange.head.startswith("GET ") for exchange in server.exchanges)
        assert server.paths or script is hang


def test_a_browser_is_given_no_password() -> None:
    """Its history is read by others; the question itself is sent with it."""
    with FaultServer(answer(body("error-404.json"), "404 Not Found")) as server:
        assert page(server.url.replace("://", "://bob:s3cret@")) == f"{server.url}/docs"
        assert "Authorization: Basic" in server.exchanges[0].head


def test_the_address_of_a_server_that_is_down_is_opened_all_the_same() -> None:
    """The browser says it better."""
    url = f"http://127.0.0.1:{free_port()}"
    assert page(url) == url


def test_the_real_server_has_its_documentation(runanalyze_server: ServerFactory) -> None:
    """There is no route at its root."""
    server = runanalyze_server()
    assert page(server.url) == f"{server.url}/docs"


# The real thing


def test_memory_is_really_freed(runanalyze_server: ServerFactory) -> None:
    """What the server held as garbage leaves its RSS, as measured before and after."""
    server = runanalyze_server()
    server.allocate(120, garbage=True)
    outcome = ran(ServerAction.FREE_MEMORY, server.url)
    assert outcome.before is not None
    assert outcome.after is not None
    freed_mb = (outcome.before.memory_bytes - outcome.after.memory_bytes) / MIB
    assert 110 < freed_mb < 130
    assert abs(server.rss_mb() - outcome.after.memory_bytes / MIB) < 10


def test_nothing_is_freed_that_is_held(runanalyze_server: ServerFactory) -> None:
    """As the real server was recorded."""
    server = runanalyze_server()
    server.allocate(60)
    outcome = ran(ServerAction.FREE_MEMORY, server.url)
    assert outcome.before is not None
    assert outcome.after is not None
    assert abs(outcome.before.memory_bytes - outcome.after.memory_bytes) < 10 * MIB


def test_only_old_files_are_deleted(runanalyze_server: ServerFactory) -> None:
    """Those of more than 24 h go; a running job's stay."""
    server = runanalyze_server()
    server.write_tmp(3, "u1/old.mp4", age_hours=25)
    server.write_tmp(2, "u2/older.mp4", age_hours=300)
    server.write_tmp(1, "u3/new.mp4", age_hours=23)
    outcome = ran(ServerAction.CLEAN_UP, server.url)
    assert files(outcome) == ((6, 3), (1, 1))
    assert left(server) == ["new.mp4"]


def test_files_of_the_same_day_are_deleted_too_where_asked(
    runanalyze_server: ServerFactory,
) -> None:
    """A killed worker's, say; not those of the last hour, which a job may need."""
    server = runanalyze_server()
    server.write_tmp(4, "u1/killed.mp4", age_hours=2)
    server.write_tmp(1, "u3/new.mp4", age_hours=0.9)
    assert files(ran(ServerAction.CLEAN_UP, server.url)) == ((5, 2), (5, 2))
    assert files(ran(ServerAction.CLEAN_UP_HOUR, server.url)) == ((5, 2), (1, 1))
    assert left(server) == ["new.mp4"]


def test_freeing_memory_deletes_files_older_than_an_hour(
    runanalyze_server: ServerFactory,
) -> None:
    """The server's answer tells nothing of that; what went is measured and told."""
    server = runanalyze_server()
    server.write_tmp(30, "u1/one.mp4", age_hours=1.5)
    server.write_tmp(20, "u1/two.mp4", age_hours=30)
    server.write_tmp(1, "u3/new.mp4", age_hours=0.9)
    outcome = ran(ServerAction.FREE_MEMORY, server.url)
    assert files(outcome) == ((51, 3), (1, 1))
    assert left(server) == ["new.mp4"]
    told = action_text.line(outcome)
    assert re.fullmatch(
        r"(Memory unchanged at|Freed) \d+ MB.*; .*deleted 2 temp files \(50 MB\)", told, re.I
    )


def test_files_that_come_meanwhile_hide_none_that_went() -> None:
    """A job that begins after the action writes new ones: the fewest seen are what was left."""

    def holding(count: int) -> Script:
        temp = {"total_size_mb": 10.0 * count, "file_count": count, "folder_breakdown": {}}
        body = {"process_memory": {"rss_mb": 500.0 + 10 * count}, "tmp_directory": temp}
        return answer(json.dumps(body).encode())

    figures = in_turn(*map(holding, (5, 3, 4, 6, 6)))
    with FaultServer(routes(answer(FREED), figures)) as server:
        outcome = ran(ServerAction.FREE_MEMORY, server.url)
    assert files(outcome) == ((50, 5), (30, 3))


def files(outcome: ActionResult) -> tuple[tuple[int, int | None], ...]:
    """MB and number of temp files before and after."""
    extents = [outcome.before, outcome.after]
    return tuple((round((it.temp_bytes or 0) / MIB), it.file_count) for it in extents if it)


def left(server: RunAnalyzeServer) -> list[str]:
    return [path.name for path in (server.folder / "tmp").rglob("*.mp4")]


def test_a_server_told_to_fail(runanalyze_server: ServerFactory) -> None:
    """With an HTTP error, or with 200 and an error inside."""
    server = runanalyze_server()
    expected: list[tuple[int, Callable[[str], bool]]] = [
        (500, lambda problem: problem.startswith("HTTP 500")),
        (200, lambda problem: problem == "the server reports an error: told to fail"),
    ]
    for status, fits in expected:
        server.fail(status)
        assert fits(words(ran(ServerAction.CLEAN_UP, server.url)))
