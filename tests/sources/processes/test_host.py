"""Which table this machine has, and which hosts are this machine."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import psutil
import pytest

from tests.needs import not_on_windows, not_on_wine
from tray_app.sources.processes.host import is_this_machine, on_battery, own_use, process_table
from tray_app.sources.processes.psutil_table import on_battery as portable


def test_the_fast_table_is_taken_on_linux_only() -> None:
    """Elsewhere psutil's serves."""
    table = process_table()
    assert type(table).__name__ == ("ProcfsTable" if sys.platform == "linux" else "PsutilTable")
    table.close()


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "LOCALHOST", "localhost.", "app.localhost", socket.gethostname()),
        *("127.0.0.1", "127.8.9.10", "::1", "[::1]", "0.0.0.0", "::"),
    ],
)
def test_names_and_addresses_of_this_machine(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are known without asking a name server."""
    monkeypatch.setattr(socket, "getaddrinfo", None)
    assert is_this_machine(host)


def test_every_interface_address_is_this_machine() -> None:
    """An address that a socket can be bound to is ours."""
    for addresses in psutil.net_if_addrs().values():
        for each in addresses:
            if each.family == socket.AF_INET:
                assert is_this_machine(each.address)


@pytest.mark.parametrize(
    "host",
    [
        pytest.param("192.0.2.1", marks=not_on_wine("any address is ours")),
        *("2001:db8::1", "224.0.0.1", "999.1.1.1"),
        *("example.org", "localhost.example.org", "notlocalhost", "my box", ""),
    ],
)
def test_other_hosts_are_not(host: str) -> None:
    """Documentation addresses and names that are not ours."""
    assert not is_this_machine(host)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, False),
        ({"AC/online": "0"}, False),
        ({"BAT0/status": "Discharging\n"}, True),
        ({"BAT0/status": "Charging\n"}, False),
        ({"mouse/status": "Discharging\n", "mouse/scope": "Device\n"}, False),
    ],
)
@not_on_windows("the files are Linux's")
def test_on_battery(files: dict[str, str], expected: bool, tmp_path: Path) -> None:
    """A battery of the machine's own that discharges; a mouse's does not count."""
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert on_battery(tmp_path) is expected


def test_the_portable_way_agrees() -> None:
    """psutil says the same of the machine that the tests run on."""
    assert on_battery() is portable()


@pytest.mark.skipif(not hasattr(psutil, "sensors_battery"), reason="psutil tells nothing here")
@pytest.mark.parametrize("error", [FileNotFoundError("power_supply"), psutil.Error()])
def test_a_machine_that_does_not_tell_is_not_on_battery(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a container, which has no power supply folder: psutil raises."""

    def fail() -> None:
        raise error

    monkeypatch.setattr(psutil, "sensors_battery", fail)
    assert portable() is False


def test_this_program_reads_its_own_use() -> None:
    """RSS as psutil has it, and the CPU time since its start."""
    mine = psutil.Process()
    own = own_use()
    assert own is not None
    assert own.rss_bytes == pytest.approx(mine.memory_info().rss, rel=0.1)
    assert 0 < own.cpu_s <= sum(mine.cpu_times()[:2]) + 0.1
