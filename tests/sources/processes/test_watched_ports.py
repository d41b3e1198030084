"""The ports that this program watches."""

from __future__ import annotations

from tests.sources.processes.test_probe import PORT, SERVER, FakeTable
from tray_app.sources.processes.probe import ServerProbe
from tray_app.sources.processes.watched_ports import WatchedPorts


def test_a_port_is_watched_while_a_search_for_it_goes_on() -> None:
    """One of two may end."""
    ports = WatchedPorts()
    assert 8000 not in ports
    for search in ("one", "other"):
        ports.enter(search, "localhost", 8000)
    ports.enter("of another machine", "gpu-1.example.com", 9000)
    assert 9000 not in ports
    for _ in range(2):
        ports.leave("one")
        assert 8000 in ports
    ports.leave("other")
    assert 8000 not in ports


def test_a_probe_offers_no_server_of_another_probe() -> None:
    """Until that one is closed."""
    table, ports = FakeTable(), WatchedPorts()
    away, other = (
        ServerProbe(table, "localhost", port, own_pid=2, clock=lambda: 0.0, watched=ports)
        for port in (PORT, 9000)
    )
    table.start(20, SERVER, ports={9000})
    assert away.read(0.0).candidates == ()
    other.close()
    assert [each.port for each in away.read(10.0).candidates] == [9000]
