"""The servers of ``[[servers]]``: each with its own settings over the common ones."""

from __future__ import annotations

import pytest

from tray_app.core.config.parse import Complaint, parse_config
from tray_app.core.config.servers import SERVERS_MAX, ServerEntry, parse_servers

TWO = """\
interval_s = 3

[alerts]
critical_mb = 4000

[[servers]]
name = "gpu-1"
url = "http://gpu-1:8000"
token = "secret"

[servers.alerts]
high_mb = 3500

[[servers]]
url = "gpu-2:8000"
"""


def parsed(text: str) -> tuple[tuple[ServerEntry, ...], list[Complaint]]:
    values, complaints = parse_config(text)
    assert complaints == []
    return parse_servers(text, values)


def told(text: str) -> list[tuple[int, str]]:
    return [(each.line, each.text) for each in parsed(text)[1]]


def test_each_server_has_its_own_settings() -> None:
    """A server's table has its name, address and what differs; the name may be left out."""
    (one, two), complaints = parsed(TWO)
    assert complaints == []
    assert (one.name, one.address.url) == ("gpu-1", "http://gpu-1:8000")
    assert one.values["alerts.high_mb"] == 3500
    assert "interval_s" not in one.values
    assert "secret" not in repr(one)
    assert (two.name, two.address.url) == ("gpu-2:8000", "http://gpu-2:8000")


def test_a_file_without_a_list_has_no_servers() -> None:
    """The one server of ``url`` is no list."""
    assert parsed('url = "gpu-1"') == ((), [])
    assert parsed("") == ((), [])


@pytest.mark.parametrize("text", ["servers = 3", "servers = [1]", '[servers]\nurl = "x"'])
def test_a_list_of_something_else_is_a_mistake(text: str) -> None:
    """It is told where it stands, and no server of it is watched."""
    values, complaints = parse_config(text)
    entries, wrong = parse_servers(text, values)
    assert entries == ()
    assert len([*complaints, *wrong]) == 1


@pytest.mark.parametrize(
    ("table", "line", "words"),
    [
        ('name = "x"', 1, "servers needs a url: this server is left out"),
        ('adress = "x"', 2, "unknown setting 'adress'"),
        ('url = ""', 2, "url must start with http:// or https://"),
        ('url = "a:1"\nname = "n\\n"', 3, "name must not contain control characters"),
        ('url = "a:1"\nfoo = 1', 3, "unknown setting 'foo'"),
        ('url = "a:1"\nview.style = "bars"', 3, "view.style holds for all servers"),
        ('url = "a:1"\nhistory = false', 3, "history holds for all servers"),
        ('url = "a:1"\n\n[servers.bands]\nred_mb = "x"', 5, "bands.red_mb must be a number of MB"),
    ],
)
def test_a_mistake_has_its_line(table: str, line: int, words: str) -> None:
    """A mistake in a server's table is told with the line of that table, not of another one."""
    first = told(f"[[servers]]\n{table}\n")
    assert any(at == line and text.startswith(words) for at, text in first), first
    second = told(f'[[servers]]\nurl = "first:1"\n\n[[servers]]\n{table}\n')
    assert any(at == line + 3 and text.startswith(words) for at, text in second), second


def test_one_server_stands_there_once() -> None:
    """Another spelling of an address is the same server; two servers need two names."""
    text = '[[servers]]\nurl = "localhost:1"\n[[servers]]\nurl = "http://127.0.0.1:1/"\n'
    assert told(text) == [(3, "http://127.0.0.1:1 stands there twice: this server is left out")]
    text = '[[servers]]\nname = "x"\nurl = "a:1"\n[[servers]]\nname = "x"\nurl = "b:1"\n'
    assert told(text) == [(4, "two servers are called 'x': this server is left out")]


def test_a_contradiction_with_the_common_settings() -> None:
    """A server's limit that contradicts a common one is left out; the server is watched."""
    text = '[alerts]\ncritical_mb = 2000\n[[servers]]\nurl = "a:1"\nalerts.high_mb = 3000\n'
    (one,), complaints = parsed(text)
    assert "alerts.high_mb" not in one.values
    assert [(each.line, each.text) for each in complaints] == [
        (5, "alerts.critical_mb = 2000 is below high_mb = 3000: the common settings hold")
    ]


def test_there_is_a_limit() -> None:
    """Hundreds of servers are for Prometheus, and the file's line says so."""
    text = "".join(f'[[servers]]\nurl = "host-{n}:1"\n' for n in range(SERVERS_MAX + 2))
    entries, complaints = parsed(text)
    assert len(entries) == SERVERS_MAX
    assert len(complaints) == 2
    assert f"at most {SERVERS_MAX} servers" in complaints[0].text
