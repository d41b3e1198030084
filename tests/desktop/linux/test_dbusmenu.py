"""The menu as a panel reads it over D-Bus."""

from __future__ import annotations

import asyncio
from typing import Any

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
