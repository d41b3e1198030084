"""The menu as a panel reads it over D-Bus."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from dbus_fast import Variant

from tray_app.desktop import backends


def test_the_menu_on_the_bus_keeps_ids_and_says_what_changed() -> None:
    """Ids stay for a row's place; only an open menu signals, and only what differs."""
    with backends.harmless_pystray():
        from pystray import Menu, MenuItem
    from tray_app.desktop.linux.dbusmenu import DbusMenu, Ids, build

    text = "300 MB"
    menu = Menu(
        MenuItem(lambda _: text, None, enabled=False),
        Menu.SEPARATOR,
        MenuItem("Mode", Menu(MenuItem("Auto_matic", None, checked=lambda _: True, radio=True))),
    )
    ids = Ids()
    served = DbusMenu(lambda: build(menu, None, ids))
    signals: list[Any] = []
    served.ItemsPropertiesUpdated = lambda *args: signals.append(args)  # type: ignore[method-assign]
    served.LayoutUpdated = lambda *args: signals.append("layout")  # type: ignore[method-assign]

    async def look() -> None:
        nonlocal text
        served.refresh()
        layout = served._layout(served._root, -1, [])
        assert [row.value[0] for row in layout[2]] == [1, 2, 3]
        mode = layout[2][2].value
        label = mode[2][0].value[1]["label"].value
        assert label == "Auto__matic"
        signals.clear()
        text = "400 MB"
        assert served.refresh() is False
        assert signals == []
        assert served.refresh(about_to_show=True) is True
        ((updated, removed),) = signals
        assert [(row[0], row[1]["label"].value.rstrip()) for row in updated] == [(1, "400 MB")]
        assert removed == []
        served._happened(0, "closed")
        text = "500 MB"
        assert served.refresh() is False

    asyncio.run(look())


def row(node_id: int, label: str = "", children: Sequence[Any] = ()) -> Any:
    """A row as dbusmenu has it; without a label it is hidden."""
    from tray_app.desktop.linux.dbusmenu import Node

    properties = {"label": Variant("s", label)} if label else {"visible": Variant("b", False)}
    return Node(node_id, properties, tuple(children))


def labels(node: Any) -> list[str]:
    return [child.properties["label"].value for child in node.children]


def test_an_open_menu_cuts_what_is_wider_than_it() -> None:
    """With an ellipsis, on each level: GTK would cut it without one."""
    from tray_app.desktop.linux.dbusmenu import Room

    room = Room()
    first = row(0, "", [row(1, "Idle"), row(2, "More", [row(3, "98 MB"), row(4, "Pause")])])
    later = row(0, "", [row(1, "Processing"), row(2, "More", [row(3, "1.02 GB"), row(4)])])
    room.fit(first, may_widen=True)
    still = room.fit(later, may_widen=False)
    assert labels(still) == ["Pro…", "More"]
    assert labels(row(0, "", still.children[1].children[:1])) == ["1.02…"]
    wider = room.fit(later, may_widen=True)
    assert labels(wider) == ["Processing", "More"]


def test_the_top_level_has_room_for_its_longest_rows() -> None:
    """However short they are when it opens: the first row makes it."""
    from tray_app.core.presentation.menu_text import ROOM_CHARS
    from tray_app.desktop.linux.dbusmenu import DbusMenu

    async def first_label(text: str) -> str:
        served = DbusMenu(lambda: (row(1, text), row(2, "Quit")))
        served.refresh(about_to_show=True)
        return labels(served._root)[0]

    assert len(asyncio.run(first_label("Starting"))) == ROOM_CHARS
    assert len(asyncio.run(first_label("x" * ROOM_CHARS))) == ROOM_CHARS


def test_a_hidden_submenu_keeps_its_rows() -> None:
    """So the menu's shape stays the same when it is shown, and an open menu keeps still."""
    with backends.harmless_pystray():
        from pystray import Menu, MenuItem
    from tray_app.desktop.linux.dbusmenu import Ids, build

    shown = True
    menu = Menu(
        MenuItem("Mute", Menu(MenuItem("For 1 h", None)), visible=lambda _: shown),
        MenuItem("Unmute", None, visible=lambda _: not shown),
    )
    ids = Ids()
    before = [node.shape() for node in build(menu, None, ids)]
    shown = False
    hidden = build(menu, None, ids)
    assert [node.shape() for node in hidden] == before
    assert hidden[0].properties["visible"].value is False
    assert hidden[0].properties["children-display"].value == "submenu"
