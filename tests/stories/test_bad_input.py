"""Whatever the server does: the picture goes on, says why in plain words, grows not, recovers.

Every fault is seen by a whole program (`tests.stories.watching`) at four samples a second: first
the server is well, then it does wrong, then it is well again. They all run side by side.
"""

from __future__ import annotations

import json
import os
import queue
import re
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from tests.core.made import tree_reading
from tests.ports import free_port
from tests.sources.fault_server import FaultServer, Script, answer, close, raw, tls
from tests.sources.faults import ENDLESS, PAYLOADS, STATUS, UNUSUAL, WRONG, check_plain
from tests.stories.watching import INTERVAL_S, PATIENCE_S, PROCESS_MB, Seen, Watchers
from tests.waiting import wait_for
from tray_app.core.config.settings import Settings
from tray_app.core.model.readings import MIB, ApiOutcome
from tray_app.core.monitor.inputs import Answered, Asked, SourcesRead
from tray_app.core.monitor.state import begin
from tray_app.core.monitor.step import step
from tray_app.core.presentation import summary_text
from tray_app.runtime import clock
from tray_app.sources.api.client import ApiClient
from tray_app.views.terminal.json_record import json_line

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/schedstat").exists(), reason="needs Linux's account of waiting"
)

WELL_SAMPLES = 8
WRONG_SAMPLES = 20
SAID_SAMPLES = 8
"""The last ones of a fault, in which it has long been noticed."""
SIDE_BY_SIDE = 120
LONGEST_S = 120.0
"""For what takes seconds: a starved machine must not turn it into a failure."""

MAX_GAP_S = 1.2 * INTERVAL_S
MAX_GROWTH_BYTES = 8 * MIB
"""http.client reads heads of up to 6 MB, and the allocator keeps some of that for the next."""
SILENCE = r"no answer for \d+ s"


@dataclass(frozen=True)
class Fault:
    """What the server turns into, and what is said of it (a pattern; None: nothing)."""

    begin: Callable[[FaultServer], None]
    reason: str | None
    tls: bool = False


def plays(script: Script) -> Callable[[FaultServer], None]:
    def begin(server: FaultServer) -> None:
        server.script = script

    return begin


def speaks_tls(server: FaultServer) -> None:
    """The kept connection ends, and the next one finds TLS."""
    server.tls, server.script = tls(), close


def speaks_no_tls(server: FaultServer) -> None:
    server.tls, server.script = None, raw(b"HTTP/1.1 400 Bad Request\r\n\r\n")


GONE = "nobody there"
GOOD = answer(STATUS)
WELL = ("well 1", "well 2", "well 3")
FAULTS: dict[str, Fault] = {
    **{name: Fault(plays(GOOD), None) for name in WELL},
    **{name: Fault(plays(script), None) for name, script in UNUSUAL.items()},
    **{name: Fault(plays(script), SILENCE) for name, script in ENDLESS.items()},
    **{name: Fault(plays(script), re.escape(words)) for name, (script, words) in WRONG.items()},
    "TLS on a plain port": Fault(
        speaks_tls, "connection reset|connection closed without an answer"
    ),
    "no TLS on a TLS port": Fault(speaks_no_tls, "this port does not use TLS: .*", tls=True),
    "TLS and no answer": Fault(plays(ENDLESS["hang"]), SILENCE, tls=True),
    GONE: Fault(FaultServer.go_down, "connection refused"),
}


@dataclass(frozen=True)
class Story:
    """What was seen before, during and after a fault."""

    before: list[Seen]
    during: list[Seen]
    after: list[Seen]


def _run(names: list[str], stories: dict[str, Story], environment: dict[str, str]) -> None:
    """Let these faults come and go, all at the same time."""
    with ExitStack() as stack:
        servers = {
            name: stack.enter_context(FaultServer(GOOD, tls() if FAULTS[name].tls else None))
            for name in names
        }
        watchers = stack.enter_context(Watchers(environment))
        for name, server in servers.items():
            watchers.watch(name, server.url)

        def seen(name: str) -> list[Seen]:
            return watchers.samples[name]

        def said(name: str) -> bool:
            return not FAULTS[name].reason or all(g.reason for g in seen(name)[-SAID_SAMPLES:])

        def wait(what: str, condition: Callable[[str], bool]) -> None:
            left = set(names)

            def is_done() -> bool:
                watchers.check()
                left.difference_update([name for name in left if condition(name)])
                return not left

            try:
                wait_for(is_done, what, LONGEST_S)
            except AssertionError:
                raise AssertionError(f"no {what} in {LONGEST_S:.0f} s: {sorted(left)}") from None

        wait("well servers", lambda n: sum(g.is_well for g in seen(n)) >= WELL_SAMPLES)
        begun = {name: len(seen(name)) for name in names}
        for name, server in servers.items():
            FAULTS[name].begin(server)
        wait("the faults", lambda n: len(seen(n)) >= begun[n] + WRONG_SAMPLES and said(n))
        ended = {name: len(seen(name)) for name in names}
        for name, server in servers.items():
            server.script, server.tls = GOOD, tls() if FAULTS[name].tls else None
            if name == GONE:
                server.come_up()
        wait("recovery", lambda n: any(g.is_well for g in seen(n)[ended[n] + 2 :]))
        wait("the end", lambda n: len(seen(n)) >= ended[n] + 8)
    for name in names:
        samples, start, end = seen(name), begun[name], ended[name]
        stories[name] = Story(samples[2:start], samples[start:end], samples[end:])


def no_way_out() -> dict[str, str]:
    """An environment whose proxies do not exist."""
    environment = os.environ | dict.fromkeys(
        ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy"),
        f"http://127.0.0.1:{free_port()}",
    )
    return {key: value for key, value in environment.items() if key.lower() != "no_proxy"}


@pytest.fixture(scope="module")
def stories() -> dict[str, Story]:
    """What became of every fault, while the environment names a proxy that does not exist."""
    environment = no_way_out()
    told: dict[str, Story] = {}
    names = list(FAULTS)
    for first in range(0, len(names), SIDE_BY_SIDE):
        _run(names[first : first + SIDE_BY_SIDE], told, environment)
    return told


@pytest.fixture(params=FAULTS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def story(name: str, stories: dict[str, Story]) -> Story:
    return stories[name]


def test_no_gap(story: Story) -> None:
    """No two samples are further apart than 1.2 intervals, but for what the machine kept."""
    samples = [*story.before, *story.during, *story.after]
    numbers = [sample.number for sample in samples]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    for first, second in pairwise(samples):
        kept_waiting_s = second.waited_s - first.waited_s
        assert second.at_s - first.at_s - kept_waiting_s <= MAX_GAP_S


def test_a_plain_reason(name: str, story: Story) -> None:
    """The record's ``api.error`` and the tooltip say what is wrong, in words for people."""
    for sample in story.during:
        lines = sample.tooltip.split("\n")
        assert len(lines) == 3
        assert all(line.isprintable() and len(line) <= 160 for line in lines)
        if sample.reason is not None:
            check_plain(sample.reason)
            assert sample.reason in lines[1]
    pattern = FAULTS[name].reason
    for sample in story.during[-SAID_SAMPLES:]:
        if pattern is None:
            assert sample.reason is None
        else:
            assert sample.reason is not None
            # On a starved machine an answer may be too late before it is found to be wrong.
            assert re.fullmatch(f"{pattern}|{SILENCE}", sample.reason)


def test_the_figure_stays(name: str, story: Story) -> None:
    """The memory shown goes on: the API's while an answer can be read, else the processes'."""
    for sample in story.during:
        assert sample.record["memory_mb"] == pytest.approx(PROCESS_MB, abs=1)
    for sample in story.during[-SAID_SAMPLES:]:
        assert FAULTS[name].reason is None or sample.record["source"] == "process"
    if FAULTS[name].reason is None:
        assert sum(sample.is_well for sample in story.during) >= WRONG_SAMPLES / 2


def test_no_growth(story: Story) -> None:
    """Less than 8 MB is kept of whatever comes, and no descriptor or thread."""
    before = story.before[-1]
    seen = [*story.during, *story.after]
    assert max(sample.rss_bytes for sample in seen) - before.rss_bytes < MAX_GROWTH_BYTES
    assert {sample.threads for sample in seen} == {before.threads}
    # A request may be on its way at either moment, on a second connection.
    most = max(sample.descriptors for sample in story.before)
    assert max(sample.descriptors for sample in seen) <= most + 1


def test_recovery(story: Story) -> None:
    """The display recovers from a fault within the fault's duration plus the longest pause and
    time-out that it left."""
    within = next(at for at, sample in enumerate(story.after) if sample.is_well)
    assert within <= 1.25 * len(story.during) + (1.0 + PATIENCE_S) / INTERVAL_S
    assert story.after[-1].reason is None


@pytest.mark.parametrize("file", sorted(PAYLOADS.iterdir()), ids=lambda file: file.name)
def test_recorded_bodies(file: Path) -> None:
    """Every body that the server was ever heard to send, as the answer to the question for the
    status: its statuses are readings, all others are told in plain words."""
    outcomes: queue.Queue[ApiOutcome] = queue.Queue()
    with FaultServer(answer(file.read_bytes())) as server:
        client = ApiClient(server.url, outcomes.put, clock.mono_s)
        client.ask(LONGEST_S)
        outcome = outcomes.get(timeout=LONGEST_S)
        client.close()
    state = begin(Settings(), Settings(), clock.now(), local=True)
    for happened in (Asked(), Answered(outcome), SourcesRead(tree_reading(300, clock.mono_s()))):
        state, _ = step(state, happened, clock.now())
    assert state.sample
    line = json.loads(json_line(state.sample, "desk"))
    tooltip = summary_text.tooltip(state.sample, demo=False, paused=False)
    if file.name.startswith("memory-status."):
        assert line["api"]["error"] is None
        assert line["source"] == "api"
        assert line["memory_mb"] > 0
    else:
        check_plain(line["api"]["error"])
        assert line["api"]["error"] in tooltip
        assert line["source"] == "process"


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (GOOD, None),
        (WRONG["500 in JSON"][0], "HTTP 500: Processing failed: no"),
        (WRONG["SSH"][0], "answer is not HTTP"),
        (WRONG["nested deeply"][0], "answer is nested too deeply"),
    ],
    ids=["well", "500", "SSH", "nested deeply"],
)
def test_the_whole_program(script: Script, expected: str | None) -> None:
    """The program itself says the same on its standard output, and nothing on standard error."""
    flags = ("--once", "--json", "--mode=api")
    with FaultServer(script) as server:
        done = subprocess.run(
            [sys.executable, "-m", "tray_app", *flags, "--url", server.url],
            capture_output=True,
            text=True,
            timeout=LONGEST_S,
            env=no_way_out(),
            cwd=Path(__file__).parents[2],
            check=False,
        )
    assert done.returncode == (0 if expected is None else 3)
    line = json.loads(done.stdout)
    assert line["api"]["error"] == expected
    assert (line["source"] == "api") == (expected is None)
    assert done.stderr == ""
