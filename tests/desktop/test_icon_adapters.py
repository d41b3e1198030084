"""Stock icons and ours behind one interface."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.desktop.fake_icon import FakeIcon, desktop, rows, show, sni_desktop
from tray_app.core.monitor.commands import Command, LeftClick
from tray_app.core.presentation.notifications import Note, Urgency
from tray_app.desktop import icon_adapters
from tray_app.desktop.icon_adapters import SniIcon, StockIcon
from tray_app.desktop.linux_icon import LinuxIcon
from tray_app.desktop.text_limits import WINDOWS


def test_a_stock_menu_that_is_open_is_left_alone() -> None:
    """GTK's menu is rebuilt at each update, and an open one would vanish."""

    class Shown:
        mapped = True

        def get_mapped(self) -> bool:
            return self.mapped

    shown, icon = desktop("pystray _gtk")
    show(shown, rows("300 MB", False), lambda _: None)
    icon._menu_handle = handle = Shown()
    show(shown, rows("400 MB", False), lambda _: None)
    assert icon.updates == 0
    handle.mapped = False
    show(shown, rows("500 MB", False), lambda _: None)
    assert icon.updates == 1


def test_attention_is_asked_for_where_there_is_such_a_thing() -> None:
    """A stock icon has none, and nothing happens."""
    desktop()[0].show_attention(True)
    wanted: list[bool] = []
    shown, icon = sni_desktop()
    icon.set_attention = wanted.append
    shown.show_attention(True)
    assert wanted == [True]


def test_a_left_click_on_a_stock_icon_asks_for_the_status() -> None:
    """Stock icons call the menu's default row, which is there for that and never seen."""
    submitted: list[Command] = []
    shown, icon = desktop()
    show(shown, rows("300 MB", False), submitted.append)
    assert "Show status" not in [item.text for item in icon.menus[0]]
    icon.menus[0](icon)
    assert submitted == [LeftClick()]


def test_windows_gets_texts_that_fit() -> None:
    """Tooltip and notification stay within Windows' fields, which else raise ValueError."""
    shown, icon = desktop()
    shown.show_tooltip("x" * 200)
    result = shown.notify(Note("t" * 99, "m" * 999, Urgency.NORMAL, ""))
    assert len(icon.title) == WINDOWS.tooltip
    assert [len(part) for part in icon.notes[0]] == [
        WINDOWS.text,
        WINDOWS.title,
    ]
    assert result.means == "pystray _win32"


def test_an_icon_without_notifications_of_its_own_says_so() -> None:
    """Then others deliver them: on Linux always."""
    icon = FakeIcon()
    icon.HAS_NOTIFICATION = False
    assert StockIcon(icon, WINDOWS).notify is None
    assert SniIcon.notify is None
    assert LinuxIcon.notify is None


def test_an_icon_is_up_before_anybody_writes_to_it() -> None:
    """What is set while pystray brings an icon up is held back until its next change."""
    shown, icon = desktop()
    seen: list[bool] = []
    shown.run(lambda: seen.append(icon.visible))
    assert seen == [True]


def test_a_stock_icon_is_drawn_in_the_largest_size_only() -> None:
    """pystray takes one picture, which the platform scales."""
    shown, _ = desktop("pystray _win32")
    assert shown.sizes((16, 24, 64)) == [64]


def test_a_running_icon_is_touched_where_the_platform_allows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Once the icon runs, every change goes through the platform's way (AppKit: main thread)."""
    waiting: list[Callable[[], None]] = []
    shown, icon = desktop("pystray _darwin")
    monkeypatch.setattr(icon_adapters, "_toucher", lambda: waiting.append)
    shown.run(lambda: None)
    shown.show_tooltip("RunAnalyze: 300 MB")
    show(shown, rows("300 MB", False), lambda _: None)
    shown.show_images(["small", "large"])
    before = icon.title, len(icon.menus), icon.icon
    assert before == ("", 0, None)
    for touch in waiting:
        touch()
    assert (icon.title, len(icon.menus), icon.icon) == ("RunAnalyze: 300 MB", 1, "large")
    assert icon.visible
