"""Alerts of several servers that come together are one message."""

from __future__ import annotations

from tests.core.fleet.made import critical, gone, raised, recovered, silent, told
from tray_app.core.fleet import grouping
from tray_app.core.fleet.grouping import Group, Grouping, Told, all_silent, withdrawn


def after(*alerts: Told) -> tuple[Grouping, list[Group | None]]:
    """The state after these, and what each became part of."""
    state, groups = Grouping(), []
    for each in alerts:
        state, group = grouping.told(state, each)
        groups.append(group)
    return state, groups


def servers(group: Group | None) -> list[str]:
    assert group is not None
    return [each.server for each in group.holding]


def test_a_lone_alert_is_its_own_message() -> None:
    """At once: nothing waits for others that may come."""
    assert after(told("a", critical(), 0))[1] == [None]


def test_alerts_within_five_seconds_are_one() -> None:
    """The second one's message takes the place of the first one's, and so do later ones."""
    _, groups = after(told("a", critical(), 0), told("b", critical(), 4), told("c", critical(), 9))
    assert groups[0] is None
    assert servers(groups[1]) == ["a", "b"]
    assert servers(groups[2]) == ["a", "b", "c"]
    assert groups[2] is not None
    assert (groups[2].first.server, groups[2].louder) == ("a", True)


def test_alerts_further_apart_are_two() -> None:
    """Each has its own message."""
    assert after(told("a", critical(), 0), told("b", critical(), 6))[1] == [None, None]


def test_two_alerts_of_one_server_are_no_group() -> None:
    """They take each other's place already."""
    assert after(told("a", raised(), 0), told("a", critical(), 2))[1] == [None, None]


def test_one_that_recovers_changes_the_message() -> None:
    """It is told once, with those that stay; the last one ends the group."""
    alerts = told("a", critical(), 0), told("b", critical(), 1)
    state, groups = after(*alerts, told("b", recovered(), 60), told("a", recovered(), 90))
    one, last = groups[2:]
    assert servers(one) == ["a"]
    assert one is not None
    assert one.ended is not None
    assert (one.ended.server, one.louder) == ("b", False)
    assert last is not None
    assert last.is_over
    assert state == Grouping()


def test_one_that_recovers_alone_is_its_own_message() -> None:
    """It was never part of one."""
    assert after(told("a", critical(), 0), told("a", recovered(), 60))[1] == [None, None]


def test_what_happens_later_to_one_of_them_changes_the_message() -> None:
    """A level that rises is louder; nothing is shown twice."""
    _, groups = after(told("a", raised(), 0), told("b", raised(), 1), told("b", critical(), 300))
    assert servers(groups[2]) == ["a", "b"]
    assert groups[2] is not None
    assert groups[2].louder


def test_two_groups_are_two_messages() -> None:
    """Each changes with its own servers."""
    state, groups = after(
        *(told("a", critical(), 0), told("b", critical(), 1)),
        *(told("c", critical(), 60), told("d", critical(), 61)),
    )
    assert servers(groups[3]) == ["c", "d"]
    state, group = grouping.told(state, told("a", recovered(), 90))
    assert servers(group) == ["b"]
    assert [servers(each) for each in state.groups] == [["b"], ["c", "d"]]


def test_an_ended_group_is_not_joined() -> None:
    """The next alert stands for itself."""
    state, _ = after(
        *(told("a", critical(), 0), told("b", critical(), 1)),
        *(told("a", recovered(), 2), told("b", recovered(), 3)),
    )
    assert grouping.told(state, told("c", critical(), 4))[1] is None


def test_a_withdrawn_alert_leaves_the_group() -> None:
    """Without a word; the last one closes the message."""
    state, _ = after(told("a", critical(), 0), told("b", critical(), 1))
    state, group = withdrawn(state, "a", "memory")
    assert servers(group) == ["b"]
    state, group = withdrawn(state, "b", "memory")
    assert group is not None
    assert group.is_over
    assert state == Grouping()
    assert withdrawn(state, "b", "memory") == (state, None)


def test_a_dead_network_is_one_message() -> None:
    """Servers of other machines fall silent up to half a minute apart, as each is asked next."""
    alerts = [told(name, silent(), 20.0 * at, remote=True) for at, name in enumerate("abcd")]
    _, groups = after(*alerts)
    assert groups[0] is None
    assert servers(groups[3]) == ["a", "b", "c", "d"]
    assert groups[3] is not None
    assert all_silent(groups[3])


def test_servers_of_this_machine_that_are_gone_are_no_dead_network() -> None:
    """They do not need one."""
    _, groups = after(told("a", gone(), 0), told("b", gone(), 1))
    assert groups[1] is not None
    assert not all_silent(groups[1])
    assert after(told("a", gone(), 0), told("b", gone(), 20))[1] == [None, None]
