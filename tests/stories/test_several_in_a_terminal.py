"""Several real servers without an icon: the table on a real terminal, lines, JSON, a service."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("a terminal as on Linux", allow_module_level=True)

from tests.exporter.made import get
from tests.ports import free_port
from tests.server.starting import RunAnalyzeServer
from tests.stories.test_exporter import running
from tests.terminal_screen import on_terminal
from tests.waiting import AMPLE_S, wait_for
from tray_app.core.model.listen_address import ListenAddress

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="signals and sockets as on Linux")

NAMES = ("desk", "gpu-1", "gpu-2")
COMMON = """\
interval_s = 0.5
alerts.raised_mb = 250
alerts.high_mb = 300
alerts.critical_mb = 350
alerts.hung_s = 5
bands.yellow_mb = 250
bands.orange_mb = 300
bands.red_mb = 350
"""
PROGRAM = (sys.executable, "-m", "tray_app")
MARKS = (" 🔴", " 🟠", " 🟡", " 🟢", " ❓")
Servers = dict[str, RunAnalyzeServer]


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    made = {name: RunAnalyzeServer(tmp_path_factory.mktemp("servers") / name) for name in NAMES}
    try:
        for each in made.values():
            each.start()
        yield made
    finally:
        for each in made.values():
            each.stop()


def list_of(servers: Servers, *names: str) -> str:
    """A config file with these servers."""
    tables = (f'[[servers]]\nname = "{name}"\nurl = "{servers[name].url}"\n' for name in names)
    return "\n".join([COMMON, *tables])


def order(lines: list[str]) -> list[str]:
    """The servers' names from the top of the table to its end."""
    return [line.split()[1] for line in lines if line.startswith(MARKS)]


def test_a_table_follows_the_servers(servers: Servers, tmp_path: Path) -> None:
    """A list of one has the screen of one; it grows to three side by side. The one over critical
    rises, those that were killed and hang are named, a narrow terminal still has all; a server
    that leaves the list leaves the table, and Ctrl-C leaves the table and the summaries behind."""
    config = tmp_path / "config.toml"
    config.write_text(list_of(servers, "desk"))
    command = [*PROGRAM, "--console", f"--config={config}"]
    with on_terminal(command, tmp_path, columns=140) as seen:
        seen.wait_for(lambda it: any(i.startswith(" Machine") for i in it), "one server")
        config.write_text(list_of(servers, *NAMES))
        seen.wait_for(
            lambda it: order(it) == list(NAMES) and "3 servers: all green" in it[0], "three servers"
        )
        servers["gpu-2"].allocate(350)
        seen.wait_for(
            lambda it: (
                order(it)[:1] == ["gpu-2"]
                and any("of 350 MB" in i and "critical" in i for i in it)
                and any(" 🚨 gpu-2: Critical" in i for i in it)
            ),
            "the worst is first, and its alert is below",
        )
        servers["gpu-1"].kill()
        seen.wait_for(
            lambda it: (
                order(it) == ["gpu-2", "gpu-1", "desk"]
                and any("❓ gpu-1" in i and "no reading" in i for i in it)
            ),
            "gpu-1 is away",
        )
        servers["desk"].hang(2 * AMPLE_S)
        seen.wait_for(lambda it: any("❓ desk" in i and "hung (" in i for i in it), "desk hangs")
        servers["desk"].go_on()
        seen.wait_for(lambda it: any("🟢 desk" in i for i in it), "desk goes on")
        for columns in (80, 60, 40):
            seen.resize(columns, 20)
            seen.wait_for(
                lambda it, columns=columns: (  # type: ignore[misc]
                    len(order(it)) == 3 and len(it[0]) <= columns and len(it[0]) > columns - 4
                ),
                f"it fits into {columns} columns",
            )
        seen.resize(100, 30)
        config.write_text(list_of(servers, "gpu-1", "gpu-2"))
        seen.wait_for(lambda it: order(it) == ["gpu-2", "gpu-1"], "desk has left the list")
        servers["gpu-1"].start()
        seen.wait_for(lambda it: any("🟢 gpu-1" in i for i in it), "gpu-1 is back")
        seen.types("\x03")
        assert seen.status() == 0
        assert not seen.screen.is_second
        left = seen.screen.lines()
        assert order(left) == ["gpu-2", "gpu-1"]
        for name in ("gpu-1", "gpu-2"):
            assert any(line.startswith(f"{name}: Summary: peak ") for line in left)
        servers["gpu-2"].free()


def output_of(tmp_path: Path, *flags: str) -> tuple[int, list[str]]:
    """Exit status and output of a run."""
    ended = subprocess.run(
        [*PROGRAM, *flags],
        env={"HOME": str(tmp_path), "PATH": os.environ["PATH"], "LANG": "C.UTF-8"},
        cwd=Path(__file__).parents[2],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=AMPLE_S,
        check=False,
    )
    return ended.returncode, ended.stdout.splitlines()


def test_one_reading_of_each(servers: Servers, tmp_path: Path) -> None:
    """A line each, with its name; status 3 where one has none, which comes first."""
    urls = [f"--url={each.url}" for each in servers.values()]
    status, lines = output_of(tmp_path, "--once", *urls)
    assert status == 0
    assert sorted(line.split()[1] for line in lines) == sorted(
        f"127.0.0.1:{each.port}" for each in servers.values()
    )
    away = f"127.0.0.1:{free_port()}"
    status, lines = output_of(tmp_path, "--once", "--json", *urls[:1], f"--url=http://{away}")
    assert status == 3
    told = {each["server"]: each["memory_mb"] for each in map(json.loads, lines)}
    assert next(iter(told)) == away
    assert told.pop(away) is None
    assert all(told.values())


def test_lines_of_json_name_their_server(servers: Servers, tmp_path: Path) -> None:
    """Samples of each, then a summary of each."""
    urls = [f"--url={each.url}" for each in servers.values()]
    names = {f"127.0.0.1:{each.port}" for each in servers.values()}

    def told() -> list[dict[str, object]]:
        written = (tmp_path / "out").read_text()
        return [json.loads(line) for line in written.splitlines(keepends=True) if line[-1] == "\n"]

    with running(tmp_path, "--json", "--interval=0.5", *urls) as process:
        wait_for(
            lambda: {each["server"] for each in told() if each.get("memory_mb")} == names,
            "a figure of each",
        )
        process.terminate()
        assert process.wait(AMPLE_S) == 0
    summaries = [each for each in told() if "summary" in each]
    assert sorted(str(each["server"]) for each in summaries) == sorted(names)


def test_a_service_is_ready_once_all_are_watched(servers: Servers, tmp_path: Path) -> None:
    """One exporter serves all of them; the log names them, and one that is away from the start."""
    config = tmp_path / "config.toml"
    away = f'[[servers]]\nname = "away"\nurl = "http://127.0.0.1:{free_port()}"\n'
    config.write_text(f"{list_of(servers, *NAMES)}\n{away}")
    address = ListenAddress("127.0.0.1", free_port())
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(AMPLE_S)
        with running(
            tmp_path,
            *("--headless", f"--exporter={address}", f"--config={config}"),
            NOTIFY_SOCKET=str(tmp_path / "notify"),
            WATCHDOG_USEC="60000000",
        ):
            assert systemd.recv(100) == b"READY=1"
            page = get(address)[2]
            for name in NAMES:
                assert f'runanalyze_limit_bytes{{level="high",server="{name}"}}' in page
            assert systemd.recv(100) == b"WATCHDOG=1"
            log = tmp_path / "err"
            wait_for(lambda: "away: source: API unreachable" in log.read_text(), "one is away")
            servers["gpu-2"].kill()
            wait_for(lambda: "gpu-2: Server ended" in log.read_text(), "the log names the server")
            servers["gpu-2"].start()
