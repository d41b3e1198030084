"""The desktop room's parts that need no desktop: cutting texts, the menu, the chain of means."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import Any

import pytest

from tray_app.core.commands import Command, SetPaused, ShowStatus
from tray_app.core.menu import Row
from tray_app.core.notes import Note, Urgency
from tray_app.desktop import _notification as notification
from tray_app.desktop import toolkit
from tray_app.desktop._notification import InTime, NotificationChain


@pytest.mark.parametrize(
    ("text", "limit", "cut"),
    [("short", 127, "short"), ("x" * 128, 127, "x" * 126 + "…"), ("🟢" * 4, 5, "🟢🟢…")],
)
def test_texts_are_cut_in_utf16_units(text: str, limit: int, cut: str) -> None:
    """Windows counts UTF-16 units; a pair is never torn apart."""
    assert toolkit.cut_utf16(text, limit) == cut
    assert len(cut.encode("utf-16-le")) <= 2 * limit


def test_importing_pystray_is_harmless(monkeypatch: pytest.MonkeyPatch) -> None:
    """The import works without a display and leaves the environment as it was."""
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("PYSTRAY_BACKEND", raising=False)
    with toolkit._harmless_pystray():
        import pystray
    assert "PYSTRAY_BACKEND" not in os.environ
    assert pystray.Menu.SEPARATOR


class FakeIcon:
    """Counts menus, as pystray's icon would be told of them."""

    HAS_NOTIFICATION = True

    def __init__(self, name: str) -> None:
        self.name = name
        self.menus: list[Any] = []
        self.updates = 0
        self.notes: list[tuple[str, str]] = []
        self.title = ""
        self.icon: Any = None
        self.visible = False

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "menu":
            self.menus.append(value)
        super().__setattr__(name, value)

    def run(self, setup: Callable[[Any], None]) -> None:
        setup(self)

    def update_menu(self) -> None:
        self.updates += 1

    def notify(self, text: str, title: str) -> None:
        self.notes.append((text, title))


def desktop(backend: str = "pystray _win32") -> tuple[toolkit.Desktop, FakeIcon]:
    """A desktop over a stock icon."""
    with toolkit._harmless_pystray():
        shown = toolkit.Desktop("app", backend, FakeIcon, bus=None)
    return shown, shown._icon


def rows(text: str, checked: bool) -> tuple[Row, ...]:
    """A small menu."""
    return (
        Row("status", text),
        Row("separator-1"),
        Row("pause", "Pause", SetPaused(True), checked),
        Row("more", "More", children=(Row("child", "Child", SetPaused(False)),)),
    )


def test_only_a_change_of_shape_makes_a_new_menu() -> None:
    """New texts and marks reach the rows that are there; they are not built again."""
    shown, icon = desktop()
    shown.show_menu(rows("300 MB", False), lambda _: None)
    shown.show_menu(rows("400 MB", True), lambda _: None)
    assert (len(icon.menus), icon.updates) == (1, 1)
    items = list(icon.menus[0])
    assert (items[0].text, items[0].enabled) == ("400 MB", False)
    assert items[2].checked
    shown.show_menu(rows("400 MB", True)[:2], lambda _: None)
    assert len(icon.menus) == 2


def test_a_click_submits_the_rows_command() -> None:
    """A click does nothing but hand in the command of the row as it is now."""
    submitted: list[Command] = []
    shown, icon = desktop()
    shown.show_menu(rows("300 MB", False), submitted.append)
    items = list(icon.menus[0])
    items[2](icon)
    next(iter(items[3].submenu))(icon)
    assert submitted == [SetPaused(True), SetPaused(False)]


def test_a_left_click_on_a_stock_icon_asks_for_the_status() -> None:
    """Stock icons call the menu's default row, which is there for that and never seen."""
    submitted: list[Command] = []
    shown, icon = desktop()
    shown.show_menu(rows("300 MB", False), submitted.append)
    assert "Show status" not in [item.text for item in icon.menus[0]]
    icon.menus[0](icon)
    assert submitted == [ShowStatus()]


def test_windows_gets_texts_that_fit() -> None:
    """Tooltip and notification stay within Windows' fields, which else raise ValueError."""
    shown, icon = desktop()
    shown.show_tooltip("x" * 200)
    result = shown.notify(Note("t" * 99, "m" * 999, Urgency.NORMAL, ""))
    assert len(icon.title) == toolkit.WINDOWS_TOOLTIP
    assert [len(part) for part in icon.notes[0]] == [toolkit.WINDOWS_TEXT, toolkit.WINDOWS_TITLE]
    assert result.means == "pystray _win32"


def test_a_running_icon_is_touched_where_the_platform_allows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Once the icon runs, every change goes through the platform's way (AppKit: main thread)."""
    waiting: list[Callable[[], None]] = []
    shown, icon = desktop("pystray _darwin")
    monkeypatch.setattr(toolkit, "_toucher", lambda: waiting.append)
    shown.run(lambda: None)
    shown.show_tooltip("RunAnalyze: 300 MB")
    shown.show_menu(rows("300 MB", False), lambda _: None)
    shown.show_images(["small", "large"])
    before = icon.title, len(icon.menus), icon.icon
    assert before == ("", 0, None)
    for touch in waiting:
        touch()
    assert (icon.title, len(icon.menus), icon.icon) == ("RunAnalyze: 300 MB", 1, "large")
    assert icon.visible


def test_the_menu_on_the_bus_keeps_ids_and_says_what_changed() -> None:
    """Ids stay for a row's place; only an open menu signals, and only what differs."""
    with toolkit._harmless_pystray():
        from pystray import Menu, MenuItem
    from tray_app.desktop._dbusmenu import DbusMenu, Ids, build

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
        assert [(row[0], row[1]["label"].value) for row in updated] == [(1, "400 MB")]
        assert removed == []
        served._happened(0, "closed")
        text = "500 MB"
        assert served.refresh() is False

    asyncio.run(look())


def test_the_chain_tries_the_next_means_and_says_which_took_it() -> None:
    """A means that fails is followed by the next; the result names the one that worked."""

    def fail(_note: dict[str, Any]) -> None:
        raise OSError("no service")

    taken: list[str] = []
    chain = NotificationChain(
        (InTime("first", fail), InTime("second", lambda note: taken.append(note["title"])))
    )
    chain.notify(title="Hello", message="-dash")
    assert taken == ["Hello"]
    assert chain.last is not None
    assert (chain.last.means, chain.last.problem) == ("second", None)


def test_when_every_means_fails_the_problem_is_kept() -> None:
    """The result names each means and why it failed; nothing is raised."""

    def fail(_note: dict[str, Any]) -> None:
        raise NotImplementedError

    chain = NotificationChain((InTime("only", fail),))
    chain.notify(title="Hello", message="text")
    assert chain.last is not None
    assert chain.last.problem == "only: NotImplementedError"


def test_a_means_that_hangs_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """After its time limit a means counts as failed."""
    import threading

    monkeypatch.setattr(notification, "LIMIT_S", 0.05)
    release = threading.Event()
    chain = NotificationChain((InTime("slow", lambda _: release.wait(5) and None),))
    chain.notify(title="Hello", message="text")
    release.set()
    assert chain.last is not None
    assert "no answer" in (chain.last.problem or "")
