"""How several servers are shown: in one icon, one tooltip and one menu."""

from __future__ import annotations

from msgspec.structs import replace

from tray_app.core.fleet.overview import Fleet, Member, in_icon
from tray_app.core.fleet.rank import severe
from tray_app.core.monitor.state import is_menu_open, is_muted, newest
from tray_app.core.presentation import fleet_menu, fleet_text
from tray_app.views.presenter import Face, Look, needs_attention, picture


def face(fleet: Fleet) -> Face:
    """The worst server's picture, or the chosen one's, with the number of those that are orange or
    red; the tooltip has a line for each."""
    states = [each.state for each in fleet.members]
    shown = in_icon(fleet).state
    number = severe(fleet.members)
    tile = replace(
        picture(shown),
        severe=number if number > 1 else 0,
        muted=all(is_muted(each, newest(each)) for each in states),
        undelivered=any(each.delivery_problem is not None for each in states),
    )
    attention = any(needs_attention(each) for each in states)
    names = tuple(each.name for each in fleet.members)
    return Face(tile, attention, fleet_text.tooltip(fleet), shape=names)


def appearance(member: Member) -> object:
    """What can be seen of one server: while that is the same for each, so is the face. A quarter
    of the face's cost, and each sample of each server asks for it."""
    state = member.state
    return (
        member.rank,
        fleet_text.line(member),
        picture(state),
        is_muted(state, newest(state)),
        state.delivery_problem is not None,
        needs_attention(state),
    )


def _is_menu_open(fleet: Fleet) -> bool:
    return any(is_menu_open(each.state, newest(each.state).mono_s) for each in fleet.members)


SEVERAL_SERVERS: Look[Fleet] = Look(face, fleet_menu.rows, _is_menu_open)
