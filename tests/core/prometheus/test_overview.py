"""The icon is never green while an alert fires, or while something could not be read."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.core.prometheus.made import after, alert, begun, known, server
from tray_app.core.fleet.rank import Rank
from tray_app.core.model.api_failure import ApiFailureKind, ApiProblem
from tray_app.core.prometheus.overview import Overview
from tray_app.core.prometheus.state import EngineState
from tray_app.core.prometheus.step import TimePassed
from tray_app.core.prometheus.values import AlertsRead, AlertStatus, Part, ReadFailed, ServersRead


def overview(state: EngineState) -> Overview:
    """As the last step has put it together."""
    return state.overview


FAILED = ReadFailed(Part.ALERTS, ApiProblem(ApiFailureKind.REFUSED))


def test_the_worst_is_first() -> None:
    """By band, then by figure; its band is the icon's."""
    it = overview(
        known(server("a"), server("b", "red", 2000), server("c", "red", 3000), server("d", "lost"))
    )
    assert [each.name[0] for each in it.members] == ["c", "b", "d", "a"]
    assert it.rank is Rank.RED


def test_all_green_is_green() -> None:
    """When both parts were read, and nothing fires."""
    it = overview(known(server("a"), server("b")))
    assert (it.rank, it.firing) == (Rank.GREEN, 0)


@pytest.mark.parametrize(
    ("severity", "rank"),
    [("critical", Rank.RED), ("warning", Rank.ORANGE), ("info", Rank.YELLOW), ("x", Rank.ORANGE)],
)
@pytest.mark.parametrize("host", ["a", "elsewhere"])
def test_an_alert_that_fires_counts(severity: str, rank: Rank, host: str) -> None:
    """Whether it is one of a server that is known, or not; whatever its name."""
    it = overview(known(server("a"), server("b"), alerts=(alert("Odd", host, severity),)))
    assert it.rank is rank
    assert it.firing == 1
    assert len(it.elsewhere) == (host != "a")


def test_an_alert_belongs_to_its_server() -> None:
    """Or to all servers of its exporter; the server's band counts where it is worse."""
    one = replace(server("a"), server="localhost:8001", name="a:8001")
    alerts = (
        alert("RunAnalyzeRaised", "a", "info"),
        alert("MachineShort", "a", "critical", server=""),
    )
    it = overview(known(server("a", "orange"), one, server("b"), alerts=alerts))
    by_name = {each.name: each for each in it.members}
    assert [each.name for each in by_name["a:8000"].alerts] == ["MachineShort", "RunAnalyzeRaised"]
    assert [each.name for each in by_name["a:8001"].alerts] == ["MachineShort"]
    assert by_name["b:8000"].alerts == ()
    assert (it.elsewhere, it.firing) == ((), 2)
    raised = overview(known(server("a", "orange"), alerts=alerts[:1]))
    assert raised.rank is Rank.ORANGE


@pytest.mark.parametrize("status", [AlertStatus.SILENCED, AlertStatus.INHIBITED])
def test_an_alert_that_is_held_back_does_not_count(status: AlertStatus) -> None:
    """A person has silenced it, or another one says it; it is still shown."""
    it = overview(known(server("a"), alerts=(alert("Odd", "a", status=status),)))
    assert it.rank is Rank.GREEN
    assert [each.name for each in it.held_back] == ["Odd"]


def test_no_server_is_not_green() -> None:
    """A selector that chooses nothing, or rules that are not loaded."""
    assert overview(known()).rank is Rank.LOST
    assert overview(known(alerts=(alert(),))).rank is Rank.RED
    assert overview(begun()).rank is Rank.LOST


def test_servers_without_alerts_are_not_green() -> None:
    """It is not known whether one fires; nor the other way round."""
    assert overview(after(begun(), ServersRead((server("a"),)))[0]).rank is Rank.LOST
    failed = after(begun(), ServersRead((server("a"),)), FAILED)[0]
    assert overview(failed).rank is Rank.LOST
    assert overview(after(begun(), AlertsRead(()))[0]).rank is Rank.LOST


def test_an_old_answer_is_not_green() -> None:
    """Red stays red; a warning of the engine says that servers may be missing."""
    for band, rank in (("green", Rank.LOST), ("yellow", Rank.LOST), ("red", Rank.RED)):
        old, _ = after(known(server("a", band)), TimePassed(), seconds=25.0)
        assert overview(old).rank is rank
    unknown, _ = after(known(server("a", "red"), alerts=(alert(),)), TimePassed(), seconds=99.0)
    assert (overview(unknown).rank, overview(unknown).members) == (Rank.LOST, ())
    warned, _ = after(known(), ServersRead((server("a"),), "a store is away"))
    assert overview(warned).rank is Rank.LOST
