"""Every way of starting the server, for real: target, tree and memory are the kernel's own.

All are started at once and stay up for the whole file. The kernel is asked straight in /proc
here; both process tables must agree with it, and so with each other.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.ports import free_port
from tests.server.starting import RunAnalyzeServer
from tests.waiting import wait_for
from tray_app.core.model.process_finding import Evidence, EvidenceKind
from tray_app.core.model.readings import MIB, ProcessReading
from tray_app.core.server import target_tracker
from tray_app.core.server.discovery import Listeners, ProcessFacts, TargetChoice, choose
from tray_app.core.server.target_tracker import TargetTracker, Transition
from tray_app.sources.processes.probe import ServerProbe
from tray_app.sources.processes.psutil_table import PsutilTable

if sys.platform != "linux":
    pytest.skip("the kernel's own figures are read from /proc", allow_module_level=True)

from tray_app.sources.processes.procfs.table import ProcfsTable

_BIN = Path(sys.executable).parent
_ADDRESS = ("--host", "127.0.0.1", "--port", "{port}")
_UVICORN = (str(_BIN / "uvicorn"), "main:app", *_ADDRESS)
_GUNICORN = (str(_BIN / "gunicorn"), "-k", "uvicorn_worker.UvicornWorker", "-b", "127.0.0.1:{port}")
_HYPERCORN = (str(_BIN / "hypercorn"), "main:app", "--bind", "127.0.0.1:{port}")
_FASTAPI = str(_BIN / "fastapi")
# As uvicorn's own start scripts look; the last command keeps the shell from exec'ing the server.
_SHELL = f"export ENVIRONMENT=test\n{' '.join(_UVICORN)} --workers 1 --timeout-keep-alive 300\ntrue"
_WRAPPER = "import subprocess, sys; sys.exit(subprocess.call(sys.argv[1:]))"

# All of them share two cores while they import.
_START_LIMIT_S = 300.0


@dataclass(frozen=True)
class Style:
    """One way of starting. ``wrapped``: the server is the launched process's only child.

    ``tree`` counts the server's processes, ``workers`` those that answer. ``renewed`` says
    what makes it put a new worker in an old one's place.
    """

    command: tuple[str, ...]
    phrase: str = "uvicorn main:app"
    tree: int = 1
    workers: int = 1
    wrapped: bool = False
    renewed: str = ""


# A supervisor with n spawned workers has multiprocessing's resource tracker, too.
STYLES = {
    "uvicorn": Style(_UVICORN),
    "python -m uvicorn": Style((sys.executable, "-m", *("uvicorn", *_UVICORN[1:]))),
    "uvicorn --reload": Style((*_UVICORN, "--reload"), tree=3, renewed="by an edit"),
    "uvicorn --workers 2": Style(
        (*_UVICORN, "--workers", "2"), tree=4, workers=2, renewed="when killed"
    ),
    "python main.py": Style((sys.executable, "main.py"), "python main.py"),
    "gunicorn": Style((*_GUNICORN, "main:app"), "gunicorn main:app", tree=2, renewed="when killed"),
    "gunicorn -w 2": Style(
        (*_GUNICORN, "-w", "2", "main:app"),
        "gunicorn main:app",
        tree=3,
        workers=2,
        renewed="when killed",
    ),
    # Hypercorn ends with a worker that is killed, and replaces one that leaves.
    "hypercorn": Style(_HYPERCORN, "hypercorn main:app", tree=3, renewed="when it leaves"),
    "hypercorn --workers 2": Style(
        (*_HYPERCORN, "--workers", "2"),
        "hypercorn main:app",
        tree=4,
        workers=2,
        renewed="when it leaves",
    ),
    "fastapi run": Style((_FASTAPI, "run", *_ADDRESS), "fastapi run"),
    "fastapi run main.py": Style((_FASTAPI, "run", "main.py", *_ADDRESS), "fastapi run main.py"),
    "fastapi dev": Style((_FASTAPI, "dev", *_ADDRESS), "fastapi dev", tree=3, renewed="by an edit"),
    "fastapi run --workers 2": Style(
        (_FASTAPI, "run", "--workers", "2", *_ADDRESS),
        "fastapi run",
        tree=4,
        workers=2,
        renewed="when killed",
    ),
    # Wrappers that stay as the server's parent, and wrappers that become the server. On Linux
    # poetry run and pipenv run (2.x, 2026) become it, as env does.
    "sh -c": Style(("sh", "-c", _SHELL), wrapped=True),
    "sh start.sh": Style(("sh", "start.sh", "{port}"), wrapped=True),
    "python subprocess": Style((sys.executable, "-c", _WRAPPER, *_UVICORN), wrapped=True),
    "uv run": Style(
        (str(_BIN / "uv"), "run", "--no-project", "--offline", "--no-config", *_UVICORN),
        wrapped=True,
    ),
    "uv run main.py": Style(
        (str(_BIN / "uv"), "run", "--no-project", "--offline", "--no-config", "main.py"),
        "python main.py",
        wrapped=True,
    ),
    "env": Style(("env", "ENVIRONMENT=test", *_UVICORN)),
    "nohup": Style(("nohup", *_UVICORN)),
}
_STYLE = pytest.mark.parametrize("running", STYLES, indirect=True)
_RENEWED_STYLE = pytest.mark.parametrize(
    "running", [name for name, style in STYLES.items() if style.renewed], indirect=True
)


@dataclass(frozen=True)
class Running:
    """A server that answers, and the pid of its root as the kernel tells it."""

    style: Style
    server: RunAnalyzeServer

    @property
    def root(self) -> int:
        if not self.style.wrapped:
            return self.server.pid
        (child,) = children(self.server.pid)
        return child


@pytest.fixture(scope="module")
def starts(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch_module: pytest.MonkeyPatch
) -> Iterator[dict[str, Future[Running]]]:
    """All styles, started at once."""
    # What uv run takes as its environment.
    monkeypatch_module.setenv("VIRTUAL_ENV", sys.prefix)
    base = tmp_path_factory.mktemp("styles")
    servers = []
    # The pool lives as long as the servers: the kernel ends a server with the very thread
    # that started it.
    with ThreadPoolExecutor(len(STYLES)) as pool:

        def start(style: Style, port: int) -> Running:
            folder = base / str(port)
            server = RunAnalyzeServer(folder, command=style.command)
            server.port = port
            servers.append(server)
            (folder / "start.sh").write_text(_SHELL.replace("{port}", "$1"))
            server.start(_START_LIMIT_S)
            return Running(style, server)

        ports = [free_port() for _ in STYLES]
        yield {
            name: pool.submit(start, style, port)
            for (name, style), port in zip(STYLES.items(), ports, strict=True)
        }
        for server in servers:
            server.stop()


@pytest.fixture(scope="module")
def monkeypatch_module() -> Iterator[pytest.MonkeyPatch]:
    """pytest's own lasts for one test."""
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture
def running(request: pytest.FixtureRequest, starts: dict[str, Future[Running]]) -> Running:
    """The style that the test names."""
    return starts[request.param].result()


@pytest.fixture
def watch(running: Running) -> Iterator[Watch]:
    """Both tables' readings of the style's port, each two seconds after the one before."""
    watch = Watch(running.server.port)
    yield watch
    watch.close()


class Watch:
    """The probes of both tables on one port; searching costs nothing by their clock."""

    def __init__(self, port: int) -> None:
        self._probes = [
            ServerProbe(table, "127.0.0.1", port, os.getpid(), clock=lambda: 0.0)
            for table in (ProcfsTable(), PsutilTable())
        ]
        self._now_s = 0.0

    def read(self) -> list[ProcessReading]:
        self._now_s += 2.0
        return [probe.read(self._now_s) for probe in self._probes]

    def settled(self, running: Running, without: int = 0) -> list[ProcessReading]:
        """Both readings once the tree is whole; ``without`` this former member."""

        def whole() -> list[ProcessReading]:
            readings = self.read()
            return [
                reading
                for reading in readings
                if len(reading.rows) == running.style.tree
                and reading.worker_count == running.style.workers
                and without not in pids(reading)
            ]

        def both() -> list[ProcessReading] | None:
            found = whole()
            return found if len(found) == len(self._probes) else None

        return wait_for(both, "the whole tree is read")

    def close(self) -> None:
        for probe in self._probes:
            probe.close()


def pids(reading: ProcessReading) -> set[int]:
    return {row.pid for row in reading.rows}


def children(pid: int) -> list[int]:
    """As the kernel lists them, thread by thread."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    return [int(child) for thread in threads for child in (thread / "children").read_text().split()]


def family(pid: int) -> list[int]:
    """The process, its children, theirs and so on."""
    return [pid, *(member for child in children(pid) for member in family(child))]


def rss_bytes(pid: int) -> int:
    """statm's second figure is in pages."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def facts_of(*running: Running) -> list[ProcessFacts]:
    """Of each process from the launched one on, wrappers too."""
    table = ProcfsTable()
    members = [table.facts(pid) for each in running for pid in family(each.server.pid)]
    table.close()
    return [each for each in members if each is not None]


@_STYLE
def test_the_target_is_the_process_that_owns_the_port(running: Running, watch: Watch) -> None:
    """The server itself and not what wraps it, with the folder it works in."""
    for reading in watch.settled(running):
        assert reading.target is not None
        assert reading.target.pid == running.root
        assert reading.target.evidence == Evidence(EvidenceKind.LISTENS, running.server.port)
        assert reading.target.cwd == str(running.server.folder)
        assert len(reading.workers) == running.style.workers
        assert (running.root in reading.workers) == (running.style.renewed == "")
        assert (reading.answering_rss_bytes is None) == (running.style.workers > 1)


@_STYLE
def test_the_tree_is_the_kernels(running: Running, watch: Watch) -> None:
    """Each descendant, nothing else, and for each and in sum the RSS that statm tells."""

    def kernels() -> dict[int, int]:
        return {pid: rss_bytes(pid) for pid in family(running.root)}

    def at_rest() -> tuple[dict[int, int], list[ProcessReading]] | None:
        before, readings = kernels(), watch.settled(running)
        return (before, readings) if kernels() == before else None

    expected, readings = wait_for(at_rest, "its memory stands still while it is read")
    for reading in readings:
        assert {row.pid: row.rss_bytes for row in reading.rows} == expected
        assert reading.rss_bytes == sum(expected.values())
        assert reading.rows[0].pid == running.root


@_STYLE
def test_memory_that_a_worker_takes_is_in_the_sum(running: Running, watch: Watch) -> None:
    """Whichever worker took the request, by what it took."""
    before = watch.settled(running)
    holder = running.server.allocate(100)
    after = watch.settled(running)
    for earlier, later in zip(before, after, strict=True):
        assert holder in pids(later)
        assert later.rss_bytes is not None
        assert earlier.rss_bytes is not None
        assert later.rss_bytes - earlier.rss_bytes == pytest.approx(100 * MIB, abs=8 * MIB)
    if running.style.workers == 1:
        running.server.free()


@_STYLE
def test_the_command_line_alone_leads_to_the_same_process(running: Running) -> None:
    """As before the server listens: neither the wrapper nor a worker looks like the root."""
    port = running.server.port
    choice = choose(port, facts_of(running), Listeners(), {}, os.getpid())
    assert choice == TargetChoice(
        running.root, Evidence(EvidenceKind.COMMAND_LINE, command=running.style.phrase)
    )


@_RENEWED_STYLE
def test_a_new_worker_is_followed(running: Running, watch: Watch) -> None:
    """Killed, gone or reloaded: the next one is in the tree and answers, the root stays.

    That a worker was replaced is what has changed, and all.
    """
    before = watch.settled(running)[0]
    if running.style.renewed == "when it leaves":
        old: int = running.server.post("/test/exit", code=0)["pid"]
    else:
        old = running.server.allocate(1)
    if running.style.renewed == "when killed":
        os.kill(old, signal.SIGKILL)
    elif running.style.renewed == "by an edit":
        with (running.server.folder / "main.py").open("a") as source:
            source.write("\n# edited\n")
    for reading in watch.settled(running, without=old):
        assert reading.target == before.target
        assert pids(reading) == set(family(running.root))
        assert reading.loss is None
        tracker, _ = target_tracker.update(TargetTracker(), before)
        _, change = target_tracker.update(tracker, reading)
        assert change is not None
        assert change.transition is Transition.WORKER_REPLACED
        assert old in change.left
        assert set(change.joined) <= set(reading.workers)
    wait_for(running.server.answers, "the new worker answers")


def test_each_is_told_from_all_others(starts: dict[str, Future[Running]]) -> None:
    """With and without its socket, each port leads to its own server among all of them."""
    everyone = [start.result() for start in starts.values()]
    facts = facts_of(*everyone)
    table = ProcfsTable()
    ports = {each.pid: table.listening_ports(each.pid) for each in facts}
    for running in everyone:
        port = running.server.port
        holders = {pid for pid, held in ports.items() if port in held}
        by_port = choose(port, facts, Listeners(frozenset(holders)), ports, os.getpid())
        assert (by_port.pid, by_port.by_port) == (running.root, True)
        silent = {pid: held for pid, held in ports.items() if port not in held}
        assert choose(port, facts, Listeners(), silent, os.getpid()).pid == running.root
    table.close()


def test_servers_on_other_ports_are_left_alone(starts: dict[str, Future[Running]]) -> None:
    """A port that none of them listens on leads to none of them."""
    theirs = {pid for start in starts.values() for pid in family(start.result().server.pid)}
    watch = Watch(free_port())
    for reading in watch.read():
        assert not theirs & pids(reading)
    watch.close()
