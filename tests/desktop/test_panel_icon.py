"""The desktop as the views see it: its menu, its clicks, and the pictures of notifications."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.desktop.fake_icon import desktop, rows, show, sni_desktop
from tray_app.core.monitor.commands import Command, SetPaused
from tray_app.core.presentation.menu_row import Row


def test_the_menu_is_made_once() -> None:
    """New texts and marks reach the rows that are there; the same ones once more do nothing."""
    shown, icon = desktop()
    show(shown, rows("300 MB", False), lambda _: None)
    show(shown, rows("400 MB", True), lambda _: None)
    show(shown, rows("400 MB", True), lambda _: None)
    assert (len(icon.menus), icon.updates) == (1, 1)
    items = list(icon.menus[0])
    assert (items[0].text, items[0].enabled) == ("400 MB", False)
    assert items[2].checked


def test_our_menu_is_made_when_a_panel_asks() -> None:
    """Nobody reads its rows before."""
    read: list[str] = []
    shown, icon = sni_desktop()

    def rows_of(text: str) -> Callable[[], tuple[Row, ...]]:
        def made() -> tuple[Row, ...]:
            read.append(text)
            return rows(text, False)

        return made

    for text in ("300 MB", "400 MB", "500 MB and more"):
        shown.show_menu(rows_of(text), lambda _: None)
    assert (read, icon.updates) == (["300 MB"], 2)
    assert next(item.text for item in icon.menus[0]) == "500 MB and more"
    assert set(read[1:]) == {"500 MB and more"}


def test_a_click_submits_the_rows_command() -> None:
    """A click does nothing but hand in the command of the row as it is now."""
    submitted: list[Command] = []
    shown, icon = desktop()
    show(shown, rows("300 MB", False), submitted.append)
    items = list(icon.menus[0])
    items[2](icon)
    next(iter(items[3].submenu))(icon)
    assert submitted == [SetPaused(True), SetPaused(False)]


@pytest.mark.parametrize(
    ("environment", "wanted_px"),
    [
        ({}, 48),
        ({"GDK_SCALE": "1"}, 48),
        ({"GDK_SCALE": "two"}, 48),
        ({"QT_SCALE_FACTOR": "1.5"}, 48),
        ({"GDK_SCALE": "2"}, 96),
        ({"QT_SCALE_FACTOR": "2.5"}, 96),
    ],
)
def test_a_dense_screen_gets_a_larger_picture(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], wanted_px: int
) -> None:
    """Where the session says so, and where it can be drawn; a service shrinks no picture well."""
    for name in ("GDK_SCALE", "QT_SCALE_FACTOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    shown, _icon = desktop()
    assert shown.note_px((16, 48, 96)) == wanted_px
    assert shown.note_px((16, 48)) == 48


@pytest.mark.parametrize(("scale", "wanted_px"), [("1", 48), ("2", 96)])
def test_a_chart_is_as_large_as_an_icon_where_the_service_is_not_known(
    monkeypatch: pytest.MonkeyPatch, scale: str, wanted_px: int
) -> None:
    """And twice as large on a dense screen."""
    monkeypatch.setenv("GDK_SCALE", scale)
    shown, _icon = desktop()
    assert shown.chart_px() == wanted_px


def test_without_a_session_bus_nothing_can_be_closed() -> None:
    """The platform's own notifications go by themselves."""
    shown, _icon = desktop()
    shown.close_note("memory")
    shown.close_notes_left({"owner": ":1.1"})
    assert shown.notes_left() is None
