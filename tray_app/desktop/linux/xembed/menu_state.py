"""Which submenus are open and which row is selected, and what a key makes of it. Pure.

Rows are named by their keys, because their texts change while a menu is open.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from tray_app.core.presentation.menu_row import Row

UP, DOWN, LEFT, RIGHT = "Up", "Down", "Left", "Right"
HOME, END, RETURN, ESCAPE = "Home", "End", "Return", "Escape"


class MenuState(Struct, frozen=True):
    """``path``: keys of the open submenus from the top down. ``selected``: a row of the last one.

    ``typed``: the first letters that chose it. ``chosen``: the row that was clicked; a menu that
    is over (not ``is_open``) has one, or was closed without.
    """

    path: tuple[str, ...] = ()
    selected: str | None = None
    typed: str = ""
    chosen: str | None = None
    is_open: bool = True


def rows_at(rows: Sequence[Row], path: Sequence[str]) -> Sequence[Row]:
    """The rows of the submenu at this path; empty where there is none."""
    for key in path:
        rows = next((row.children for row in rows if row.key == key), ())
    return rows


def settle(state: MenuState, rows: Sequence[Row]) -> MenuState:
    """The state over rows that may have changed: what is gone is neither open nor selected."""
    path = state.path
    while path and not _can_open(rows_at(rows, path[:-1]), path[-1]):
        path = path[:-1]
    if path != state.path:
        state = MenuState(path, state.path[len(path)])
    keys = {row.key for row in _selectable(rows_at(rows, path))}
    return state if state.selected in keys else replace(state, selected=None, typed="")


def keyboard(state: MenuState, key: str, rows: Sequence[Row]) -> MenuState:
    """What a key does: one of the names above, or the character that it types."""
    here = rows_at(rows, state.path)
    if len(key) == 1 and key != " ":
        return _type(state, key, here)
    state = replace(state, typed="")
    if key in _STEPS:
        return replace(state, selected=_stepped(key, state.selected, here))
    if key in (RETURN, " ", RIGHT) and state.selected is not None:
        return _go_on(state, state.selected, here, only_opens=key == RIGHT)
    if key in (LEFT, ESCAPE) and state.path:
        return MenuState(state.path[:-1], state.path[-1])
    if key == ESCAPE:
        return replace(state, is_open=False)
    return state


def point(state: MenuState, level: int, key: str | None, rows: Sequence[Row]) -> MenuState:
    """The pointer rests on a row of an open level: it is selected, and its submenu opens."""
    path = state.path[:level]
    if key is None:
        return state
    here = rows_at(rows, path)
    if _can_open(here, key):
        is_same = state.path[: level + 1] == (*path, key)
        return state if is_same else MenuState((*path, key))
    return MenuState(path, key if any(row.key == key for row in _selectable(here)) else None)


def click(state: MenuState, level: int, key: str, rows: Sequence[Row]) -> MenuState:
    """A row was clicked: it is chosen, or its submenu opens; one that only informs stays."""
    here = rows_at(rows, state.path[:level])
    if _can_open(here, key):
        return point(state, level, key, rows)
    if any(row.key == key for row in _selectable(here)):
        return MenuState(chosen=key, is_open=False)
    return state


_STEPS = (UP, DOWN, HOME, END)


def _stepped(key: str, selected: str | None, here: Sequence[Row]) -> str | None:
    keys = [row.key for row in _selectable(here)]
    if not keys:
        return None
    if selected not in keys or key in (HOME, END):
        return keys[-1] if key in (UP, END) else keys[0]
    step = 1 if key == DOWN else -1
    return keys[(keys.index(selected) + step) % len(keys)]


def _go_on(state: MenuState, key: str, here: Sequence[Row], *, only_opens: bool) -> MenuState:
    if _can_open(here, key):
        children = next(row.children for row in here if row.key == key)
        first = next((row.key for row in _selectable(children)), None)
        return MenuState((*state.path, key), first)
    return state if only_opens else MenuState(chosen=key, is_open=False)


def _type(state: MenuState, letter: str, here: Sequence[Row]) -> MenuState:
    """The row that begins with what was typed; else the next one that begins with this letter."""

    def beginning(text: str) -> list[str]:
        return [row.key for row in _selectable(here) if row.text.casefold().startswith(text)]

    longer = (state.typed + letter).casefold()
    if state.typed and (keys := beginning(longer)):
        selected = state.selected if state.selected in keys else keys[0]
        return replace(state, selected=selected, typed=longer)
    keys = beginning(letter.casefold())
    if not keys:
        return replace(state, typed="")
    at = keys.index(state.selected) + 1 if state.selected in keys else 0
    return replace(state, selected=keys[at % len(keys)], typed=letter.casefold())


def _selectable(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row.enabled and row.text and not row.separator]


def _can_open(rows: Sequence[Row], key: str) -> bool:
    return any(row.key == key and row.children and row.enabled and row.text for row in rows)
