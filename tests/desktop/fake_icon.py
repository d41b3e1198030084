"""A desktop over an icon that counts what it is shown, and a small menu to show."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tray_app.core.monitor.commands import Command, SetPaused
from tray_app.core.presentation.menu_row import Row
from tray_app.desktop import backends
from tray_app.desktop.icon_adapters import SniIcon, StockIcon
from tray_app.desktop.panel_icon import Desktop
from tray_app.desktop.text_limits import NO_LIMITS, WINDOWS


class FakeIcon:
    """Counts menus, as pystray's icon would be told of them."""

    HAS_NOTIFICATION = True

    def __init__(self) -> None:
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


def desktop(backend: str = "pystray _win32") -> tuple[Desktop, FakeIcon]:
    """A desktop over a stock icon."""
    icon = FakeIcon()
    with backends.harmless_pystray():
        limits = WINDOWS if backend == "pystray _win32" else NO_LIMITS
        return Desktop(backend, StockIcon(icon, limits)), icon


def sni_desktop() -> tuple[Desktop, Any]:
    """A desktop over an icon of our own."""
    icon: Any = FakeIcon()
    with backends.harmless_pystray():
        return Desktop("StatusNotifierItem", SniIcon(icon)), icon


def rows(text: str, checked: bool) -> tuple[Row, ...]:
    """A small menu."""
    return (
        Row("status", text),
        Row("line", separator=True),
        Row("pause", "Pause", SetPaused(True), checked),
        Row("more", "More", children=(Row("child", "Child", SetPaused(False)),)),
    )


def show(desktop: Desktop, of: tuple[Row, ...], submit: Callable[[Command], None]) -> None:
    """Show these rows, as a presenter does."""
    desktop.show_menu(lambda: of, submit)
