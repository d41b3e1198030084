"""What keys and the pointer do to a menu."""

from __future__ import annotations

import pytest

from tray_app.core.monitor.commands import Quit
from tray_app.core.presentation.menu_row import Row
from tray_app.desktop.linux.xembed.menu_state import (
    MenuState,
    click,
    keyboard,
    point,
    rows_at,
    settle,
)

ROWS = (
    Row("status", "300 MB"),  # only informs
    Row("line", separator=True),
    Row(
        "mode",
        "Mode",
        children=(
            Row("heading", "Choose"),
            Row("auto", "Automatic", Quit(), True, radio=True),
            Row("api", "API only", Quit(), False, radio=True),
            Row("deep", "Deeper", children=(Row("end", "End", Quit()),)),
        ),
    ),
    Row("hidden", "", Quit()),
    Row("barred", "Barred", Quit(), barred=True),
    Row("pause", "Pause", Quit()),
    Row("preset", "Preset", Quit()),
    Row("quit", "Quit", Quit()),
)


def press(*keys: str, state: MenuState | None = None) -> MenuState:
    """The state after these keys."""
    state = state or MenuState()
    for key in keys:
        state = keyboard(state, key, ROWS)
    return state


@pytest.mark.parametrize(
    ("keys", "path", "selected"),
    [
        (["Down"], (), "mode"),
        (["Up"], (), "quit"),
        (["Down", "Down"], (), "pause"),
        (["Down", "Up"], (), "quit"),
        (["Up", "Down"], (), "mode"),
        (["End"], (), "quit"),
        (["End", "Home"], (), "mode"),
        (["Down", "Right"], ("mode",), "auto"),
        (["Down", "Return"], ("mode",), "auto"),
        (["Down", " "], ("mode",), "auto"),
        (["Down", "Right", "Up", "Right"], ("mode", "deep"), "end"),
        (["Down", "Right", "Up", "Right", "Left"], ("mode",), "deep"),
        (["Down", "Right", "Escape"], (), "mode"),
        (["Down", "Right", "Right"], ("mode",), "auto"),
        (["Left"], (), None),
        (["Return"], (), None),
        (["F5"], (), None),
    ],
)
def test_arrows_move_and_open(keys: list[str], path: tuple[str, ...], selected: str | None) -> None:
    """Rows that cannot be clicked are passed over; both ends are joined."""
    assert press(*keys) == MenuState(path, selected)


def test_return_chooses() -> None:
    """The menu is over, and says which row it was; Escape on top closes it without one."""
    assert press("Down", "Right", "Return") == MenuState(chosen="auto", is_open=False)
    closed = press("Down", "Escape")
    assert (closed.is_open, closed.chosen) == (False, None)


@pytest.mark.parametrize(
    ("typed", "selected"),
    [
        ("p", "pause"),
        ("pp", "preset"),
        ("ppp", "pause"),
        ("pr", "preset"),
        ("PRE", "preset"),
        ("q", "quit"),
        ("pq", "quit"),
        ("b", None),  # barred
        ("x", None),
    ],
)
def test_first_letters_select(typed: str, selected: str | None) -> None:
    """More letters make it narrower; the same one again goes on to the next row."""
    assert press(*typed).selected == selected


def test_letters_begin_again_after_another_key() -> None:
    """What was typed is forgotten."""
    assert press("p", "Down", "r").selected == "preset"
    assert press("p", "Home", "p").selected == "pause"


def test_the_pointer_opens_and_closes_submenus() -> None:
    """A row with a submenu opens it with nothing selected; another row closes it."""
    opened = point(MenuState(), 0, "mode", ROWS)
    assert opened == MenuState(("mode",))
    assert point(opened, 1, "api", ROWS) == MenuState(("mode",), "api")
    deeper = MenuState(("mode", "deep"), "end")
    assert point(deeper, 0, "mode", ROWS) == deeper
    assert point(deeper, 0, "quit", ROWS) == MenuState((), "quit")
    assert point(opened, 0, "status", ROWS) == MenuState()
    assert point(opened, 0, None, ROWS) == opened


def test_a_click_chooses_what_can_be_chosen() -> None:
    """A row that only informs, or is barred, leaves the menu open."""
    opened = MenuState(("mode",))
    assert click(opened, 1, "api", ROWS) == MenuState(chosen="api", is_open=False)
    assert click(opened, 1, "heading", ROWS) == opened
    assert click(MenuState(), 0, "barred", ROWS) == MenuState()
    assert click(MenuState(), 0, "mode", ROWS) == opened


def test_rows_may_go_while_a_menu_is_open() -> None:
    """What is gone is closed; what stays, stays selected."""
    without = tuple(row for row in ROWS if row.key != "mode")
    assert settle(MenuState(("mode", "deep"), "end"), ROWS) == MenuState(("mode", "deep"), "end")
    assert settle(MenuState(("mode", "deep"), "end"), without) == MenuState()
    assert settle(MenuState((), "mode"), without) == MenuState()
    assert settle(MenuState((), "quit"), without) == MenuState((), "quit")
    assert rows_at(ROWS, ("mode", "nothing")) == ()
