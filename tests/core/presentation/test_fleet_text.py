"""Several servers in words."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.core.fleet.made import (
    critical,
    fleet,
    gone,
    raised,
    recovered,
    silent,
    state,
    told,
)
from tray_app.core.alerts.hung import Hang, HangKind
from tray_app.core.fleet import grouping
from tray_app.core.fleet.grouping import Group, Grouping, Told
from tray_app.core.fleet.overview import Fleet, Member
from tray_app.core.monitor.commands import ForServer, FreeMemory, Mute
from tray_app.core.presentation import fleet_text, notifications
from tray_app.core.presentation.notifications import Urgency


def group(*alerts: Told) -> Group:
    """What the last of these alerts made."""
    made, now = None, Grouping()
    for each in alerts:
        now, made = grouping.told(now, each)
    assert made is not None
    return made


def test_the_tooltip_has_a_line_for_each() -> None:
    """The worst first, under a heading with the one in the icon."""
    assert fleet_text.tooltip(fleet(desk=300, gpu=3100, lab=None)).split("\n") == [
        "3 servers · gpu 3.03 GB",
        "gpu: 3.03 GB · critical · idle",
        "lab: no reading",
        "desk: 300 MB · normal · idle",
    ]


def test_the_tooltip_counts_what_it_does_not_list() -> None:
    """Five lines; then how the others are."""
    many = fleet(**{f"s{n}": 300.0 + n for n in range(9)})
    assert fleet_text.tooltip(many).split("\n")[6:] == ["and 4 others, all green"]
    away = Member("a", state(None, seen=False))
    assert fleet_text.rest([away, away]) == "and 2 others, not running"
    assert fleet_text.rest(fleet(a=300).members) == "and 1 other, green"
    assert fleet_text.rest(fleet(a=300, b=700, c=310).members) == (
        "and 3 others: 1 yellow, 2 green"
    )


def test_a_server_that_hangs_is_not_normal() -> None:
    """The line says that it hangs, and its level where that is one."""

    def hanging(memory_mb: float) -> Fleet:
        now = state(memory_mb)
        assert now.sample
        hung = replace(now.sample, hung=Hang(HangKind.STOPPED, 40.0, busy=False))
        return Fleet((Member("a", replace(now, sample=hung)),))

    assert fleet_text.tooltip(hanging(300)).split("\n")[1] == "a: 300 MB · hangs"
    assert fleet_text.tooltip(hanging(3100)).split("\n")[1] == "a: 3.03 GB · critical · hangs"


def test_a_server_without_a_figure_says_why() -> None:
    """Paused, starting, never there, or lost."""
    paused = Member("a", replace(state(300), paused=True))
    starting = Member("a", replace(state(300), sample=None))
    assert fleet_text.line(paused) == "a: paused"
    assert fleet_text.line(starting) == "a: starting"
    assert fleet_text.line(Member("a", state(None, seen=False))) == "a: not running"
    assert fleet_text.line(Member("a", state(None))) == "a: no reading"


def test_each_rank_has_a_mark() -> None:
    """Also the unknown ones."""
    several = Fleet((*fleet(a=1, b=700, c=1200, d=2500, e=None).members,))
    assert {fleet_text.MARKS[each.rank] for each in several.members} == set("🔴🟠🟡🟢❓")


def test_a_notification_names_its_server() -> None:
    """Its buttons act on that server alone."""
    note = fleet_text.addressed(notifications.alert(critical()), "gpu")
    assert note.title == "gpu: Critical: 3.03 GB"
    assert note.slot == "memory gpu"
    assert note.is_alert
    assert [each.command for each in note.actions] == [
        ForServer("gpu", FreeMemory()),
        ForServer("gpu", Mute(1800.0)),
    ]


def test_several_alerts_in_one_message() -> None:
    """How many, what, and who; a line for each; one button mutes all."""
    note = fleet_text.grouped(group(told("gpu-1", critical(), 0), told("gpu-2", critical(3200), 1)))
    assert note.title == "2 servers critical: gpu-1, gpu-2"
    assert note.text.split("\n") == ["gpu-2: Critical: 3.12 GB", "gpu-1: Critical: 3.03 GB"]
    assert note.urgency == notifications.alert(critical()).urgency
    assert [each.command for each in note.actions] == [Mute(1800.0)]
    assert not note.silent


@pytest.mark.parametrize(
    ("alerts", "title"),
    [
        ((told("a", gone(), 0), told("b", gone(), 1)), "2 servers gone: a, b"),
        ((told("a", raised(), 0), told("b", raised(), 1)), "2 servers raised: a, b"),
        ((told("a", silent(), 0), told("b", silent(), 1)), "2 servers hanging: a, b"),
        ((told("a", gone(), 0), told("b", critical(), 1)), "2 servers in trouble: a, b"),
        (
            tuple(told(name, silent(), 1, remote=True) for name in "abcdefg"),
            "No answer from 7 servers: a, b, c, d and 3 others",
        ),
    ],
)
def test_the_title_of_several(alerts: tuple[Told, ...], title: str) -> None:
    """One word where all have the same trouble."""
    assert fleet_text.grouped(group(*alerts)).title == title


def test_a_dead_network_is_named() -> None:
    """In the first line."""
    made = group(*(told(name, silent(), 1, remote=True) for name in "ab"))
    assert fleet_text.grouped(made).text.startswith("Perhaps this machine's network is down.\n")


def test_one_that_recovers_is_the_first_line() -> None:
    """Without a sound; the last one ends the message."""
    alerts = told("a", critical(), 0), told("b", critical(), 1)
    note = fleet_text.grouped(group(*alerts, told("b", recovered(), 60)))
    assert note.title == "1 server critical: a"
    assert note.text.split("\n") == ["b: Back to normal: 300 MB", "a: Critical: 3.03 GB"]
    assert note.silent
    over = fleet_text.grouped(
        group(*alerts, told("b", recovered(), 60), told("a", recovered(), 61))
    )
    assert over.title == "All servers have recovered"
    assert over.text == "a: Back to normal: 300 MB"
    assert over.urgency is Urgency.LOW
