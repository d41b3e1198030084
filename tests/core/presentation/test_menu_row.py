"""A row of the menu."""

from __future__ import annotations

import pytest

from tray_app.core.monitor.commands import Quit
from tray_app.core.presentation.menu_row import Row, choice, heading, line


@pytest.mark.parametrize(
    ("row", "enabled"),
    [
        (heading("text", "About the rows below"), False),
        (Row("hidden", "", Quit()), False),
        (Row("quit", "Quit", Quit()), True),
        (Row("quit", "Quit", Quit(), barred=True), False),
        (Row("more", "More", children=(Row("child", "Child"),)), True),
        (choice("one", "One", Quit(), chosen=False), True),
        (line("one"), False),
    ],
)
def test_a_row_is_enabled_if_a_click_does_something(row: Row, enabled: bool) -> None:
    """A click gives a command, or opens a submenu."""
    assert row.enabled is enabled


def test_a_choice_is_one_of_several() -> None:
    """A radio mark, not a check mark."""
    row = choice("one", "One", Quit(), chosen=True)
    assert (row.radio, row.checked) == (True, True)
