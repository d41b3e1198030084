"""What all tests share.

Rule: a test that lacks a program or a desktop is skipped with its reason on a developer's machine,
and is a failure where ``CI=true``: there, a test that did not run has proved nothing.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tests.needs import BEGINNING, is_wine
from tests.server.starting import RunAnalyzeServer, ServerFactory

# How long an example takes says more about the machine than about the code.
settings.register_profile("steady", deadline=None)
settings.load_profile("steady")


# Their tests share what takes most of their time.
TOGETHER = {
    "tests/bench/test_alerts.py",
    "tests/stories/test_bad_input.py",
    "tests/stories/test_ways_to_start.py",
}

RIG = "tests/windows/"  # one desktop for all of them

# Each starts the likeliest server of this machine, and looks for it: not at the same time.
OF_THE_PROJECT = {
    "tests/cli/test_doctor.py::test_a_server_on_another_port",
    "tests/desktop/test_whole_menu.py::test_the_server_on_another_port_is_watched_by_a_click",
}


def heed_signals() -> None:
    """Undo what ``nohup`` and a script's ``&`` leave behind: ignored signals, which every program
    that a test starts would inherit. A handler of ours is the default again after an exec.
    """
    for name in ("SIGHUP", "SIGINT", "SIGQUIT"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_IGN:
            is_interrupt = number is signal.SIGINT
            signal.signal(number, signal.default_int_handler if is_interrupt else lambda *_: None)


heed_signals()


def in_ci() -> bool:
    return os.environ.get("CI", "").lower() in {"true", "1"}


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """``--dist loadgroup``: a file of `TOGETHER`, the tests of the rig, and those `OF_THE_PROJECT`
    go to one worker each, other tests to whichever is free.

    pytest-xdist's own groups are marks, which it writes into the tests' ids; pytest 9.2 does not
    let it.
    """
    if config.getvalue("dist") != "loadgroup":
        return None
    from xdist.scheduler import LoadScopeScheduling

    class Together(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            if file.startswith(RIG):
                return RIG
            if nodeid in OF_THE_PROJECT:
                return "of the project"
            return file if file in TOGETHER else nodeid

    return Together(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if in_ci() and report.skipped and not _xfail(report):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if item.get_closest_marker("desktop") or BEGINNING in reason:
            report.outcome = "failed"
            report.longrepr = f"this test did not run although CI=true: {reason}"
    return report


def _xfail(report: pytest.TestReport) -> Any:
    return getattr(report, "wasxfail", None)


@pytest.fixture
def runanalyze_server(tmp_path: Path) -> Iterator[ServerFactory]:
    """Starts real servers, ``runanalyze_server()``; each is ended with the test.

    See ``tests.server.starting.RunAnalyzeServer`` for the styles of starting and what a server
    can be told to do. ``folder`` names its directory; one that names the project makes it likelier
    than the servers of tests that run at the same time.
    """
    if is_wine():
        pytest.skip("Wine: FastAPI's compiled part does not load")
    servers: list[RunAnalyzeServer] = []

    def start(*, folder: str = "server", **options: Any) -> RunAnalyzeServer:
        server = RunAnalyzeServer(tmp_path / f"{folder}-{len(servers) + 1}", **options)
        servers.append(server)
        server.start()
        return server

    yield start
    for server in servers:
        server.stop()
