"""The menu of several servers: a row each, with the menu of one as its submenu.

The rows stand in the order of the settings, so that an open menu keeps still.
"""

from __future__ import annotations

from functools import lru_cache

from msgspec.structs import replace

from tray_app.core.fleet.overview import Fleet, Member, in_icon
from tray_app.core.monitor.commands import (
    OpenOverview,
    SetPaused,
    ShowInIcon,
    ShowStatus,
    for_server,
)
from tray_app.core.monitor.state import is_muted, newest
from tray_app.core.presentation import fleet_text, menu, menu_text
from tray_app.core.presentation.format import counted, shortened
from tray_app.core.presentation.menu_row import Row, choice, line

ROWS_SHOWN = 15
"""Servers that have a row on top; the others stand in a submenu."""
OF_ALL = ("settings", "about", "quit")
"""Rows of a server's menu that concern all servers."""


def rows(fleet: Fleet) -> tuple[Row, ...]:
    """The whole menu as it is now."""
    menus = [menu.rows(each.state) for each in fleet.members]
    servers = [_server(each, own) for each, own in zip(fleet.members, menus, strict=True)]
    are_muted = all(is_muted(each.state, newest(each.state)) for each in fleet.members)
    return (
        Row("status", menu_text.cut(fleet_text.heading(fleet), menu_text.ROOM_CHARS), ShowStatus()),
        line("servers"),
        *servers[:ROWS_SHOWN],
        *_more(servers[ROWS_SHOWN:]),
        line("actions"),
        *menu.mute("Mute all", "Unmute all" if are_muted else ""),
        _PAUSED if all(each.state.paused for each in fleet.members) else _RUNNING,
        _shown(fleet.shown, in_icon(fleet).name, tuple(each.name for each in fleet.members)),
        Row("overview", "History of all servers", OpenOverview()),
        *(row for row in menus[0] if row.key in OF_ALL),
    )


_RUNNING = Row("pause", "Pause all", SetPaused(True))
_PAUSED = Row("pause", "Resume all", SetPaused(False))


def _server(member: Member, own: tuple[Row, ...]) -> Row:
    """A server's row, and its menu without what concerns all."""
    line = fleet_text.line(member)
    text = fleet_text.marked(line, member.rank, emoji=member.state.has_emoji)
    return Row(
        f"member {member.name}",
        menu_text.cut(text, menu_text.ROOM_CHARS),
        children=tuple(_of_server(row, member.name) for row in own if row.key not in OF_ALL),
    )


def _of_server(row: Row, server: str) -> Row:
    """The row with a key of its own, and its command for this server alone."""
    return replace(
        row,
        key=f"{row.key} {server}",
        command=None if row.command is None else for_server(row.command, server),
        children=tuple(_of_server(each, server) for each in row.children),
    )


def _more(servers: list[Row]) -> tuple[Row, ...]:
    if not servers:
        return ()
    return (Row("more-servers", counted(len(servers), "more server"), children=tuple(servers)),)


@lru_cache(maxsize=1)
def _shown(chosen: str, now: str, names: tuple[str, ...]) -> Row:
    """Which server the icon shows."""
    known = chosen if chosen in names else ""
    return Row(
        "shown",
        f"In the icon: {shortened(known) or f'the worst ({shortened(now)})'}",
        children=(
            choice("shown-worst", "The worst", ShowInIcon(), not known),
            *(
                choice(f"shown {each}", shortened(each), ShowInIcon(each), each == known)
                for each in names
            ),
        ),
    )
