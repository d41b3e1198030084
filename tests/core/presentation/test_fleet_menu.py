"""The menu of several servers."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from tests.core.fleet.made import fleet
from tray_app.core.fleet.overview import Fleet
from tray_app.core.monitor.commands import (
    ForServer,
    Mute,
    Quit,
    SetPaused,
    ShowInIcon,
    ShowStatus,
    Unmute,
)
from tray_app.core.presentation import fleet_menu, menu
from tray_app.core.presentation.menu_row import Row


def all_rows(rows: tuple[Row, ...]) -> Iterator[Row]:
    for row in rows:
        yield row
        yield from all_rows(row.children)


def of(it: Fleet) -> dict[str, Row]:
    return {row.key: row for row in all_rows(fleet_menu.rows(it))}


def test_each_server_has_a_row_with_its_menu() -> None:
    """In the order of the settings; every command in it is for that server alone."""
    it = fleet(desk=300, gpu=3100)
    top = fleet_menu.rows(it)
    assert [row.text for row in top if row.key.startswith("member")] == [
        "🟢 desk: 300 MB · normal · idle",
        "🔴 gpu: 3.03 GB · critical · idle",
    ]
    gpu = next(row for row in top if row.key == "member gpu")
    within = [row.command for row in all_rows(gpu.children) if row.command]
    assert within
    assert all(isinstance(each, ForServer) and each.server == "gpu" for each in within)
    own = {row.key for row in menu.rows(it.members[1].state)}
    assert {row.key.removesuffix(" gpu") for row in gpu.children} == own - set(fleet_menu.OF_ALL)


def test_without_a_font_there_is_no_mark() -> None:
    """A box with a number would stand in its place; the words say the same."""
    (one,) = fleet(gpu=3100).members
    member = replace(one, state=replace(one.state, has_emoji=False))
    assert of(Fleet((member,)))["member gpu"].text == "gpu: 3.03 GB · critical · idle"


def test_keys_are_unique() -> None:
    """The panel finds a row by its key."""
    keys = [row.key for row in all_rows(fleet_menu.rows(fleet(a=1, b=2, server=3)))]
    assert len(keys) == len(set(keys))


def test_what_concerns_all_stands_once() -> None:
    """Status, mute, pause, settings and the end are for all servers."""
    rows = of(fleet(a=300, b=400))
    assert rows["status"].command == ShowStatus()
    assert rows["mute-0"].command == Mute(1800.0)
    assert rows["pause"].command == SetPaused(True)
    assert rows["quit"].command == Quit()
    assert rows["settings"].children


def test_mute_and_pause_of_all_turn_round() -> None:
    """When all are paused the row resumes them."""
    it = fleet(a=300, b=400)
    paused = replace(
        it,
        members=tuple(replace(each, state=replace(each.state, paused=True)) for each in it.members),
    )
    assert of(paused)["pause"].command == SetPaused(False)
    assert of(it)["unmute"] == Row("unmute", "", Unmute())


def test_the_servers_that_the_icon_can_show() -> None:
    """The worst, or one by name; a name that has gone means the worst."""
    it = fleet(a=300, b=400)
    rows = of(it)
    assert rows["shown"].text == "In the icon: the worst (b)"
    assert rows["shown-worst"].checked
    assert rows["shown a"].command == ShowInIcon("a")
    chosen = of(replace(it, shown="a"))
    assert chosen["shown"].text == "In the icon: a"
    assert chosen["shown a"].checked
    assert of(replace(it, shown="gone"))["shown-worst"].checked


def test_many_servers_fit() -> None:
    """Those beyond fifteen stand in a submenu."""
    it = fleet(**{f"s{n:02}": 300.0 for n in range(20)})
    top = fleet_menu.rows(it)
    assert len([row for row in top if row.key.startswith("member")]) == fleet_menu.ROWS_SHOWN
    more = next(row for row in top if row.key == "more-servers")
    assert more.text == "5 more servers"
    assert len(more.children) == 5
    sixteen = fleet_menu.rows(fleet(**{f"s{n:02}": 300.0 for n in range(16)}))
    assert "1 more server" in [row.text for row in sixteen]
