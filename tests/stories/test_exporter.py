"""The program as an exporter, for real: beside a console, and alone as a service."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.exporter.made import get
from tests.ports import free_port
from tests.server.starting import RunAnalyzeServer
from tests.waiting import wait_for
from tray_app.core.model.listen_address import ListenAddress
from tray_app.core.model.readings import MIB

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="signals and sockets as on Linux")

LIMIT_S = 90.0
SECRET = "hush-hush"


@contextmanager
def running(
    home: Path, *flags: str, code: str = "", **environment: str
) -> Iterator[subprocess.Popen[str]]:
    """The program, with its files in ``home``; ``code`` runs before it in its process."""
    start = f"{code}\nfrom tray_app.__main__ import main\nraise SystemExit(main())"
    with (
        (home / "out").open("w") as out,
        (home / "err").open("w") as err,
        subprocess.Popen(
            [sys.executable, "-c", start, *flags],
            env={"HOME": str(home), "PATH": os.environ["PATH"], "LANG": "C.UTF-8"} | environment,
            cwd=Path(__file__).parents[2],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            text=True,
        ) as process,
    ):
        try:
            yield process
        finally:
            process.kill()


def scraped(address: ListenAddress) -> dict[str, float]:
    """The values by name, without labels; empty while nobody answers."""
    try:
        status, _, body = get(address)
    except OSError:
        return {}
    assert status == 200
    families = text_string_to_metric_families(body)
    return {point.name: point.value for each in families for point in each.samples}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunAnalyzeServer]:
    made = RunAnalyzeServer(tmp_path_factory.mktemp("server") / "project")
    made.start(LIMIT_S)
    yield made
    made.stop()


def test_a_service_serves_reports_itself_and_ends(server: RunAnalyzeServer, tmp_path: Path) -> None:
    """Ready with its first sample, alive with each. It shows nothing, logs, and heeds SIGTERM."""
    address = ListenAddress("127.0.0.1", free_port())
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(LIMIT_S)
        with running(
            tmp_path,
            *("--headless", f"--exporter={address}", f"--url={server.url}", "--interval=0.3"),
            NOTIFY_SOCKET=str(tmp_path / "notify"),
            WATCHDOG_USEC="60000000",
            RUNANALYZE_TRAY_TOKEN=SECRET,
        ) as process:
            assert systemd.recv(100) == b"READY=1"
            for _ in range(2):
                assert systemd.recv(100) == b"WATCHDOG=1"
            found = wait_for(
                lambda: "runanalyze_memory_bytes" in (now := scraped(address)) and now,
                "the server's memory is told",
                LIMIT_S,
            )
            assert found
            assert abs(found["runanalyze_memory_bytes"] / MIB - server.rss_mb()) < 20
            assert found["runanalyze_server_up"] == found["runanalyze_api_up"] == 1
            assert found["runanalyze_hung"] == 0
            assert found["runanalyze_sample_age_seconds"] < LIMIT_S
            wait_for(
                lambda: scraped(address).get("runanalyze_cpu_seconds_total") is not None,
                "the server's CPU time is told",
                LIMIT_S,
            )
            body = get(address)[2]
            assert f'server="127.0.0.1:{server.port}"' in body
            for hidden in (SECRET, "uvicorn", str(server.folder), "http://"):
                assert hidden not in body
            systemd.settimeout(0)
            with suppress(BlockingIOError):  # the kernel keeps ten: room for the last one
                while systemd.recv(100):
                    pass
            systemd.settimeout(LIMIT_S)
            process.terminate()
            while systemd.recv(100) != b"STOPPING=1":
                pass
            assert process.wait(LIMIT_S) == 0
    assert (tmp_path / "out").read_text() == ""
    assert f"the metrics are at http://{address}/metrics" in (tmp_path / "err").read_text()


def test_a_server_that_ends_is_down(tmp_path: Path) -> None:
    """Its memory has no value then. Its end is counted."""
    server = RunAnalyzeServer(tmp_path / "project")
    server.start(LIMIT_S)
    address = ListenAddress("127.0.0.1", free_port())
    flags = ("--headless", f"--exporter={address}", f"--url={server.url}", "--interval=0.3")
    try:
        with running(tmp_path, *flags):
            wait_for(lambda: scraped(address).get("runanalyze_server_up") == 1, "it is up", LIMIT_S)
            server.kill()
            wait_for(
                lambda: scraped(address).get("runanalyze_server_up") == 0, "it is down", LIMIT_S
            )
            body = get(address)[2]
            assert "runanalyze_memory_bytes{" not in body
            assert re.search(r'server_events_total\{event="ended",.*\} 1.0', body)
    finally:
        server.stop()


def test_where_the_port_is_taken_the_console_goes_on(
    server: RunAnalyzeServer, tmp_path: Path
) -> None:
    """One line says so. A service, which has nothing else to do, ends with status 2."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        place = f"127.0.0.1:{taken.getsockname()[1]}"
        flags = (f"--exporter={place}", f"--url={server.url}", "--interval=0.3")
        with running(tmp_path, "--json", *flags):
            wait_for(lambda: (tmp_path / "out").read_text(), "a sample is shown", LIMIT_S)
            said = (tmp_path / "err").read_text()
            assert f"exporter: cannot listen at {place}: Address already in use" in said
            assert said.count("\n") == 1
        with running(tmp_path, "--headless", *flags) as process:
            assert process.wait(LIMIT_S) == 2
            assert (tmp_path / "err").read_text().count("\n") == 1


def test_without_the_library_the_console_goes_on(server: RunAnalyzeServer, tmp_path: Path) -> None:
    """One line says what to install."""
    flags = ("--json", "--exporter=127.0.0.1:0", f"--url={server.url}", "--interval=0.3")
    with running(tmp_path, *flags, code="import sys; sys.modules['prometheus_client'] = None"):
        wait_for(lambda: (tmp_path / "out").read_text(), "a sample is shown", LIMIT_S)
        said = (tmp_path / "err").read_text()
        assert "pip install 'runanalyze-tray[fleet]'" in said
        assert said.count("\n") == 1


def test_who_lets_everybody_in_is_warned(server: RunAnalyzeServer, tmp_path: Path) -> None:
    """In one line, where others than this machine can read. A token ends the warning."""
    flags = ("--json", "--exporter=0.0.0.0:0", f"--url={server.url}", "--interval=0.3")
    for environment, lines in (({}, 1), ({"RUNANALYZE_TRAY_EXPORTER_TOKEN": SECRET}, 0)):
        with running(tmp_path, *flags, **environment):
            wait_for(lambda: (tmp_path / "out").read_text(), "a sample is shown", LIMIT_S)
            said = (tmp_path / "err").read_text()
            assert said.count("everybody who reaches 0.0.0.0:") == lines
            assert said.count("\n") == lines
            assert SECRET not in said


def test_the_exporter_loads_neither_drawing_nor_a_database(tmp_path: Path) -> None:
    """Nor the desktop's libraries; and without the exporter nothing of it is loaded."""
    code = (
        "import sys, tray_app.app.headless, tray_app.app.tray\n"
        "assert 'prometheus_client' not in sys.modules\n"
        "import tray_app.exporter.exposition, tray_app.exporter.server\n"
    )
    alone = (
        "import sys, tray_app.app.headless\n"
        "import tray_app.exporter.exposition, tray_app.exporter.server\n"
        "found = {'PIL', 'sqlite3', 'pystray', 'dbus_fast', 'plyer'} & set(sys.modules)\n"
        "assert not found, found\n"
    )
    for text in (code, alone):
        done = subprocess.run(
            [sys.executable, "-c", text],
            env={"HOME": str(tmp_path), "PATH": os.environ["PATH"]},
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
        assert done.returncode == 0, done.stderr
